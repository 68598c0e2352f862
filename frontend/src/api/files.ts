/** Files on offer, links, partitions and path files, at addresses that are older than the REST interface. */

import { leaveForLogin } from "./account";
import type { components } from "./generated";
import type { Look } from "./look";
import { ApiError, call, errorOf, UNREACHABLE, type Uploaded } from "./rest";

type Schemas = components["schemas"];
export type StoredArea = Schemas["StoredFile"]["area"];
export type OfferedFile = Schemas["OfferedFile"];
export type PartitionFile = Schemas["PartitionFile"];
export type PartitionListing = Schemas["PartitionListing"];
export interface LinkWishes {
  once: boolean;
  seconds: number;
  download: boolean;
}

/** A path in an address: its parts encoded, its slashes kept. Throws an ApiError for parts that browsers take out. */
export function inAddress(path: string): string {
  const parts = path.split("/");
  if (parts.some((part) => part === "." || part === ".."))
    throw new ApiError("InvalidValue", "The parts of a path are names, without “.” and “..”.");
  return parts.map(encodeURIComponent).join("/");
}

export const listOffered = () => call<Schemas["Start"]>("GET", "/").then((answer) => answer.files);
export const describeOffered = (key: string) => call<OfferedFile>("GET", `/file?${new URLSearchParams({ name: key })}`);

/** A whole address under which a file on offer can be fetched. */
export async function makeLink(key: string, { once, seconds, download }: LinkWishes): Promise<string> {
  const query = new URLSearchParams({
    name: key,
    one_time: String(once),
    expires_in: String(seconds),
    ...(download ? { download: "true" } : {}),
  });
  const made = await call<Schemas["LinkAddress"]>("POST", `/file?${query}`);
  return location.origin + made.addr;
}

export const listPartitions = () =>
  call<Schemas["PartitionNames"]>("GET", "/list/").then((answer) => answer.partitions);
export const listPartition = async (partition: string) =>
  call<PartitionListing>("GET", `/list/${inAddress(partition)}`);
export const openStored = (area: StoredArea, path: string, options: Record<string, string> = {}) =>
  call<Uploaded>("POST", "/api/v1/imports", { area, path, ...options });
export const lookAtStored = (area: StoredArea, path: string, options: Record<string, string>, signal: AbortSignal) =>
  call<Look>("POST", "/api/v1/imports/look", { area, path, ...options }, signal);

export interface PathFile {
  type: string;
  size: number;
  etag: string;
  /** Seconds since 1970, where the server tells. */
  modified?: number;
}

/** What lies at a path; nothing when there is no file. */
export async function findPathFile(path: string): Promise<PathFile | undefined> {
  const answer = await ask("HEAD", `/fs/${inAddress(path)}`, { allowed: [404] });
  if (answer.status === 404) return undefined;
  const modified = Date.parse(answer.headers.get("Last-Modified") ?? "");
  return {
    type: answer.headers.get("Content-Type") ?? "",
    size: Number(answer.headers.get("Content-Length")),
    etag: answer.headers.get("ETag") ?? "",
    modified: Number.isNaN(modified) ? undefined : modified / 1000,
  };
}

export const putPathFile = async (path: string, file: Blob) => ask("PUT", `/fs/${inAddress(path)}`, { body: file });

/** Remove a file, unless another one lies there by now. */
export const deletePathFile = async (path: string, etag: string, keepalive: boolean) =>
  ask("DELETE", `/fs/${inAddress(path)}`, { allowed: [404, 412], headers: { "If-Match": etag }, keepalive });

export interface Asked {
  /** Statuses over 299 that are no errors here. */
  allowed?: number[];
  body?: BodyInit;
  headers?: Record<string, string>;
  /** Whether it is to be sent although the page goes away. */
  keepalive?: boolean;
}

/** A request whose answer is not JSON; throws an ApiError. */
export async function ask(
  method: string,
  address: string,
  { allowed = [], body, headers, keepalive }: Asked = {},
): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { method, body, keepalive, headers: { Accept: "application/json", ...headers } });
  } catch {
    throw new ApiError("Unreachable", UNREACHABLE);
  }
  if (answer.status === 401) leaveForLogin();
  if (!answer.ok && !allowed.includes(answer.status))
    throw errorOf(await answer.json().catch(() => null), answer.status);
  return answer;
}
