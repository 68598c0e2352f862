/** A form made from a JSON Schema: see schema.ts for which control each property gets. */
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { DatasetField } from "./DatasetField";
import { below, controlsOf, entry, type Problem, placed, readEntered } from "./entered";
import { Bin, Plus } from "./icons";
import { choiceName, fits, humanise, type Part, partOf, type Raw, type RawGroup, rawOf, type Schema } from "./schema";
import "./schema-form.css";

interface Props {
  schema: Schema;
  /** What stands in the form at first, such as an earlier job's inputs; otherwise the defaults. */
  given?: unknown;
  /** What the server found wrong; a new array each time, so that the first one gets the focus again. */
  problems: Problem[];
  submit: (value: unknown) => void;
  /** The form's buttons. */
  children: ReactNode;
  label: string;
}

interface Shared {
  id: string;
  problemAt: (path: string) => string | undefined;
  leave: (path: string) => void;
}

export function SchemaForm({ schema, given, problems, submit, children, label }: Props) {
  const part = useMemo(() => {
    const drawn = partOf(schema);
    // Inputs that the controls would change stand there as JSON, so that nothing is lost.
    return given === undefined || fits(drawn, given) ? drawn : { ...drawn, kind: "json" as const, hint: "" };
  }, [schema, given]);
  const [raw, setRaw] = useState(() => rawOf(part, given));
  const [said, setSaid] = useState<Problem[]>(problems);
  const [seen, setSeen] = useState<"all" | string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const wantsFocus = useRef(false);
  const id = useId();

  const entered = useMemo(() => readEntered(part, raw), [part, raw]);
  const controls = controlsOf(part, raw);
  const own = entered.problems.filter(
    (problem) => seen === "all" || (!problem.isMissing && seen.includes(problem.field)),
  );
  const shown = placed([...own, ...said], controls);
  const general = shown.get("");

  useEffect(() => {
    setSaid(problems);
    wantsFocus.current = problems.length > 0;
  }, [problems]);
  useEffect(() => {
    if (!wantsFocus.current || shown.size === 0) return;
    wantsFocus.current = false;
    form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  });

  const change = (next: Raw) => {
    setRaw(next);
    setSaid([]);
  };
  const shared: Shared = {
    id,
    problemAt: (path) => (path === "" && part.kind === "group" ? undefined : shown.get(path)),
    leave: (path) => setSeen((before) => (before === "all" || before.includes(path) ? before : [...before, path])),
  };
  return (
    <form
      ref={form}
      className="schema-form"
      aria-label={label}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setSeen("all");
        setSaid([]);
        if (entered.problems.length > 0) wantsFocus.current = true;
        else submit(entered.value);
      }}
    >
      {part.kind === "group" ? (
        <Parts part={part} raw={raw as RawGroup} path="" change={change} shared={shared} />
      ) : (
        <Control part={{ ...part, label: part.label || "Inputs" }} raw={raw} path="" change={change} shared={shared} />
      )}
      {general && part.kind === "group" && (
        <p className="problem" role="alert">
          {general}
        </p>
      )}
      {children}
    </form>
  );
}

interface ControlProps<R extends Raw = Raw> {
  part: Part;
  raw: R;
  path: string;
  change: (raw: Raw) => void;
  shared: Shared;
}

function Parts({ part, raw, path, change, shared }: ControlProps<RawGroup>) {
  if (part.parts?.length === 0) return <p className="about">It takes no inputs.</p>;
  return part.parts?.map((each) => (
    <Control
      key={each.name}
      part={each}
      raw={raw.values[each.name]!}
      path={below(path, each.name)}
      change={(next) => change({ isGiven: true, values: { ...raw.values, [each.name]: next } })}
      shared={shared}
    />
  ));
}

function Control(props: ControlProps) {
  const { part, raw, path, shared } = props;
  switch (part.kind) {
    case "fixed":
      return null; // there is nothing to choose
    case "switch":
      return <Switch {...props} raw={raw as boolean} />;
    case "group":
      return <Group {...props} raw={raw as RawGroup} />;
    case "rows":
      return <Rows {...props} raw={raw as RawGroup[]} />;
    case "ticks":
      return <Ticks {...props} raw={raw as number[]} />;
    default:
      return (
        <div className="form-row">
          <label htmlFor={idOf(shared, path)}>
            {part.label}
            <Optional part={part} />
          </label>
          <Entry {...props} raw={raw as string} />
          <Notes part={part} path={path} shared={shared} />
        </div>
      );
  }
}

const idOf = (shared: Shared, path: string) => `${shared.id}${path}`;
const isOptional = (part: Part) =>
  (!part.required || part.nullable) && (part.schema.default === undefined || part.schema.default === null);
const Optional = ({ part }: { part: Part }) => isOptional(part) && <span className="optional">may be left out</span>;

function Notes({ part, path, shared }: Pick<ControlProps, "part" | "path" | "shared">) {
  const problem = shared.problemAt(path);
  return (
    <>
      {problem && (
        <p className="problem" id={`${idOf(shared, path)}-problem`} role="alert">
          {problem}
        </p>
      )}
      {part.hint && (
        <p className="hint" id={`${idOf(shared, path)}-hint`}>
          {part.hint}
        </p>
      )}
    </>
  );
}

/** What every control of a path is given: its id, its notes, and whether something is wrong with it. */
function common({ part, path, shared }: Pick<ControlProps, "part" | "path" | "shared">) {
  const id = idOf(shared, path);
  const problem = shared.problemAt(path);
  return {
    id,
    name: path || "inputs",
    "aria-describedby": [problem && `${id}-problem`, part.hint && `${id}-hint`].filter(Boolean).join(" ") || undefined,
    "aria-invalid": problem ? true : undefined,
    "aria-required": part.required && !part.nullable ? true : undefined,
    onBlur: () => shared.leave(path),
  };
}

function Entry(props: ControlProps<string>) {
  const { part, raw, path, change, shared } = props;
  const field = {
    ...common(props),
    className: "field",
    value: raw,
    onChange: (event: { target: { value: string } }) => change(event.target.value),
  };
  const example = part.schema.examples?.[0];
  const placeholder =
    example === undefined ? undefined : `such as ${typeof example === "string" ? example : JSON.stringify(example)}`;
  switch (part.kind) {
    case "choice":
      return (
        <select {...field}>
          {(raw === "" || isOptional(part)) && <option value="">{isOptional(part) ? "Not set" : "Choose"}</option>}
          {part.choices?.map((choice, at) => (
            <option key={at} value={at}>
              {choiceName(choice)}
            </option>
          ))}
        </select>
      );
    case "dataset":
      return <DatasetField {...common(props)} value={raw} change={change} />;
    case "moment":
      return <Moment {...props} />;
    case "date":
      return <input {...field} type="date" />;
    case "time":
      return <input {...field} type="time" step={1} />;
    case "secret":
      return <input {...field} type="password" autoComplete="off" />;
    case "paragraph":
      return <textarea {...field} rows={4} placeholder={placeholder} />;
    case "lines":
      return (
        <textarea
          {...field}
          className={part.item?.kind === "text" ? "field" : "field code"}
          rows={Math.min(8, Math.max(3, raw.split("\n").length))}
          spellCheck={false}
          placeholder={placeholder}
        />
      );
    case "json":
      return (
        <textarea
          {...field}
          className="field code"
          rows={Math.min(14, Math.max(3, raw.split("\n").length))}
          spellCheck={false}
          placeholder={placeholder ?? "JSON, such as " + (part.schema.type === "array" ? "[1, 2]" : '{"name": 1}')}
          onChange={(event) => {
            shared.leave(path); // checked as it is typed
            change(event.target.value);
          }}
        />
      );
    default: {
      const isNumber = part.kind === "number" || part.kind === "integer";
      const emptied =
        !part.required &&
        part.schema.default !== undefined &&
        part.schema.default !== null &&
        part.schema.default !== ""
          ? `${choiceName(part.schema.default)} when left empty`
          : undefined;
      return (
        <input
          {...field}
          className={isNumber ? "field short" : "field"}
          type="text"
          inputMode={
            isNumber ? (part.kind === "integer" && (part.schema.minimum ?? -1) >= 0 ? "numeric" : "decimal") : undefined
          }
          autoComplete="off"
          spellCheck={false}
          placeholder={placeholder ?? (isNumber ? emptied : undefined)}
        />
      );
    }
  }
}

/** A day and a time, with or without the zone in which they are meant. */
function Moment(props: ControlProps<string>) {
  const { raw, change } = props;
  const [, local = "", zone = ""] = /^(.*?)(Z|[+-]\d\d:\d\d)?$/.exec(raw) ?? [];
  const here = offsetOf(local);
  const zones = [...new Set(["", "Z", here, zone])];
  const names: Record<string, string> = {
    "": "no zone",
    Z: "UTC",
    [here]: here === "+00:00" ? "UTC (+00:00)" : `here (${here})`,
  };
  return (
    <div className="moment">
      <input
        {...common(props)}
        className="field"
        type="datetime-local"
        step={1}
        value={local.replace(" ", "T")}
        onChange={(event) => change(event.target.value === "" ? "" : event.target.value + zone)}
      />
      <select
        className="field"
        aria-label={`Time zone of ${props.part.label}`}
        value={zone}
        onChange={(event) => change(local + event.target.value)}
        disabled={local === ""}
      >
        {zones.map((each) => (
          <option key={each} value={each}>
            {names[each] ?? each}
          </option>
        ))}
      </select>
    </div>
  );
}

function offsetOf(local: string): string {
  const moment = new Date(local === "" ? Date.now() : local);
  const minutes = -(Number.isNaN(moment.getTime()) ? new Date() : moment).getTimezoneOffset();
  const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function Switch(props: ControlProps<boolean>) {
  const { part, raw, path, change, shared } = props;
  const { "aria-required": _, ...field } = common(props); // a box that is not ticked is an answer
  return (
    <div className="form-row">
      <label className="check">
        <input {...field} type="checkbox" checked={raw} onChange={(event) => change(event.target.checked)} />
        {part.label}
      </label>
      <Notes part={part} path={path} shared={shared} />
    </div>
  );
}

function Ticks(props: ControlProps<number[]>) {
  const { part, raw, path, change, shared } = props;
  const { "aria-required": _, id, ...field } = common(props);
  return (
    <fieldset className="form-row ticks">
      <legend>
        {part.label}
        <Optional part={part} />
      </legend>
      <div className="tick-list">
        {part.choices?.map((choice, at) => (
          <label key={at} className="check">
            <input
              {...field}
              id={at === 0 ? id : undefined}
              type="checkbox"
              checked={raw.includes(at)}
              onChange={(event) => change(event.target.checked ? [...raw, at] : raw.filter((each) => each !== at))}
            />
            {choiceName(choice)}
          </label>
        ))}
      </div>
      <Notes part={part} path={path} shared={shared} />
    </fieldset>
  );
}

function Group(props: ControlProps<RawGroup>) {
  const { part, raw, path, change, shared } = props;
  const mayGo = !part.required || part.nullable;
  const problem = shared.problemAt(path);
  return (
    <fieldset className="nested">
      <legend>{part.label}</legend>
      {mayGo && (
        <label className="check">
          <input
            type="checkbox"
            aria-invalid={problem ? true : undefined}
            checked={raw.isGiven}
            onChange={(event) => change({ ...raw, isGiven: event.target.checked })}
          />
          {`Set ${part.label.charAt(0).toLowerCase()}${part.label.slice(1)}`}
        </label>
      )}
      <Notes part={part} path={path} shared={shared} />
      {raw.isGiven && <Parts part={part} raw={raw} path={path} change={change} shared={shared} />}
    </fieldset>
  );
}

function Rows({ part, raw, path, change, shared }: ControlProps<RawGroup[]>) {
  const item = part.item!;
  const place = useRef<HTMLFieldSetElement>(null);
  const added = useRef(false);
  useEffect(() => {
    if (!added.current) return;
    added.current = false;
    place.current?.querySelector<HTMLElement>(".form-rows > li:last-child :is(input, select, textarea)")?.focus();
  }, [raw.length]);
  const noun = singular(part.label);
  const remove = (at: number) => {
    change(raw.filter((_, index) => index !== at));
    place.current?.querySelector<HTMLElement>(".add-row")?.focus();
  };
  const isInvalid = shared.problemAt(path) !== undefined;
  return (
    <fieldset className="nested" ref={place}>
      <legend>
        {part.label}
        <Optional part={part} />
      </legend>
      <Notes part={part} path={path} shared={shared} />
      <ol className="form-rows">
        {raw.map((row, at) => (
          <li key={at} aria-label={`${noun} ${at + 1}`}>
            <span className="nth" aria-hidden>
              {at + 1}
            </span>
            <div className="row-fields">
              <Parts
                part={item}
                raw={row}
                path={entry(path, at)}
                change={(next) => change(raw.map((each, index) => (index === at ? (next as RawGroup) : each)))}
                shared={shared}
              />
            </div>
            <button
              type="button"
              className="icon"
              aria-label={`Remove ${noun.toLowerCase()} ${at + 1}`}
              title="Remove"
              onClick={() => remove(at)}
            >
              <Bin />
            </button>
          </li>
        ))}
      </ol>
      <button
        type="button"
        className="button add-row"
        aria-invalid={isInvalid ? true : undefined}
        onClick={() => {
          added.current = true;
          change([...raw, rawOf({ ...item, required: true, nullable: false }) as RawGroup]);
        }}
      >
        <Plus />
        {`Add ${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun.toLowerCase()}`}
      </button>
    </fieldset>
  );
}

/** `Storms` has rows called `storm`; what is no plain plural has rows. */
const singular = (label: string) =>
  /[^s]s$/.test(label) && !/(ie|sse|xe|che|she)s$/.test(label) ? humanise(label).slice(0, -1) : "row";
