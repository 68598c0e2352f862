/** The licences of the packages whose modules a build takes in: they are written beside what is built. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

export interface Notice {
  name: string;
  version: string;
  licence: string;
  text: string;
}

/** Licences that ask for their text to be handed on and for nothing of the program around them. */
const PERMISSIVE = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"]);

/** Whose package.json does not say it, but whose Readme does. */
const SAID_ELSEWHERE: Record<string, string> = { "combine-errors": "MIT" };

/** By which part of their names modules without a file tell who wrote them. */
const WRITTEN_BY_THE_BUILD: [RegExp, string][] = [
  [/^\0?vite\//, "vite"],
  [/^\0?rolldown\//, "rolldown"],
];

/** Packages that were published with others' code in their own files. */
const HOLDS: Record<string, string[]> = { "d3-delaunay": ["delaunator", "robust-predicates"] };

/** The texts of licences, for packages that name one and bring none. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
const ISC = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.`;
const STANDARD_TEXTS: Record<string, string> = { MIT, ISC };

const FILE_NAME = "third-party-notices.txt";
const RULE = "=".repeat(100);
const HEAD =
  "Third-party notices: the packages whose code stands in Longshore's browser application, and their licences.";

/** The folder of the package that a module belongs to; nothing for our own. */
export function packageOf(module: string): string | undefined {
  const inside = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module.replaceAll("\\", "/").replace(/^\0/, ""))?.[0];
  if (inside) return inside;
  const builder = WRITTEN_BY_THE_BUILD.find(([pattern]) => pattern.test(module))?.[1];
  return builder && join(fileURLToPath(new URL("node_modules", import.meta.url)), builder);
}

/** The folders of a package and of those whose code it holds. */
function heldBy(folder: string): string[] {
  const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const places = [join(folder, "node_modules"), folder.slice(0, -name.length)];
  return [
    folder,
    ...(HOLDS[name] ?? []).map((each) => join(places.find((place) => existsSync(join(place, each)))!, each)),
  ];
}

/** What has to be said of the package in `folder`; an error where its licence is unknown or asks for more. */
export function noticeOf(folder: string): Notice {
  const { name, version, license, licenses, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const licence: string | undefined = license?.type ?? license ?? licenses?.[0]?.type ?? SAID_ELSEWHERE[name];
  if (!licence || !PERMISSIVE.has(licence))
    throw new Error(`${name} has the licence ${licence ?? "(none)"}: may it be bundled? See frontend/notices.ts`);
  const files = readdirSync(folder).filter((each) => /^(licen[cs]e|copying|notice)/i.test(each));
  // Vite lists there what it bundles itself, which is none of what it writes into other bundles.
  const brought = files
    .sort()
    .map((each) => readFileSync(join(folder, each), "utf8").split("\n# Licenses of bundled")[0]!.trim());
  return {
    name,
    version,
    licence,
    text: brought.length > 0 ? brought.join("\n\n") : standardText(name, licence, author),
  };
}

function standardText(name: string, licence: string, author: string | { name: string } | undefined): string {
  const text = STANDARD_TEXTS[licence];
  if (!text) throw new Error(`${name} brings no text of its licence, ${licence}`);
  const holder = typeof author === "string" ? author.replace(/ *<.*/, "") : (author?.name ?? `the authors of ${name}`);
  return `Copyright (c) ${holder}\n\n${text}`;
}

/** One text of several notices, and back. */
export function written(notices: Notice[]): string {
  const sections = notices.map(({ name, version, licence, text }) => `${name} ${version} (${licence})\n\n${text}`);
  return `${[HEAD, ...sections].join(`\n\n${RULE}\n`)}\n`;
}

export function read(text: string): Notice[] {
  return text
    .split(`\n\n${RULE}\n`)
    .slice(1)
    .map((section) => {
      const [, name, version, licence, body] = /^(\S+) (\S+) \(([^)]+)\)\n\n([\s\S]*)$/.exec(section) ?? [];
      return { name: name!, version: version!, licence: licence!, text: body!.trimEnd() };
    });
}

/** Two lists as one, by name; a package of two versions stands there twice. */
export function together(some: Notice[], others: Notice[]): Notice[] {
  const byName = new Map([...some, ...others].map((each) => [`${each.name} ${each.version}`, each]));
  return [...byName].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}

/**
 * Adds the licences of the packages in a build to the notices in its folder.
 *
 * `atTheHead` puts them at the head of each script, too, for scripts that are taken out of the folder; their gzipped
 * twins are laid here, then.
 */
export function notices({ atTheHead = false } = {}): Plugin {
  return {
    name: "notices",
    apply: "build",
    // Into the written files: before, comments are still taken out.
    writeBundle(options, bundle) {
      const folder = options.dir ?? "";
      const path = join(folder, FILE_NAME);
      let all = existsSync(path) ? read(readFileSync(path, "utf8")) : [];
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        const packages = new Set(chunk.moduleIds.map(packageOf).filter((each) => each !== undefined));
        const found = together([...packages].flatMap(heldBy).map(noticeOf), []);
        all = together(all, found);
        if (atTheHead) headed(join(folder, chunk.fileName), found);
      }
      writeFileSync(path, written(all));
    },
  };
}

function headed(path: string, found: Notice[]): void {
  const licences = found.map(({ name, version, text }) => `${name} ${version}\n\n${text}`).join("\n\n");
  writeFileSync(path, `/*!\n${licences.replaceAll("*/", "* /")}\n*/\n${readFileSync(path, "utf8")}`);
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}
