/** A drawn chart that follows its place's width and the page's colours. */
import { useEffect, useRef, useState } from "react";
import type { Result } from "vega-embed";
import { theme } from "../parts/preferences";
import { useStore } from "../parts/store";
import { draw, fitSpec, type Spec } from "./vega";

interface Props {
  spec: Spec;
  height: number;
  small?: boolean;
  label: string;
  onDrawn?: (result: Result) => void;
}

export default function ChartView({ spec, height, small = false, label, onDrawn }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [problem, setProblem] = useState<string>();
  const colours = useStore(theme);
  useEffect(() => {
    if (!place.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!place.current || width < 50) return;
    const holder = document.createElement("div");
    place.current.replaceChildren(holder);
    let drawn: Result | undefined;
    let isGone = false;
    draw(holder, fitSpec(spec, { width, height, small })).then(
      (result) => {
        drawn = result;
        if (isGone) result.finalize();
        else onDrawn?.(result);
      },
      (error: Error) => setProblem(`The chart cannot be drawn: ${error.message}`),
    );
    return () => {
      isGone = true;
      drawn?.finalize();
    };
  }, [spec, width, height, small, colours, onDrawn]);
  return (
    <>
      {problem && <p className="problem">{problem}</p>}
      <div ref={place} className="chart" style={{ minHeight: height }} role="img" aria-label={label} />
    </>
  );
}
