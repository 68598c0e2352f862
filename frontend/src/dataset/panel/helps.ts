/** Short tables that stand folded below a field: what can be written there. */
export interface Help {
  title: string;
  /** What is written, and what it means. */
  rows: [string, string][];
  /** Whether a row can be taken over into the field. */
  isChoice?: boolean;
}

const PATTERNS: Help = {
  title: "How patterns are written",
  rows: [
    [".", "any character"],
    ["\\d  \\D", "a digit; anything else"],
    ["\\w  \\s", "a letter, digit or _; a blank"],
    ["[abc]  [^abc]", "one of these; none of these"],
    ["a*  a+  a?", "any number, at least one, at most one"],
    ["a{2,4}", "two to four of them"],
    ["^  $", "the start, the end"],
    ["one|other", "either"],
    ["(…)", "a group: a part that is taken out"],
    ["(?P<Year>\\d{4})", "a group with a name"],
    ["\\.", "a dot itself; so with other signs"],
  ],
};

const DATE_FORMATS: Help = {
  title: "How dates can be written",
  isChoice: true,
  rows: [
    ["%Y-%m-%d", "2024-12-31"],
    ["%d/%m/%Y", "31/12/2024"],
    ["%m/%d/%Y", "12/31/2024"],
    ["%d.%m.%Y", "31.12.2024"],
    ["%d %b %Y", "31 Dec 2024"],
    ["%B %d, %Y", "December 31, 2024"],
    ["%Y-%m-%d %H:%M:%S", "2024-12-31 23:59:00"],
    ["%d/%m/%Y %I:%M %p", "31/12/2024 11:59 PM"],
  ],
};

const EPOCHS: [string, string][] = [
  ["epoch:s", "seconds since 1970"],
  ["epoch:ms", "thousandths of a second since 1970"],
  ["epoch:us", "millionths of a second since 1970"],
];

/** By the names with which parameters ask for them. */
export const HELPS: Record<string, Help> = {
  patterns: PATTERNS,
  dates: DATE_FORMATS,
  "dates and epochs": { ...DATE_FORMATS, rows: [...DATE_FORMATS.rows, ...EPOCHS] },
};
