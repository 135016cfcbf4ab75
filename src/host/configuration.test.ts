// The configuration: where it comes from, what is refused, CONFIG GET, SET and REWRITE.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Configuration,
  ConfigurationError,
  configurationOf,
  rewriteText,
  takeText,
} from "./configuration.ts";
import { Fault } from "./directive-kinds.ts";
import { type DirectiveName, directiveOf, directives } from "./directives.ts";

/** The configuration of a command line, with files given by name. */
function configured(args: string[], files: Record<string, string> = {}): Configuration {
  return configurationOf(args, (path) => {
    const text = files[path];
    if (text === undefined) throw new Error("no such file or directory");
    return text;
  });
}

function ofText(text: string): Configuration {
  const configuration = new Configuration();
  takeText(configuration, text, "redis.conf");
  return configuration;
}

function value(configuration: Configuration, name: string): string | undefined {
  return configuration.matching([name])[0]?.[1];
}

function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.equal(error.code, "ECONFIG");
    return error.message;
  }
  assert.fail("nothing was refused");
}

test("without a word, data is durable, in ./data, and served on loopback", () => {
  const configuration = configured([]);
  assert.equal(configuration.get("port"), 6379);
  assert.equal(configuration.get("dir"), "./data");
  assert.equal(configuration.get("appendonly"), true);
  assert.equal(configuration.get("appendfsync"), "everysec");
  assert.deepEqual(configuration.get("bind"), ["127.0.0.1", "-::1"]);
  assert.deepEqual(configuration.get("save"), []);
  assert.deepEqual(configuration.changed(), []);
  assert.deepEqual(configuration.withoutEffect(), []);
});

test("flags are read as redis-server reads them", () => {
  const configuration = configured(
    ["--port", "7001", "--dir", "/data", "--appendfsync", "ALWAYS", "--save", ""].concat([
      "--bind",
      "0.0.0.0",
      "-::1",
      "--maxmemory",
      "1gb",
      "--REQUIREPASS",
      "a b",
    ]),
  );
  assert.equal(configuration.get("port"), 7001);
  assert.equal(configuration.get("dir"), "/data");
  assert.equal(configuration.get("appendfsync"), "always");
  assert.deepEqual(configuration.get("save"), []);
  assert.deepEqual(configuration.get("bind"), ["0.0.0.0", "-::1"]);
  assert.equal(configuration.get("maxmemory"), 1024 ** 3);
  assert.equal(configuration.get("requirepass"), "a b");
  assert.deepEqual(configured(["--save"]).get("save"), []);
  assert.equal(value(configured(["--save", "900", "1", "300", "10"]), "save"), "900 1 300 10");
  assert.equal(value(configured(["--save", "900 1", "--save", "300 10"]), "save"), "900 1 300 10");
});

test("a file is read before the flags, which win", () => {
  const files = { "a.conf": "port 7001\nhz 50\nsave 60 1\n" };
  const configuration = configured(["a.conf", "--port", "7002", "--save", "10 1"], files);
  assert.equal(configuration.get("port"), 7002);
  assert.equal(configuration.get("hz"), 50);
  assert.deepEqual(configuration.get("save"), [[10, 1]]);
  assert.equal(configuration.file, "a.conf");
  const fromInput = configured(["-"], { "-": "port 7003" });
  assert.equal(fromInput.get("port"), 7003);
  assert.equal(fromInput.file, "");
});

test("a flag may take back what a file says and this server does not do", () => {
  const files = { "a.conf": "port 7001\nDAEMONIZE yes\ninclude b.conf\n", "b.conf": "hz 1\n" };
  assert.equal(configured(["a.conf", "--daemonize", "no"], files).get("daemonize"), false);
  const text =
    "a.conf:2: DAEMONIZE (yes): it stays in the foreground; leave that to a service manager";
  assert.equal(
    complaint(() => configured(["a.conf"], files)),
    text,
  );
  files["b.conf"] = "daemonize no\ncluster-enabled yes\n";
  assert.equal(
    complaint(() => configured(["a.conf"], files)),
    "b.conf:2: cluster-enabled (yes): there is no cluster mode",
  );
  const configuration = configured(["a.conf", "--cluster-enabled", "no"], files);
  assert.equal(
    rewriteText("daemonize yes\n", configuration),
    "daemonize no\n# Written by CONFIG REWRITE\nport 7001\n",
  );
});

test("files have comments, quotes, units, aliases and includes", () => {
  const files = {
    "a.conf": [
      "# a comment",
      "  PORT 7001\r",
      'requirepass "a \\"b\\" \\x41"',
      "logfile ''",
      "include b.conf",
      "maxmemory 100mb",
      "hash-max-ziplist-entries 9",
      "",
    ].join("\n"),
    "b.conf": "maxmemory 1k\nhz 1000\nproto-max-bulk-len 2m",
  };
  const configuration = configured(["a.conf"], files);
  assert.equal(configuration.get("port"), 7001);
  assert.equal(configuration.get("requirepass"), 'a "b" A');
  assert.equal(configuration.get("logfile"), "");
  assert.equal(configuration.get("maxmemory"), 100 * 1024 * 1024);
  assert.equal(configuration.get("hz"), 500);
  assert.equal(configuration.get("proto-max-bulk-len"), 2_000_000);
  assert.equal(configuration.get("hash-max-listpack-entries"), 9);
});

test("save and client-output-buffer-limit add up over lines", () => {
  const configuration = ofText(
    [
      "save 900 1",
      "save 300 10",
      "client-output-buffer-limit normal 1mb 512kb 10",
      "client-output-buffer-limit slave 0 0 0",
    ].join("\n"),
  );
  assert.deepEqual(configuration.get("save"), [
    [900, 1],
    [300, 10],
  ]);
  assert.equal(
    value(configuration, "client-output-buffer-limit"),
    "normal 1048576 524288 10 slave 0 0 0 pubsub 33554432 8388608 60",
  );
  assert.deepEqual(ofText('save 900 1\nsave ""').get("save"), []);
});

test("what is wrong is said in one line with its place", () => {
  assert.equal(
    complaint(() => ofText("\nfoo 1")),
    "redis.conf:2: foo (1): unknown directive",
  );
  assert.equal(
    complaint(() => ofText("port abc")),
    "redis.conf:1: port (abc): argument couldn't be parsed into an integer",
  );
  assert.equal(
    complaint(() => ofText('port "1')),
    "redis.conf:1: unbalanced quotes",
  );
  assert.equal(
    complaint(() => ofText("port")),
    "redis.conf:1: port: wrong number of arguments",
  );
  assert.equal(
    complaint(() => configured(["--port", "70000"])),
    "--port (70000): argument must be between 0 and 65535 inclusive",
  );
  assert.equal(
    complaint(() => configured(["--port", "--hz", "1"])),
    "--port: wrong number of arguments",
  );
  assert.equal(
    complaint(() => configured(["--bogus", "1"])),
    "--bogus (1): unknown directive",
  );
  assert.equal(
    complaint(() => configured(["--port=1"])),
    "--port=1: write --port 1",
  );
  assert.equal(
    complaint(() => configured(["--daemonize", "yes"])),
    "--daemonize (yes): it stays in the foreground; leave that to a service manager",
  );
  assert.equal(
    complaint(() => configured(["none.conf"])),
    "cannot read configuration file none.conf: no such file or directory; " +
      "tskeydb --help says what else there is",
  );
  assert.equal(
    complaint(() => configured(["a.conf"], { "a.conf": "include b.conf" })),
    "a.conf:1: cannot read configuration file b.conf: no such file or directory",
  );
  assert.match(
    complaint(() => configured(["a.conf"], { "a.conf": "include a.conf" })),
    /^a\.conf:1: files include each other without end$/,
  );
});

test("a directive without effect is kept, reported, and named at start", () => {
  const configuration = configured(["--save", "60 1", "--hz", "20"]);
  assert.equal(value(configuration, "hz"), "20");
  assert.deepEqual(configuration.withoutEffect(), ["hz"]);
});

test("CONFIG GET takes globs, aliases and several patterns, and repeats nothing", () => {
  const configuration = new Configuration();
  assert.deepEqual(configuration.matching(["hash-max-*-entries", "port", "*-entries", "none"]), [
    ["hash-max-listpack-entries", "512"],
    ["hash-max-ziplist-entries", "512"],
    ["port", "6379"],
    ["set-max-intset-entries", "512"],
    ["set-max-listpack-entries", "128"],
    ["zset-max-listpack-entries", "128"],
    ["zset-max-ziplist-entries", "128"],
    ["stream-node-max-entries", "100"],
  ]);
  assert.deepEqual(configuration.matching(["HZ", "MAXMEM*Y"]), [
    ["HZ", "10"],
    ["maxmemory", "0"],
    ["maxmemory-policy", "noeviction"],
    ["maxmemory-eviction-tenacity", "10"],
  ]);
  assert.equal(value(configuration, "bind"), "127.0.0.1 -::1");
  assert.equal(value(configuration, "appendonly"), "yes");
});

test("CONFIG SET changes values and tells who asked to be told", () => {
  const configuration = new Configuration();
  const told: unknown[] = [];
  configuration.onChange("maxmemory", (bytes) => void told.push(bytes));
  configuration.onChange("appendfsync", (policy) => void told.push(policy));
  assert.equal(
    configuration.set([
      ["MaxMemory", "10KB"],
      ["appendfsync", "no"],
    ]),
    undefined,
  );
  assert.deepEqual(told, [10240, "no"]);
  assert.equal(value(configuration, "maxmemory"), "10240");
  assert.equal(configuration.set([["notify-keyspace-events", "KEA"]]), undefined);
  assert.equal(value(configuration, "notify-keyspace-events"), "AKE");
  assert.equal(configuration.set([["hz", "1000"]]), undefined);
  assert.equal(value(configuration, "hz"), "500");
  assert.equal(configuration.set([["save", "900 1 300 10"]]), undefined);
  assert.equal(configuration.set([["save", "60 1"]]), undefined);
  assert.equal(value(configuration, "save"), "60 1");
  assert.equal(configuration.set([["client-output-buffer-limit", "replica 1 2 3"]]), undefined);
  assert.equal(
    value(configuration, "client-output-buffer-limit"),
    "normal 0 0 0 slave 1 2 3 pubsub 33554432 8388608 60",
  );
  assert.equal(configuration.set([["maxmemory", "18446744073709551615"]]), undefined);
});

test("CONFIG SET's errors are Redis's", () => {
  const configuration = new Configuration();
  const failed = (name: string, text: string) =>
    `ERR CONFIG SET failed (possibly related to argument '${name}') - ${text}`;
  const expected: [string, string, string][] = [
    ["maxclients", "abc", "argument couldn't be parsed into an integer"],
    ["maxclients", "0", "argument must be between 1 and 4294967295 inclusive"],
    ["timeout", " 5", "argument couldn't be parsed into an integer"],
    ["protected-mode", "maybe", "argument must be 'yes' or 'no'"],
    ["maxmemory", "1xb", "argument must be a memory value"],
    ["maxmemory", "-1", "argument must be a memory value"],
    ["appendfsync", "x", "argument(s) must be one of the following: everysec, always, no"],
    ["port", "1", "can't set immutable config"],
    ["dir", "/tmp", "can't set protected config"],
    ["save", "900", "Invalid save parameters"],
    ["save", "0 1", "Invalid save parameters"],
    ["proto-max-bulk-len", "10", "argument must be between 1048576 and 1073741824 inclusive"],
    ["notify-keyspace-events", "Q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
    [
      "client-output-buffer-limit",
      "normal",
      "Wrong number of arguments in buffer limit configuration.",
    ],
    [
      "client-output-buffer-limit",
      "foo 1 1 1",
      "Invalid client class specified in buffer limit configuration.",
    ],
    [
      "client-output-buffer-limit",
      "pubsub 1 2 x",
      "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
    ],
  ];
  for (const [name, text, error] of expected) {
    assert.equal(configuration.set([[name, text]]), failed(name, error));
  }
  assert.equal(
    configuration.set([
      ["hz", "1"],
      ["foo", "1"],
    ]),
    "ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
  );
  assert.equal(
    configuration.set([
      ["hz", "1"],
      ["HZ", "2"],
    ]),
    failed("HZ", "duplicate parameter"),
  );
  assert.deepEqual(configuration.changed(), []);
});

test("CONFIG SET changes all or nothing", () => {
  const configuration = new Configuration();
  const told: string[] = [];
  configuration.onChange("hz", (hz) => void told.push(`hz ${hz}`));
  configuration.onChange("maxclients", (count) => {
    told.push(`maxclients ${count}`);
    return count > 100_000 ? "not so many files may be open" : undefined;
  });
  const error = "ERR CONFIG SET failed (possibly related to argument 'maxclients') - ";
  assert.equal(
    configuration.set([
      ["hz", "20"],
      ["maxclients", "200000"],
      ["timeout", "5"],
    ]),
    `${error}not so many files may be open`,
  );
  assert.deepEqual(told, ["hz 20", "maxclients 200000", "maxclients 10000", "hz 10"]);
  assert.equal(configuration.get("hz"), 10);
  assert.equal(configuration.get("timeout"), 0);
  assert.match(
    configuration.set([
      ["hz", "20"],
      ["maxclients", "x"],
    ]) ?? "",
    /parsed/,
  );
  assert.equal(configuration.get("hz"), 10);
});

test("CONFIG REWRITE keeps comments and what already holds, and says the rest", () => {
  const before = [
    "# my server",
    "port 7001",
    "",
    "maxmemory 100mb",
    "hash-max-ziplist-entries 5",
    "appendfsync   always",
    "hz 20",
    "hz 30",
    "timeout 1",
    "timeout 2",
    "unknown to us",
    "",
  ].join("\n");
  const configuration = ofText(before.replace("unknown to us", ""));
  configuration.set([
    ["hz", "40"],
    ["hash-max-listpack-entries", "6"],
    ["requirepass", 'p "x" \\ \n'],
    ["save", "900 1 300 10"],
  ]);
  const after = rewriteText(before, configuration);
  const expected = [
    "# my server",
    "port 7001",
    "",
    "maxmemory 100mb",
    "hash-max-ziplist-entries 6",
    "appendfsync   always",
    "hz 40",
    "timeout 1",
    "timeout 2",
    "unknown to us",
    "# Written by CONFIG REWRITE",
    'requirepass "p \\"x\\" \\\\ \\x0a"',
    "save 900 1",
    "save 300 10",
    "",
  ];
  assert.deepEqual(after.split("\n"), expected);
  const again = ofText(after.replace("unknown to us", ""));
  assert.deepEqual(again.matching(["*"]), configuration.matching(["*"]));
  assert.equal(rewriteText(after, again), after);
  assert.equal(rewriteText("", new Configuration()), "");
});

const SAMPLE_VALUES = [
  ..."0 1 7 100 1024 65535 1kb 50% yes no local always allkeys-lru KEA a a.b {title} user".split(
    " ",
  ),
  ...["", "a b", "0 200 800", "1 2 3", "900 1 300 10", "normal 1 2 3", "save now", "50 99.9"],
  ...["127.0.0.1 ::1", "host 6379", 'with "quotes" and \\ and # and \u00e4', "\t"],
];

/** A configuration with one directive set; undefined where it does not take the value. */
function taking(name: DirectiveName, text: string): Configuration | undefined {
  const configuration = new Configuration();
  const words = directiveOf(name).kind.splits ? text.split(" ") : [text];
  try {
    configuration.take(name, words, new Set());
    return configuration;
  } catch (error) {
    assert.ok(error instanceof Fault, `${name} ${text}: ${error}`);
    return undefined;
  }
}

test("CONFIG REWRITE writes every value so that it is read again", () => {
  let written = 0;
  for (const name of Object.keys(directives) as DirectiveName[]) {
    for (const text of SAMPLE_VALUES) {
      const configuration = taking(name, text);
      if (configuration === undefined) continue;
      const again = new Configuration();
      takeText(again, rewriteText("", configuration), "a file");
      assert.equal(value(again, name), value(configuration, name), `${name} ${text}`);
      written++;
    }
  }
  assert.ok(written > Object.keys(directives).length);
});

test("CONFIG REWRITE leaves lines that are no settings as they are", () => {
  const text = '# mine\nrename-command SET put\nrename-command del ""\nhz 20\n';
  const configuration = new Configuration();
  takeText(configuration, text, "a file");
  assert.deepEqual(
    configuration.renames.map(({ from, to }) => [from, to]),
    [
      ["SET", "put"],
      ["del", ""],
    ],
  );
  assert.equal(configuration.set([["hz", "30"]]), undefined);
  assert.equal(rewriteText(text, configuration), text.replace("hz 20", "hz 30"));
});

test("what is not offered is refused at the start, with what to do", () => {
  for (const [line, why] of [
    ["tls-port 6380", /put a proxy/],
    ["tls-replication yes", /put a proxy/],
    ["unixsocket a.sock", /no Unix sockets/],
    ["replicaof host 6379", /no replication/],
    ["slaveof host 6379", /no replication/],
    ["aclfile users.acl", /no users/],
    ["user default on", /no users/],
    ["loadmodule m.so", /no modules/],
    ["rename-command a", /wrong number of arguments/],
    ["requirepass a\ufffd", /must be UTF-8/],
  ] as const) {
    assert.throws(() => configured([...`--${line}`.split(" ")]), why, line);
  }
});
