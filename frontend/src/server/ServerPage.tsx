/** How this server is, and who one is to it. */
import { useEffect, useState } from "react";
import { account, loadMe } from "../api/account";
import { type ServerDetails, type ServerState, showServer } from "../api/server";
import { bytes, count, counted, exactTime, share } from "../parts/format";
import { Check, Close } from "../parts/icons";
import { useStore } from "../parts/store";
import { Account } from "./Account";
import { areaName, checkName, jobWords, largest, lasting, sentence, took, verdict, workerKind } from "./serving";
import "./server.css";

const EVERY_MS = 5000;

export default function ServerPage() {
  const [state, setState] = useState<ServerState>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    document.title = "Server · Longshore";
    void loadMe();
    let isGone = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible")
        await showServer().then(
          (found) => {
            if (isGone) return;
            setState(found);
            setProblem(undefined);
          },
          (error: Error) => !isGone && setProblem(error.message),
        );
      clearTimeout(timer); // two may have been under way
      if (!isGone) timer = setTimeout(() => void look(), EVERY_MS);
    };
    const onVisible = () => document.visibilityState === "visible" && void look();
    document.addEventListener("visibilitychange", onVisible);
    void look();
    return () => {
      isGone = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, []);
  return (
    <main className="area server">
      <header className="area-head">
        <h1>Server</h1>
        {state && <p>Longshore {state.version}</p>}
      </header>
      {problem && (
        <p className="box notice problem" role="alert">
          {problem}
          {state && " What stands below is from before."}
        </p>
      )}
      {state ? <Shown state={state} /> : !problem && <Skeleton />}
    </main>
  );
}

function Shown({ state: { well, details } }: { state: ServerState }) {
  return (
    <>
      <p className={well ? "box verdict well" : "box verdict bad"} role="status">
        {well ? <Check /> : <Close />}
        {details
          ? verdict(details.checks)
          : well
            ? "All is well"
            : "Something is wrong; an administrator’s token is told what"}
      </p>
      {details ? (
        <Details details={details} />
      ) : (
        <>
          <p className="about">
            Checks, workers, queues and storage are shown to administrators: sign in with a token of the scope admin.
          </p>
          <AccountSection />
        </>
      )}
    </>
  );
}

function Details({ details }: { details: ServerDetails }) {
  return (
    <div className="columns">
      <div>
        <Checks details={details} />
        <Kept details={details} />
      </div>
      <div>
        <Work details={details} />
        <About details={details} />
        <AccountSection />
      </div>
    </div>
  );
}

function Checks({ details }: { details: ServerDetails }) {
  return (
    <section aria-labelledby="checks">
      <h2 id="checks">Checks</h2>
      <ul className="box rows">
        {details.checks.map((check) => (
          <li key={check.name}>
            <span className={check.ok ? "sign well" : "sign bad"}>{check.ok ? <Check /> : <Close />}</span>
            <div className="main">
              <strong>
                {checkName(check.name)}
                <span className="sr-only">{check.ok ? ": well" : ": not well"}</span>
              </strong>
              <span className={check.ok ? undefined : "problem"}>{sentence(check.detail)}</span>
            </div>
            <span className="hint figure">{took(check.seconds)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Work({ details }: { details: ServerDetails }) {
  return (
    <section aria-labelledby="work">
      <h2 id="work">Work</h2>
      <dl className="box facts">
        <Fact name="Workers">
          {details.workers === null
            ? "the broker does not tell"
            : details.workers.length === 0
              ? "none is alive"
              : details.workers.map((worker) => (
                  <span key={worker.name}>
                    {worker.name} <span className="hint">for {worker.kinds.map(workerKind).join(" and ")}</span>
                  </span>
                ))}
        </Fact>
        {details.changes !== null && (
          <Fact name="Changes of tables">
            {details.changes === 0 ? "none waits or runs" : `${count(details.changes)} wait or run`}
          </Fact>
        )}
        <Fact name="Queues of jobs">
          {details.queues.length === 0
            ? "nothing waits or runs"
            : details.queues.map(({ queue, waiting, running }) => (
                <span key={queue}>
                  {queue}{" "}
                  <span className="hint">
                    {count(running)} running, {count(waiting)} waiting
                  </span>
                </span>
              ))}
        </Fact>
        <Fact name="Jobs on record">{jobWords(details.jobs)}</Fact>
        {details.sockets !== null && <Fact name="Live connections">{count(details.sockets)}</Fact>}
      </dl>
    </section>
  );
}

function Kept({ details }: { details: ServerDetails }) {
  const parts = largest(details.storage);
  const most = parts[0]?.[1] ?? 1;
  const { diskFree, diskSize } = details;
  return (
    <section aria-labelledby="kept">
      <h2 id="kept">Storage</h2>
      <div className="box storage">
        {diskFree !== null && diskSize !== null && (
          <div className="disk">
            <span>
              <strong>{bytes(diskFree)}</strong> free of {bytes(diskSize)}
            </span>
            <meter
              min={0}
              max={diskSize}
              value={diskSize - diskFree}
              aria-label={`${share(diskSize - diskFree, diskSize)} of the disk is used`}
            />
          </div>
        )}
        <ul>
          {parts.map(([part, size]) => (
            <li key={part}>
              <span>{areaName(part)}</span>
              <i style={{ width: `${Math.max(1, (100 * size) / most)}%` }} />
              <span className="figure">{bytes(size)}</span>
            </li>
          ))}
        </ul>
        <p className="hint">The areas are measured every ten minutes.</p>
      </div>
    </section>
  );
}

function About({ details }: { details: ServerDetails }) {
  const { datasets, links, started, uptime } = details;
  const importing = datasets.importing ?? 0;
  return (
    <section aria-labelledby="about">
      <h2 id="about">About</h2>
      <dl className="box facts">
        <Fact name="Machine">{details.host}</Fact>
        {uptime !== null && started !== null && (
          <Fact name="Up for">
            <time title={`since ${exactTime(started)}`}>{lasting(uptime)}</time>
          </Fact>
        )}
        <Fact name="Datasets">
          {count(datasets.ready ?? 0)}
          {importing > 0 && `, and ${counted(importing, "file")} being read`}
        </Fact>
        {links !== null && <Fact name="Links that work">{count(links)}</Fact>}
        <Fact name="Settings">
          <span>
            environment variables, listed in the documentation under <em>Settings</em>
          </span>
        </Fact>
        <Fact name="Made of">
          <span>
            open-source packages, with <a href="/assets/third-party-notices.txt">their licences</a>
          </span>
        </Fact>
        <Fact name="For programs">
          <span>
            <a href="/api/v1/docs">REST interface</a>, <a href="/metrics">figures for Prometheus</a>
          </span>
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function AccountSection() {
  const { me } = useStore(account);
  if (!me) return null;
  return (
    <section aria-labelledby="you">
      <h2 id="you">You</h2>
      <Account me={me} />
    </section>
  );
}

function Skeleton() {
  return (
    <div aria-hidden>
      <div className="box verdict skeleton" style={{ display: "block" }} />
      <div className="columns" style={{ marginTop: 24 }}>
        {[300, 240, 240, 220].map((height, at) => (
          <div key={at} className="skeleton" style={{ height }} />
        ))}
      </div>
    </div>
  );
}
