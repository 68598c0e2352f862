/** Several files as one, so that they are looked at, sent and read like one: a tar, which copies no byte of them. */

import { counted } from "./format";

const BLOCK = 512;
const MOST_NAME_BYTES = 100;

/** A name that fits into a header: shortened before its ending, and numbered where another file is called so. */
function unused(name: string, taken: Set<string>): string {
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let number = 1; ; number++) {
    const suffix = (number > 1 ? ` (${number})` : "") + ending;
    let kept = stem;
    while (new TextEncoder().encode(kept + suffix).length > MOST_NAME_BYTES) kept = kept.slice(0, -1);
    if (!taken.has(kept + suffix)) return kept + suffix;
  }
}

/** The header of a file in the ustar format: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
function header(name: string, size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const encoder = new TextEncoder();
  const put = (text: string, at: number) => block.set(encoder.encode(text), at);
  put(name, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  put("        ", 148);
  put("0", 156);
  put("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** One file stays as it is. */
export function together(files: readonly File[]): File | undefined {
  if (files.length < 2) return files[0];
  const taken = new Set<string>();
  const parts: BlobPart[] = files.flatMap((file) => {
    const name = unused(file.name, taken);
    taken.add(name);
    return [header(name, file.size), file, new Uint8Array((BLOCK - (file.size % BLOCK)) % BLOCK)];
  });
  const newest = Math.max(...files.map((file) => file.lastModified));
  return new File([...parts, new Uint8Array(2 * BLOCK)], `${counted(files.length, "file")}.tar`, {
    lastModified: newest,
  });
}
