// The documentation keeps to the source: the command reference is the command table's, the
// directives in docs/operations.md are those that can be set, and links between pages lead
// somewhere.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commandsPage, commandsPath } from "../scripts/reference.ts";
import { type DirectiveName, directiveOf, directives } from "../src/host/directives.ts";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));

const pages = [
  ...readdirSync(PROJECT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(PROJECT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].map((path) => ({ path, text: readFileSync(join(PROJECT, path), "utf8") }));

const operations = pages.find(({ path }) => path === join("docs", "operations.md"))?.text ?? "";

/** What stands between the two comments of that name. */
function between(name: string): string {
  const [, text = ""] = operations.split(`<!-- ${name} -->`);
  return text;
}

/** The names in code marks in a text. */
function names(text: string): string[] {
  return [...text.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name as string);
}

test("docs/commands.md is what the command table says; `npm run reference` renders it", () => {
  assert.equal(readFileSync(commandsPath, "utf8"), commandsPage());
});

test("docs/operations.md tells of every directive that has an effect, with its default", () => {
  const rows = new Map<string, string>();
  for (const [, row = ""] of between("directives").matchAll(/^\| (.*) \|$/gm)) {
    const [cell = "", initial = "", setting = ""] = row.split(" | ");
    for (const name of names(cell)) rows.set(name, `${name} | ${initial} | ${setting}`);
  }
  const effective = (Object.keys(directives) as DirectiveName[]).filter(
    (name) => !directiveOf(name).isIdle,
  );
  const expected = effective.map((name) => {
    const { kind, initial, setting } = directiveOf(name);
    const text = kind.format(initial);
    const changes = setting === "mutable" ? "yes" : "";
    return `${name} | ${text === "" ? "" : `\`${text}\``} | ${changes}`;
  });
  assert.deepEqual([...rows.values()].sort(), expected.sort());
});

/** Directives without effect, as docs/operations.md lists them. */
function idleList(): string {
  const lines: string[] = [];
  for (const name of Object.keys(directives) as DirectiveName[]) {
    const { isIdle, aliases } = directiveOf(name);
    if (!isIdle) continue;
    const word = [name, ...aliases].map((each) => `\`${each}\``).join(" / ");
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 2 > 118) lines.push(word);
    else lines[lines.length - 1] = `${last}, ${word}`;
  }
  return `\n\n${lines.join(",\n")}\n\n`;
}

test("docs/operations.md lists every directive without effect; TSKEYDB_WRITE_DOCS=1 does", () => {
  if (process.env.TSKEYDB_WRITE_DOCS === "1") {
    const parts = operations.split("<!-- idle -->");
    assert.equal(parts.length, 3);
    const text = [parts[0], idleList(), parts[2]].join("<!-- idle -->");
    writeFileSync(join(PROJECT, "docs/operations.md"), text);
    return;
  }
  assert.equal(between("idle"), idleList());
});

test("links between pages lead to files and headings that are there", () => {
  const broken: string[] = [];
  for (const { path, text } of pages) {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const full = file === "" ? join(PROJECT, path) : resolve(PROJECT, dirname(path), file);
      if (!existsSync(full)) broken.push(`${path}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(relative(PROJECT, full)).has(anchor)) {
        broken.push(`${path}: ${target} (no such heading)`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  const { text = "" } = pages.find((page) => page.path === path) ?? {};
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.*)$/gm)) {
    const base = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-");
    let anchor = base;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${base}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}
