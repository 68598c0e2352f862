/** A drawn chart that follows its place's width, and where it may its height, and the page's colours. */
import { useEffect, useRef, useState } from "react";
import type { Result } from "vega-embed";
import { theme } from "../parts/preferences";
import { useStore } from "../parts/store";
import { draw, fitSpec, type Spec } from "./vega";

interface Props {
  spec: Spec;
  /** In points; the least of them where the chart fills its place. */
  height: number;
  fills?: boolean;
  small?: boolean;
  label: string;
}

export default function ChartView({ spec, height, fills = false, small = false, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [problem, setProblem] = useState<string>();
  const colours = useStore(theme);
  useEffect(() => {
    if (!place.current) return;
    const observer = new ResizeObserver(([entry]) =>
      setSize({ width: Math.floor(entry?.contentRect.width ?? 0), height: Math.floor(entry?.contentRect.height ?? 0) }),
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  const { width } = size;
  const tall = fills ? Math.max(height, size.height) : height;
  useEffect(() => {
    if (!place.current || width < 50) return;
    const holder = document.createElement("div");
    place.current.replaceChildren(holder);
    let drawn: Result | undefined;
    let isGone = false;
    draw(holder, fitSpec(spec, { width, height: tall, small })).then(
      (result) => {
        drawn = result;
        if (isGone) result.finalize();
      },
      (error: Error) => setProblem(`The chart cannot be drawn: ${error.message}`),
    );
    return () => {
      isGone = true;
      drawn?.finalize();
    };
  }, [spec, width, tall, small, colours]);
  return (
    <>
      {problem && <p className="problem">{problem}</p>}
      <div
        ref={place}
        className={fills ? "chart fills" : "chart"}
        style={{ minHeight: height }}
        role="img"
        aria-label={label}
      />
    </>
  );
}
