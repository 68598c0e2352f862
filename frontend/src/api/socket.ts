/** One Socket.IO connection: questions with answers, news, and what happens when the line breaks. */
import { io, type Socket } from "socket.io-client";
import { leaveForLogin, loadMe } from "./account";
import type { components } from "./generated";
import { ApiError, errorOf } from "./rest";

type Schemas = components["schemas"];
type Answers = Schemas["SocketReads"] & Schemas["SocketChanges"];
/** The answer to any change. */
export type Changed = Schemas["AnyChanged"];
/** What an event is answered with; one whose name is not known before it runs is a change. */
export type AnswerTo<E extends string> = E extends keyof Answers ? Answers[E] : Changed;
type SocketNews = Schemas["SocketNews"];
export type News = SocketNews["dataChanged"];
/** What comes, whatever it is. */
type Message = Partial<Schemas["Answered"] & SocketNews["progress"] & Schemas["ErrorAnswer"]>;
/** An answer that has come. Which one it is, is known where it was asked for. */
type Arrived = Partial<Changed>;

interface Waiting {
  event: string;
  body: Record<string, unknown>;
  /** What a change is, in words. */
  words?: string;
  /** The version that a change was made on; of a read there is none. */
  base?: number;
  isChange: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: of the event's own type, which is known where it was asked for
  resolve: (answer: any) => void;
  reject: (error: Error) => void;
  progress?: (done: number, total: number) => void;
}
/** What the server tells without being asked, by the event's name. */
export type Heard = { [E in keyof SocketNews]: (news: SocketNews[E]) => void };
export interface About {
  isChange?: boolean;
  words?: string;
  progress?: Waiting["progress"];
}

export class Wire {
  readonly socket: Socket<Heard, Record<string, (body: Record<string, unknown>) => void>>;
  /** The version that the page shows; what is changed is changed on it. */
  version: () => number | undefined = () => undefined;
  /** Is told whenever the number of changes without an answer differs. */
  onWaiting: (changes: number) => void = () => undefined;
  private waiting = new Map<string, Waiting>();
  private counter = 0;
  // Long enough never to be another page's, whose change would pass for this one's.
  private readonly prefix = Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join(
    "",
  );

  constructor(private readonly sessionID: string) {
    this.socket = io({
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 4000,
    });
    // A refusal says why; a socket that the server closed does not: its login may have ended.
    this.socket.on(
      "connect_error",
      (error: Error & { data?: { error?: string } }) => error.data?.error === "Unauthorized" && leaveForLogin(),
    );
    this.socket.on("disconnect", (reason) => reason === "io server disconnect" && void loadMe());
    this.socket.onAny((event: string, message: Message) => this.hear(event, message));
    // A read that was under way when the line broke has no answer to come: ask again.
    this.socket.on("connect", () => {
      for (const each of this.waiting.values()) if (!each.isChange) this.socket.emit(each.event, each.body);
    });
  }

  /** Sends a request; resolves with its answer. While the line is down it waits for it. */
  ask<E extends string>(event: E, parameters: Record<string, unknown> = {}, about: About = {}): Promise<AnswerTo<E>> {
    const requestID = `${this.prefix}-${++this.counter}`;
    const isChange = about.isChange ?? false;
    // The server does a change that says `once` once, however often it comes.
    const body = { ...parameters, sessionID: this.sessionID, requestID, ...(isChange && { once: true }) };
    return new Promise((resolve, reject) => {
      this.waiting.set(requestID, {
        event,
        body,
        isChange,
        words: about.words,
        base: this.version(),
        resolve,
        reject,
        progress: about.progress,
      });
      if (this.socket.connected) this.socket.emit(event, body);
      if (isChange) this.tellWaiting();
    });
  }

  /**
   * Sends the changes that have no answer again, one after another. The server knows those that it has done or will do;
   * any other is done only if the table is still the one it was made on, or differs by the changes before it alone.
   */
  async resend(): Promise<void> {
    const known = new Map<number, number>();
    for (const [id, each] of [...this.waiting]) {
      if (!each.isChange || !this.waiting.has(id)) continue;
      let base = each.base;
      while (base !== undefined && known.has(base)) base = known.get(base);
      const answer = await this.again(id, each, base);
      if (answer === "broken") return;
      if (answer?.version !== undefined && base !== undefined && answer.version !== base)
        known.set(base, answer.version);
    }
  }

  private again(id: string, each: Waiting, base: number | undefined): Promise<Arrived | undefined | "broken"> {
    return new Promise((done) => {
      const broken = () => done("broken");
      this.socket.once("disconnect", broken);
      const settle = (answer?: Arrived) => {
        this.socket.off("disconnect", broken);
        done(answer);
      };
      this.waiting.set(id, {
        ...each,
        resolve: (answer: Arrived) => {
          settle(answer);
          each.resolve(answer);
        },
        reject: (error) => {
          settle();
          each.reject(
            error instanceof ApiError && error.code === "IllegalOperation"
              ? overtaken(each.words ?? each.event, error)
              : error,
          );
        },
      });
      this.socket.emit(each.event, base === undefined ? each.body : { ...each.body, ifVersion: base });
    });
  }

  /** Whether a change was asked for by this page. */
  isOwn(requestID: unknown): boolean {
    return typeof requestID === "string" && requestID.startsWith(`${this.prefix}-`);
  }

  close(): void {
    this.waiting.clear();
    this.socket.close();
  }

  private hear(event: string, message: Message): void {
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
    if (found?.isChange) this.tellWaiting();
    return found;
  }

  private tellWaiting(): void {
    this.onWaiting([...this.waiting.values()].filter((each) => each.isChange).length);
  }
}

/** A change that waited for the line is refused when the table is no longer the one it was made on. */
function overtaken(words: string, error: ApiError): ApiError {
  if (!error.message.includes("has been changed since")) return error;
  return new ApiError(
    "Overtaken",
    `Not done: ${words.charAt(0).toLowerCase()}${words.slice(1)}. The table was changed while the line was down; look at it and do it again.`,
  );
}
