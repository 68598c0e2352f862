/** One Socket.IO connection: questions with answers, news, and what happens when the line breaks. */
import { io, type Socket } from "socket.io-client";
import { leaveForLogin, loadMe } from "./account";
import { ApiError, errorOf } from "./rest";

export interface Answer {
  success: boolean;
  requestID: string;
  version?: number;
  [field: string]: unknown;
}
export interface News {
  sessionID: string;
  requestID: string | null;
  operation: string;
  version: number;
}
interface Waiting {
  event: string;
  body: Record<string, unknown>;
  isChange: boolean;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
  progress?: (done: number, total: number) => void;
}

export class Wire {
  readonly socket: Socket;
  private waiting = new Map<string, Waiting>();
  private counter = 0;
  private readonly prefix = Math.random().toString(36).slice(2, 8);

  constructor(private readonly sessionID: string) {
    this.socket = io({ transports: ["websocket", "polling"], tryAllTransports: true, reconnectionDelay: 500, reconnectionDelayMax: 4000 });
    // A refusal says why; a socket that the server closed does not: its login may have ended.
    this.socket.on("connect_error", (error: Error & { data?: { error?: string } }) => error.data?.error === "Unauthorized" && leaveForLogin());
    this.socket.on("disconnect", (reason) => reason === "io server disconnect" && void loadMe());
    this.socket.onAny((event: string, message: Answer & { done?: number; total?: number }) => this.hear(event, message));
    // A read that was under way when the line broke has no answer to come: ask again. A change was accepted or not,
    // and doing it twice would be worse than asking the history.
    this.socket.io.on("reconnect", () => {
      for (const [id, each] of this.waiting) {
        if (each.isChange) this.settle(id)?.reject(new ApiError("Interrupted", "The connection broke meanwhile. Look at the history: the change is there if it was done."));
        else this.socket.emit(each.event, each.body);
      }
    });
  }

  /** Sends a request; resolves with its answer. While the line is down it waits for it. */
  ask(event: string, parameters: Record<string, unknown> = {}, about: { isChange?: boolean; progress?: Waiting["progress"] } = {}): Promise<Answer> {
    const requestID = `${this.prefix}-${++this.counter}`;
    const body = { ...parameters, sessionID: this.sessionID, requestID };
    return new Promise((resolve, reject) => {
      this.waiting.set(requestID, { event, body, isChange: about.isChange ?? false, resolve, reject, progress: about.progress });
      this.socket.emit(event, body);
    });
  }

  /** Whether a change was asked for by this page. */
  isOwn(requestID: string | null): boolean {
    return typeof requestID === "string" && requestID.startsWith(`${this.prefix}-`);
  }

  close(): void {
    this.waiting.clear();
    this.socket.close();
  }

  private hear(event: string, message: Answer & { done?: number; total?: number }): void {
    const id = message?.requestID;
    if (typeof id !== "string") return;
    if (event === "progress") {
      this.waiting.get(id)?.progress?.(message.done ?? 0, message.total ?? 0);
      return;
    }
    if (typeof message.success !== "boolean") return;
    const found = this.settle(id);
    if (message.success) found?.resolve(message);
    else found?.reject(errorOf(message, 500));
  }

  private settle(id: string): Waiting | undefined {
    const found = this.waiting.get(id);
    this.waiting.delete(id);
    return found;
  }
}
