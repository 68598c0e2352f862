/** REST calls about datasets as wholes. */

import type { components } from "./generated";
import { call, type DatasetSummary, describeDataset, listDatasets, type Metadata } from "./rest";

export const renameDataset = (id: string, name: string) =>
  call<components["schemas"]["Renamed"]>("PATCH", `/api/v1/datasets/${id}`, { name });

/** Another dataset, as forms need it. */
export interface OtherTable {
  id: string;
  name: string;
  meta: Metadata;
}

export async function openOther(id: string): Promise<OtherTable> {
  const meta = await describeDataset(id);
  return { id, name: meta.name, meta };
}

/** The id in a dataset's link, or in an id alone. */
export const idIn = (text: string) => /(?:^|\/)([0-9a-f]{30})\/?(?:[?#].*)?$/.exec(text.trim())?.[1];

/** Those of the datasets that are ready, in the order of the ids. */
export async function readyDatasets(ids: string[]): Promise<DatasetSummary[]> {
  const found = await listDatasets(ids);
  return found
    .filter((each) => each.state === "ready")
    .sort((one, other) => ids.indexOf(one.sessionID) - ids.indexOf(other.sessionID));
}
