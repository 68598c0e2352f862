/** What this browser remembers: the datasets it opened, and light or dark. */
import { Store } from "./store";

const RECENT = "longshore.recent";
const THEME = "longshore.theme";
const MOST = 20;

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off: nothing is remembered, everything else works
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return; // as above
  }
}

export function recentIds(): string[] {
  try {
    const kept: unknown = JSON.parse(read(RECENT) ?? "[]");
    return Array.isArray(kept)
      ? kept.filter((id): id is string => typeof id === "string" && /^[0-9a-f]{30}$/.test(id))
      : [];
  } catch {
    return [];
  }
}

export const remember = (id: string) =>
  write(RECENT, JSON.stringify([id, ...recentIds().filter((each) => each !== id)].slice(0, MOST)));
export const forget = (id: string) => write(RECENT, JSON.stringify(recentIds().filter((each) => each !== id)));

export type Theme = "light" | "dark";
const system = matchMedia("(prefers-color-scheme: dark)");
const chosen = (): Theme => {
  const kept = read(THEME);
  return kept === "light" || kept === "dark" ? kept : system.matches ? "dark" : "light";
};

export const theme = new Store<{ theme: Theme }>({ theme: chosen() });

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.get().theme;
}

export function switchTheme(): void {
  const next = theme.get().theme === "dark" ? "light" : "dark";
  write(THEME, next);
  theme.set({ theme: next });
  applyTheme();
}

system.addEventListener("change", () => {
  theme.set({ theme: chosen() });
  applyTheme();
});
