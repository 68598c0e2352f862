/** A dataset: top bar, grid, right panel, bottom bar. */
import { lazy, Suspense, useEffect, useState } from "react";
import { counted } from "../parts/format";
import { Link } from "../parts/Link";
import { useStore } from "../parts/store";
import type { DatasetPageName } from "../router";
import { useViewAddress } from "./address";
import { BottomBar } from "./BottomBar";
import { ClustersHost } from "./clusters/clusters";
import { useCommands } from "./commands";
import { useFacetPlace } from "./facets/facets";
import { useKeys } from "./keys";
import { usePanel } from "./panel/panel";
import { SidePanel } from "./panel/SidePanel";
import { Session } from "./session";
import { TopBar } from "./TopBar";

const GridView = lazy(() => import("./GridView"));
const ChartsPage = lazy(() => import("./ChartsPage"));
const FacetPanel = lazy(() => import("./facets/FacetPanel"));
const ProfilePage = lazy(() => import("./ProfilePage"));

export function DatasetPage({ id, page }: { id: string; page: DatasetPageName }) {
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    const opened = new Session(id);
    setSession(opened);
    return () => opened.close();
  }, [id]);
  return session ? <Opened session={session} page={page} /> : <Skeleton />;
}

function Opened({ session, page }: { session: Session; page: DatasetPageName }) {
  const { phase, problem, connected, busy, view, waiting } = useStore(session.store);
  const { open } = usePanel();
  const { open: isFaceted } = useFacetPlace();
  useKeys(session);
  useViewAddress(session, page === "table");
  useCommands(session);
  if (phase === "missing") return <Missing problem={problem} />;
  if (phase === "loading") return <Skeleton />;
  const hasFacets = page === "table" && isFaceted && (view.facets?.length ?? 0) > 0;
  return (
    <div className="dataset">
      <TopBar session={session} page={page} />
      <div className={busy && connected ? "progress on" : "progress"} role="status">
        {busy && connected && <span>{busy.words} …</span>}
      </div>
      {!connected && (
        <p className="banner" role="status">
          The connection is lost.{" "}
          {waiting > 0
            ? `${counted(waiting, "change")} ${waiting === 1 ? "waits" : "wait"} until it is back.`
            : "You can go on reading; what you change now waits until it is back."}
        </p>
      )}
      <main className={`work${open && page === "table" ? " with-panel" : ""}${hasFacets ? " with-facets" : ""}`}>
        {hasFacets && (
          <Suspense fallback={<div className="facets" />}>
            <FacetPanel session={session} />
          </Suspense>
        )}
        <Suspense fallback={<GridSkeleton />}>
          {page === "table" ? (
            <GridView session={session} />
          ) : page === "charts" ? (
            <ChartsPage session={session} />
          ) : (
            <ProfilePage session={session} />
          )}
        </Suspense>
        {page === "table" && open && <SidePanel session={session} />}
      </main>
      {page === "table" && <BottomBar session={session} />}
      <ClustersHost session={session} />
    </div>
  );
}

function Missing({ problem }: { problem?: string }) {
  return (
    <main className="message">
      <h1>{problem ? "This dataset cannot be shown now" : "There is no such dataset"}</h1>
      <p>{problem ?? "It was removed, or the link was not copied whole: the last part has 30 letters and digits."}</p>
      <Link className="button primary" href="/">
        Open another table
      </Link>
    </main>
  );
}

function GridSkeleton() {
  return (
    <div className="grid-area grid-skeleton" aria-busy="true" aria-label="The table is being opened" role="region" />
  );
}

function Skeleton() {
  return (
    <div className="dataset">
      <header className="top-bar">
        <span className="skeleton wide" />
      </header>
      <div className="progress" />
      <main className="work">
        <GridSkeleton />
      </main>
    </div>
  );
}
