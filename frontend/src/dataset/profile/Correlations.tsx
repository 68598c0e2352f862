/** How the columns of numbers go together, drawn when somebody asks for it. */
import { lazy, Suspense, useEffect, useState } from "react";
import { isNumeric } from "../../parts/format";
import { useStore } from "../../parts/store";
import type { Session } from "../session";
import type { Spec } from "../vega";

const ChartView = lazy(() => import("../ChartView"));
const MOST = 30;

export function Correlations({ session }: { session: Session }) {
  const { meta } = useStore(session.store);
  const [isOpen, setOpen] = useState(false);
  const [spec, setSpec] = useState<Spec>();
  const [problem, setProblem] = useState<string>();
  const numbers = (meta?.columns ?? []).filter(
    (name) => isNumeric(meta?.columnInfo[name]?.dataType ?? "") && meta?.columnInfo[name]?.dataType !== "duration",
  );
  const indices = numbers.slice(0, MOST).map((name) => meta?.columnInfo[name]?.index);
  const key = JSON.stringify([indices, meta?.version]);
  useEffect(() => {
    if (!isOpen) return;
    let isCurrent = true;
    session
      .busyWith("Comparing the columns of numbers", () =>
        session.wire.ask("visualize", { type: "correlation", columnIndices: indices, format: "vega-lite" }),
      )
      .then(
        (answer) => isCurrent && setSpec(answer.spec as Spec),
        (error: Error) => isCurrent && setProblem(error.message),
      );
    return () => {
      isCurrent = false;
    };
  }, [session, isOpen, key]);
  if (numbers.length < 2) return null;
  return (
    <section className="profile-together">
      <button className="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? "Hide how the numbers go together" : "Show how the numbers go together"}
      </button>
      {isOpen && numbers.length > MOST && <p className="hint">The first {MOST} columns of numbers are compared.</p>}
      {isOpen && problem && <p className="problem">{problem}</p>}
      {isOpen && spec && (
        <Suspense fallback={<div className="chart skeleton" />}>
          <ChartView
            spec={spec}
            height={Math.min(620, 140 + 26 * Math.min(numbers.length, MOST))}
            label="Correlation of the columns of numbers"
          />
        </Suspense>
      )}
    </section>
  );
}
