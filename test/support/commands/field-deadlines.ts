// Random commands on deadlines of hash fields, which redis-server has from 7.4 and 8.0 on.

import fc, { type Arbitrary } from "fast-check";
import { type Family, options, sequence } from "./grammar.ts";
import { key, member, seconds, unixMilliseconds, value } from "./words.ts";

/** Some fields behind their number; `each`: what a field is followed by. */
function fields(each: Arbitrary<string[]>): Arbitrary<string[]> {
  return fc
    .array(each, { minLength: 1, maxLength: 4 })
    .map((list) => ["FIELDS", String(list.length), ...list.flat()]);
}

const named = fields(sequence(member));
const pairs = fields(sequence(member, value));
const condition = options("NX", "XX", "GT", "LT");
const time = fc.oneof(
  sequence("EX", seconds),
  sequence("PXAT", unixMilliseconds),
  fc.constantFrom(["PXAT", "1"], [] as string[]),
);

export const fieldDeadlines: Family["commands"] = [
  [2, sequence("HEXPIRE", key, seconds, condition, named)],
  [2, sequence("HPEXPIREAT", key, unixMilliseconds, condition, named)],
  [1, sequence("HPEXPIREAT", key, "1", named)],
  [2, sequence("HPEXPIRE", key, fc.constantFrom("1", "20", "300"), named)],
  [1, sequence("HPERSIST", key, named)],
  [1, sequence("HPEXPIRETIME", key, named)],
  [1, sequence("HGETDEL", key, named)],
  [1, sequence("HGETEX", key, time, named)],
  [1, sequence("HGETEX", key, "PERSIST", named)],
  [1, sequence("HSETEX", key, time, pairs)],
  [1, sequence("HSETEX", key, "FNX", time, pairs)],
  [1, sequence("HSETEX", key, "KEEPTTL", pairs)],
];
