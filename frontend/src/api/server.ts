/** How the server is. */
import type { components } from "./generated";
import { call } from "./rest";

export type ServerState = components["schemas"]["ServerState"];
export type ServerDetails = components["schemas"]["ServerDetails"];

export const showServer = () => call<ServerState>("GET", "/api/v1/server");
