/** Files dropped anywhere on the page. */
import { useEffect, useRef, useState } from "react";

/** Calls `take` with what is dropped; tells whether something hangs over the page. */
export function useDrop(take: (files: File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    let depth = 0; // events come for every element on the way
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      depth += event.type === "dragenter" ? 1 : event.type === "dragleave" ? -1 : 0;
      setOver(depth > 0);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      depth = 0;
      setOver(false);
      latest.current([...(event.dataTransfer?.files ?? [])]);
    };
    for (const name of ["dragenter", "dragover", "dragleave"] as const) addEventListener(name, onDrag);
    addEventListener("drop", onDrop);
    return () => {
      for (const name of ["dragenter", "dragover", "dragleave"] as const) removeEventListener(name, onDrag);
      removeEventListener("drop", onDrop);
    };
  }, []);
  return isOver;
}
