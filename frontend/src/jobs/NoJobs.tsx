/** How to declare the first job, where there is none. */
import { Copy } from "../parts/icons";
import { copyText } from "../parts/save";

const EXAMPLE = `from longshore import job

@job("add")
def add(a: float, b: float = 1) -> float:
    """Add two numbers."""
    return a + b
`;

export function NoJobs() {
  return (
    <section className="box empty teaches">
      <strong>No jobs are declared yet</strong>
      <p>
        A job is a Python function. The server makes a form of its parameters, runs it in a worker, and keeps its result
        for a day. Save these six lines as <code className="code">handlers/sums.py</code>, in the folder where the
        server was started:
      </p>
      <pre className="code" tabIndex={0}>
        {EXAMPLE.trim()}
      </pre>
      <button className="button" onClick={() => void copyText(EXAMPLE, "Copied. Save it as handlers/sums.py.")}>
        <Copy />
        Copy
      </button>
      <p>
        Then restart the server (<code className="code">longshore serve</code>): “Add” appears here with its form.
      </p>
    </section>
  );
}
