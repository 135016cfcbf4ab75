// Random commands of every family, for comparing two servers.
//
// Keys come from a small space, so that commands meet each other's values; arguments are mostly
// valid, now and then not. All text is latin1, one character for each byte. Expiries lie far in the
// future, so that no key vanishes on one server a moment earlier than on the other.

import fc, { type Arbitrary } from "fast-check";
import type { Mode } from "./compare.ts";

/** One command: its arguments as latin1 text. */
export type Words = readonly string[];

const keys = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "k\x00\xff", "");
const key: Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: keys.filter((name) => name.length === 1) },
  { weight: 1, arbitrary: keys },
);

const smallInteger = fc.integer({ min: -20, max: 20 }).map(String);
const bigInteger = fc.constantFrom(
  "127",
  "128",
  "-128",
  "255",
  "4095",
  "4096",
  "32767",
  "-32768",
  "65536",
  "8388607",
  "-8388608",
  "2147483647",
  "2147483648",
  "-2147483648",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "-9007199254740993",
  "9223372036854775806",
  "9223372036854775807",
  "-9223372036854775808",
);
const noInteger = fc.constantFrom(
  "9223372036854775808",
  "-9223372036854775809",
  "18446744073709551616",
  "1.5",
  "abc",
  "",
  " 1",
  "1 ",
  "+1",
  "01",
  "-0",
  "0x10",
  "1e3",
  "nan",
  "inf",
);
const decimal = fc.oneof(
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: 1, max: 3 }))
    .map(([n, digits]) => (n / 10 ** digits).toFixed(digits)),
  fc.constantFrom("0.1", "0.2", "3.0", "5.0e3", "1e20", "1e-5", "-0.0", "100", "0", "12345678.9"),
);

const integer = fc.oneof(
  { weight: 16, arbitrary: smallInteger },
  { weight: 3, arbitrary: bigInteger },
  { weight: 1, arbitrary: noInteger },
);
const float = fc.oneof(
  { weight: 12, arbitrary: decimal },
  { weight: 4, arbitrary: smallInteger },
  { weight: 1, arbitrary: fc.constantFrom("abc", "", " 1", "1 ", "nan", "inf", "-inf", "1e5000") },
);
const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes));
const word = fc.constantFrom(
  "x",
  "y",
  "z",
  "foo",
  "bar",
  "hello world",
  "m1",
  "m2",
  "m3",
  "m4",
  "m5",
);
const value = fc.oneof(
  { weight: 12, arbitrary: word },
  { weight: 8, arbitrary: smallInteger },
  { weight: 2, arbitrary: bigInteger },
  { weight: 2, arbitrary: noInteger },
  { weight: 2, arbitrary: decimal },
  { weight: 2, arbitrary: bytes },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 40, max: 300 })
      .map((length) => "long ".repeat(60).slice(0, length)),
  },
);
/** Members and fields: few different ones, so that they are met again. */
const member = fc.oneof(
  { weight: 10, arbitrary: word },
  { weight: 10, arbitrary: smallInteger },
  { weight: 2, arbitrary: value },
);
const pattern = fc.constantFrom(
  "*",
  "?",
  "[a-c]",
  "[^a]",
  "a*",
  "*a*",
  "m?",
  "\\a",
  "",
  "**",
  "[",
  "[a",
  "x",
  "h?llo*",
  "k\x00*",
);
const count = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 12 }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -12, max: -1 }).map(String) },
  { weight: 1, arbitrary: integer },
);
/** Of how many to draw: large negative numbers would be obeyed to the last. */
const draws = fc.oneof(
  { weight: 15, arbitrary: fc.integer({ min: -12, max: 12 }).map(String) },
  { weight: 1, arbitrary: noInteger },
  { weight: 1, arbitrary: fc.constantFrom("2147483647", "9223372036854775807") },
);
const index = fc.oneof({ weight: 10, arbitrary: smallInteger }, { weight: 1, arbitrary: integer });
/** The least integer is out of range since Redis 7.2 only; see differences.ts. */
const rank = index.filter((text) => text !== "-9223372036854775808");
const offset = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 300 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("-1", "abc", "9223372036854775807", "536870912", "4294967296"),
  },
);
const badTime = fc.constantFrom(
  "0",
  "-1",
  "abc",
  "1.5",
  "9223372036854775807",
  "9223372036854775808",
);
const time = (valid: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...valid) }, { weight: 1, arbitrary: badTime });
const seconds = time(["1000", "5000", "100000"]);
const milliseconds = time(["1000000", "5000000", "100000000"]);
const unixSeconds = time(["33177117420", "33177117421", "44177117420"]);
const unixMilliseconds = time(["33177117420000", "33177117420500", "44177117420999"]);
const side = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("LEFT", "RIGHT", "left", "Right") },
  { weight: 1, arbitrary: fc.constant("UP") },
);
const database = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("0", "1") },
  { weight: 1, arbitrary: fc.constantFrom("16", "-1", "abc") },
);

type Part = string | Arbitrary<string> | Arbitrary<string[]>;

/** The parts, one after another. */
function sequence(...parts: Part[]): Arbitrary<string[]> {
  const all = parts.map(
    (part): Arbitrary<string[]> =>
      typeof part === "string"
        ? fc.constant([part])
        : (part as Arbitrary<string | string[]>).map((each) =>
            Array.isArray(each) ? each : [each],
          ),
  );
  return fc.tuple(...all).map((lists) => lists.flat());
}

/** The part several times over. */
function many(part: Part, maxLength = 5): Arbitrary<string[]> {
  return fc.array(sequence(part), { minLength: 1, maxLength }).map((lists) => lists.flat());
}

/** Some of the options in any order, now and then with nonsense or one of them twice. */
function options(...each: Part[]): Arbitrary<string[]> {
  const built = each.map((part) => sequence(part));
  const some = fc
    .shuffledSubarray(built, { maxLength: Math.min(3, built.length) })
    .chain((chosen) => fc.tuple(...chosen))
    .map((lists: string[][]) => lists.flat());
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant<string[]>([]) },
    { weight: 12, arbitrary: some },
    { weight: 1, arbitrary: some.map((list) => [...list, "BOGUS"]) },
    { weight: 1, arbitrary: some.map((list) => [...list, ...list]) },
  );
}

/** How many keys follow, mostly the truth. */
function counted(part: Part, maxLength = 3): Arbitrary<string[]> {
  return fc
    .tuple(many(part, maxLength), fc.integer({ min: 0, max: 20 }))
    .map(([list, slip]) => [String(slip === 0 ? list.length + 1 : list.length), ...list]);
}

const setOptions = options(
  "NX",
  "XX",
  "GET",
  "KEEPTTL",
  sequence("EX", seconds),
  sequence("PX", milliseconds),
  sequence("EXAT", unixSeconds),
  sequence("PXAT", unixMilliseconds),
);
const getexOptions = options(
  "PERSIST",
  sequence("EX", seconds),
  sequence("PX", milliseconds),
  sequence("EXAT", unixSeconds),
  sequence("PXAT", unixMilliseconds),
);
const expireOptions = options("NX", "XX", "GT", "LT");
const scanOptions = options(sequence("MATCH", pattern), sequence("COUNT", count));
const shortTimeout = fc.constantFrom("0.01", "0.01", "0.01", "0.01", "-1", "abc");

/** Weight and words of each command. */
const TABLE: readonly (readonly [number, Arbitrary<string[]>])[] = [
  // Strings
  [12, sequence("SET", key, value, setOptions)],
  [8, sequence("GET", key)],
  [3, sequence("GETSET", key, value)],
  [3, sequence("GETDEL", key)],
  [4, sequence("GETEX", key, getexOptions)],
  [3, sequence("MGET", many(key))],
  [3, sequence("MSET", many(sequence(key, value)))],
  [2, sequence("MSETNX", many(sequence(key, value)))],
  [2, sequence("SETNX", key, value)],
  [2, sequence("SETEX", key, seconds, value)],
  [2, sequence("PSETEX", key, milliseconds, value)],
  [5, sequence("APPEND", key, value)],
  [3, sequence("STRLEN", key)],
  [4, sequence("GETRANGE", key, index, index)],
  [1, sequence("SUBSTR", key, index, index)],
  [4, sequence("SETRANGE", key, offset, value)],
  [5, sequence("INCR", key)],
  [3, sequence("DECR", key)],
  [5, sequence("INCRBY", key, integer)],
  [4, sequence("DECRBY", key, integer)],
  [5, sequence("INCRBYFLOAT", key, float)],
  // Keys
  [5, sequence("DEL", many(key, 3))],
  [2, sequence("UNLINK", many(key, 3))],
  [4, sequence("EXISTS", many(key))],
  [4, sequence("TYPE", key)],
  [2, sequence("TOUCH", many(key))],
  [3, sequence("KEYS", pattern)],
  [
    3,
    sequence(
      "SCAN",
      "0",
      options(
        sequence("MATCH", pattern),
        sequence("COUNT", count),
        sequence("TYPE", fc.constantFrom("string", "list", "hash", "set", "nonsense")),
      ),
    ),
  ],
  [2, sequence("RANDOMKEY")],
  [5, sequence("RENAME", key, key)],
  [3, sequence("RENAMENX", key, key)],
  [6, sequence("COPY", key, key, options("REPLACE", sequence("DB", database)))],
  [5, sequence("OBJECT", "ENCODING", key)],
  [1, sequence("OBJECT", fc.constantFrom("IDLETIME", "FREQ", "BOGUS"), key)],
  [1, sequence("DBSIZE")],
  // Expiry
  [5, sequence("EXPIRE", key, seconds, expireOptions)],
  [5, sequence("PEXPIRE", key, milliseconds, expireOptions)],
  [5, sequence("EXPIREAT", key, unixSeconds, expireOptions)],
  [5, sequence("PEXPIREAT", key, unixMilliseconds, expireOptions)],
  [4, sequence(fc.constantFrom("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"), key)],
  [3, sequence("PERSIST", key)],
  // Lists
  [10, sequence(fc.constantFrom("LPUSH", "RPUSH"), key, many(value, 8))],
  [3, sequence(fc.constantFrom("LPUSHX", "RPUSHX"), key, many(value))],
  [5, sequence(fc.constantFrom("LPOP", "RPOP"), key)],
  [4, sequence(fc.constantFrom("LPOP", "RPOP"), key, count)],
  [6, sequence("LRANGE", key, index, index)],
  [2, sequence("LLEN", key)],
  [4, sequence("LINDEX", key, index)],
  [5, sequence("LSET", key, index, value)],
  [
    5,
    sequence("LINSERT", key, fc.constantFrom("BEFORE", "AFTER", "before", "BOGUS"), member, value),
  ],
  [5, sequence("LREM", key, index, member)],
  [3, sequence("LTRIM", key, index, index)],
  [
    5,
    sequence(
      "LPOS",
      key,
      member,
      options(sequence("RANK", rank), sequence("COUNT", count), sequence("MAXLEN", count)),
    ),
  ],
  [5, sequence("LMOVE", key, key, side, side)],
  [3, sequence("RPOPLPUSH", key, key)],
  [4, sequence("LMPOP", counted(key), side, options(sequence("COUNT", count)))],
  // Hashes
  [10, sequence("HSET", key, many(sequence(member, value), 8))],
  [2, sequence("HMSET", key, many(sequence(member, value)))],
  [3, sequence("HSETNX", key, member, value)],
  [5, sequence("HGET", key, member)],
  [3, sequence("HMGET", key, many(member))],
  [4, sequence("HGETALL", key)],
  [2, sequence("HKEYS", key)],
  [2, sequence("HVALS", key)],
  [5, sequence("HDEL", key, many(member))],
  [2, sequence("HLEN", key)],
  [3, sequence("HEXISTS", key, member)],
  [2, sequence("HSTRLEN", key, member)],
  [5, sequence("HINCRBY", key, member, integer)],
  [5, sequence("HINCRBYFLOAT", key, member, float)],
  [3, sequence("HRANDFIELD", key)],
  [3, sequence("HRANDFIELD", key, draws)],
  [3, sequence("HRANDFIELD", key, draws, "WITHVALUES")],
  [3, sequence("HSCAN", key, "0", scanOptions)],
  // Sets
  [10, sequence("SADD", key, many(member, 8))],
  [5, sequence("SREM", key, many(member))],
  [4, sequence("SISMEMBER", key, member)],
  [3, sequence("SMISMEMBER", key, many(member))],
  [4, sequence("SMEMBERS", key)],
  [2, sequence("SCARD", key)],
  [4, sequence("SPOP", key)],
  [4, sequence("SPOP", key, count)],
  [3, sequence("SRANDMEMBER", key)],
  [3, sequence("SRANDMEMBER", key, draws)],
  [5, sequence("SMOVE", key, key, member)],
  [8, sequence(fc.constantFrom("SINTER", "SUNION", "SDIFF"), many(key, 3))],
  [3, sequence("SINTERCARD", counted(key), options(sequence("LIMIT", count)))],
  [8, sequence(fc.constantFrom("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key, many(key, 3))],
  [3, sequence("SSCAN", key, "0", scanOptions)],
  // Transactions
  [6, sequence("MULTI")],
  [9, sequence("EXEC")],
  [1, sequence("DISCARD")],
  [3, sequence("WATCH", many(key, 2))],
  [1, sequence("UNWATCH")],
  // Blocking
  [2, sequence(fc.constantFrom("BLPOP", "BRPOP"), many(key, 2), shortTimeout)],
  [1, sequence("BLMOVE", key, key, side, side, shortTimeout)],
  [1, sequence("BRPOPLPUSH", key, key, shortTimeout)],
  [1, sequence("BLMPOP", shortTimeout, counted(key), side, options(sequence("COUNT", count)))],
  // Publish and subscribe, connection
  [1, sequence("PUBLISH", word, value)],
  [1, sequence("PUBSUB", fc.constantFrom("CHANNELS", "NUMSUB", "NUMPAT", "BOGUS"))],
  [1, sequence("PUBSUB", "NUMSUB", many(word))],
  [2, sequence("SELECT", database)],
  [1, sequence("PING", options(word))],
  [1, sequence("ECHO", value)],
  [1, sequence("CLIENT", "SETNAME", fc.constantFrom("me", "", "a b"))],
  [1, sequence("CLIENT", "GETNAME")],
  [
    1,
    sequence(
      fc.constantFrom("FLUSHDB", "FLUSHALL"),
      fc.constantFrom([], ["ASYNC"], ["SYNC"], ["BOGUS"]) as Arbitrary<string[]>,
    ),
  ],
];

const ordinary = fc.oneof(
  ...TABLE.map(([weight, arbitrary]) => ({ weight, arbitrary: arbitrary as Arbitrary<Words> })),
);

/** A command with its name in another case, an argument too few, or one too many. */
const maimed: Arbitrary<Words> = fc
  .tuple(ordinary, fc.constantFrom("case", "fewer", "more", "name"), value)
  .map(([words, how, extra]) => {
    switch (how) {
      case "case":
        return [(words[0] as string).toLowerCase(), ...words.slice(1)];
      case "fewer":
        return words.length > 1 ? words.slice(0, -1) : words;
      case "more":
        // The last argument of BLPOP is its timeout, which must stay short.
        return /^B/i.test(words[0] as string) ? words : [...words, extra.replaceAll("\0", "0")];
      default:
        // redis-server shows an argument up to its first NUL.
        return [`${words[0]}x`, ...words.slice(1).map((each) => each.replaceAll("\0", "0"))];
    }
  });

/** Any command of the product, now and then a broken one. */
export const anyCommand: Arbitrary<Words> = fc.oneof(
  { weight: 15, arbitrary: ordinary },
  { weight: 1, arbitrary: maimed },
);

const MODES: Record<string, Mode> = {
  SMEMBERS: "unordered",
  SINTER: "unordered",
  SUNION: "unordered",
  SDIFF: "unordered",
  KEYS: "unordered",
  HKEYS: "unordered",
  HVALS: "unordered",
  HGETALL: "pairs",
  TTL: "near",
  PTTL: "near",
  EXPIRETIME: "near",
  PEXPIRETIME: "near",
};

/** How the replies of two servers to the command are compared. */
export function modeOf(words: Words): Mode {
  const name = (words[0] as string).toUpperCase();
  if (name === "OBJECT") {
    const what = words[1]?.toUpperCase();
    return what === "ENCODING" ? "encoding" : what === "IDLETIME" ? "kind" : "exact";
  }
  return MODES[name] ?? "exact";
}

/** Commands whose answer is a matter of chance. */
export const RANDOM = /^(SPOP|SRANDMEMBER|RANDOMKEY|HRANDFIELD)$/i;

/** Commands that walk by cursor. */
export const CURSORS = /^(SCAN|HSCAN|SSCAN)$/i;
