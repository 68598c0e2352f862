/** A column's header: glyph and name, under it what is in the column, at a glance. */
import type { IHeaderComp, IHeaderParams } from "ag-grid-community";
import { count, isTime, share, statistic, typeGlyph, typeName } from "../parts/format";
import type { ColumnProfile, Session } from "./session";

export interface HeaderExtra {
  session: Session;
  openMenu: (column: string, at: DOMRect) => void;
}
type Params = IHeaderParams & HeaderExtra;

const WIDTH = 120;
const HEIGHT = 24;

export class ColumnHeader implements IHeaderComp {
  private gui = document.createElement("div");
  private name = "";
  private params!: Params;
  private stop: () => void = () => undefined;
  private drawn: unknown;

  init(params: Params): void {
    this.params = params;
    this.name = params.column.getColId();
    this.gui.className = "head";
    this.gui.innerHTML = `<div class="head-line"><span class="glyph"></span><span class="head-name"></span><button class="icon small head-menu" tabindex="-1"><svg width="14" height="14" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true"><path d="M8 3.5h.01M8 8h.01M8 12.5h.01"/></svg></button></div><div class="strip"></div>`;
    this.part(".head-name").textContent = this.name;
    const menu = this.part(".head-menu");
    menu.setAttribute("aria-label", `What can be done with ${this.name}`);
    menu.addEventListener("click", (event) => {
      event.stopPropagation();
      this.menu();
    });
    this.gui.addEventListener("click", (event) => this.pick(event));
    this.gui.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.menu();
    });
    params.eGridHeader.addEventListener("keydown", this.onKey);
    this.stop = params.session.store.subscribe(() => this.update());
    this.update();
  }

  getGui = (): HTMLElement => this.gui;
  refresh = (): boolean => false;

  destroy(): void {
    this.stop();
    this.params.eGridHeader.removeEventListener("keydown", this.onKey);
  }

  private part(selector: string): HTMLElement {
    return this.gui.querySelector<HTMLElement>(selector)!;
  }

  private menu(): void {
    this.params.openMenu(this.name, this.gui.getBoundingClientRect());
  }

  private pick(event: MouseEvent | KeyboardEvent): void {
    this.params.session.select(
      this.name,
      event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "toggle" : "only",
    );
  }

  private onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" || event.key === " ") this.pick(event);
    else if (
      event.key === "ContextMenu" ||
      (event.key === "F10" && event.shiftKey) ||
      (event.key === "ArrowDown" && event.altKey)
    )
      this.menu();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private update(): void {
    const { meta, profile, columns, preview } = this.params.session.state;
    const chosen = columns.includes(this.name);
    this.gui.classList.toggle("chosen", chosen);
    this.params.eGridHeader.setAttribute("aria-selected", String(chosen));
    this.gui.classList.toggle("made", preview?.newColumns.includes(this.name) ?? false);
    this.gui.classList.toggle("goes", preview?.removedColumns.includes(this.name) ?? false);
    const info = meta?.columnInfo[this.name];
    const about = profile?.get(this.name);
    if (this.drawn === (about ?? info)) return;
    this.drawn = about ?? info;
    this.part(".glyph").textContent = info ? typeGlyph(info.dataType) : "＋";
    const strip = this.part(".strip");
    strip.replaceChildren();
    if (!info || !meta) return;
    const missing = info.invalidValues;
    const rows = meta.dataSize.rows;
    const said = [
      `${this.name}, ${typeName(info.dataType)}`,
      missing > 0 ? `${count(missing)} missing (${share(missing, rows)})` : "nothing missing",
    ];
    if (about) said.push(`${count(about.statistics.unique_count)} different values`, summary(about));
    this.gui.title = said.filter(Boolean).join("\n");
    if (about) strip.append(picture(about, rows));
    else strip.append(Object.assign(document.createElement("span"), { className: "skeleton" }));
    const label = document.createElement("span");
    label.className = missing > 0 ? "gap" : "gap none";
    label.textContent = missing > 0 ? share(missing, rows) : "";
    if (missing > 0) {
      const bar = document.createElement("i");
      bar.style.height = `${Math.max(2, (HEIGHT * missing) / Math.max(1, rows))}px`;
      strip.append(bar);
    }
    strip.append(label);
  }
}

function summary(about: ColumnProfile): string {
  if (about.histogram) return `${statistic(about.histogram.edges[0])} to ${statistic(about.histogram.edges.at(-1))}`;
  return (about.top ?? [])
    .slice(0, 3)
    .map(([value, number]) => `${String(value)}: ${count(number)}`)
    .join("\n");
}

function picture(about: ColumnProfile, rows: number): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const counts = about.histogram?.counts ?? about.top?.slice(0, 8).map(([, number]) => number) ?? [];
  const highest = about.histogram ? Math.max(1, ...counts) : Math.max(1, rows * 0.02, ...counts);
  const step = WIDTH / Math.max(8, counts.length);
  counts.forEach((number, at) => {
    if (number === 0) return;
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = Math.max(1.5, (number / highest) * HEIGHT);
    for (const [name, value] of Object.entries({
      x: at * step,
      y: HEIGHT - height,
      width: step - (about.histogram ? 1 : 2),
      height,
    }))
      bar.setAttribute(name, value.toFixed(1));
    svg.append(bar);
  });
  svg.classList.add(about.histogram ? (isTime(about.dataType) ? "time" : "number") : "text");
  return svg;
}
