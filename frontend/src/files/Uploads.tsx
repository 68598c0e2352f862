/** Uploads under way into a partition, and those of earlier visits that can go on. */
import { useEffect, useState } from "react";
import { bytes, share } from "../parts/format";
import { Close, Pause, Play } from "../parts/icons";
import { useStore } from "../parts/store";
import { cancel, findUnfinished, giveUp, pause, type Running, resume, type Unfinished, uploads } from "./uploading";
import { uploadWords } from "./uploads";

export function Uploads({ partition }: { partition: string }) {
  const { all } = useStore(uploads);
  const here = all.filter((each) => each.partition === partition);
  const [unfinished, setUnfinished] = useState<Unfinished[]>([]);
  useEffect(() => {
    findUnfinished(partition).then(setUnfinished, () => setUnfinished([])); // storage is switched off
  }, [partition, here.length]);
  const waiting = unfinished.filter((each) => !here.some((one) => one.name === each.name && one.size === each.size));
  if (here.length === 0 && waiting.length === 0) return null;
  return (
    <section aria-label="On the way here">
      <ul className="box rows uploads">
        {here.map((each) => (
          <Row key={each.id} upload={each} />
        ))}
        {waiting.map((each) => (
          <li key={each.key}>
            <div className="main">
              <strong>{each.name}</strong>
              <span>
                {share(each.arrived, each.size)} of {bytes(each.size)} arrived before. Choose the same file again, and
                it goes on from there.
              </span>
            </div>
            <button
              className="button"
              onClick={() => void giveUp(each).then(() => setUnfinished(unfinished.filter((one) => one !== each)))}
            >
              Give it up
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ upload }: { upload: Running }) {
  const { id, name, state, sent, size } = upload;
  const words = uploadWords(upload);
  const isUnderWay = state === "running" || state === "waiting" || state === "broken";
  return (
    <li>
      <div className="main">
        <strong>{name}</strong>
        {state !== "done" && state !== "failed" && (
          <progress max={Math.max(1, size)} value={sent} aria-label={`${name}: ${words}`} />
        )}
        <span
          className={state === "failed" ? "problem" : state === "broken" ? "attention" : undefined}
          role={state === "failed" ? "alert" : undefined}
        >
          {words}
        </span>
      </div>
      {isUnderWay && (
        <button className="icon" aria-label={`Pause ${name}`} title="Pause" onClick={() => void pause(id)}>
          <Pause />
        </button>
      )}
      {(state === "paused" || state === "failed") && (
        <button
          className="icon"
          aria-label={`${state === "failed" ? "Try again" : "Go on"} with ${name}`}
          title={state === "failed" ? "Try again" : "Go on"}
          onClick={() => resume(id)}
        >
          <Play />
        </button>
      )}
      <button
        className="icon"
        aria-label={state === "done" || state === "failed" ? `Take ${name} off this list` : `Give ${name} up`}
        title={state === "done" || state === "failed" ? "Take it off this list" : "Give it up"}
        onClick={() => void cancel(id)}
      >
        <Close />
      </button>
    </li>
  );
}
