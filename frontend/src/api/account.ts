/** Who this browser is taken for, and what to do when the server no longer knows it. */
import { Store } from "../parts/store";
import type { components } from "./generated";

export type Me = components["schemas"]["Me"];

export const account = new Store<{ me?: Me }>({});
let isLeaving = false;

/** To the login page and back here: the login ended, or the token was taken back. */
export function leaveForLogin(): void {
  if (isLeaving) return; // several calls are refused at once
  isLeaving = true;
  location.assign(`/login?${new URLSearchParams({ next: location.pathname + location.search })}`);
}

/** Ask who we are; leads to the login page when that is nobody. */
export async function loadMe(): Promise<void> {
  const answer = await fetch("/api/v1/me", { headers: { Accept: "application/json" } }).catch(() => undefined);
  if (answer?.status === 401) leaveForLogin();
  else if (answer?.ok) account.set({ me: (await answer.json()) as Me });
}

export async function signOut(): Promise<void> {
  await fetch("/logout", { method: "POST", headers: { Accept: "application/json" } });
  location.assign("/login");
}

export const READ_ONLY = "Your token allows reading only. Ask for one with the scope write to change things.";

/** Why changes are refused; nothing when they are not, or when that is not known yet. */
export const whyReadOnly = (me: Me | undefined): string | undefined => (me?.scope === "read" ? READ_ONLY : undefined);
