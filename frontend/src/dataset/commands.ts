/** What the palette offers on a dataset's page. */
import { useEffect } from "react";
import { type Command, register } from "../palette/commands";
import { counted, typeName } from "../parts/format";
import { copyText, saveFrom } from "../parts/save";
import { failed } from "../parts/toasts";
import { type DatasetPageName, datasetAddress, navigate } from "../router";
import { exportAddress, FORMATS, saveRecipe, saveScript } from "./exporting";
import { available } from "./panel/catalogue";
import { everything } from "./panel/fitting";
import { openForm, show } from "./panel/panel";
import type { Session } from "./session";

export function useCommands(session: Session): void {
  useEffect(() => register(() => (session.state.meta ? commandsOf(session) : [])), [session]);
}

const commandsOf = (session: Session): Command[] => [
  ...walking(session),
  ...operations(session),
  ...columns(session),
  ...pages(session),
  ...exports(session),
];

/** Forms and the grid stand on the table's own page. */
const onTable = (session: Session, run: () => void) => () => {
  navigate(datasetAddress(session.id));
  run();
};

function walking(session: Session): Command[] {
  const { meta, history } = session.state;
  const steps = history?.steps ?? [];
  const at = steps.findIndex((step) => step.current);
  const found: Command[] = [];
  if (meta?.undoAvailable)
    found.push({
      id: "undo",
      title: "Undo",
      line: steps[at]?.sentence,
      group: "This table",
      keys: "Ctrl Z",
      words: "take back",
      run: () => void session.undo(),
    });
  if (meta?.redoAvailable)
    found.push({
      id: "redo",
      title: "Redo",
      line: steps[at + 1]?.sentence,
      group: "This table",
      keys: "Ctrl Shift Z",
      words: "again",
      run: () => void session.redo(),
    });
  return found;
}

function operations(session: Session): Command[] {
  const { meta, columns, rows, view, viewRows, operations: known } = session.state;
  return everything(available(known), { meta: meta!, selected: { columns, rows }, view, viewRows }).map((offer) => ({
    id: `do ${offer.operation.name}`,
    title: offer.title,
    line: offer.line,
    group: offer.isFitting ? "Do" : "Do, once something is selected",
    words: `${offer.group} ${offer.operation.name} ${offer.operation.words}`,
    run: onTable(session, () => openForm(session, offer.operation.name)),
  }));
}

function columns(session: Session): Command[] {
  const { meta } = session.state;
  return meta!.columns.map((name) => {
    const info = meta!.columnInfo[name];
    const gaps = info && info.invalidValues > 0 ? `, ${counted(info.invalidValues, "missing value")}` : "";
    const select = onTable(session, () => {
      session.store.set({ columns: [name], anchor: name });
      session.showColumn(name);
    });
    return {
      id: `column ${name}`,
      title: name,
      line: `${typeName(info?.dataType ?? "")}${gaps}`,
      group: "Columns",
      words: "column select jump",
      run: select,
    };
  });
}

function pages(session: Session): Command[] {
  const go = (page: DatasetPageName) => () => navigate(datasetAddress(session.id, page));
  const tab = (name: "do" | "look" | "history") => onTable(session, () => show(name));
  const share = () =>
    void copyText(
      location.origin + location.pathname,
      "The link is copied. Whoever has it can see and change this table.",
    );
  const group = "This table";
  return [
    { id: "page table", title: "Table", group, words: "page grid rows", run: go("table") },
    {
      id: "page profile",
      title: "Profile",
      line: "All columns at a glance",
      group,
      words: "page statistics",
      run: go("profile"),
    },
    { id: "page charts", title: "Charts", group, words: "page plot draw", run: go("charts") },
    { id: "tab history", title: "History", line: "The steps", group, words: "panel recipe", run: tab("history") },
    { id: "tab look", title: "Look at the column", group, words: "panel statistics", run: tab("look") },
    {
      id: "search",
      title: "Search the rows",
      group,
      keys: "/",
      words: "find filter",
      run: onTable(session, () => requestAnimationFrame(() => document.getElementById("search")?.focus())),
    },
    {
      id: "rename",
      title: "Rename this table",
      group,
      words: "name dataset",
      run: () => requestAnimationFrame(() => document.querySelector<HTMLElement>(".dataset-name")?.click()),
    },
    { id: "share", title: "Copy the link to this table", group, words: "share", run: share },
  ];
}

function exports(session: Session): Command[] {
  const group = "Export";
  const formats = FORMATS.map(
    ([format, title]): Command => ({
      id: `export ${format}`,
      title: `Export as ${title}`,
      group,
      words: `download save file ${format}`,
      run: () => saveFrom(exportAddress(session, format)),
    }),
  );
  return [
    ...formats,
    {
      id: "export recipe",
      title: "Save the steps as a recipe",
      group,
      words: "download export json",
      run: () => void saveRecipe(session).catch(failed),
    },
    {
      id: "export python",
      title: "Save the steps as Python",
      group,
      words: "download export script code",
      run: () => void saveScript(session).catch(failed),
    },
  ];
}
