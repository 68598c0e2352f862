/** Recipes as the page handles them: their steps, the other tables they read, and what a changed step looks like. */
import type { HistoryStep } from "../../api/rest";

export interface RecipeStep {
  operation: string;
  parameters: Record<string, unknown>;
  facts?: Record<string, unknown>;
  sentence?: string;
  columns?: { parameter: string; index?: number | null; name?: string | null; kind?: string | null }[];
}
export interface Recipe extends Record<string, unknown> {
  steps: RecipeStep[];
}

const OTHER = "otherSessionID";

/** A recipe in a text that came from anywhere; undefined for one that is none. */
export function readRecipe(text: string): Recipe | undefined {
  try {
    const found = JSON.parse(text) as Recipe | null;
    return found?.format === "longshore-recipe" && Array.isArray(found.steps) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Why a step does not apply, for who reads it in the list of steps: the table it lacks is chosen above it. */
export const reasonOf = (description: string) =>
  capitalised(
    description.replace(/^otherSessionID: /, "").replace(/; say in sources which one it is$/, "; choose it above"),
  );

const capitalised = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** The other tables that steps read, by the names the recipe calls them. */
export function sourcesOf(steps: RecipeStep[]): string[] {
  const names = steps.flatMap((step) =>
    typeof step.parameters?.[OTHER] === "string" && step.parameters[OTHER] !== "itself" ? [step.parameters[OTHER]] : [],
  );
  return [...new Set(names)];
}

/** The steps that made the table what it is now, as a recipe has them: without the import, and without what was undone or taken out. */
export const effective = (steps: HistoryStep[], position: number) =>
  steps.filter(
    (step) => step.position > 0 && step.position <= position && !step.dropped && step.operation !== "dropStep",
  );

/** The recipe of one step of the history alone. */
export function recipeOf(whole: Recipe, steps: HistoryStep[], position: number, version: number): Recipe | undefined {
  const kept = effective(steps, position);
  const at = kept.findIndex((step) => step.version === version);
  const found = kept.length === whole.steps.length ? whole.steps[at] : undefined;
  return found && { ...whole, steps: [found] };
}

/**
 * A step with other parameters. What it had learnt and said was of the old ones, and columns are named in the new ones;
 * only a range of columns is told by position, so its names stay beside it.
 */
export function changed(step: RecipeStep, parameters: Record<string, unknown>, columns: string[]): RecipeStep {
  const named = ["columnFrom", "columnTo"].flatMap((parameter) => {
    const index = parameters[parameter];
    return typeof index === "number" ? [{ parameter, index, name: columns[index] ?? null }] : [];
  });
  return { operation: step.operation, parameters, facts: {}, sentence: "", columns: named };
}
