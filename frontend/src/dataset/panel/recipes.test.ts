import { describe, expect, it } from "vitest";
import type { HistoryStep } from "../../api/rest";
import { moviesByPlace as meta } from "../examples";
import { changed, effective, type Recipe, readRecipe, reasonOf, recipeOf, sourcesOf } from "./recipes";

describe("recipes", () => {
  it("say why a step does not apply without the names of parameters", () => {
    expect(
      reasonOf("otherSessionID: there is no other table called 'a.csv' here; say in sources which one it is"),
    ).toBe("There is no other table called 'a.csv' here; choose it above");
    expect(reasonOf("no column 'prise'")).toBe("No column 'prise'");
  });
  const step = (version: number, more: Partial<HistoryStep> = {}) =>
    ({ position: version, version, operation: "trimText", dropped: false, ...more }) as HistoryStep;
  const steps = [step(0), step(1), step(2, { dropped: true }), step(3, { operation: "dropStep" }), step(4), step(5)];
  it("knows which steps the table stands on", () => {
    expect(effective(steps, 4).map((each) => each.version)).toEqual([1, 4]);
  });
  it("takes one step out of the whole", () => {
    const whole = {
      format: "longshore-recipe",
      steps: [
        { operation: "a", parameters: {} },
        { operation: "b", parameters: {} },
      ],
    } as Recipe;
    expect(recipeOf(whole, steps, 4, 4)?.steps).toEqual([whole.steps[1]]);
    expect(recipeOf(whole, steps, 4, 2)).toBeUndefined();
  });
  it("asks for each other table once, and for itself never", () => {
    const read = (otherSessionID?: string) => ({ operation: "join", parameters: { otherSessionID } });
    expect(
      sourcesOf([read("b.csv"), read("itself"), read("b.csv"), { operation: "trimText", parameters: {} }]),
    ).toEqual(["b.csv"]);
  });
  it("forgets what a changed step had learnt", () => {
    expect(
      changed(
        { operation: "fillDown", parameters: {}, facts: { value: 1 }, sentence: "x" },
        { columnFrom: 1, columnTo: 1 },
        meta.columns,
      ),
    ).toEqual({
      operation: "fillDown",
      parameters: { columnFrom: 1, columnTo: 1 },
      facts: {},
      sentence: "",
      columns: [
        { parameter: "columnFrom", index: 1, name: "Gross" },
        { parameter: "columnTo", index: 1, name: "Gross" },
      ],
    });
  });
  it("is told from other text", () => {
    expect(readRecipe('{"format":"longshore-recipe","steps":[]}')?.steps).toEqual([]);
    expect(readRecipe("[1]")).toBeUndefined();
    expect(readRecipe("null")).toBeUndefined();
    expect(readRecipe("no")).toBeUndefined();
  });
});
