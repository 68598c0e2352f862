/** One open dataset: what the server knows of it, what is shown and selected, and everything that is asked for it. */

import { renameDataset } from "../api/datasets";
import type { components } from "../api/generated";
import {
  ApiError,
  describeDataset,
  type History,
  listOperations,
  type Metadata,
  type OperationInfo,
  type PreviewAnswer,
} from "../api/rest";
import { type Changed, type News, Wire } from "../api/socket";
import { counted } from "../parts/format";
import { remember } from "../parts/preferences";
import { Store } from "../parts/store";
import { failed, toast } from "../parts/toasts";
import { keepsRows, newsInWords, whatHappened } from "./together";
import { fitView, isNarrowed, pageParameters, readQuery, type View, viewParameters } from "./view";

type Schemas = components["schemas"];
export type ColumnProfile = Schemas["ColumnProfile"];
export interface Preview extends PreviewAnswer {
  title: string;
  shownRows: Set<number>;
  byRow: Map<number, unknown[]>;
}
export interface State {
  phase: "loading" | "ready" | "missing";
  problem?: string;
  name: string;
  sourceBytes: number;
  warnings: Schemas["ReadingWarning"][];
  ledger?: Schemas["Ledger"];
  meta?: Metadata;
  profile?: Map<string, ColumnProfile>;
  /** How many columns of how many have been described, while they are. */
  profiling?: { done: number; total: number };
  history?: History;
  operations: OperationInfo[];
  view: View;
  viewRows: number;
  columns: string[];
  rows: number[];
  /** Where the last selected column is, for ranges. */
  anchor?: string;
  connected: boolean;
  /** Changes that have no answer yet. */
  waiting: number;
  here: number;
  /** Names of those who are here, where they are known; and the own one. */
  people: string[];
  me?: string;
  busy?: { words: string; done?: number; total?: number };
  preview?: Preview;
  /** Counts up whenever the rows must be read again. */
  generation: number;
  /** Whether the rows differ by somebody else's change, so that the page points at the differences. */
  isNews: boolean;
}

export interface Page {
  index: number[];
  data: unknown[][];
}

export interface FirstPage extends Page {
  /** Of the rows, when they were asked for. */
  generation: number;
}

/** As many as the grid asks for at once, or fewer. */
const FIRST_ROWS = 60;

export class Session {
  readonly store: Store<State>;
  readonly wire: Wire;
  /** Rows that the grid shows now; the grid keeps it. */
  rowsInView: () => number[] = () => [];
  /** Brings a column into view; the grid keeps it. */
  showColumn: (column: string) => void = () => undefined;
  private firstPage?: { generation: number; page: Promise<FirstPage> };
  private asked?: View;
  private wasConnected = false;

  constructor(readonly id: string) {
    this.store = new Store<State>({
      phase: "loading",
      name: "",
      sourceBytes: 0,
      warnings: [],
      operations: [],
      view: {},
      viewRows: 0,
      columns: [],
      rows: [],
      connected: true,
      waiting: 0,
      here: 1,
      people: [],
      generation: 0,
      isNews: false,
    });
    this.wire = new Wire(id);
    this.wire.version = () => this.state.meta?.version;
    this.wire.onWaiting = (waiting) => this.store.set({ waiting });
    this.wire.socket.on("connect", () => void this.connected());
    this.wire.socket.on("disconnect", () => this.store.set({ connected: false }));
    this.wire.socket.on("connect_error", () => this.store.set({ connected: false }));
    this.wire.socket.on("dataChanged", (news) => void this.hear(news));
    this.wire.socket.on("limits", (limits) => this.store.set({ me: limits.user }));
    this.wire.socket.on(
      "presence",
      (news) => news.sessionID === id && this.store.set({ here: news.here, people: news.people }),
    );
    this.wire.socket.on("renamed", (news) => news.sessionID === id && this.take(news.name));
    void this.open();
  }

  get state(): State {
    return this.store.get();
  }

  close(): void {
    this.wire.close();
  }

  private async open(): Promise<void> {
    try {
      const [about, operations] = await Promise.all([describeDataset(this.id), listOperations()]);
      remember(this.id);
      this.store.set({
        name: about.name,
        sourceBytes: about.sourceBytes,
        warnings: about.warnings ?? [],
        ledger: about.reading?.ledger ?? undefined,
        operations,
        meta: about,
        viewRows: about.dataSize.rows,
        generation: 1,
      });
      const linked = readQuery(new URLSearchParams(location.search), about);
      if (linked.facets || linked.conditions) await this.setView(linked);
      this.store.set({ phase: "ready" });
      document.title = `${about.name} · Longshore`;
      void this.rowsAtFirst().catch(() => undefined);
      await Promise.all([this.readHistory(), this.readProfile()]);
    } catch (error) {
      this.store.set({
        phase: "missing",
        problem: error instanceof ApiError && error.code === "SessionNotFound" ? undefined : (error as Error).message,
      });
    }
  }

  // -- reads

  async page(from: number, to: number): Promise<Page> {
    const { meta, view } = this.state;
    if (!meta) return { index: [], data: [] };
    const answer = await this.wire.ask("data", {
      rowIndexFrom: from,
      rowIndexTo: to,
      columnIndexFrom: 0,
      columnIndexTo: meta.columns.length - 1,
      ...pageParameters(view, meta),
    });
    return answer.data;
  }

  /** The first rows of what is shown; asked for once, before anything draws them. */
  rowsAtFirst(): Promise<FirstPage> {
    const { generation } = this.state;
    if (this.firstPage?.generation !== generation)
      this.firstPage = { generation, page: this.page(0, FIRST_ROWS - 1).then((page) => ({ ...page, generation })) };
    return this.firstPage.page;
  }

  async readProfile(): Promise<void> {
    const version = this.state.meta?.version;
    const told = (done: number, total: number) =>
      this.state.meta?.version === version && this.store.set({ profiling: done < total ? { done, total } : undefined });
    const answer = await this.wire.ask("profile", {}, { progress: told }).catch(() => null);
    if (!answer || this.state.meta?.version !== version) return;
    const { columns } = answer.data;
    this.store.set({ profile: new Map(columns.map((column) => [column.name, column])), profiling: undefined });
  }

  async readHistory(): Promise<void> {
    const answer = await this.wire.ask("history").catch(() => null);
    if (answer) this.store.set({ history: answer });
  }

  /** Reads everything again after the table changed; `isNews` if somebody else changed it. */
  async refresh(isNews = false): Promise<void> {
    const { history: before, meta: old } = this.state;
    const [meta] = await Promise.all([this.wire.ask("metadata"), this.readHistory()]);
    let view = this.fit(this.state.view, meta);
    const asked = isNarrowed(view)
      ? await this.wire.ask("metadata", viewParameters(view, meta)).catch(() => undefined)
      : meta;
    // A condition or a filter that the table as it is now does not bear goes, rather than to show nothing.
    if (!asked) view = { sort: view.sort };
    const narrowed = asked ?? meta;
    const there = new Set(meta.columns);
    const rows =
      old?.dataSize.rows === meta.dataSize.rows && keepsRows(before, this.state.history, this.state.operations)
        ? this.state.rows
        : [];
    this.store.set({
      meta,
      view,
      viewRows: narrowed.dataSize.rows,
      rows,
      columns: this.state.columns.filter((name) => there.has(name)),
      preview: undefined,
      isNews,
      generation: this.state.generation + 1,
    });
    void this.readProfile();
  }

  private fit = (view: View, meta: Metadata) =>
    fitView(view, meta.columns, (column) => meta.columnInfo[column]?.dataType);

  /** The view that was asked for last; what is shown follows it. Changes of a view start from here. */
  get wanted(): View {
    return this.asked ?? this.state.view;
  }

  /** Shows another view; of several that are asked for at once the last one, which holds the others' changes. */
  async setView(change: View): Promise<boolean> {
    const { meta } = this.state;
    if (!meta) return false;
    const next = this.fit({ ...this.wanted, ...change }, meta);
    this.asked = next;
    try {
      const narrowed = isNarrowed(next)
        ? await this.busyWith("Looking through the rows", () => this.wire.ask("metadata", viewParameters(next, meta)))
        : undefined;
      if (this.asked !== next) return true;
      if (this.state.meta !== meta) return await this.setView({}); // the table was changed meanwhile
      this.asked = undefined;
      const rows = narrowed?.dataSize.rows ?? meta.dataSize.rows;
      this.store.set({
        view: next,
        viewRows: rows,
        rows: [],
        preview: undefined,
        isNews: false,
        generation: this.state.generation + 1,
      });
      return true;
    } catch (error) {
      if (this.asked === next) this.asked = undefined;
      failed(error);
      return false;
    }
  }

  async askPreview(title: string, operation: string, parameters: Record<string, unknown>): Promise<Preview> {
    const rows = this.rowsInView();
    const answer = await this.wire.ask("preview", { preview: operation, parameters, rowIndices: rows });
    const byRow = new Map(answer.data.index.map((row, at) => [row, answer.data.data[at] ?? []]));
    return { ...answer, title, shownRows: new Set(rows), byRow };
  }

  // -- changes

  /** Sends a change, reads again what it changed, and says what happened. Throws what the server objects to. */
  async change(event: string, parameters: Record<string, unknown> = {}, words = "Working"): Promise<Changed> {
    const answer = await this.busyWith(words, () => this.wire.ask(event, parameters, { isChange: true, words }));
    await this.refresh();
    const said = answer.sentence ?? this.current()?.sentence;
    const isWalk = ["undo", "redo", "goTo"].includes(event);
    const made = answer.version;
    if (!isWalk && said)
      toast(said, {
        action: { label: "Undo", run: () => void (made === undefined ? this.undo() : this.takeBack(made, said)) },
      });
    return answer;
  }

  /** Gives the dataset another name; nothing of the table changes, so it is no step. */
  async rename(name: string): Promise<void> {
    const { before, name: kept } = await renameDataset(this.id, name);
    this.take(kept);
    toast(`Renamed ${before} to ${kept}`, {
      action: { label: "Undo", run: () => void this.rename(before).catch(failed) },
    });
  }

  private take(name: string): void {
    this.store.set({ name });
    document.title = `${name} · Longshore`;
  }

  async undo(): Promise<void> {
    const undone = this.current();
    await this.walk(
      "undo",
      () => `Taken back: ${undone?.sentence ?? "the last step"}`,
      () => void this.redo(),
      "Redo",
    );
  }

  /** Takes back the step that made a version, and no other: if others have made steps since, it is taken out from below them. */
  async takeBack(version: number, sentence: string): Promise<void> {
    try {
      await this.change("undo", { ifVersion: version });
      toast(`Taken back: ${sentence}`, { action: { label: "Redo", run: () => void this.redo() } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "IllegalOperation") return failed(error);
      await this.change("dropStep", { version }, "Taking the step out").catch(failed);
    }
  }

  async redo(): Promise<void> {
    await this.walk(
      "redo",
      () => `Done again: ${this.current()?.sentence ?? "the step"}`,
      () => void this.undo(),
      "Undo",
    );
  }

  private async walk(event: "undo" | "redo", said: () => string, back: () => void, label: string): Promise<void> {
    const { meta } = this.state;
    if (!(event === "undo" ? meta?.undoAvailable : meta?.redoAvailable)) return;
    try {
      await this.change(event);
      toast(said(), { action: { label, run: back } });
    } catch (error) {
      failed(error);
    }
  }

  current() {
    return this.state.history?.steps.find((step) => step.current);
  }

  async busyWith<T>(words: string, work: () => Promise<T>): Promise<T> {
    // What is done at once needs no progress line.
    const timer = setTimeout(() => this.store.set({ busy: { words } }), 250);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.store.set({ busy: undefined });
    }
  }

  // -- selection

  select(column: string, how: "only" | "toggle" | "range"): void {
    const { columns, anchor, meta } = this.state;
    if (!meta) return;
    let next = [column];
    if (how === "toggle")
      next = columns.includes(column) ? columns.filter((name) => name !== column) : [...columns, column];
    else if (how === "range" && anchor) {
      const [from, to] = [meta.columns.indexOf(anchor), meta.columns.indexOf(column)].sort(
        (one, other) => one - other,
      ) as [number, number];
      next = meta.columns.slice(from, to + 1);
    } else if (columns.length === 1 && columns[0] === column) next = [];
    this.store.set({ columns: next, anchor: how === "range" ? anchor : column });
  }

  // -- news

  private async connected(): Promise<void> {
    this.store.set({ connected: true });
    const before = this.state.history;
    const waited = this.state.waiting;
    const isFirst = !this.wasConnected;
    this.wasConnected = true;
    if (isFirst) return this.wire.resend();
    await this.refresh(true).catch(() => undefined);
    const meanwhile = whatHappened(before, this.state.history);
    await this.wire.resend();
    const sent = waited > 0 ? ` ${counted(waited, "waiting change")} sent.` : "";
    toast(`Connected again. ${meanwhile}${sent}`, { tone: "news" });
  }

  private async hear(news: News): Promise<void> {
    if (news.sessionID !== this.id || this.wire.isOwn(news.requestID) || news.version === this.state.meta?.version)
      return;
    const { history: before } = this.state;
    await this.refresh(true).catch(() => undefined);
    toast(newsInWords(news, before, this.state.history), { tone: "news" });
  }
}
