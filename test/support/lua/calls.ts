// Random calls of the libraries of Lua: sound ones, odd ones, wrong ones.
//
// Where programs.ts is about the language, this is about what functions make of bytes: patterns and
// subjects that nearly match, formats, packed integers with no room for them, JSON and MessagePack
// whole and damaged. A program is a row of probes as there.

import type { Random } from "../../../src/base/random.ts";
import { EPILOGUE, PRELUDE } from "./programs.ts";

/** Fills a table in the order that is told: the order in which `pairs` goes depends on it. */
const HELPERS = `local function M(...)
  local t, n = {}, select("#", ...)
  for i = 1, n, 2 do local k, v = select(i, ...) t[k] = v end
  return t
end
local function each(s, p)
  local r = {}
  for a, b in string.gmatch(s, p) do r[#r + 1] = all(a, b) end
  return unpack(r)
end
local function parse(...) return tonumber(...) end
`;

const SUBJECT_BYTES = "aabbbc AB1 2.,()[]%-^$=x\n\0\xe9";
const LIBRARIES = ["string", "patterns", "numbers", "bit", "struct", "cmsgpack", "cjson"] as const;
export type LibraryName = (typeof LIBRARIES)[number];
export const LIBRARY_NAMES: readonly LibraryName[] = LIBRARIES;

/** A text as Lua's source has it. */
export function literal(text: string): string {
  const escaped = text.replace(
    /[^ !#-[\]-~]/g,
    (byte) => `\\${String(byte.charCodeAt(0)).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}

export class Calls {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A program of so many calls of one library. */
  program(library: LibraryName, calls: number): string {
    const lines: string[] = [];
    for (let i = calls; i > 0; i--) lines.push(`P(${this.#call(library)})`);
    return `${PRELUDE}${HELPERS}${lines.join("\n")}\n${EPILOGUE}`;
  }

  #below(n: number): number {
    return this.#random.below(n);
  }

  #chance(n: number): boolean {
    return this.#random.below(n) === 0;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)];
  }

  #letter(letters: string): string {
    return letters[this.#random.below(letters.length)];
  }

  #repeat(most: number, piece: () => string): string {
    let text = "";
    for (let i = this.#below(most); i > 0; i--) text += piece();
    return text;
  }

  #some(most: number, piece: () => string): string {
    const pieces: string[] = [];
    for (let i = this.#below(most + 1); i > 0; i--) pieces.push(piece());
    return pieces.map((each) => `, ${each}`).join("");
  }

  #call(library: LibraryName): string {
    switch (library) {
      case "string":
        return this.#stringCall();
      case "patterns":
        return this.#patternCall();
      case "numbers":
        return this.#numberCall();
      case "bit": {
        const name = this.#pick([
          "tobit",
          "bnot",
          "band",
          "bor",
          "bxor",
          "lshift",
          "rshift",
          "arshift",
          "rol",
          "ror",
          "bswap",
          "tohex",
        ]);
        return `bit.${name}${this.#some(3, () => this.#value())}`;
      }
      case "struct":
        return this.#structCall();
      case "cmsgpack":
        return this.#msgpackCall();
      case "cjson":
        return this.#jsonCall();
    }
  }

  // Values.

  #number(): string {
    switch (this.#below(9)) {
      case 0:
      case 1:
        return `${this.#below(300) - 150}`;
      case 2:
        return `${this.#below(140_000) - 70_000}`;
      case 3:
        return `${(this.#random.next32() >>> 0) - 2 ** 31}`;
      case 4:
        return `${this.#random.next32()} * 2^${this.#below(80) - 20}`;
      case 5:
        return `${this.#below(100_000)} / 100`;
      case 6:
        return `${this.#below(1_000_000_000)}e${this.#below(40) - 20}`;
      case 7:
        return `(${this.#below(2 ** 31)} + 0.5) * 10^${this.#below(12)}`;
      default:
        return this.#pick([
          "0",
          "1/0",
          "-1/0",
          "2^31",
          "-2^31",
          "2^53",
          "2^63",
          "2^64",
          "-2^63",
          "127",
          "128",
          "255",
          "256",
          "65535",
          "65536",
          "-32",
          "-33",
          "-128",
          "-129",
          "1e14",
          "1e15",
          "0.1",
          "1e-5",
          "99999999999999.5",
          "5e-324",
          "0.5",
          "1.5",
          "2.5",
        ]);
    }
  }

  #text(): string {
    switch (this.#below(4)) {
      case 0:
        return literal(
          this.#repeat(8, () => this.#letter('abc\0\xff"\\/\n\r\t\b\f\x1f\x7f\xe9<>&')),
        );
      case 1:
        return literal("x".repeat(this.#below(300)));
      case 2:
        return literal(`key${this.#below(30)}`);
      default:
        return literal(this.#repeat(14, () => this.#letter(SUBJECT_BYTES)));
    }
  }

  #value(): string {
    switch (this.#below(8)) {
      case 0:
        return this.#pick(["nil", "true", "false", "{}", '"x"', '" 12 "', '"0x1F"']);
      case 1:
        return this.#text();
      default:
        return this.#number();
    }
  }

  /** A table of any kind, or less; no function and no thread: their types differ in order. */
  #data(depth: number): string {
    if (depth > 0 && this.#chance(3)) return this.#table(depth - 1);
    switch (this.#below(8)) {
      case 0:
        return this.#pick(["true", "false", "cjson.null", "nil"]);
      case 1:
      case 2:
      case 3:
        return this.#text();
      default:
        return this.#number();
    }
  }

  #table(depth: number): string {
    const kind = this.#below(5);
    const pairs: string[] = [];
    for (let i = 1, n = this.#below(this.#chance(8) ? 25 : 6); i <= n; i++) {
      let key = `${i}`;
      if (kind === 1)
        key = this.#pick([`${this.#below(20)}`, `${this.#below(10) / 2}`, "-1", "2^31"]);
      else if (kind === 2) key = this.#text();
      else if (kind === 3) key = `${1 + this.#below(30)}`;
      else if (this.#chance(40)) key = this.#pick(["true", `${i + 1}`]);
      pairs.push(`${key}, ${this.#data(depth)}`);
    }
    return `M(${pairs.join(", ")})`;
  }

  // Calls.

  #stringCall(): string {
    const place = (): string =>
      this.#pick(["1", "2", "0", "-1", "-3", "5", "100", '"2"', '"x"', "1.7", "nil", "2^40"]);
    const one = (): string => (this.#chance(8) ? this.#value() : this.#text());
    switch (this.#below(8)) {
      case 0:
        return `string.sub, ${one()}${this.#some(2, place)}`;
      case 1:
        return `string.byte, ${one()}${this.#some(2, place)}`;
      case 2:
        return `string.rep, ${one()}, ${this.#below(20) - 2}`;
      case 3:
        return `string.${this.#pick(["reverse", "lower", "upper", "len"])}${this.#some(1, one)}`;
      case 4:
        return `string.char${this.#some(4, () => (this.#chance(8) ? this.#value() : `${this.#below(258)}`))}`;
      default: {
        let format = "";
        const values: string[] = [];
        for (let i = this.#below(4); i > 0; i--) {
          const letter = this.#letter("diouxXcceEfgGsq");
          const width = this.#chance(2) ? `${this.#below(30)}` : "";
          const precision = this.#chance(3)
            ? `.${this.#pick(["", `${this.#below(25)}`, `${this.#below(100)}`])}`
            : "";
          format += `${this.#letter("a-%")}%${this.#repeat(3, () => this.#letter("-+ #0"))}${width}${precision}${letter}`;
          values.push("sq".includes(letter) ? this.#text() : this.#value());
        }
        if (this.#chance(20)) format += this.#pick(["%", "%y", "%123d", "%------d", "%.123f"]);
        // A "%" before a conversion makes both a text of their own.
        return `string.format, ${literal(format)}${values.map((each) => `, ${each}`).join("")}`;
      }
    }
  }

  #patternCall(): string {
    const subject = literal(
      this.#chance(4)
        ? this.#repeat(20, () => this.#letter(SUBJECT_BYTES))
        : this.#repeat(14, () => this.#letter("aabc")),
    );
    const pattern = literal(this.#pattern());
    const place = (): string => this.#pick(["1", "2", "0", "-1", "-3", "5", "100"]);
    switch (this.#below(8)) {
      case 0:
      case 1:
        return `string.find, ${subject}, ${pattern}${this.#chance(3) ? `, ${place()}` : ""}`;
      case 2:
        return `string.find, ${subject}, ${pattern}, ${place()}, true`;
      case 3:
        return `string.match, ${subject}, ${pattern}${this.#chance(3) ? `, ${place()}` : ""}`;
      case 4:
        return `each, ${subject}, ${pattern}`;
      default:
        return `string.gsub, ${subject}, ${pattern}, ${this.#replacement()}${this.#chance(3) ? `, ${place()}` : ""}`;
    }
  }

  #replacement(): string {
    switch (this.#below(4)) {
      case 0:
        return `{a = "X", b = ${this.#pick(["5", "false", "true"])}, [1] = "one"}`;
      case 1:
        return this.#pick([
          "function(a) return a end",
          "function() end",
          "function(a, b) return b end",
          'function(...) return select("#", ...) end',
          "string.upper",
          "type",
        ]);
      default:
        return literal(
          this.#repeat(6, () => this.#pick(["a", "-", "%0", "%1", "%2", "%%", "%", "x"])),
        );
    }
  }

  #pattern(): string {
    const single = (): string => {
      switch (this.#below(5)) {
        case 0:
          return `%${this.#letter("aacddlpsuwxzADLSWXZ.%-()[]^$n")}`;
        case 1: {
          const member = (): string =>
            this.#pick([
              this.#letter("abc]-^%.x"),
              `%${this.#letter("adw]s")}`,
              `${this.#letter("abA0")}-${this.#letter("bcz9]")}`,
            ]);
          return `[${this.#chance(4) ? "^" : ""}${this.#repeat(4, member)}${this.#chance(12) ? "" : "]"}`;
        }
        default:
          return this.#letter("aabbcc..");
      }
    };
    const item = (): string => single() + (this.#chance(2) ? "" : this.#letter("*+-?"));
    let text = this.#chance(5) ? "^" : "";
    for (let i = this.#below(6); i > 0; i--) {
      switch (this.#below(12)) {
        case 0:
          text += `(${item()}${item()})`;
          break;
        case 1:
          text += `(${item()})`;
          break;
        case 2:
          text += "()";
          break;
        case 3:
          text += `%b${this.#letter("ab(x")}${this.#letter("bc)x")}`;
          break;
        case 4:
          text += `%f[${this.#letter("ab^%")}${this.#letter("abw]")}]`;
          break;
        case 5:
          text += `%${this.#letter("1123")}`;
          break;
        case 6:
          if (this.#chance(4)) text += this.#letter("()%[$^\0");
          break;
        default:
          text += item();
      }
    }
    return this.#chance(5) ? `${text}$` : text;
  }

  #numberCall(): string {
    if (this.#chance(3)) return `tostring, ${this.#number()}`;
    const digits = (): string => this.#repeat(20, () => this.#letter("0123456789"));
    const hexadecimal = (): string =>
      this.#repeat(20, () => this.#letter("0123456789abcdefABCDEF"));
    let text: string;
    switch (this.#below(6)) {
      case 0:
        text = digits() + (this.#chance(2) ? `.${digits()}` : "");
        break;
      case 1:
        text = `${digits()}.${digits()}${this.#letter("eEpx")}${this.#letter("+- 0")}${digits().slice(0, 3)}`;
        break;
      case 2:
        text = `0${this.#letter("xX")}${hexadecimal()}${this.#chance(2) ? `.${hexadecimal()}` : ""}`;
        break;
      case 3:
        text = `0x${hexadecimal()}.${hexadecimal()}${this.#letter("pPe")}${this.#letter("+-0")}${digits().slice(0, 4)}`;
        break;
      case 4:
        text = this.#pick([
          "inf",
          "nan",
          "infinity",
          "nan(a)",
          "nan(",
          "INF",
          "infinit",
          "0x",
          "0x.",
          "x",
          "",
          "+",
          ".",
          "1e",
          "1e+",
          "0x1p",
          "1_0",
          "1 2",
        ]);
        break;
      default:
        text = this.#repeat(6, () => this.#letter("0123xXeEpP.+- "));
    }
    if (this.#chance(4)) text = `${this.#letter("+- \t")}${text}${this.#letter(" \n\0\v")}`;
    const base = this.#chance(3) ? `, ${this.#pick(["2", "8", "16", "36", "37", "1"])}` : "";
    return `parse, ${literal(text)}${base}`;
  }

  #structFormat(): string {
    return this.#repeat(7, () => {
      switch (this.#below(8)) {
        case 0:
          return `${this.#letter("iI")}${this.#chance(3) ? this.#below(40) : 1 + this.#below(9)}`;
        case 1:
          return `c${this.#below(6)}`;
        case 2:
          return this.#letter("<>! ");
        case 3:
          return `!${this.#pick(["1", "2", "4", "8", "3", "16"])}`;
        case 4:
          return this.#chance(8) ? this.#letter("yz0?\xe9\0") : "b";
        default:
          return this.#letter("bBhHlLTfdxsiI");
      }
    });
  }

  #bytes(most: number): string {
    return this.#repeat(most, () =>
      String.fromCharCode(this.#chance(3) ? this.#below(4) : this.#below(256)),
    );
  }

  #structCall(): string {
    const format = literal(this.#structFormat());
    switch (this.#below(3)) {
      case 0:
        return `struct.pack, ${format}${this.#some(9, () => (this.#chance(3) ? this.#text() : this.#number()))}`;
      case 1:
        return `struct.size, ${format}`;
      default:
        return `struct.unpack, ${format}, ${literal(this.#bytes(60))}${this.#chance(3) ? `, ${this.#pick(["1", "2", "0", "-1", "100"])}` : ""}`;
    }
  }

  #msgpackCall(): string {
    if (this.#chance(3)) return `cmsgpack.pack${this.#some(3, () => this.#data(3))}`;
    const codes =
      "\x80\x81\x82\x90\x91\x92\xa1\xa3\xc0\xc1\xc2\xc3\xca\xcb" +
      "\xcc\xcd\xce\xcf\xd0\xd1\xd2\xd3\xd9\xda\xdb\xdc\xde";
    const damaged = this.#repeat(20, () =>
      this.#chance(3) ? this.#bytes(3) : this.#letter(codes),
    );
    const data = this.#chance(2)
      ? literal(damaged)
      : `cmsgpack.pack(${this.#data(2)}, ${this.#data(2)})`;
    switch (this.#below(3)) {
      case 0:
        return `cmsgpack.unpack, ${data}`;
      case 1:
        return `cmsgpack.unpack_one, ${data}${this.#some(1, () => this.#pick(["0", "1", "5", "-1", "100", "nil"]))}`;
      default:
        return `cmsgpack.unpack_limit, ${data}${this.#some(2, () => this.#pick(["0", "1", "2", "-1", "3.5"]))}`;
    }
  }

  #jsonCall(): string {
    switch (this.#below(12)) {
      case 0: {
        const name = this.#pick([
          "encode_sparse_array",
          "encode_number_precision",
          "encode_keep_buffer",
          "encode_invalid_numbers",
          "decode_invalid_numbers",
        ]);
        return `cjson.new().${name}${this.#some(3, () => this.#pick(["1", "14", "15", "true", "false", '"on"', '"off"', '"null"', '"x"', "nil", "-1"]))}`;
      }
      case 1:
      case 2:
      case 3:
      case 4:
        return `cjson.encode, ${this.#data(4)}`;
      default:
        return `cjson.decode, ${literal(this.#json(3))}`;
    }
  }

  #json(depth: number): string {
    const blank = (): string =>
      this.#repeat(3, () => this.#letter(this.#chance(30) ? "\v\f\0x" : "  \n\t\r"));
    const comma = (): string => (this.#chance(40) ? this.#pick(["", ";", ",,"]) : ",");
    const items = (item: () => string): string => {
      const all: string[] = [];
      for (let i = this.#below(5); i > 0; i--) all.push(item());
      return all.join(comma());
    };
    let text: string;
    switch (this.#below(depth > 0 ? 7 : 5)) {
      case 0:
      case 1:
        text = this.#jsonString();
        break;
      case 2:
      case 3:
        text = this.#chance(4)
          ? this.#pick([
              "0x1F",
              "01",
              "-",
              "+5",
              "1.",
              ".5",
              "inf",
              "-inf",
              "nan",
              "Infinity",
              "1e",
              "1e400",
              "-0",
              "0x",
              "0x1p3",
              "123456789012345678901",
              "--1",
              "9007199254740993",
            ])
          : `${this.#pick(["", "-"])}${this.#below(1000)}${this.#pick(["", `.${this.#below(100)}`, `e${this.#below(20)}`])}`;
        break;
      case 4:
        text = this.#pick(["true", "false", "null", "tru", "nul", "]", ","]);
        break;
      case 5:
        text = `[${items(() => this.#json(depth - 1))}${this.#chance(40) ? "}" : "]"}`;
        break;
      default:
        text = `{${items(() => `${blank()}${this.#jsonString()}:${this.#json(depth - 1)}`)}${this.#chance(40) ? "]" : "}"}`;
    }
    return blank() + text + blank();
  }

  #jsonString(): string {
    const piece = (): string => {
      switch (this.#below(6)) {
        case 0:
          return `\\${this.#letter(this.#chance(10) ? "axuU0" : '"\\/bfnrt')}`;
        case 1:
          return `\\u${this.#pick(["0041", "00e9", "20ac", "d83d\\ude00", "0000", "d83d", "de00", "12", "ABCD", "d83d\\ud83d"])}`;
        default:
          return this.#letter("abcxyz0 \xe9");
      }
    };
    return `"${this.#repeat(8, piece)}${this.#chance(40) ? "" : '"'}`;
  }
}
