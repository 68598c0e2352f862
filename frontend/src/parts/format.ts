/** Numbers, sizes, times and cells as people read them. */
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

export const count = (value: number) => whole.format(value);
export const counted = (value: number, noun: string) =>
  `${whole.format(value)} ${value === 1 ? noun : /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
export const brief = (value: number) => compact.format(value);

export function statistic(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? whole.format(value) : short.format(value);
  if (value === null || value === undefined) return "none";
  return isoDay(String(value));
}

/** A moment at midnight is a day. */
export function isoDay(text: string): string {
  return /^\d{4}-\d\d-\d\dT00:00:00(\.0+)?Z?$/.test(text) ? text.slice(0, 10) : text;
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let power = 0;
  while (value >= 1000 && power < units.length - 1) {
    value /= 1000;
    power += 1;
  }
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

export function share(part: number, all: number): string {
  if (all === 0 || part === 0) return "0%";
  const percent = (100 * part) / all;
  if (percent < 1) return "<1%";
  return percent > 99 && part < all ? ">99%" : `${Math.round(percent)}%`;
}

export function ago(seconds: number, now = Date.now() / 1000): string {
  const passed = Math.max(0, now - seconds);
  if (passed < 60) return "just now";
  for (const [unit, size, next] of [
    ["minute", 60, 3600],
    ["hour", 3600, 86400],
    ["day", 86400, 7 * 86400],
  ] as const)
    if (passed < next) return `${counted(Math.floor(passed / size), unit)} ago`;
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

export const exactTime = (seconds: number) => new Date(seconds * 1000).toLocaleString();

/** Text of a cell, with blanks at its ends and line breaks made visible. */
export function visible(text: string): { before: string; middle: string; after: string } {
  const before = /^\s*/.exec(text)?.[0] ?? "";
  const rest = text.slice(before.length);
  const after = /\s*$/.exec(rest)?.[0] ?? "";
  const marks = (blank: string) => blank.replace(/\n/g, "↵").replace(/\t/g, "→").replace(/\s/g, "·");
  return {
    before: marks(before),
    middle: rest.slice(0, rest.length - after.length).replace(/\r?\n/g, "↵"),
    after: marks(after),
  };
}

export const isNumeric = (dataType: string) =>
  dataType === "int" || dataType === "float" || dataType === "duration" || dataType.startsWith("decimal");
export const isTime = (dataType: string) => dataType === "date" || dataType === "datetime";
export const typeName = (dataType: string) =>
  ({ int: "whole number", float: "number", string: "text", datetime: "date and time", boolean: "yes or no" })[
    dataType
  ] ?? dataType;
export const typeGlyph = (dataType: string) =>
  ({ int: "123", float: "1.2", string: "Aa", datetime: "⏱", date: "▤", time: "⏱", duration: "Δt", boolean: "✓" })[
    dataType
  ] ?? "•";
