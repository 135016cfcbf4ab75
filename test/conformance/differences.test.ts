// docs/differences.md says what differences.ts says. TSKEYDB_WRITE_DOCS=1 writes it anew.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/servers.ts";
import { DIFFERENCES, type Difference } from "./differences.ts";

const PAGE = join(PROJECT, "docs/differences.md");

function table(rows: readonly Difference[]): string[] {
  return [
    "| what | Redis | TSKeyDB | why |",
    "| --- | --- | --- | --- |",
    ...rows.map((row) => {
      const since = row.since ? `before ${row.since.replace(/\.0$/, "")}: ` : "";
      return `| ${row.topic} | ${since}${row.redis} | ${row.ours} | ${row.reason} |`;
    }),
  ];
}

function page(): string {
  const all: Difference[] = Object.values(DIFFERENCES);
  const ours = all.filter((row) => row.since === undefined);
  const theirs = all.filter((row) => row.since !== undefined);
  return [
    "# Differences from Redis",
    "",
    "TSKeyDB behaves as Redis 7.4 does. The tests send the same commands to it and to redis-server",
    "and compare the replies; this page is the whole list of what they let differ. It is rendered",
    "from `test/conformance/differences.ts`.",
    "",
    "## On purpose",
    "",
    ...(ours.length > 0 ? table(ours) : ["None."]),
    "",
    "## What Redis itself changed up to 7.4",
    "",
    "These show only beside a redis-server that is older, such as Debian's 7.0.15.",
    "",
    ...table(theirs),
    "",
    "## What is compared by its sense",
    "",
    "- The order of `KEYS`, of the members of sets and of the fields of large hashes is each",
    "  server's own: these are compared as multisets. Small hashes, and sets of integers, have an",
    "  order, and it is compared.",
    "- `SPOP`, `SRANDMEMBER`, `RANDOMKEY` and `HRANDFIELD` must give what the state before allows.",
    "- Cursors belong to the server that gave them; what a whole iteration visits is compared.",
    "- Remaining times may differ by what passes between two calls.",
    "",
  ].join("\n");
}

test("docs/differences.md is the list in differences.ts", () => {
  if (process.env.TSKEYDB_WRITE_DOCS === "1") {
    mkdirSync(join(PROJECT, "docs"), { recursive: true });
    writeFileSync(PAGE, page());
  }
  assert.equal(readFileSync(PAGE, "utf8"), page(), "TSKEYDB_WRITE_DOCS=1 writes the page anew");
});

test("each difference has a topic of its own", () => {
  const topics = Object.values(DIFFERENCES).map((row) => row.topic);
  assert.equal(new Set(topics).size, topics.length);
});
