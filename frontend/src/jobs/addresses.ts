/** Addresses of the jobs' pages, and what they say. */
import { areaAddress } from "../router";

export const jobAddress = (id: string) => areaAddress("jobs", { job: id });
export const formAddress = (type: string, from?: string) =>
  areaAddress("jobs", { type, ...(from === undefined ? {} : { from }) });

/** Which jobs the list shows: of these types, standing so, older than the job of this number. */
export interface Filter {
  types: string[];
  standings: string[];
  before?: string;
}

const list = (text: string | null) => (text ?? "").split(",").filter(Boolean);

export const filterOf = (query: URLSearchParams): Filter => ({
  types: list(query.get("only")),
  standings: list(query.get("status")),
  before: query.get("before") ?? undefined,
});

export function listAddress({ types, standings, before }: Filter): string {
  return areaAddress("jobs", {
    ...(types.length > 0 ? { only: types.join(",") } : {}),
    ...(standings.length > 0 ? { status: standings.join(",") } : {}),
    ...(before === undefined ? {} : { before }),
  });
}
