/** The distribution of a column, small: bars of a histogram, or of the most frequent values. */
import { isTime } from "../../parts/format";
import type { ColumnProfile } from "../session";

const HEIGHT = 32;

export function Strip({ about }: { about: ColumnProfile }) {
  const counts = about.histogram?.counts ?? about.top?.map(([, number]) => number) ?? [];
  const highest = Math.max(1, ...counts);
  const step = 120 / Math.max(10, counts.length);
  return (
    <svg
      className={`profile-strip ${about.histogram ? (isTime(about.dataType) ? "time" : "number") : "text"}`}
      viewBox={`0 0 120 ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {counts.map((number, at) => {
        const height = number === 0 ? 0 : Math.max(1.5, (HEIGHT * number) / highest);
        return <rect key={at} x={at * step} width={step - 1} y={HEIGHT - height} height={height} />;
      })}
    </svg>
  );
}
