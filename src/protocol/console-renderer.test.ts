// The console's replies, each written down as a person reads it, and HELP.

import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes, utf8Text } from "../base/bytes.ts";
import {
  type ConsoleHint,
  ConsoleRenderer,
  type ConsoleShape,
  type HelpEntry,
  type SyntaxArgument,
  syntaxText,
} from "./console-renderer.ts";

/** The rendering of one RESP reply; `reply` is text with \n for CR LF. */
function render(reply: string, hint?: ConsoleHint): string {
  const renderer = new ConsoleRenderer();
  const source = utf8Bytes(`?${reply.replaceAll("\n", "\r\n")}`);
  assert.equal(renderer.reply(source, 1, hint), source.length);
  return utf8Text(renderer.bytes, 0, renderer.length);
}

const bulk = (...words: string[]): string => words.map((it) => `$${it.length}\n${it}\n`).join("");

function shaped(reply: string, shape: ConsoleShape): string {
  return render(reply, { shape });
}

test("strings are printed as they are", () => {
  assert.equal(render("+OK\n"), "OK\n");
  assert.equal(render("+QUEUED\n"), "QUEUED\n");
  assert.equal(render("$5\nhello\n"), "hello\n");
  assert.equal(render("$0\n\n"), "\n");
  assert.equal(render("$6\nC:\\tmp\n"), "C:\\tmp\n");
});

test("nothing found is (nil)", () => {
  for (const reply of ["_\n", "$-1\n", "*-1\n"]) assert.equal(render(reply), "(nil)\n");
});

test("numbers say what they are", () => {
  assert.equal(render(":3\n"), "(integer) 3\n");
  assert.equal(render(":-1\n"), "(integer) -1\n");
  assert.equal(render(",1.5\n"), "(double) 1.5\n");
  assert.equal(render("(123456789012345678901\n"), "(big number) 123456789012345678901\n");
  assert.equal(render("#t\n"), "(true)\n");
  assert.equal(render("#f\n"), "(false)\n");
});

test("empty replies say of what", () => {
  assert.equal(render("*0\n"), "(EMPTY LIST)\n");
  assert.equal(render("~0\n"), "(empty set)\n");
  assert.equal(render("%0\n"), "(empty hash)\n");
  assert.equal(shaped("*0\n", "set"), "(empty set)\n");
  assert.equal(shaped("*0\n", "scores"), "(empty sorted set)\n");
  assert.equal(shaped("*2\n$1\na\n$1\nb\n", "scores"), "1) a\n2) b\n");
  const pairs = "*2\n*2\n$1\na\n,1.5\n*2\n$1\nb\n,-inf\n";
  assert.equal(shaped(pairs, "scores"), "1) a: 1.5\n2) b: -inf\n");
  const popped = `*2\n$1\nk\n${pairs}`;
  assert.equal(shaped(popped, "scores"), "1) k\n2) 1) a: 1.5\n   2) b: -inf\n");
  assert.equal(shaped("*0\n", "hash"), "(empty hash)\n");
});

test("lists and sets are numbered, hashes are name and value", () => {
  assert.equal(render("*3\n$1\nc\n$1\nb\n$1\na\n"), "1) c\n2) b\n3) a\n");
  assert.equal(render("*3\n$5\nAlice\n$2\n30\n_\n"), "1) Alice\n2) 30\n3) (nil)\n");
  assert.equal(render("~2\n$5\napple\n$6\nbanana\n"), "1) apple\n2) banana\n");
  const pairs = "$4\nname\n$5\nAlice\n$3\nage\n$2\n30\n";
  assert.equal(render(`%2\n${pairs}`), "1) name: Alice\n2) age: 30\n");
  assert.equal(shaped(`*4\n${pairs}`, "hash"), "1) name: Alice\n2) age: 30\n");
});

test("entries of streams are IDs with their pairs below", () => {
  const entry = `${bulk("1-0")}*2\n${bulk("name", "ann")}`;
  const more = `*4\n${entry}:5\n:2\n`;
  const lines = ["1) 1-0", "   1) name: ann"];
  const counts = ["   idle: (integer) 5", "   deliveries: (integer) 2"];
  const both = `*2\n*2\n${entry}*2\n${bulk("2-0")}_\n`;
  assert.equal(shaped(both, "entries"), [...lines, "2) 2-0", "   (nil)", ""].join("\n"));
  assert.equal(shaped(`*1\n${more}`, "entries"), [...lines, ...counts, ""].join("\n"));
  assert.equal(
    shaped(`*3\n${bulk("0-0")}${both}*1\n${bulk("3-0")}`, "claimed"),
    [
      "1) next: 0-0",
      "2) claimed:",
      "   1) 1-0",
      "      1) name: ann",
      "   2) 2-0",
      "      (nil)",
      "3) gone:",
      "   1) 3-0",
      "",
    ].join("\n"),
  );
  assert.equal(
    shaped(`*3\n${bulk("4-0")}*1\n${bulk("1-0")}*0\n`, "claimed"),
    "1) next: 4-0\n2) claimed:\n   1) 1-0\n3) gone: (EMPTY LIST)\n",
  );
});

test("what is pending is told by ID, and of a group in sum", () => {
  const consumers = `*2\n*2\n${bulk("ann", "1")}*2\n${bulk("bob", "2")}`;
  assert.equal(
    shaped(`*4\n:3\n${bulk("1-0", "3-0")}${consumers}`, "pending"),
    [
      "1) count: (integer) 3",
      "2) first: 1-0",
      "3) last: 3-0",
      "4) consumers:",
      "   1) ann: 1",
      "   2) bob: 2",
      "",
    ].join("\n"),
  );
  assert.equal(
    shaped("*4\n:0\n_\n_\n_\n", "pending"),
    "1) count: (integer) 0\n2) first: (nil)\n3) last: (nil)\n4) consumers: (nil)\n",
  );
  const one = (id: string): string => `*4\n${bulk(id, "ann")}:5\n:2\n`;
  const below = ["   1) consumer: ann", "   2) idle: (integer) 5", "   3) deliveries: (integer) 2"];
  assert.equal(
    shaped(`*2\n${one("1-0")}${one("2-0")}`, "pending"),
    ["1) 1-0", ...below, "2) 2-0", ...below, ""].join("\n"),
  );
  assert.equal(shaped("*0\n", "pending"), "(EMPTY LIST)\n");
});

test("membership is a bool", () => {
  assert.equal(shaped(":1\n", "bool"), "(bool) True\n");
  assert.equal(shaped(":0\n", "bool"), "(bool) False\n");
  assert.equal(
    shaped("*3\n:1\n:0\n:1\n", "bool"),
    "1) (bool) True\n2) (bool) False\n3) (bool) True\n",
  );
});

test("DEL says OK or NULL, TYPE of nothing says NULL", () => {
  assert.equal(shaped(":1\n", "deleted"), "OK\n");
  assert.equal(shaped(":2\n", "deleted"), "OK\n");
  assert.equal(shaped(":0\n", "deleted"), "NULL\n");
  assert.equal(shaped("+none\n", "type"), "NULL\n");
  assert.equal(shaped("+hash\n", "type"), "hash\n");
});

test("errors begin with ERR", () => {
  assert.equal(render("-ERR syntax error\n"), "ERR syntax error\n");
  assert.equal(
    render("-EXECABORT Transaction discarded.\n"),
    "ERR EXECABORT Transaction discarded.\n",
  );
  assert.equal(render("!8\nERR a\tb!\n"), "ERR a\\tb!\n");
  const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value\n";
  const renderer = new ConsoleRenderer();
  renderer.wrongTypes.push("string", "list");
  renderer.reply(utf8Bytes(wrongType.replace("\n", "\r\n")), 0);
  assert.equal(
    utf8Text(renderer.bytes, 0, renderer.length),
    "ERR WRONGTYPE: key is string, not list\n",
  );
  assert.equal(
    render(wrongType),
    "ERR WRONGTYPE Operation against a key holding the wrong kind of value\n",
  );
});

test("what nests is indented behind its number", () => {
  assert.equal(
    render("*3\n:1\n*2\n:2\n*2\n:3\n:4\n:5\n"),
    [
      "1) (integer) 1",
      "2) 1) (integer) 2",
      "   2) 1) (integer) 3",
      "      2) (integer) 4",
      "3) (integer) 5",
      "",
    ].join("\n"),
  );
  const ten = "abcdefghij";
  const rendered = render(`*10\n${[...ten].map((letter) => `$1\n${letter}\n`).join("")}`);
  assert.deepEqual(rendered.split("\n").slice(0, 2), [" 1) a", " 2) b"]);
  assert.equal(rendered.split("\n")[9], "10) j");
});

test("an aggregate in a map begins on a line of its own", () => {
  assert.equal(
    render("%2\n$1\na\n*2\n:1\n%1\n+x\n+y\n$1\nb\n*0\n"),
    ["1) a:", "   1) (integer) 1", "   2) 1) x: y", "2) b: (EMPTY LIST)", ""].join("\n"),
  );
  assert.equal(
    render("*1\n%1\n$1\na\n*2\n:1\n:2\n"),
    ["1) 1) a:", "      1) (integer) 1", "      2) (integer) 2", ""].join("\n"),
  );
});

test("printable UTF-8 is kept, all other bytes are escaped", () => {
  assert.equal(render("$5\nzoë!\n"), "zoë!\n");
  assert.equal(render("$7\n€😀\n"), "€😀\n");
  const source = [
    0x0a, 0x0d, 0x09, 0x00, 0x1b, 0x7f, 0x80, 0xff, 0xc2, 0x85, 0xed, 0xa0, 0x80, 0xc3,
  ];
  const reply = new Uint8Array([0x24, 0x31, 0x34, 13, 10, ...source, 13, 10]);
  const renderer = new ConsoleRenderer();
  renderer.reply(reply, 0);
  assert.equal(
    latin1Text(renderer.bytes, 0, renderer.length),
    "\\n\\r\\t\\x00\\x1b\\x7f\\x80\\xff\\xc2\\x85\\xed\\xa0\\x80\\xc3\n",
  );
});

test("texts made for reading keep their lines", () => {
  assert.equal(render("=19\ntxt:# Server\na:b\n\n"), "# Server\na:b\n");
  assert.equal(shaped("$13\n# Server\na:b\n", "text"), "# Server\na:b\n");
  assert.equal(shaped("$7\na\n\x1bb\n\n", "text"), "a\n\\x1bb\n");
  assert.equal(shaped("$0\n\n", "text"), "\n");
});

test("EXEC prints each reply in turn, by the hint of its command", () => {
  const renderer = new ConsoleRenderer();
  const source = utf8Bytes(
    "*5\r\n+OK\r\n-WRONGTYPE no\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n-WRONGTYPE no\r\n",
  );
  const hints: ConsoleHint[] = [{}, {}, { shape: "deleted" }, {}, {}];
  renderer.wrongTypes.push("string", "list", "hash", "set");
  assert.equal(renderer.transaction(source, 0, hints), source.length);
  assert.equal(
    utf8Text(renderer.bytes, 0, renderer.length),
    "OK\nERR WRONGTYPE: key is string, not list\nOK\n1) a\n2) (integer) 1\n" +
      "ERR WRONGTYPE: key is hash, not set\n",
  );
  renderer.clear();
  renderer.transaction(utf8Bytes("*0\r\n"), 0, []);
  renderer.transaction(utf8Bytes("_\r\n"), 0, []);
  renderer.transaction(utf8Bytes("-EXECABORT no\r\n"), 0, []);
  assert.equal(
    utf8Text(renderer.bytes, 0, renderer.length),
    "(EMPTY LIST)\n(nil)\nERR EXECABORT no\n",
  );
});

test("a long reply grows the buffer", () => {
  const text = "x".repeat(100_000);
  assert.equal(render(`$100000\n${text}\n`), `${text}\n`);
  assert.equal(render(`$3000\n${"\t".repeat(3000)}\n`), `${"\\t".repeat(3000)}\n`);
});

const setArguments: SyntaxArgument[] = [
  { name: "key", type: "key" },
  { name: "value", type: "string" },
  {
    name: "condition",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "nx", type: "pure-token", token: "NX" },
      { name: "xx", type: "pure-token", token: "XX" },
    ],
  },
  { name: "get", type: "pure-token", token: "GET", optional: true },
  {
    name: "expiration",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "seconds", type: "integer", token: "EX" },
      { name: "keepttl", type: "pure-token", token: "KEEPTTL" },
    ],
  },
];

const commands: HelpEntry[] = [
  {
    name: "set",
    group: "string",
    since: "1.0.0",
    summary: "Sets a key to a string.",
    args: setArguments,
  },
  { name: "get", group: "string", since: "1.0.0", summary: "Gets a string." },
  {
    name: "config",
    group: "server",
    since: "2.0.0",
    summary: "Reads and changes the configuration.",
    subcommands: [
      { name: "get", group: "server", since: "2.0.0", summary: "Reads directives." },
      { name: "set", group: "server", since: "2.0.0", summary: "Changes directives." },
    ],
  },
];

function help(...topic: string[]): string {
  const renderer = new ConsoleRenderer();
  renderer.help(commands, topic);
  return utf8Text(renderer.bytes, 0, renderer.length);
}

test("syntax is written as redis-cli writes it", () => {
  assert.equal(syntaxText(setArguments), "key value [NX | XX] [GET] [EX seconds | KEEPTTL]");
  assert.equal(
    syntaxText([
      { name: "key", type: "key", multiple: true },
      {
        name: "where",
        type: "oneof",
        arguments: [
          { name: "left", type: "pure-token", token: "LEFT" },
          { name: "right", type: "pure-token", token: "RIGHT" },
        ],
      },
      {
        name: "pattern",
        type: "pattern",
        token: "GET",
        optional: true,
        multiple: true,
        multipleToken: true,
      },
      {
        name: "data",
        type: "block",
        multiple: true,
        arguments: [
          { name: "field", type: "string" },
          { name: "value", type: "string" },
        ],
      },
      { name: "count", type: "integer", token: "COUNT", optional: true },
    ]),
    "key [key ...] <LEFT | RIGHT> [GET pattern [GET pattern ...]] " +
      "field value [field value ...] [COUNT count]",
  );
});

test("HELP answers from the command table", () => {
  assert.equal(
    help(),
    [
      "HELP <command> tells what a command does, HELP <group> lists a group.",
      "server: CONFIG",
      "string: GET SET",
      "",
    ].join("\n"),
  );
  assert.equal(
    help("SET"),
    [
      "SET key value [NX | XX] [GET] [EX seconds | KEEPTTL]",
      "summary: Sets a key to a string.",
      "since: 1.0.0",
      "group: string",
      "",
    ].join("\n"),
  );
  assert.equal(help("@string"), "GET - Gets a string.\nSET - Sets a key to a string.\n");
  assert.match(help("config"), /\nCONFIG GET - Reads directives\.\nCONFIG SET - /);
  assert.match(help("Config", "get"), /^CONFIG GET\nsummary: Reads directives\.\n/);
  assert.equal(help("nope"), "ERR no help for 'nope'; HELP alone lists the commands\n");
  assert.equal(help("config", "nope"), "ERR no help for 'config nope'; try HELP CONFIG\n");
});

test("a large reply leaves no large buffer behind", () => {
  const renderer = new ConsoleRenderer();
  const source = utf8Bytes(`$1000000\r\n${"\x01".repeat(1_000_000)}\r\n`);
  renderer.reply(source, 0);
  assert.equal(renderer.length, 4_000_001);
  renderer.clear();
  assert.equal(renderer.length, 0);
  assert.ok(renderer.bytes.length <= 64 * 1024, `${renderer.bytes.length} bytes`);
});
