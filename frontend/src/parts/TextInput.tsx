/** A field for a value of the data: one line, or as many as the value has, which an input would join. */
import { type KeyboardEvent, useRef } from "react";
import { hasLines, withLineEnds } from "./lines";

interface Props {
  value: string;
  change: (text: string) => void;
  /** Enter, which in a field of several lines needs no Shift. */
  enter?: () => void;
  label: string;
  placeholder?: string;
  invalid?: boolean;
  autoFocus?: boolean;
  selectAll?: boolean;
  onBlur?: () => void;
  onEscape?: () => void;
}

export function TextInput({
  value,
  change,
  enter,
  label,
  placeholder,
  invalid,
  autoFocus,
  selectAll,
  onBlur,
  onEscape,
}: Props) {
  // The field stays what it began as: it would lose the focus in the middle of typing.
  const before = useRef(value);
  const common = {
    className: "field",
    value,
    "aria-label": label,
    "aria-invalid": invalid || undefined,
    placeholder,
    autoFocus,
    autoComplete: "off",
    spellCheck: false,
    onFocus: (event: { target: HTMLInputElement | HTMLTextAreaElement }) => selectAll && event.target.select(),
    onBlur,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Escape") onEscape?.();
      if (event.key !== "Enter" || event.shiftKey || !enter) return;
      event.preventDefault();
      enter();
    },
  };
  if (!hasLines(before.current))
    return <input {...common} type="text" onChange={(event) => change(event.target.value)} />;
  return (
    <textarea
      {...common}
      rows={Math.min(6, before.current.split(/\r\n|\r|\n/).length)}
      title="Enter is done, Shift Enter begins a line"
      onChange={(event) => change(withLineEnds(before.current, event.target.value))}
    />
  );
}
