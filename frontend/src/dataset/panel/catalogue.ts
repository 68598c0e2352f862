/** The operations as the server tells of them. */
import type { OperationInfo } from "../../api/rest";
import { humanise } from "../../parts/schema";

const named = (operations: OperationInfo[], name: string) =>
  operations.find((each) => each.name === name || each.aliases.includes(name));

/** What people call an operation; one that this server does not have goes by its name. */
export const titleOf = (operations: OperationInfo[], name: string) => named(operations, name)?.title ?? humanise(name);

/** Everything that can be done on this server. */
export const available = (operations: OperationInfo[]): OperationInfo[] =>
  operations.filter((operation) => operation.enabled);
