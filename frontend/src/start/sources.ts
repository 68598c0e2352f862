/** Where a table to be opened lies: a file of this computer's, or one on the server. */
import { lookAtStored, openStored, type StoredArea } from "../api/files";
import { BEGINNING_BYTES, LOOK_BYTES, type Look, lookAt } from "../api/look";
import { type Uploaded, upload } from "../api/rest";
import { type FileKind, kindOf } from "../parts/pasted";

export type Options = Record<string, string>;

export interface Source {
  name: string;
  kind: FileKind;
  /** Bytes, where this page knows. */
  size?: number;
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
  // Of a text the first lines tell how it would be read.
  const isPart = file.size > (kind === "delimited" ? BEGINNING_BYTES : LOOK_BYTES);
  const mayBePart = kind === "delimited" || kind === "json";
  const part = isPart ? file.slice(0, BEGINNING_BYTES) : file;
  return {
    name: file.name,
    kind,
    size: file.size,
    ...(!isPart || mayBePart
      ? {
          look: (options, signal) =>
            lookAt(part, file.name, isPart ? { ...options, beginning: "true" } : options, signal),
        }
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
