// Random programs in Lua 5.1 that end and say what they did.
//
// A program is a row of probes. Each probe is a function that is called under pcall, and what came
// of it goes into the row that the program returns: types and bytes of all values, tables with
// their pairs in order, errors with their positions. Programs do what programs should not: they
// call what is no function, compare tables with texts, index nil; most operations may fail, and how
// they fail is half of what is compared.
//
// They end because every function and every turn of a loop takes from a supply (`B()`), which fails
// when it is used up; texts and tables stay small because what grows is cut (`K()`). Nothing
// depends on addresses, on time or on chance.

import type { Random } from "../../../src/base/random.ts";

/** How every program begins: `all` shows values, `P` runs a probe, `R` keeps what came of it. */
export const PRELUDE = `local R, fuel = {}, 3000
local function B() fuel = fuel - 1 if fuel < 0 then error("out of fuel", 0) end end
local function K(v)
  if type(v) == "string" and #v > 100 then return string.sub(v, 1, 20) end
  return v
end
local function show(v, depth)
  local t = type(v)
  if t == "number" then return v ~= v and "nan" or string.format("%.17g", v) end
  if t == "string" then return #v .. ":" .. v end
  if t == "function" or t == "thread" then return t end
  if t ~= "table" then return tostring(v) end
  if depth > 4 then return "..." end
  local parts, n = {}, 0
  for k, x in next, v do
    n = n + 1
    if n > 40 then break end
    local tk = type(k)
    if tk == "table" or tk == "function" or tk == "thread" then k = tk end
    parts[n] = show(k, depth + 1) .. "=" .. show(x, depth + 1)
  end
  if n > 40 then return "large" end
  return "{" .. table.concat(parts, ",") .. "}"
end
local function all(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = show((select(i, ...)), 0) end
  return table.concat(parts, ";")
end
local function E(v) if type(v) == "table" then return "a table" end return v end
local function P(f, ...) R[#R + 1] = all(pcall(f, ...)) end
`;

export const EPILOGUE = "return R";

const NUMBERS = [
  "0",
  "1",
  "2",
  "3",
  "-1",
  "0.5",
  "1.5",
  "10",
  "255",
  "1e3",
  "0x10",
  "2^31",
  "2^53",
  "1e15",
  "-0",
  "1/0",
  "-1/0",
  "0/0",
  "1e-5",
  "3.14",
  "100000000000000",
  ".5",
  "5.",
  "7",
  "-7",
  "1e300",
];
const TEXTS = [
  '""',
  '"a"',
  '"abc"',
  '"10"',
  '" 0x1F "',
  '"1e2"',
  '"-3"',
  "'it\\'s'",
  '"x\\ny"',
  '"\\065\\0b"',
  "[[long]]",
  "[==[a]]b]==]",
  '"key"',
  '"hello world"',
  '"nan"',
  '"__index"',
  '"\\z9"',
  '"é"',
];
const BINARY = ["+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"];
const EVENTS = [
  "__add",
  "__sub",
  "__mul",
  "__div",
  "__mod",
  "__pow",
  "__unm",
  "__concat",
  "__len",
  "__eq",
  "__lt",
  "__le",
  "__index",
  "__newindex",
  "__call",
  "__tostring",
  "__metatable",
  "__mode",
];
const PATTERNS = [
  '"a"',
  '"%w+"',
  '"(%a)(%a*)"',
  '"()"',
  '"%d*"',
  '".-l"',
  '"[^a-c]+"',
  '"^h"',
  '"o$"',
  '"%s"',
  '"%b()"',
  '"%f[%w]%w"',
  '"(a*(.)%w(%s*))"',
  '"%"',
  '"[a"',
  '"(.)%1"',
  '""',
];
const FORMATS = [
  '"%d"',
  '"%5.2f"',
  '"%s"',
  '"%q"',
  '"%x"',
  '"%g"',
  '"%c"',
  '"%-8s|"',
  '"%05d"',
  '"%i %s"',
  '"%e"',
  '"%"',
  '"%y"',
  '"%.3s"',
  '"%u"',
  '"%+.3g"',
  '"%%"',
  '"%10.4s"',
  '"%#x"',
  '"%a"',
];

/** Makes programs; the same ones for the same random numbers. */
export class Programs {
  readonly #random: Random;
  #scopes: string[][] = [];
  #names = 0;
  /** How deep expressions and blocks may still go. */
  #depth = 0;
  #isVararg = false;
  #inLoop = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole program. */
  program(): string {
    const probes: string[] = [];
    for (let i = 2 + this.#below(5); i > 0; i--) probes.push(this.#probe());
    return `${PRELUDE}${probes.join("\n")}\n${EPILOGUE}`;
  }

  /** A chunk that need not be run: what compilers are compared by. */
  chunk(): string {
    this.#begin();
    return this.#block(3);
  }

  #begin(): void {
    this.#scopes = [[]];
    this.#names = 0;
    this.#depth = 4;
    this.#isVararg = true;
    this.#inLoop = false;
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

  #probe(): string {
    this.#begin();
    const body = this.#block(3 + this.#below(4));
    const arguments_ = this.#chance(2) ? "" : `, ${this.#constant()}, ${this.#constant()}`;
    return `P(function(...)\n${body}\nend${arguments_})`;
  }

  #declare(): string {
    // Few names, so that locals hide each other.
    const name = this.#chance(4) ? this.#pick(["a", "b", "x", "t"]) : `v${++this.#names}`;
    this.#scopes[this.#scopes.length - 1].push(name);
    return name;
  }

  #variable(): string {
    const names = this.#scopes.flat();
    if (names.length === 0) return this.#pick(["select", "type", "tostring"]);
    return this.#pick(names);
  }

  /** Runs `work`, of whose loops no "break" may be seen inside. */
  #outsideLoops<T>(work: () => T): T {
    const outside = this.#inLoop;
    this.#inLoop = false;
    const result = work();
    this.#inLoop = outside;
    return result;
  }

  /** Statements in a scope of their own. */
  #block(statements: number): string {
    this.#scopes.push([]);
    const lines: string[] = [];
    for (let i = statements; i > 0; i--) lines.push(this.#statement());
    if (this.#chance(3)) {
      lines.push(this.#inLoop && this.#chance(2) ? "break" : `return ${this.#list(1)}`);
    }
    this.#scopes.pop();
    return lines.join(this.#chance(4) ? " " : "\n");
  }

  #inner(statements: number): string {
    this.#depth--;
    const text = this.#block(statements);
    this.#depth++;
    return text;
  }

  #loop(statements: number): string {
    const outside = this.#inLoop;
    this.#inLoop = true;
    const text = `B() ${this.#inner(statements)}`;
    this.#inLoop = outside;
    return text;
  }

  #statement(): string {
    if (this.#depth <= 0) return this.#simple();
    switch (this.#below(20)) {
      case 0:
        return `if ${this.#expression()} then ${this.#inner(1)}
elseif ${this.#expression()} then ${this.#inner(1)} else ${this.#inner(1)} end`;
      case 1: {
        const other = `${this.#expression()}, ${this.#expression()}`;
        const range = this.#pick([
          "1, 3",
          "3, 1, -1",
          "1, 2, 0.5",
          "0, 1",
          "5, 1",
          '"1", 2',
          "1, 3, 2",
        ]);
        this.#scopes.push([]);
        const name = this.#declare();
        const text = `for ${name} = ${this.#chance(8) ? other : range} do ${this.#loop(2)} end`;
        this.#scopes.pop();
        return text;
      }
      case 2: {
        const source = this.#iterated();
        this.#scopes.push([]);
        const names = `${this.#declare()}, ${this.#declare()}`;
        const text = `for ${names} in ${source} do ${this.#loop(2)} end`;
        this.#scopes.pop();
        return text;
      }
      case 3: {
        const counter = this.#declare();
        return `local ${counter} = 0
while ${counter} < ${1 + this.#below(3)} do ${counter} = ${counter} + 1 ${this.#loop(2)} end`;
      }
      case 4: {
        const counter = this.#declare();
        return `local ${counter} = 0
repeat local done = ${this.#expression()} ${counter} = ${counter} + 1 ${this.#repeated()}
until ${counter} > 2 or done`;
      }
      case 5:
        return `do ${this.#inner(2)} end`;
      case 6: {
        const name = this.#declare();
        return `local function ${name}${this.#functionBody()}`;
      }
      case 7:
        return ((value) => `local ${this.#declare()} = ${value}`)(this.#metatabled());
      case 8:
        return this.#coroutine();
      case 9:
        return ((call) => `local ${this.#declare()}, ${this.#declare()} = ${call}`)(
          `pcall(${this.#function()}, ${this.#list(1)})`,
        );
      default:
        return this.#simple();
    }
  }

  /** In a block of its own: a return or break must be its last statement. */
  #repeated(): string {
    return this.#outsideLoops(() => `B() do ${this.#inner(1)} end`);
  }

  #simple(): string {
    switch (this.#below(12)) {
      case 0:
      case 1:
        // The name is not to be seen in its own value.
        return ((value) => `local ${this.#declare()} = ${value}`)(this.#expression());
      case 2:
        return ((values) => `local ${this.#declare()}, ${this.#declare()} = ${values}`)(
          this.#list(2),
        );
      case 3:
        return `${this.#target()} = ${this.#expression()}`;
      case 4:
        return `${this.#target()}, ${this.#target()} = ${this.#list(2)}`;
      case 5:
        return ((values) => `local ${this.#declare()} = {${values}}`)(this.#fields());
      case 6: {
        // What begins with a parenthesis would go on with the line before it.
        const call = this.#call();
        return call.startsWith("(") ? `local _ = ${call}` : `${call};`;
      }
      case 7:
        return `R[#R + 1] = all(${this.#list(2)})`;
      case 8:
        return `table.insert(R, all(${this.#call()}))`;
      case 9:
        return this.#chance(3)
          ? `if ${this.#expression()} then error(${this.#pick([`E(${this.#expression()})`, '"mine", 2', '"mine", 0'])}) end`
          : `assert(${this.#expression()}, ${this.#constant()})`;
      default: {
        const variable = this.#variable();
        return `${variable} = K(${variable} .. ${this.#expression()})`;
      }
    }
  }

  #target(): string {
    const variable = this.#variable();
    switch (this.#below(4)) {
      case 0:
        return `${variable}.${this.#pick(["a", "b", "c", "n", "x"])}`;
      case 1:
        return `${variable}[ ${this.#expression()} ]`;
      default:
        return this.#scopes.flat().length === 0 ? "R.x" : variable;
    }
  }

  #list(most: number): string {
    const values: string[] = [];
    for (let i = this.#below(most) + 1; i > 0; i--) values.push(this.#expression());
    if (this.#chance(4)) values.push(this.#isVararg ? "..." : this.#call());
    return values.join(", ");
  }

  #fields(): string {
    const fields: string[] = [];
    for (let i = this.#below(5); i > 0; i--) {
      switch (this.#below(4)) {
        case 0:
          fields.push(`${this.#pick(["a", "b", "c", "n"])} = ${this.#expression()}`);
          break;
        case 1:
          fields.push(
            `[ ${this.#chance(8) ? this.#expression() : this.#constant()} ] = ${this.#expression()}`,
          );
          break;
        default:
          fields.push(this.#expression());
      }
    }
    if (this.#chance(5)) fields.push(this.#isVararg ? "..." : this.#call());
    return fields.join(this.#pick([", ", "; "]));
  }

  #constant(): string {
    switch (this.#below(6)) {
      case 0:
      case 1:
      case 2:
        return this.#pick(NUMBERS);
      case 3:
      case 4:
        return this.#pick(TEXTS);
      default:
        return this.#pick(["true", "false", "nil"]);
    }
  }

  #expression(): string {
    if (this.#depth <= 0 || this.#chance(4)) {
      return this.#chance(2) ? this.#constant() : this.#variable();
    }
    this.#depth--;
    const text = this.#compound();
    this.#depth++;
    return text;
  }

  #compound(): string {
    switch (this.#below(16)) {
      case 0:
        return this.#function();
      case 1:
        return `{${this.#fields()}}`;
      case 2:
        return `${this.#variable()}[ ${this.#expression()} ]`;
      case 3:
        return `${this.#variable()}.${this.#pick(["a", "b", "c", "n", "x"])}`;
      case 4:
      case 5:
      case 6:
        return this.#call();
      case 7:
        return `${this.#pick(["-", "not ", "#"])}${this.#operand()}`;
      case 8:
        return `(${this.#isVararg && this.#chance(2) ? "..." : this.#expression()})`;
      case 9:
        return `select(${this.#pick(['"#"', "1", "2", "-1", "0", this.#expression()])}, ${this.#list(3)})`;
      default:
        return `${this.#operand()} ${this.#pick(BINARY)} ${this.#operand()}`;
    }
  }

  #operand(): string {
    const text = this.#expression();
    // Without parentheses now and then, for the precedence.
    return /^[\w"[.]+$/.test(text) || this.#chance(3) ? text : `(${text})`;
  }

  #functionBody(): string {
    const outsideVararg = this.#isVararg;
    const outsideLoop = this.#inLoop;
    const outsideDepth = this.#depth;
    this.#inLoop = false;
    this.#depth = Math.min(this.#depth, 2);
    this.#scopes.push([]);
    const parameters: string[] = [];
    for (let i = this.#below(3); i > 0; i--) parameters.push(this.#declare());
    this.#isVararg = this.#chance(3);
    if (this.#isVararg) parameters.push("...");
    const body = this.#inner(1 + this.#below(2));
    this.#scopes.pop();
    this.#isVararg = outsideVararg;
    this.#inLoop = outsideLoop;
    this.#depth = outsideDepth;
    const end = /\b(return|break)\b[^\n]*$/.test(body) ? "" : ` return ${this.#constant()}`;
    return `(${parameters.join(", ")}) B() do ${body} end${end} end`;
  }

  #function(): string {
    return `function${this.#functionBody()}`;
  }

  #metatabled(): string {
    const handlers: string[] = [];
    for (let i = 1 + this.#below(4); i > 0; i--) {
      const event = this.#pick(EVENTS);
      const value =
        event === "__mode"
          ? '"k"'
          : this.#chance(6)
            ? this.#expression()
            : this.#chance(3) && event.endsWith("index")
              ? `{${this.#fields()}}`
              : `function(p, q) B() ${this.#chance(3) ? "R[#R + 1] = all(p, q) " : ""}return ${this.#pick(["p", "q", this.#constant(), "type(p)", "rawget(p, q)", "K(tostring(q))"])} end`;
      handlers.push(`${event} = ${value}`);
    }
    return `setmetatable({${this.#fields()}}, {${handlers.join(", ")}})`;
  }

  #iterated(): string {
    switch (this.#below(7)) {
      case 0:
        return `ipairs(${this.#expression()})`;
      case 1:
        return `pairs(${this.#expression()})`;
      case 2:
        return `string.gmatch(${this.#pick(TEXTS)}, ${this.#pick(PATTERNS)})`;
      case 3:
        return `next, {${this.#fields()}}`;
      case 4:
        return `(function(s, i) if i < 3 then return i + 1, s end end), ${this.#expression()}, 0`;
      case 5:
        return `coroutine.wrap(function() for i = 1, 3 do B() coroutine.yield(i, ${this.#constant()}) end end)`;
      default:
        return `pairs({${this.#fields()}})`;
    }
  }

  #coroutine(): string {
    const outside = this.#isVararg;
    this.#isVararg = true;
    const inner = this.#outsideLoops(() => this.#inner(1));
    const first = this.#list(1);
    this.#isVararg = outside;
    const name = this.#declare();
    const resumes: string[] = [];
    for (let i = 1 + this.#below(3); i > 0; i--) {
      resumes.push(
        `R[#R + 1] = all(coroutine.status(${name}), coroutine.resume(${name}, ${this.#list(1)}))`,
      );
    }
    return `local ${name} = coroutine.create(function(...) B()
local got = coroutine.yield(${first}) do ${inner} end R[#R + 1] = all(got) end)
${resumes.join("\n")}`;
  }

  #call(): string {
    const e = (): string => this.#expression();
    switch (this.#below(30)) {
      case 0:
        return `tostring(${this.#constant()})`;
      case 1:
        return `tonumber(${e()}${this.#chance(3) ? `, ${this.#pick(["2", "8", "10", "16", "36", "1", e()])}` : ""})`;
      case 2:
        return `type(${this.#chance(9) ? "" : e()})`;
      case 3:
        return `unpack(${e()}${this.#chance(3) ? ", 1, 2" : ""})`;
      case 4:
        return `next(${e()}${this.#chance(4) ? `, ${e()}` : ""})`;
      case 5:
        return `${this.#pick(["rawget", "rawequal"])}(${e()}, ${e()})`;
      case 6:
        return `rawset(${e()}, ${e()}, ${e()})`;
      case 7:
        return `setmetatable(${e()}, ${e()})`;
      case 8:
        return `getmetatable(${e()})`;
      case 9: {
        const one = this.#pick([
          "floor",
          "ceil",
          "abs",
          "sqrt",
          "frexp",
          "modf",
          "deg",
          "rad",
          "exp",
        ]);
        return `math.${one}(${e()})`;
      }
      case 10:
        return `math.${this.#pick(["max", "min", "fmod", "mod", "pow", "ldexp"])}(${e()}, ${e()})`;
      case 11:
        return `table.concat(${e()}${this.#chance(2) ? ', ","' : ""}${this.#chance(4) ? `, ${e()}` : ""})`;
      case 12:
        return `table.insert(${e()}, ${e()}${this.#chance(3) ? `, ${e()}` : ""})`;
      case 13:
        return `table.remove(${e()}${this.#chance(2) ? `, ${e()}` : ""})`;
      case 14:
        return `table.sort(${e()}${this.#chance(2) ? `, function(p, q) B() return ${this.#pick(["p < q", "q < p", "p[1] < q[1]", "tostring(p) < tostring(q)", "true", "nil"])} end` : ""})`;
      case 15:
        return `table.${this.#pick(["maxn", "getn"])}(${e()})`;
      case 16:
        return `string.format(${this.#pick(FORMATS)}, ${this.#list(2)})`;
      case 17:
        return `string.${this.#pick(["find", "match"])}(${e()}, ${this.#pick(PATTERNS)}${this.#chance(4) ? `, ${e()}` : ""})`;
      case 18:
        return `string.gsub(${this.#pick(TEXTS)}, ${this.#pick(PATTERNS)}, ${this.#chance(3) ? this.#pick(['"<%0>"', '"%1"', '"%2"', '"x"']) : e()})`;
      case 19:
        return `string.${this.#pick(["sub", "byte", "rep"])}(${e()}, ${this.#pick(["1", "2", "-1", "0", "3", '"2"', "-100"])}${this.#chance(3) ? ", 2" : ""})`;
      case 20:
        return `string.${this.#pick(["upper", "lower", "reverse", "len", "char"])}(${e()})`;
      case 21:
        return `${this.#variable()}:${this.#pick(["upper", "rep", "a", "sub", "len", "byte"])}(${this.#constant()})`;
      case 22:
        return `pcall(${this.#expression()}, ${this.#list(2)})`;
      case 23:
        return `xpcall(${this.#function()}, ${this.#pick(["function(m) return m end", "type", e()])})`;
      case 24:
        return `(loadstring(${this.#pick(['"return 1 + 1"', '"return ..."', '"x ="', '"return {1, 2}, 3"', e()])}) or type)(${e()})`;
      case 25:
        return `coroutine.${this.#pick(["wrap", "create", "status", "resume", "isyieldable", "running"])}(${this.#chance(2) ? this.#function() : e()})`;
      case 26:
        return `(${this.#function()})(${this.#list(2)})`;
      case 27:
        return `${this.#variable()}${this.#pick(["", ".a", ".b", "[1]"])}(${this.#list(2)})`;
      case 28:
        return `${this.#variable()} ${this.#pick(['"text"', "{1}", "[[long]]"])}`;
      default:
        return `${this.#variable()}(${this.#list(2)})`;
    }
  }
}
