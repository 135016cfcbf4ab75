// Where a database is to be, as open() is told: a directory's path, a file: URL, or in memory.
//
//   "./data"  "/srv/data"                a directory
//   "file:///srv/data"  "file:./data"    the same as URLs; without slashes relative, as in SQLite
//   new URL("data", import.meta.url)     a file: URL as an object
//   ":memory:"  "file::memory:"          no directory: in memory, as SQLite calls it

import { className } from "../base/realms.ts";
import { pathOfUrl } from "../platform/urls.ts";

/** A URL object; any realm's will do. */
export interface FileUrl {
  readonly href: string;
  readonly protocol: string;
}

/** The directory's path, or undefined: in memory. Throws TypeError where it is neither. */
export function directoryOf(place: unknown): string | undefined {
  if (className(place) === "URL") return ofUrl((place as FileUrl).href);
  if (typeof place !== "string") throw notAPlace(place);
  if (place === "") throw new TypeError("open(): the directory's name is empty");
  if (place === ":memory:") return undefined;
  if (place.startsWith("file:")) return ofUrl(place);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) {
    throw new TypeError(
      `open(): ${place} is an address, and open() takes a directory: this database lies in your ` +
        "process",
    );
  }
  return place;
}

/** The path of a file that a method is to write. Throws TypeError where it is none. */
export function fileOf(method: string, place: unknown): string {
  const isUrl = className(place) === "URL";
  const text = isUrl ? (place as FileUrl).href : place;
  if (typeof text !== "string" || text === "") {
    throw new TypeError(`${method}(): the file is a path or a file: URL, not ${String(place)}`);
  }
  if (!isUrl && !/^(file:|[a-z][a-z0-9+.-]+:\/\/)/i.test(text)) return text;
  if (!text.startsWith("file:") || /[?#]/.test(text)) {
    throw new TypeError(`${method}(): ${text} is no file: URL`);
  }
  const path = pathOfFileUrl(text);
  if (path === "") throw new TypeError(`${method}(): the file's name is empty`);
  return path;
}

function ofUrl(url: string): string | undefined {
  if (!url.startsWith("file:")) {
    throw new TypeError(`open(): ${url} is no file: URL, and a database lies in a directory`);
  }
  if (/[?#]/.test(url)) {
    throw new TypeError(`open(): ${url} has parameters; options go into an object, as the second`);
  }
  if (url === "file::memory:") return undefined;
  const path = pathOfFileUrl(url);
  if (path === "") throw new TypeError("open(): the directory's name is empty");
  return path;
}

/** The path of a file: URL; without slashes it is relative. */
function pathOfFileUrl(url: string): string {
  return url.startsWith("file:/") ? pathOfUrl(url) : decodeURIComponent(url.slice("file:".length));
}

function notAPlace(place: unknown): TypeError {
  const what = place === null ? "null" : typeof place;
  const hint =
    place === undefined || place === null
      ? " (a variable that is not set?): open() without arguments is a database in memory"
      : "";
  return new TypeError(`open(): the directory is a path or a file: URL, not ${what}${hint}`);
}
