// What a script says of itself in its first line, and what a function is registered with.
//
//   #!lua flags=no-writes,allow-oom        a script of EVAL
//   #!lua name=mylib                       a library of functions
//
// A script without such a line is *compatible*: what it may do is asked of each of its commands as
// it comes, and not of the script beforehand.

/** One bit each, in the order in which FUNCTION LIST names them. */
export const ScriptFlag = {
  "no-writes": 1,
  "allow-oom": 2,
  "allow-stale": 4,
  "no-cluster": 8,
  "allow-cross-slot-keys": 16,
} as const;

/** The script has said nothing of itself. */
export const COMPATIBLE = 32;

/** The names of ScriptFlag bits. */
export function flagNames(flags: number): string[] {
  return Object.entries(ScriptFlag)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);
}

/** The bit of a name, or 0: there is no such flag. */
export function flagBit(name: string): number {
  return Object.hasOwn(ScriptFlag, name) ? ScriptFlag[name as keyof typeof ScriptFlag] : 0;
}

/** The first line of a script, read, or the text of an error. */
export type ScriptHead =
  | { readonly flags: number; readonly length: number }
  | { readonly error: string };

/** Reads what a script of EVAL says of itself; `length` characters of it are no Lua. */
export function readScriptHead(source: string): ScriptHead {
  if (!source.startsWith("#!")) return { flags: COMPATIBLE, length: 0 };
  const length = source.indexOf("\n");
  if (length < 0) return { error: "Invalid script shebang" };
  const [engine, ...options] = words(source.slice(0, length));
  if (engine === undefined) return { error: "Invalid engine in script shebang" };
  if (engine !== "#!lua") return { error: `Unexpected engine in script shebang: ${engine}` };
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith("flags=")) return { error: `Unknown lua shebang option: ${option}` };
    const names = option.slice("flags=".length);
    for (const name of names === "" ? [] : names.split(",")) {
      const bit = flagBit(name);
      if (bit === 0) return { error: `Unexpected flag in script shebang: ${name}` };
      flags |= bit;
    }
  }
  return { flags, length };
}

/** The first line of a library, read, or the text of an error. */
export type LibraryHead =
  | { readonly engine: string; readonly name: string; readonly length: number }
  | { readonly error: string };

/** Reads what a library of functions says of itself. */
export function readLibraryHead(source: string): LibraryHead {
  if (!source.startsWith("#!")) return { error: "Missing library metadata" };
  const length = source.indexOf("\n");
  if (length < 0) return { error: "Invalid library metadata" };
  const [engine, ...options] = words(source.slice(0, length));
  if (engine === undefined) return { error: "Invalid library metadata" };
  let name: string | undefined;
  for (const option of options) {
    if (!/^name=/i.test(option)) return { error: `Invalid metadata value given: ${option}` };
    if (name !== undefined) {
      return { error: "Invalid metadata value, name argument was given multiple times" };
    }
    name = option.slice("name=".length);
  }
  if (name === undefined) return { error: "Library name was not given" };
  return { engine: engine.slice(2), name, length };
}

/** Whether libraries and functions may be called so. */
export function isName(name: string): boolean {
  return /^[a-zA-Z0-9_]+$/.test(name);
}

/** The words of a line; quotes join what they enclose. None where a quote is not closed. */
function words(line: string): string[] {
  const found: string[] = [];
  const pattern = /[ \t\r\v\f\0]*((?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[^\s"'\0])+)/gy;
  let end = 0;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    found.push(unquoted(match[1]));
    end = pattern.lastIndex;
  }
  return /^[\s\0]*$/.test(line.slice(end)) ? found : [];
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  a: "\x07",
};

function unquoted(word: string): string {
  return word.replace(/"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'/g, (_, double, single) => {
    if (double === undefined) return single.replaceAll("\\'", "'");
    return double.replace(
      /\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g,
      (_all: string, hex: string, c: string) =>
        hex === undefined ? (escapes[c] ?? c) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  });
}
