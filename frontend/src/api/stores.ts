/** Lists and values, at addresses that are older than the REST interface. */
import type { Item } from "../parts/items";
import { ask, inAddress } from "./files";
import type { components } from "./generated";
import { call } from "./rest";

type Schemas = components["schemas"];

const list = (name: string) => `/store/${inAddress(name)}`;

export const listNames = () => call<string[]>("GET", "/store");
export const readItems = async (name: string, after: number, limit: number) =>
  call<Item[]>("GET", `${list(name)}?after=${after}&limit=${limit}`);
export const addItems = async (name: string, items: Record<string, unknown>[]) =>
  call<Schemas["Appended"]>("POST", list(name), items.length === 1 ? items[0] : items);
export const mergeItem = async (name: string, id: number, changes: Record<string, unknown>) =>
  call<Schemas["Nothing"]>("POST", `${list(name)}/${id}`, changes);
export const removeItems = async (name: string, ids: number[], keepalive: boolean) =>
  ask("DELETE", `${list(name)}/${ids.join(",")}`, { keepalive });
export const promoteList = async (name: string) => call<Schemas["Promoted"]>("POST", `${list(name)}/promote`);
export const fillList = async (name: string, sessionID: string) =>
  call<Schemas["Filled"]>("POST", `${list(name)}/fill`, { sessionID });

export interface StoredValue {
  type: string;
  size: number;
  etag: string;
  /** What it says, where it is text of a size to be edited. */
  text?: string;
}

export const valueAddress = (key: string) => `/kv/${inAddress(key)}`;
const LARGEST_TEXT = 512 * 1024;

/** What is kept under a key; nothing when there is none. */
export async function readValue(key: string): Promise<StoredValue | undefined> {
  const head = await ask("HEAD", valueAddress(key), { allowed: [404] });
  if (head.status === 404) return undefined;
  const about = {
    type: head.headers.get("Content-Type") ?? "",
    size: Number(head.headers.get("Content-Length")),
    etag: head.headers.get("ETag") ?? "",
  };
  if (!/^(text\/|application\/(.*\+)?json)/.test(about.type) || about.size > LARGEST_TEXT) return about;
  return { ...about, text: await (await ask("GET", valueAddress(key))).text() };
}

/** Keep a text or a file under a key. */
export const writeValue = async (key: string, content: BodyInit, type: string) =>
  ask("PUT", valueAddress(key), { body: new Blob([content as BlobPart], { type }) });

/** Forget a value, unless another one is kept under its key by now. */
export const removeValue = async (key: string, etag: string, keepalive: boolean) =>
  ask("DELETE", valueAddress(key), { allowed: [404, 412], headers: { "If-Match": etag }, keepalive });
