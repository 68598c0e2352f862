/** How a file would be read, before it is imported. */
import type { components } from "./generated";
import { ApiError, errorOf, UNREACHABLE } from "./rest";

export type Look = components["schemas"]["Look"];
/** Larger files are not sent only to be looked at. */
export const LOOK_BYTES = 30_000_000;
/** Of a larger text so much is sent. */
export const BEGINNING_BYTES = 1_000_000;

export async function lookAt(
  file: Blob,
  name: string,
  options: Record<string, string>,
  signal: AbortSignal,
): Promise<Look> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/look?${new URLSearchParams({ ...options, name })}`, {
      method: "POST",
      body: file,
      headers: { "Content-Type": "application/octet-stream", Accept: "application/json" },
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError("Unreachable", UNREACHABLE);
  }
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw errorOf(body, answer.status);
  return body as Look;
}
