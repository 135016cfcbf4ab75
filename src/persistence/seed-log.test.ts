import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { LogError } from "./log/log-error.ts";
import { importSeedLog, type SeedImport } from "./seed-log.ts";

function importText(text: string): { commands: string[]; result: SeedImport } {
  const platform = new SimulatedPlatform(1);
  platform.putFile("/wal.log", new TextEncoder().encode(text));
  const commands: string[] = [];
  const decoder = new TextDecoder();
  const result = importSeedLog(platform, "/wal.log", (args) => {
    const words = Array.from({ length: args.count }, (_, i) => decoder.decode(args.copy(i)));
    if (words[0] === "BAD") throw new Error("ERR unknown command 'BAD'");
    commands.push(words.join(" "));
  });
  return { commands, result };
}

test("each shape of line is read", () => {
  const cases: [line: string, commands: string[]][] = [
    ['["SET","k","v"]', ["SET k v"]],
    ['["sadd","s",["a","b"]]', ["SADD s a b"]],
    ['["HSET","h",{"f":"1","g":2}]', ["HSET h f 1 g 2"]],
    ['{"op":"SET","key":"k","value":"v"}', ["SET k v"]],
    ['{"op":"set","key":"k","value":"v","ttl":60}', ["SET k v EX 60"]],
    ['{"op":"EXPIRE","key":"k","ttl":60}', ["EXPIRE k 60"]],
    ['{"operation":"DELETE","key":"k","timestamp":1700000000.5}', ["DEL k"]],
    ['{"op":"DEL","keys":["a","b"]}', ["DEL a b"]],
    ['{"cmd":"LPUSH","key":"l","values":["a",1]}', ["LPUSH l a 1"]],
    ['{"command":"RPUSH","args":["l","a","b"]}', ["RPUSH l a b"]],
    ['{"command":["LSET","l",0,"x"]}', ["LSET l 0 x"]],
    ['{"op":"HSET","key":"h","field":"f","value":"v"}', ["HSET h f v"]],
    ['{"op":"HSET","key":"h","mapping":{"f":"v","g":"w"}}', ["HSET h f v g w"]],
    ['{"op":"HDEL","key":"h","fields":["f","g"]}', ["HDEL h f g"]],
    ['{"op":"SREM","key":"s","members":["a"]}', ["SREM s a"]],
    ['{"op":"INCRBY","key":"n","amount":5}', ["INCRBY n 5"]],
    ['{"op":"LTRIM","key":"l","start":0,"stop":-1}', ["LTRIM l 0 -1"]],
    ['{"op":"SET","db":2,"key":"k","value":"v"}', ["SELECT 2", "SET k v"]],
    ['{"op":"EXEC","commands":[["SET","a","1"],{"op":"INCR","key":"a"}]}', ["SET a 1", "INCR a"]],
    ['{"op":"MULTI"}', []],
    ['["SET","ключ","\\u00e9 \\ud83d\\ude00"]', ["SET ключ é 😀"]],
  ];
  for (const [line, commands] of cases)
    assert.deepEqual(importText(`${line}\n`).commands, commands);
  const all = importText(cases.map(([line]) => line).join("\n\n"));
  assert.deepEqual(
    all.commands,
    cases.flatMap(([, commands]) => commands),
  );
  assert.equal(all.result.lines, cases.length);
});

test("a torn last line is left out and reported", () => {
  const { commands, result } = importText('["SET","a","1"]\n{"op":"SET","key":"b","val');
  assert.deepEqual(commands, ["SET a 1"]);
  assert.deepEqual(result.torn, { line: 2, bytes: 26 });
});

test("lines longer than what is read at once are whole", () => {
  const value = "x".repeat(3 << 20);
  const { commands } = importText(`["SET","a","${value}"]\n["SET","b","2"]\n`);
  assert.deepEqual([commands[0].length, commands[1]], [value.length + 6, "SET b 2"]);
});

test("anything else is refused with the number of its line", () => {
  const bad = [
    "not json",
    '"SET"',
    "[]",
    "[1,2]",
    "{}",
    '{"op":"SET","key":"k","value":null,"colour":"red"}',
    '{"op":"SET","args":"k v"}',
    '{"op":"EXEC","commands":"SET"}',
    '["SET","k",null]',
    '["BAD"]',
  ];
  for (const line of bad) {
    assert.throws(
      () => importText(`["SET","a","1"]\n${line}\n["SET","b","2"]\n`),
      (error) =>
        error instanceof LogError &&
        error.code === "IMPORT_FORMAT" &&
        error.offset === 2 &&
        error.message.startsWith("/wal.log, line 2: "),
      line,
    );
  }
});
