/** Points once at cells that somebody else changed. */
export interface Changed {
  /** Place of the row among those shown. */
  at: number;
  column: string;
}

const MILLISECONDS = 1600;

export function flash(place: HTMLElement, changed: Changed[]): void {
  if (changed.length === 0) return;
  const cells = changed
    .slice(0, 2000)
    .flatMap(({ at, column }) => [...place.querySelectorAll(`[row-index="${at}"] [col-id="${CSS.escape(column)}"]`)]);
  for (const cell of cells) cell.classList.add("fresh");
  setTimeout(() => {
    for (const cell of cells) cell.classList.remove("fresh");
  }, MILLISECONDS);
}
