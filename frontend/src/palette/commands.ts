/**
 * The one list of what the palette offers. A part of the workbench adds to it while it is on the page:
 *
 *     useEffect(() => register(() => [{ id: "…", title: "…", group: "Table", run }]), []);
 *
 * A source is asked each time the palette opens, so that it tells what holds now.
 */
export interface Command {
  /** Unlike any other command's. */
  id: string;
  title: string;
  /** The heading it stands under. */
  group: string;
  /** What it would do, in a line. */
  line?: string;
  /** Other words by which it is found. */
  words?: string;
  /** Keys that do the same. */
  keys?: string;
  run: () => void;
}
export type Source = () => Command[] | Promise<Command[]>;

const sources: Source[] = [];

/** Adds a source; call what comes back to take it away again. What came last stands first: it is about what is on the page. */
export function register(source: Source): () => void {
  sources.unshift(source);
  return () => {
    const at = sources.indexOf(source);
    if (at >= 0) sources.splice(at, 1);
  };
}

/** All commands of the sources, those at hand at once and the others as they come. */
export function collect(tell: (commands: Command[]) => void): void {
  const found: Command[][] = [];
  sources.forEach((source, at) => {
    const given = source();
    if (Array.isArray(given)) found[at] = given;
    else
      given.then(
        (commands) => {
          found[at] = commands;
          tell(found.flat());
        },
        // What cannot be listed now, such as jobs while the server is away, is not offered.
        () => undefined,
      );
  });
  tell(found.flat());
}
