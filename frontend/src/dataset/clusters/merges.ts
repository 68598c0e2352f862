/** Groups of values that are probably one, and what is to become of them. */
import type { components } from "../../api/generated";
export type Cluster = components["schemas"]["Cluster"];
export interface Choice {
  isOn: boolean;
  target: string;
}

export const METHODS = {
  fingerprint: ["Same words", "Capitals, accents, punctuation and the order of words do not count."],
  ngram: ["Same letters", "Blanks and the order of letters hardly count: finds what was run together or taken apart."],
  phonetic: ["Same sound", "Spelled as one hears it, in English: Smith and Smyth."],
  distance: ["Few letters differ", "Finds slips of the keyboard: Lisbon and Lisbn. Takes longest."],
} as const;
export type Method = keyof typeof METHODS;

/** How strictly a method looks, from loose to strict, as the server's settings; one entry where there is no choice. */
export const STRICTNESS: Record<Method, [string, Record<string, number>][]> = {
  fingerprint: [["", {}]],
  phonetic: [["", {}]],
  ngram: [
    ["loose", { size: 1 }],
    ["medium", { size: 2 }],
    ["strict", { size: 3 }],
  ],
  distance: [
    ["loose", { radius: 3, threshold: 0.6 }],
    ["medium", { radius: 2, threshold: 0.75 }],
    ["strict", { radius: 1, threshold: 0.85 }],
  ],
};

export const startOf = (clusters: Cluster[]): Choice[] =>
  clusters.map((cluster) => ({ isOn: true, target: cluster.suggested }));

/** The values of a group that its target replaces. */
const replaced = (cluster: Cluster, target: string) => cluster.values.filter(([value]) => value !== target);

/** The merges of the chosen groups, as `mergeValues` takes them. */
export function mergesOf(clusters: Cluster[], choices: Choice[]): { from: string[]; to: string }[] {
  return clusters.flatMap((cluster, at) => {
    const { isOn, target } = choices[at]!;
    const from = isOn ? replaced(cluster, target).map(([value]) => value) : [];
    return from.length > 0 ? [{ from, to: target }] : [];
  });
}

/** How many groups, values and rows the chosen merges change. */
export function effectOf(clusters: Cluster[], choices: Choice[]): { groups: number; values: number; rows: number } {
  const effect = { groups: 0, values: 0, rows: 0 };
  clusters.forEach((cluster, at) => {
    const gone = choices[at]!.isOn ? replaced(cluster, choices[at]!.target) : [];
    if (gone.length === 0) return;
    effect.groups += 1;
    effect.values += gone.length;
    effect.rows += gone.reduce((sum, [, rows]) => sum + rows, 0);
  });
  return effect;
}
