// Random commands on the groups of streams. Whether an entry has been pending long enough must not
// be a matter of how fast a server is: the least idle times are 0, or more than a test takes.

import fc from "fast-check";
import { type Family, many, options, sequence } from "./grammar.ts";
import { end, start, streamId } from "./streams.ts";
import { count, key, smallInteger } from "./words.ts";

const group = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom("g", "h") },
  { weight: 1, arbitrary: fc.constantFrom("", "nobody") },
);
const consumer = fc.constantFrom("ann", "bob", "cat", "");
const position = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("0", "$") },
  { weight: 2, arbitrary: streamId },
);
const idle = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("0", "100000000") },
  { weight: 1, arbitrary: fc.constantFrom("-1", "x") },
);
const counting = sequence("COUNT", count);
const entriesRead = sequence("ENTRIESREAD", smallInteger);
const of = sequence("GROUP", group, consumer);
const reading = options(counting, "NOACK");

export const streamGroups: Family = {
  commands: [
    [10, sequence("XGROUP", "CREATE", key, group, position, options("MKSTREAM", entriesRead))],
    [3, sequence("XGROUP", "SETID", key, group, position, options(entriesRead))],
    [1, sequence("XGROUP", "DESTROY", key, group)],
    [4, sequence("XGROUP", "CREATECONSUMER", key, group, consumer)],
    [1, sequence("XGROUP", "DELCONSUMER", key, group, consumer)],
    [16, sequence("XREADGROUP", of, reading, "STREAMS", key, ">")],
    [5, sequence("XREADGROUP", of, reading, "STREAMS", key, streamId)],
    [4, sequence("XREADGROUP", of, reading, "STREAMS", key, key, ">", fc.constantFrom(">", "0"))],
    [1, sequence("XREADGROUP", of, "BLOCK", "5", "STREAMS", key, ">")],
    [6, sequence("XACK", key, group, many(streamId))],
    [3, sequence("XPENDING", key, group)],
    [4, sequence("XPENDING", key, group, start, end, count)],
    [3, sequence("XPENDING", key, group, "IDLE", idle, start, end, count, consumer)],
    [
      6,
      sequence(
        "XCLAIM",
        key,
        group,
        consumer,
        idle,
        many(streamId),
        options(
          "FORCE",
          "JUSTID",
          sequence("RETRYCOUNT", smallInteger),
          sequence("TIME", "1000"),
          sequence("IDLE", "5"),
          sequence("LASTID", streamId),
        ),
      ),
    ],
    [5, sequence("XAUTOCLAIM", key, group, consumer, idle, start, options(counting, "JUSTID"))],
    [2, sequence("XINFO", "GROUPS", key)],
    [2, sequence("XINFO", "CONSUMERS", key, group)],
    [2, sequence("XINFO", "STREAM", key, "FULL", options(counting))],
  ],
  modes: { XGROUP: "kind", XPENDING: "deliveries", XINFO: "groups" },
};
