// The source reads as it should: layers import only what stands above them, the outside world is
// named in one place, and no file grows past what a reader can hold.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));
const SOURCE = join(PROJECT, "src");
const COLUMNS_MAX = 100;
const LINES_MAX = 620;
/** A structure's layout, invariants and operations are read together, and so are a unit's tests. */
const STRUCTURE_OR_TEST_LINES_MAX = 800;

/** From the ground up: each layer imports itself and those before it. */
const LAYERS = [
  "base",
  "lua",
  "platform",
  "memory",
  "structures",
  "keyspace",
  "codec",
  "types",
  "protocol",
  "engine",
  "scripting",
  "commands",
  "persistence",
  "replication",
  "threads",
  "database.ts",
  "host",
  "server",
  "embedded",
  "index.ts",
  "cli",
];

/** What a layer may not import though it stands above it: they don't know each other. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  engine: ["types", "commands"],
  persistence: ["commands"],
  scripting: ["commands"],
  replication: ["commands"],
};

/** Files and folders that may name data types which are not theirs, and why. */
const KNOW_TYPES: Readonly<Record<string, string>> = {
  "src/commands/server/debug-populate.ts": "makes strings",
  "src/commands/bitmaps/": "are about the bits of strings",
  "src/commands/hyperloglog/": "a HyperLogLog is a string",
  "src/commands/sort/": "sorts lists, sets and sorted sets, by strings and hashes",
  "src/commands/geo/": "keep positions in sorted sets",
};

/** Layers that every command passes through: a client's mistake is a reply here, no exception. */
const HOT = ["structures", "keyspace", "types", "protocol", "engine", "commands"];

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly layer: string;
  readonly isTest: boolean;
}

function read(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const full = join(folder, name);
      const path = relative(PROJECT, full);
      const [, layer = ""] = path.split("/");
      const isTest = /(\.(test|fuzz|benchmark)|test-support)\.ts$/.test(name);
      return { path, text: readFileSync(full, "utf8"), layer, isTest };
    });
}

const source = read(SOURCE);
const tests = read(join(PROJECT, "test"));

/** The text without comments and without the contents of strings, line by line as before. */
function codeOf(text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, " ");
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g,
    (match) =>
      match.startsWith('"') || match.startsWith("'") ? `"${blank(match.slice(2))}"` : blank(match),
  );
}

function places(files: readonly SourceFile[], pattern: RegExp, raw = false): string[] {
  return files.flatMap(({ path, text }) =>
    (raw ? text : codeOf(text))
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
}

function imports(file: SourceFile): string[] {
  const found = [
    ...file.text.matchAll(/^\s*(?:import|export)\b[^"';]*?from\s+"([^"]+)"/gm),
    ...file.text.matchAll(/^\s*import\s+"([^"]+)"/gm),
    ...file.text.matchAll(/\bimport\("([^"]+)"\)/gm),
  ];
  return found.map(([, specifier]) => specifier as string);
}

/** The files that a file imports, as paths in the project. */
function targets(file: SourceFile): string[] {
  return imports(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(PROJECT, resolve(PROJECT, dirname(file.path), specifier)));
}

test("every file of src lies in a layer", () => {
  assert.deepEqual(
    source.filter(({ layer }) => !LAYERS.includes(layer)).map(({ path }) => path),
    [],
  );
});

test("a layer imports only itself and those before it", () => {
  const wrong = source.flatMap((file) =>
    imports(file).flatMap((specifier) => {
      // A unit's test may use what the tests that cross folders use, and what programs import.
      if (!specifier.startsWith(".") || (file.isTest && /^[./]+test\//.test(specifier))) return [];
      const target =
        relative(SOURCE, resolve(PROJECT, dirname(file.path), specifier)).split("/")[0] ?? "";
      if (file.isTest && target === "index.ts") return [];
      const upward = LAYERS.indexOf(target) > LAYERS.indexOf(file.layer);
      const outside = !LAYERS.includes(target);
      return upward || outside ? [`${file.path} imports ${specifier}`] : [];
    }),
  );
  assert.deepEqual(wrong, []);
});

test("layers that are not to know each other do not", () => {
  const wrong = source.flatMap((file) =>
    file.isTest
      ? []
      : targets(file)
          .filter((target) => NEVER[file.layer]?.includes(target.split("/")[1] ?? ""))
          .map((target) => `${file.path} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test("a data type's name stands in its own files alone", () => {
  const isList = (path: string): boolean => path === "src/types/all-types.ts";
  const types = source.filter(({ path }) => isList(path)).flatMap(targets);
  const names = types.flatMap((path) => /^src\/types\/(.+)\.ts$/.exec(path)?.[1] ?? []);
  assert.ok(names.length >= 4);
  const product = source.filter(({ isTest }) => !isTest);
  const wrong = product.flatMap((file) =>
    targets(file).flatMap((target) => {
      const name = names.find((each) => target === `src/types/${each}.ts`);
      const wires = isList(target) && file.path !== "src/database.ts";
      const own =
        name === undefined ||
        isList(file.path) ||
        file.path.startsWith(`src/commands/${name}/`) ||
        file.path === `src/embedded/methods/${name}.ts` ||
        file.path === `src/embedded/views/${name}.ts` ||
        Object.keys(KNOW_TYPES).some((known) => file.path.startsWith(known));
      return own && !wires ? [] : [`${file.path} imports ${target}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

test("no files import each other in a circle", () => {
  const graph = new Map(source.map((file) => [file.path, targets(file)]));
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    const from = trail.indexOf(path);
    if (from >= 0) return [[...trail.slice(from), path].join(" → ")];
    if (done.has(path)) return [];
    done.add(path);
    return (graph.get(path) ?? []).flatMap((target) => walk(target, [...trail, path]));
  };
  assert.deepEqual(
    source.flatMap(({ path }) => walk(path, [])),
    [],
  );
});

test("imports end in .ts, and types are imported as types", () => {
  const wrong = source.flatMap((file) =>
    imports(file)
      .filter((specifier) => specifier.startsWith(".") && !specifier.endsWith(".ts"))
      .map((specifier) => `${file.path} imports ${specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test("the product depends on nothing but its runtime", () => {
  const wrong = source
    .filter(({ isTest }) => !isTest)
    .flatMap((file) =>
      imports(file)
        .filter((specifier) => !specifier.startsWith(".") && !/^(node:|bun$)/.test(specifier))
        .map((specifier) => `${file.path} imports ${specifier}`),
    );
  assert.deepEqual(wrong, []);
});

test("only src/platform names node:* or Bun", () => {
  const files = source.filter(({ layer, isTest }) => layer !== "platform" && !isTest);
  const imported = files.flatMap((file) =>
    imports(file)
      .filter((specifier) => /^(node:|bun$|bun:)/.test(specifier))
      .map((specifier) => `${file.path} imports ${specifier}`),
  );
  const named = places(files, /\bBun\.|\bglobalThis\.Bun\b|\bprocess\.|\bBuffer\b|\brequire\(/);
  assert.deepEqual([...imported, ...named], []);
});

test("no state comes from the clock or from chance except through the platform", () => {
  const files = source.filter(({ layer, isTest }) => layer !== "platform" && !isTest);
  assert.deepEqual(
    places(files, /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(/),
    [],
  );
});

test("only syntax that can be erased, and none that is banned", () => {
  const banned = [
    /^\s*(export\s+)?(const\s+)?enum\s/,
    /^\s*(export\s+)?(declare\s+)?namespace\s/,
    /(?<![.\w])eval\(|\bnew Function\(|\bdebugger\b/,
  ];
  for (const pattern of banned) assert.deepEqual(places(source, pattern), []);
  const left = /\b(TO[D]O|FIX[M]E|X[X]X)\b|\bnot implemented\b|@ts-(ignore|nocheck|expect-error)/;
  assert.deepEqual(places(source, left, true), []);
});

// `this.nexts[last] = this.grow()` writes into the array as it was before the call: `this.nexts` is
// evaluated first. What a call returns goes into a local, and the local into the array.
test("no element of an array that is replaced is assigned what a call returns", () => {
  const files = source
    .filter(({ isTest }) => !isTest)
    .map((file) => ({ ...file, code: codeOf(file.text) }));
  const fields = new Set<string>();
  for (const { code } of files) {
    for (const [, name = ""] of code.matchAll(/\.(#?\w+) (?:\?\?)?= /g)) fields.add(name);
    for (const [, name = ""] of code.matchAll(/^(?:export )?let (\w+)/gm)) fields.add(name);
  }
  const harmless = /\bMath\.\w+\(|\.charCodeAt\(|\b(?:if|while|for) \(/g;
  const wrong = files.flatMap(({ path, code }) =>
    [...code.matchAll(/(?:\.|^\s*)(#?\w+)\[([^;={}]*)\] (?:[-+*/%&|^]|<<|>>>?)?= ([^;]*);/gm)]
      .filter(
        ([, name = "", index = "", value = ""]) =>
          fields.has(name) &&
          !code.includes(`readonly ${name}`) &&
          /[\w)\]]\(/.test(`${index} ${value}`.replace(harmless, "")),
      )
      .map(
        (match) => `${path}:${code.slice(0, match.index).split("\n").length}: ${match[0].trim()}`,
      ),
  );
  assert.deepEqual(wrong, []);
});

test("instanceof asks for this package's classes alone: each realm has its own of others", () => {
  const files = source.filter(({ isTest }) => !isTest);
  const own = files.flatMap(({ text }) =>
    [...text.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)].map(([, name]) => name),
  );
  const asked = places(files, new RegExp(`\\binstanceof\\b(?! (${own.join("|")})\\b)`));
  assert.deepEqual(asked, []);
});

test("what is private is so at run time as well", () => {
  assert.deepEqual(places(source, /^\s*private\s/), []);
});

test("nothing is printed outside cli and server", () => {
  const files = source.filter(
    ({ layer, isTest }) => !["cli", "server", "platform"].includes(layer) && !isTest,
  );
  assert.deepEqual(places(files, /\bconsole\.(log|error|warn|info|debug)\(/), []);
});

test("commands and what lies below them never throw: mistakes are replies", () => {
  const files = source.filter(({ layer, isTest }) => HOT.includes(layer) && !isTest);
  assert.deepEqual(places(files, /^\s*throw\b|[;{)]\s*throw\b/), []);
});

test("lines have at most 100 columns", () => {
  const wrong = [...source, ...tests].flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        line.length > COLUMNS_MAX && !/https?:\/\/|^ *(?!\/\/|\/?\*)[^ ].*`|^ *= /.test(line)
          ? [`${path}:${index + 1}: ${line.length} columns`]
          : [],
      ),
  );
  assert.deepEqual(wrong, []);
});

test("files have at most about 600 lines of code, comments and blank lines apart", () => {
  const wrong = [...source, ...tests]
    .map(({ path, text, layer, isTest }) => {
      const lines = text.split("\n").filter((line) => !/^\s*(\/\/|\/\*|\*|$)/.test(line)).length;
      const limit = layer === "structures" || isTest ? STRUCTURE_OR_TEST_LINES_MAX : LINES_MAX;
      return { path, lines, limit };
    })
    .filter(({ lines, limit }) => lines > limit)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  assert.deepEqual(wrong, []);
});

test("every file opens with a comment that says what it is; a unit's test may do without", () => {
  const wrong = [...source.filter(({ isTest }) => !isTest), ...tests]
    .filter(({ text }) => !/^(#!.*\n\s*)?(\/\/ |\/\*\*?\s)/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

test("no path or host of a particular machine", () => {
  const pattern = /\/(work|home|root|farm|Users)\/[a-z]|\/tmp\/[a-z]/;
  assert.deepEqual(places([...source, ...tests], pattern, true), []);
});
