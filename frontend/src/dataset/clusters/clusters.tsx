/** Where the dialog of spellings to merge is opened, and the place it stands in. */
import { lazy, Suspense } from "react";
import { Store, useStore } from "../../parts/store";
import type { Session } from "../session";

const ClustersDialog = lazy(() => import("./ClustersDialog"));
const opened = new Store<{ column?: string }>({});

/** Looks for spellings of one value in a text column. */
export const openClusters = (column: string) => opened.set({ column });

export function ClustersHost({ session }: { session: Session }) {
  const { column } = useStore(opened);
  if (column === undefined || !session.state.meta?.columnInfo[column]) return null;
  return (
    <Suspense fallback={null}>
      <ClustersDialog session={session} column={column} close={() => opened.set({ column: undefined })} />
    </Suspense>
  );
}
