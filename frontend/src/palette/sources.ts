/** What the palette offers on every page: places, tables, jobs, colours. */
import { readyDatasets } from "../api/datasets";
import type { components } from "../api/generated";
import { call } from "../api/rest";
import { ago, count } from "../parts/format";
import { recentIds, switchTheme, theme } from "../parts/preferences";
import { type Area, areaAddress, datasetAddress, navigate } from "../router";
import type { Command } from "./commands";

type JobTypes = components["schemas"]["JobTypeList"];

const PLACES: [Area, string, string][] = [
  ["datasets", "Datasets", "Bring a table, go on with one"],
  ["jobs", "Jobs", "Run one, see what runs"],
  ["files", "Files", "Links, uploads, folders"],
  ["stores", "Stores", "Lists and values"],
  ["server", "Server", "How it is"],
];

export function places(openHelp: () => void): Command[] {
  const other = theme.get().theme === "dark" ? "light" : "dark";
  return [
    ...PLACES.map(
      ([area, title, line]): Command => ({
        id: `go ${area}`,
        title,
        line,
        group: "Go to",
        words: "page open",
        run: () => navigate(areaAddress(area)),
      }),
    ),
    {
      id: "theme",
      title: `Use ${other} colours`,
      group: "Workbench",
      words: "theme dark light mode",
      run: switchTheme,
    },
    {
      id: "keys",
      title: "Show the keys",
      group: "Workbench",
      words: "help shortcuts keyboard",
      keys: "?",
      run: openHelp,
    },
  ];
}

/** The tables this browser opened, but the one that is open. */
export async function recentTables(): Promise<Command[]> {
  const here = /^\/([0-9a-f]{30})/.exec(location.pathname)?.[1];
  const found = await readyDatasets(recentIds().filter((id) => id !== here));
  return found.map((each) => ({
    id: `dataset ${each.sessionID}`,
    title: each.name,
    line: `${count(each.rows ?? 0)} × ${count(each.columns ?? 0)}, opened from a file ${ago(each.created)}`,
    group: "Recent tables",
    words: "dataset open",
    run: () => navigate(datasetAddress(each.sessionID)),
  }));
}

export async function jobs(): Promise<Command[]> {
  const { types } = await call<JobTypes>("GET", "/api/v1/jobs/types");
  return types.map((each) => ({
    id: `job ${each.name}`,
    title: each.name,
    line: each.summary || "Run this job",
    group: "Jobs",
    words: "run job",
    run: () => navigate(areaAddress("jobs", { type: each.name })),
  }));
}
