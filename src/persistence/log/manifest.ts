// The manifest: the list of files that together are the log, in the form of Redis 7.
//
//   appendonlydir/appendonly.aof.manifest   one line for each file, in the order of loading
//   file appendonly.aof.1.base.rdb seq 1 type b      the base: at most one
//   file appendonly.aof.1.incr.aof seq 1 type h      history: replaced files, to be removed
//   file appendonly.aof.2.incr.aof seq 2 type i      increments, sequence numbers ascending
//
// Lines end in LF, are shorter than 1024 bytes, and those that begin with "#" are comments. A line
// is a list of keys and values; unknown keys are skipped. A name with a space, a quote, a backslash
// or anything that is not printable ASCII stands in double quotes with the escapes of redis-cli.
//
// One comment means something to us: "# begun: NAME" names a base that is being written. Where it
// is there, and no line names it, that was interrupted, and the next start removes it.
//
// A name stands on one line only, and a line has each key once. Where nothing is named that is to
// be read, there must be no data beside the manifest: redis-server would start empty, and it would
// delete a file that is history on one line and an increment on another.
//
// A manifest is never changed in place: the new one is written beside it, synced, renamed over it,
// and the directory is synced. So a crash leaves the old one or the new one.

import { assert } from "../../base/assert.ts";
import { utf8Bytes, utf8Text } from "../../base/bytes.ts";
import type { PathKind, Platform } from "../../platform/platform.ts";
import { readText, writeText } from "../../platform/text-files.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";

/** What a comment begins with that names a base which is being written. */
const BEGUN = "# begun: ";

const LINE_BYTES_MAX = 1024;
const MANIFEST_BYTES_MAX = 1 << 20;

/** What a file of the manifest is, by the letters of the format. */
export type LogFileType = "b" | "h" | "i";

export interface LogFile {
  readonly name: string;
  readonly sequence: number;
  readonly type: LogFileType;
}

export interface Manifest {
  base: LogFile | undefined;
  history: LogFile[];
  increments: LogFile[];
  /** The name of a base that is being written; nothing to read until it is named as the base. */
  begun: string;
}

export function emptyManifest(): Manifest {
  return { base: undefined, history: [], increments: [], begun: "" };
}

/** The files to replay, in order. */
export function filesOf(manifest: Manifest): LogFile[] {
  return manifest.base === undefined
    ? [...manifest.increments]
    : [manifest.base, ...manifest.increments];
}

/** The manifest as text: base, history, increments, as redis-server orders them. */
export function formatManifest(manifest: Manifest): string {
  let text = "";
  if (manifest.base !== undefined) text += formatFile(manifest.base);
  for (const file of manifest.history) text += formatFile(file);
  for (const file of manifest.increments) text += formatFile(file);
  if (manifest.begun !== "") text += `${BEGUN}${quoteName(manifest.begun)}\n`;
  return text;
}

function formatFile(file: LogFile): string {
  return `file ${quoteName(file.name)} seq ${file.sequence} type ${file.type}\n`;
}

/** Reads a manifest; `path` is for the errors. */
export function parseManifest(text: string, path: string): Manifest {
  const manifest = emptyManifest();
  const lines = text.split("\n");
  const lineOf = new Map<string, number>();
  const refuse = (line: number, why: string): never => {
    throw new LogError("LOG_MANIFEST", path, line, `${path}, line ${line}: ${why}`);
  };
  if (text === "") refuse(1, "the manifest is empty");
  if (lines.pop() !== "") refuse(lines.length + 1, "the last line has no line feed");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line.startsWith(BEGUN)) [manifest.begun = ""] = splitWords(line.slice(BEGUN.length)) ?? [];
    if (line.startsWith("#")) continue;
    if (utf8Bytes(line).length + 1 >= LINE_BYTES_MAX) refuse(i + 1, "the line is too long");
    const file = parseFile(line);
    if (typeof file === "string") return refuse(i + 1, file);
    const before = lineOf.get(file.name);
    if (before !== undefined) {
      refuse(i + 1, `${quoteName(file.name)} stands on line ${before} already`);
    }
    lineOf.set(file.name, i + 1);
    if (file.type === "b") {
      if (manifest.base !== undefined) refuse(i + 1, "there is more than one base file");
      manifest.base = file;
    } else if (file.type === "h") {
      manifest.history.push(file);
    } else {
      const before = manifest.increments.at(-1);
      if (before !== undefined && before.sequence >= file.sequence) {
        refuse(i + 1, "the sequence numbers of the increments do not ascend");
      }
      manifest.increments.push(file);
    }
  }
  return manifest;
}

/** The file of one line, or what is wrong with the line. */
function parseFile(line: string): LogFile | string {
  const words = splitWords(line);
  if (words === undefined) return "the quotes are not balanced";
  if (words.length < 6 || words.length % 2 !== 0) return "it is not a list of keys and values";
  const values = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const key = words[i].toLowerCase();
    if (values.has(key)) return `there is more than one "${key}"`;
    values.set(key, words[i + 1]);
  }
  const name = values.get("file") ?? "";
  const seq = values.get("seq") ?? "";
  const type = values.get("type");
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    return "the file's name is missing, or not a plain name";
  }
  const sequence = /^[0-9]{1,15}$/.test(seq) ? Number(seq) : 0;
  if (sequence === 0) return "the sequence number is missing, or not a positive number";
  if (type !== "b" && type !== "h" && type !== "i") return "the type is none of b, h and i";
  return { name, sequence, type };
}

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const encodeEscape: Record<number, string> = { 10: "n", 13: "r", 9: "t", 8: "b", 7: "a" };

/** A name as the manifest holds it: in quotes where it needs them. */
export function quoteName(name: string): string {
  if (/^[!#-[\]-~]+$/.test(name)) return name;
  let quoted = '"';
  for (const byte of utf8Bytes(name)) {
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else if (encodeEscape[byte] !== undefined) quoted += `\\${encodeEscape[byte]}`;
    else if (byte >= 0x20 && byte < 0x7f) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `${quoted}"`;
}

/** The words of a line, quotes and escapes undone; undefined when the quotes do not balance. */
function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && /\s/.test(line[at])) at++;
    if (at === line.length) return words;
    const bytes: number[] = [];
    const quote = line[at] === '"' || line[at] === "'" ? line[at++] : "";
    for (;;) {
      if (at === line.length) {
        if (quote !== "") return undefined;
        break;
      }
      const character = String.fromCodePoint(line.codePointAt(at) as number);
      if (quote === "" ? /\s/.test(character) : character === quote) break;
      at += character.length;
      if (character !== "\\" || quote !== '"' || at === line.length) {
        const isQuote = character === "\\" && quote === "'" && line[at] === "'";
        bytes.push(...utf8Bytes(isQuote ? line[at++] : character));
        continue;
      }
      const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at, at + 3));
      if (hex !== null) bytes.push(Number.parseInt(hex[1], 16));
      else bytes.push(...utf8Bytes(ESCAPES[line[at]] ?? line[at]));
      at += hex === null ? 1 : 3;
    }
    if (quote !== "" && ++at < line.length && !/\s/.test(line[at])) return undefined;
    const word = Uint8Array.from(bytes);
    words.push(utf8Text(word, 0, word.length));
  }
}

/** Reads the manifest, or returns undefined when there is none. */
export function readManifest(platform: Platform, place: LogPlace): Manifest | undefined {
  const path = place.manifestPath;
  const kind = platform.kindOf(path);
  if (kind === "nothing") return undefined;
  if (kind !== "file") {
    throw new LogError("LOG_MANIFEST", path, 0, `${path} is not a file, but ${wordFor(kind)}`);
  }
  const text = readText(platform, path, MANIFEST_BYTES_MAX);
  const manifest = parseManifest(text, path);
  for (const { name } of [...filesOf(manifest), ...manifest.history]) {
    if (place.path(name) === path || place.path(name) === place.temporaryPath) {
      throw new LogError("LOG_MANIFEST", path, 0, `${path} names itself as a file of the log`);
    }
  }
  refuseUnnamed(platform, place, manifest);
  return manifest;
}

/** The manifest of a log; throws LogError where there is none. */
export function manifestAt(platform: Platform, place: LogPlace): Manifest {
  const manifest = readManifest(platform, place);
  if (manifest !== undefined) return manifest;
  refuseOrphans(platform, place);
  const text = `${place.manifestPath} is missing: there is no log in ${place.directory}.`;
  throw new LogError("LOG_MANIFEST", place.manifestPath, 0, text);
}

/** Throws where files of a log lie there that no manifest names. */
export function refuseOrphans(platform: Platform, place: LogPlace): void {
  const orphans = place.dataFiles(platform).filter((name) => place.holdsData(platform, name));
  if (orphans.length > 0) {
    throw new LogError(
      "LOG_MANIFEST",
      place.manifestPath,
      0,
      `${place.manifestPath} is missing, but ${orphans.join(", ")} lie beside it. Restore the ` +
        "manifest from a backup, or write one that names them in the order of their numbers.",
    );
  }
}

/** The words for what stands where a file should be. */
export function wordFor(kind: PathKind): string {
  return kind === "directory" ? "a directory" : "a pipe, a device or a socket";
}

/** A manifest that names nothing to read is an empty log's, unless there is data beside it. */
function refuseUnnamed(platform: Platform, place: LogPlace, manifest: Manifest): void {
  if (filesOf(manifest).length > 0) return;
  const found = new Set([
    ...place.dataFiles(platform),
    ...manifest.history.map(({ name }) => name),
  ]);
  const held = [...found].filter((name) => place.holdsData(platform, name));
  if (held.length === 0) return;
  throw new LogError(
    "LOG_MANIFEST",
    place.manifestPath,
    0,
    `${place.manifestPath} names no file to read, but ${held.join(", ")} lie beside it. Restore ` +
      "the manifest from a backup, or name them in it, in the order of their numbers.",
  );
}

/** Replaces the manifest; when this returns, the new one is on the disk. */
export function writeManifest(platform: Platform, place: LogPlace, manifest: Manifest): void {
  assert(filesOf(manifest).length > 0, "a manifest that names nothing");
  const temporary = place.temporaryPath;
  writeText(platform, temporary, formatManifest(manifest));
  platform.rename(temporary, place.manifestPath);
  platform.syncDirectory(place.directory);
}
