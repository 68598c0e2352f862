/** The script of older pages: a Socket.IO client as the global `io`, which asks for what those pages read. */
import { io as connect, Manager, type ManagerOptions, protocol, Socket, type SocketOptions } from "socket.io-client";

type Options = Partial<Omit<ManagerOptions, "query"> & SocketOptions> & { query?: string | Record<string, string> };

// Where this script comes from is the server, also for a page that lies elsewhere.
const script = document.currentScript as HTMLScriptElement | null;
const home = new URL(script?.src || location.href).origin;

/** Told of a socket by older clients, of its manager by today's. */
const MANAGERS_EVENTS = ["reconnect", "reconnect_attempt", "reconnect_error", "reconnect_failed"] as const;

/** As the workbench connects: no change of transport on the way. */
const TRANSPORTS = { transports: ["websocket", "polling"], tryAllTransports: true };

/** `io()`, `io(options)`, `io(address, options)`: a socket to which the event `data` brings JSON text. */
function open(address?: string | Options, options?: Options): Socket {
  if (typeof address !== "string") return open("/", address ?? options);
  const [place, words] = address.split("?", 2) as [string, string?];
  // The library would let a query of the address take the place of the one in the options.
  const query = { dataFormat: "text", ...wordsOf(words), ...wordsOf(options?.query) };
  const isPath = place === "" || /^\/(?!\/)/.test(place);
  const socket = connect(isPath ? home + place : place, { ...TRANSPORTS, ...options, query });
  for (const name of MANAGERS_EVENTS) {
    socket.io.on(name, (...told: unknown[]) => {
      for (const listener of socket.listeners(name)) listener(...told);
    });
  }
  return socket;
}

function wordsOf(query: Options["query"]): Record<string, string> {
  return typeof query === "string" ? Object.fromEntries(new URLSearchParams(query)) : { ...query };
}

Object.assign(globalThis, { io: Object.assign(open, { io: open, connect: open, Manager, Socket, protocol }) });
