/** Where a table to be opened lies: a file of this computer's, or one on the server. */
import { lookAtStored, openStored, type StoredArea } from "../api/files";
import { LOOK_BYTES, type Look, lookAt } from "../api/look";
import { type Uploaded, upload } from "../api/rest";
import { type FileKind, kindOf, SNIFFED_BYTES } from "./sniff";

export type Options = Record<string, string>;

export interface Source {
  name: string;
  kind: FileKind;
  /** Bytes, where this page knows. */
  size?: number;
  /** A text's beginning, for what this page can look at by itself. */
  begin?: () => Promise<Uint8Array>;
  /** How the server would read it; absent for what is too large to be sent only for that. */
  look?: (options: Options, signal: AbortSignal) => Promise<Look>;
  /** Make a dataset of it; `tell` hears of what is sent, if anything is. */
  open: (
    options: Options,
    tell: (sent: number, total: number) => void,
  ) => { done: Promise<Uploaded>; cancel?: () => void };
}

export function ofFile(file: File): Source {
  const kind = kindOf(file.name);
  const isText = kind === "delimited" || kind === "json";
  return {
    name: file.name,
    kind,
    size: file.size,
    ...(isText ? { begin: async () => new Uint8Array(await file.slice(0, SNIFFED_BYTES).arrayBuffer()) } : {}),
    ...(!isText && file.size <= LOOK_BYTES
      ? { look: (options, signal) => lookAt(file, file.name, options, signal) }
      : {}),
    open: (options, tell) => upload(file, file.name, options, tell),
  };
}

export function ofStored(area: StoredArea, path: string): Source {
  const name = path.split("/").at(-1) ?? path;
  return {
    name,
    kind: kindOf(name),
    look: (options, signal) => lookAtStored(area, path, options, signal),
    open: (options) => ({ done: openStored(area, path, options) }),
  };
}
