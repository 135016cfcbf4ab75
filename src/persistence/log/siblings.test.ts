// What is refused, and what is said, when the manifest and the files beside it do not fit together.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  append,
  codeOf,
  command,
  Disk,
  decode,
  encode,
  INCREMENT,
  MANIFEST,
  openOn,
  PLACE,
  THREE_BATCHES,
  threeBatches,
  writes,
} from "../test-support.ts";
import { checkLog } from "./log-check.ts";

const DIRECTORY = "/data/appendonlydir";
const FIRST = "appendonly.aof.1.incr.aof";
const SECOND = "appendonly.aof.2.incr.aof";
const line = (name: string, sequence: number, type: string) =>
  `file ${name} seq ${sequence} type ${type}\n`;

function withManifest(text: string): Disk {
  const disk = threeBatches();
  disk.putFile(MANIFEST, encode(text));
  return disk;
}

test("a file that is history and an increment at once is refused, and not deleted", () => {
  for (const types of ["hi", "ih", "bi", "ii", "hh"]) {
    const disk = withManifest(line(FIRST, 1, types[0]) + line(FIRST, 2, types[1]));
    const before = disk.bytesOf(INCREMENT);
    assert.equal(
      codeOf(() => openOn(disk)),
      "LOG_MANIFEST",
      types,
    );
    assert.equal(
      codeOf(() => checkLog({ platform: disk, place: PLACE })),
      "LOG_MANIFEST",
    );
    assert.deepEqual(disk.bytesOf(INCREMENT), before);
  }
});

test("a manifest that names nothing to read is refused while there is data", () => {
  for (const text of ["# nothing\n", line(FIRST, 1, "h"), line("old", 1, "h")]) {
    const disk = withManifest(text);
    assert.equal(
      codeOf(() => openOn(disk)),
      "LOG_MANIFEST",
      text,
    );
    assert.equal(
      codeOf(() => checkLog({ platform: disk, place: PLACE })),
      "LOG_MANIFEST",
    );
    assert.ok(disk.bytesOf(INCREMENT).length > 100);
    const empty = new Disk();
    empty.makeDirectory(DIRECTORY);
    empty.putFile(MANIFEST, encode(text));
    const { log, recovery } = openOn(empty);
    append(log, "SET", "a", "1");
    log.close();
    assert.equal(recovery.commands, 0);
    assert.deepEqual(writes(openOn(empty).commands), ["SET a 1"]);
  }
  const history = new Disk();
  history.makeDirectory(DIRECTORY);
  history.putFile(MANIFEST, encode(line("old", 1, "h")));
  history.putFile(`${DIRECTORY}/old`, encode(command("SET", "a", "1")));
  assert.equal(
    codeOf(() => openOn(history)),
    "LOG_MANIFEST",
  );
});

test("an increment without a byte is said, and refused when something shows what it held", () => {
  const disk = threeBatches();
  disk.putFile(INCREMENT, new Uint8Array(0));
  const options = { platform: disk, place: PLACE };
  assert.match(checkLog(options).warnings[0], /1\.incr\.aof was empty, .* restore a backup/);
  const { log, recovery } = openOn(disk);
  assert.equal(recovery.warnings.length, 1);
  assert.match(recovery.warnings[0], /1\.incr\.aof was empty, .* restore a backup/);
  log.close();
  assert.deepEqual(openOn(disk).recovery.warnings, [], "it is said once");
  for (const sibling of [`${INCREMENT}.torn-493`, `${DIRECTORY}/${SECOND}`]) {
    const more = threeBatches();
    more.putFile(INCREMENT, new Uint8Array(0));
    more.putFile(sibling, encode(command("SET", "a", "1")));
    assert.equal(
      codeOf(() => openOn(more)),
      "LOG_DAMAGED",
      sibling,
    );
    assert.equal(
      codeOf(() => checkLog({ platform: more, place: PLACE })),
      "LOG_DAMAGED",
    );
    assert.equal(more.bytesOf(INCREMENT).length, 0);
  }
});

test("the empty increment that redis-server makes with its base is nothing to speak of", () => {
  const disk = threeBatches();
  const base = "appendonly.aof.1.base.aof";
  disk.putFile(MANIFEST, encode(line(base, 1, "b") + line(FIRST, 1, "i")));
  disk.putFile(`${DIRECTORY}/${base}`, encode(command("SET", "a", "1")));
  disk.putFile(INCREMENT, new Uint8Array(0));
  const { commands, recovery } = openOn(disk);
  assert.deepEqual(writes(commands), ["SET a 1"]);
  assert.deepEqual(recovery.warnings, []);
});

test("a later increment that nobody names is said", () => {
  const disk = threeBatches();
  disk.putFile(`${DIRECTORY}/${SECOND}`, encode(command("SET", "a", "1")));
  const { commands, recovery } = openOn(disk);
  assert.deepEqual(writes(commands), THREE_BATCHES);
  assert.match(recovery.warnings[0], /does not name appendonly\.aof\.2\.incr\.aof/);
  assert.equal(decode(disk.bytesOf(`${DIRECTORY}/${SECOND}`)), command("SET", "a", "1"));
});

test("a pipe or a directory in a file's place is refused, and not opened", () => {
  const place = (path: string, kind: "pipe" | "directory"): Disk => {
    const disk = threeBatches();
    disk.remove(path);
    if (kind === "pipe") disk.putPipe(path);
    else disk.makeDirectory(path);
    return disk;
  };
  for (const kind of ["pipe", "directory"] as const) {
    assert.equal(
      codeOf(() => openOn(place(MANIFEST, kind))),
      "LOG_MANIFEST",
    );
    assert.equal(
      codeOf(() => openOn(place(INCREMENT, kind))),
      "LOG_MISSING",
    );
    const check = checkLog({ platform: place(INCREMENT, kind), place: PLACE });
    assert.equal(check.files[0].verdict, "missing");
    const text = kind === "pipe" ? "a pipe, a device or a socket" : "a directory";
    assert.ok(check.files[0].text.includes(text));
    const beside = threeBatches();
    if (kind === "pipe") beside.putPipe(`${DIRECTORY}/${SECOND}`);
    else beside.makeDirectory(`${DIRECTORY}/${SECOND}`);
    assert.deepEqual(writes(openOn(beside).commands), THREE_BATCHES);
  }
});

test("a manifest that names itself is refused", () => {
  for (const name of ["appendonly.aof.manifest", "temp-appendonly.aof.manifest"]) {
    const disk = withManifest(line(FIRST, 1, "i") + line(name, 2, "h"));
    assert.equal(
      codeOf(() => openOn(disk)),
      "LOG_MANIFEST",
      name,
    );
  }
});
