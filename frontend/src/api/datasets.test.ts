import { expect, it } from "vitest";
import { idIn } from "./datasets";

it("finds a dataset's id in its link", () => {
  const id = "0123456789abcdef0123456789abcd";
  expect(idIn(`http://here/${id}?page=charts`)).toBe(id);
  expect(idIn(` ${id} `)).toBe(id);
  expect(idIn("http://here/data.csv")).toBeUndefined();
});
