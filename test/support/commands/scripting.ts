// Random scripts: a few statements of each, among them such as fail in the middle, and functions in
// libraries that come and go.

import fc, { type Arbitrary } from "fast-check";
import { type Family, many, sequence } from "./grammar.ts";
import { key, value } from "./words.ts";

/** What a script does, with two keys and two arguments; `r` is what it returns. */
const statements = [
  "redis.call('SET', KEYS[1], ARGV[1])",
  "redis.call('SET', KEYS[2], 10, 'EX', 1000)",
  "r[#r + 1] = redis.call('GET', KEYS[1])",
  "r[#r + 1] = redis.call('GETDEL', KEYS[2])",
  "r[#r + 1] = redis.pcall('INCRBY', KEYS[2], #r)",
  "redis.call('INCR', KEYS[1])",
  "redis.call('APPEND', KEYS[1], ARGV[2])",
  "for i = 1, 3 do redis.call('RPUSH', KEYS[2], i, ARGV[1]) end",
  "redis.pcall('LPUSH', KEYS[1], ARGV[1], ARGV[2])",
  "r[#r + 1] = redis.pcall('LRANGE', KEYS[2], 0, -1)",
  "r[#r + 1] = redis.pcall('LPOP', KEYS[2], 2)",
  "redis.pcall('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')",
  "redis.pcall('HSET', KEYS[1], ARGV[1], ARGV[2])",
  "r[#r + 1] = redis.pcall('HMGET', KEYS[1], ARGV[1], 'none')",
  "redis.pcall('ZADD', KEYS[2], #r, ARGV[1], '1.5', ARGV[2])",
  "r[#r + 1] = redis.pcall('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')",
  "redis.setresp(3) r[#r + 1] = redis.pcall('ZSCORE', KEYS[2], ARGV[1]) redis.setresp(2)",
  "redis.pcall('SADD', KEYS[1], ARGV[1], 'x')",
  "r[#r + 1] = redis.pcall('SISMEMBER', KEYS[1], ARGV[1])",
  "redis.pcall('XADD', KEYS[2], '1-*', 'field', ARGV[1])",
  "r[#r + 1] = redis.pcall('XLEN', KEYS[2])",
  "r[#r + 1] = redis.call('TYPE', KEYS[1])",
  "r[#r + 1] = redis.call('EXISTS', KEYS[1], KEYS[2])",
  "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end",
  "redis.call('PEXPIRE', KEYS[1], 500000)",
  "r[#r + 1] = redis.call('PERSIST', KEYS[2])",
  "redis.pcall('RENAME', KEYS[1], KEYS[2])",
  "redis.call('RENAME', KEYS[2], KEYS[1])",
  "r[#r + 1] = redis.call('COPY', KEYS[1], KEYS[2], 'REPLACE')",
  "redis.call('SELECT', 1)",
  "redis.call('SELECT', 0)",
  "r[#r + 1] = redis.call('PUBLISH', 'channel', ARGV[1])",
  "r[#r + 1] = redis.sha1hex(ARGV[1])",
  "r[#r + 1] = cjson.encode({#r, true, {a = cjson.null}})",
  "r[#r + 1] = cmsgpack.unpack(cmsgpack.pack({ARGV[1], #r}))",
  "r[#r + 1] = redis.pcall('NOSUCH')",
  "r[#r + 1] = redis.pcall('GET')",
  "r[#r + 1] = redis.pcall('SUBSCRIBE', 'channel')",
  "r[#r + 1] = {pcall(redis.call, 'INCR', KEYS[1])}",
  "redis.call('NOSUCH')",
  "redis.call('WATCH', KEYS[1])",
  "local x = y",
  "error('said so')",
  "error({err = 'MINE said so'})",
  "do return redis.error_reply('MINE returned') end",
  "do return redis.status_reply('FINE') end",
  "do return {1, {2, false, true}, nil, 4} end",
  "redis.set_repl(redis.REPL_ALL)",
];

const program: Arbitrary<string> = fc
  .array(fc.constantFrom(...statements), { minLength: 1, maxLength: 6 })
  .map((chosen) => `local r = {} ${chosen.join(" ")} return r`);

const flags = fc.constantFrom("", "no-writes", "allow-oom", "no-cluster", "allow-stale,no-writes");
const shebang = fc.tuple(flags, program).map(([names, text]) => `#!lua flags=${names}\n${text}`);
const script = fc.oneof(
  { weight: 8, arbitrary: program },
  { weight: 1, arbitrary: shebang },
  { weight: 1, arbitrary: fc.constantFrom("return 1", "return", "x y", "#!lua bad=1\nreturn 1") },
);

/** Digests of "return 1", of "return", and of nothing that is known. */
const digest = fc.constantFrom(
  "e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
  "63143b6f8007b98c53ca2149822777b3566f9241",
  "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
  "ffffffffffffffffffffffffffffffffffffffff",
);

const twoKeys = sequence("2", key, key, value, value);
const libraryName = fc.constantFrom("one", "two");
const functionName = fc.constantFrom("f", "g");

const library: Arbitrary<string> = fc
  .tuple(libraryName, functionName, program, fc.boolean())
  .map(([name, called, text, isReader]) => {
    const body = text.replaceAll("KEYS", "keys").replaceAll("ARGV", "args");
    const callee = `function(keys, args) ${body} end`;
    const registered = isReader
      ? `{function_name = '${called}', callback = ${callee}, flags = {'no-writes'}}`
      : `('${called}', ${callee})`;
    return `#!lua name=${name}\nredis.register_function${registered}`;
  });

export const scripting: Family = {
  commands: [
    [14, sequence("EVAL", script, twoKeys)],
    [3, sequence("EVAL_RO", script, twoKeys)],
    [1, sequence("EVALSHA", digest, "0")],
    [1, sequence("SCRIPT", "LOAD", fc.constantFrom("return 1", "return", "x y"))],
    [1, sequence("SCRIPT", "EXISTS", many(digest))],
    [1, sequence("SCRIPT", "FLUSH")],
    [1, sequence("SCRIPT", "KILL")],
    [2, sequence("FUNCTION", "LOAD", fc.constantFrom<string[][]>([], ["REPLACE"]), library)],
    [4, sequence("FCALL", functionName, twoKeys)],
    [2, sequence("FCALL_RO", functionName, twoKeys)],
    [1, sequence("FUNCTION", "DELETE", libraryName)],
    [1, sequence("FUNCTION", "FLUSH")],
    [1, sequence("FUNCTION", "STATS")],
  ],
};
