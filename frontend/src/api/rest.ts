/** REST calls. Every failure is an ApiError with the server's own sentence. */
import { leaveForLogin } from "./account";
import type { components } from "./generated";

type Schemas = components["schemas"];
export type DatasetSummary = Schemas["DatasetSummary"];
export type Metadata = Schemas["Metadata"];
export type HistoryStep = Schemas["HistoryStep"];
export type History = Schemas["History"];
export type OperationInfo = Schemas["OperationInfo"];
export type Uploaded = Schemas["Uploaded"];
export type Replayed = Schemas["Replayed"];
export type ReplayedStep = Schemas["ReplayedStep"];
export type PreviewAnswer = Schemas["PreviewAnswer"];
export type Sample = Schemas["Sample"];

export type FieldProblem = Schemas["FieldProblem"];

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fields: FieldProblem[] = [],
  ) {
    super(message);
  }
}

export const UNREACHABLE = "The server does not answer. Check that it is running; your data is safe there.";

/** The error that an answer's body describes, or one in words when the body is none of ours. */
export function errorOf(body: unknown, status: number): ApiError {
  const said = body as Partial<Schemas["ErrorAnswer"]> | null;
  if (said?.errorDescription) return new ApiError(said.error ?? "Internal", said.errorDescription, said.fields);
  return new ApiError("Internal", `The server answered with ${status}.`);
}

/** One REST call with a JSON body; throws an ApiError. */
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("Unreachable", UNREACHABLE);
  }
  const parsed: unknown = await answer.json().catch(() => null);
  if (answer.status === 401) leaveForLogin();
  if (!answer.ok) throw errorOf(parsed, answer.status);
  return parsed as T;
}

export const listSamples = () => call<Schemas["SampleList"]>("GET", "/api/v1/samples").then((answer) => answer.samples);
export const openSample = (name: string) => call<Uploaded>("POST", `/api/v1/samples/${encodeURIComponent(name)}`);
export const describeDataset = (id: string) => call<Schemas["ShownDataset"]>("GET", `/api/v1/datasets/${id}`);
export const listOperations = () =>
  call<Schemas["OperationList"]>("GET", "/api/v1/operations").then((answer) => [
    ...answer.operations,
    ...answer.newDatasets,
  ]);

export function listDatasets(ids: string[]): Promise<DatasetSummary[]> {
  if (ids.length === 0) return Promise.resolve([]);
  const query = ids.map((id) => `id=${id}`).join("&");
  return call<Schemas["DatasetList"]>("GET", `/api/v1/datasets?${query}`).then((answer) => answer.datasets);
}

/** Sends a file and tells of the bytes sent; resolves when the server has read it whole. */
export function upload(
  file: Blob,
  name: string,
  options: Record<string, string>,
  tell: (sent: number, total: number) => void,
) {
  const request = new XMLHttpRequest();
  const done = new Promise<Uploaded>((resolve, reject) => {
    const query = new URLSearchParams({ ...options, name });
    request.open("POST", `/api/v1/datasets?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = (event) => tell(event.loaded, event.total);
    request.onload = () => {
      if (request.status === 401) leaveForLogin();
      if (request.status < 300) resolve(request.response as Uploaded);
      else reject(errorOf(request.response, request.status));
    };
    request.onerror = () => reject(new ApiError("Unreachable", UNREACHABLE));
    request.onabort = () => reject(new ApiError("Cancelled", "The upload was cancelled."));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}
