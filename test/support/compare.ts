// When two replies are the same answer.
//
// Most replies must agree to the byte. Some cannot: a table has no order, a random member is
// random, time goes on between two servers. Each such case has a mode of its own, and the mode is
// chosen by whoever sends the command, never by looking at the replies.

import { type Reply, show } from "./resp.ts";

export type Mode =
  /** The same bytes. */
  | "exact"
  /** The same items in any order. */
  | "unordered"
  /** The same field and value pairs in any order. */
  | "pairs"
  /** Integers (times) that may differ by what passes between two calls. */
  | "near"
  /** An OBJECT ENCODING: names that Redis 7.2 split off from an older one count as that one. */
  | "encoding"
  /** The same, of sets that Redis 7.2 would have made tables for the number of words alone. */
  | "hinted encoding"
  /** What is told of groups of streams, but for times; fields that Redis 7.2 added are left out. */
  | "deliveries"
  /** Likewise, without consumers for whom nothing is pending: before 7.2 some were not made. */
  | "groups"
  /** Replies of the same type; errors in full. */
  | "kind";

/** Milliseconds (or, below 10,000, seconds) that two times may lie apart. */
const NEAR_MS = 2_500;
const NEAR_SECONDS = 2;

/** Encodings that Redis 7.2 split: before it, lists and sets were never one listpack. */
const BEFORE_7_2: Record<string, string> = {
  '"listpack"': "small",
  '"quicklist"': "small",
  '"hashtable"': "small",
};

/** Fields of XINFO that are times, and those that are left out: see differences.ts. */
const TIME_FIELDS = new Set(["idle", "seen-time"]);
const FIELDS_LEFT_OUT = new Set(["inactive", "active-time", "radix-tree-nodes"]);

/** A reply of XPENDING or XINFO without its times and, if `isSparse`, idle consumers. */
function timeless(reply: Reply, isSparse: boolean): string {
  if (reply.type !== "array" && reply.type !== "map") return show(reply);
  const { items } = reply;
  const shown: string[] = [];
  const isRow = reply.type === "array" && (items.length === 3 || items.length === 4);
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Reply;
    const next = items[i + 1];
    const name = nameOf(item);
    if (FIELDS_LEFT_OUT.has(name)) i++;
    else if (TIME_FIELDS.has(name) || (isSparse && isConsumerCount(name, next))) {
      shown.push(name, "any");
      i++;
    } else if (isRow && i === items.length - 2 && item.type === "integer") shown.push("any");
    else if (!isSparse || !isIdleConsumer(item)) shown.push(timeless(item, isSparse));
  }
  return `${reply.type} of ${shown.join(", ")}`;
}

function nameOf(reply: Reply | undefined): string {
  return reply?.type === "bulk" ? reply.bytes.toString("latin1") : "";
}

function isConsumerCount(name: string, next: Reply | undefined): boolean {
  return name === "consumers" && next?.type === "integer";
}

function isIdleConsumer(reply: Reply): boolean {
  if (reply.type !== "array" && reply.type !== "map") return false;
  const names = reply.items.map(nameOf);
  if (!names.includes("idle") && !names.includes("seen-time")) return false;
  const pending = reply.items[names.findIndex((name) => /^(pending|pel-count)$/.test(name)) + 1];
  return pending?.type === "integer" && pending.text === "0";
}

/**
 * One line that is equal for replies that are the same answer; `near` is decided by `sameReply`.
 */
export function canonical(reply: Reply, mode: Mode): string {
  switch (mode) {
    case "exact":
    case "near":
      return show(reply);
    case "kind":
      return reply.type === "error" ? show(reply) : reply.type;
    case "deliveries":
      return timeless(reply, false);
    case "groups":
      return timeless(reply, true);
    case "encoding": {
      const text = show(reply);
      return BEFORE_7_2[text] ?? text;
    }
    case "hinted encoding": {
      const text = canonical(reply, "encoding");
      return text === '"intset"' ? "small" : text;
    }
    case "unordered":
      if (reply.type !== "array" && reply.type !== "set") return show(reply);
      return `${reply.type} of ${reply.items.map(show).sort().join(", ")}`;
    case "pairs": {
      if (reply.type !== "array" && reply.type !== "map") return show(reply);
      const { items } = reply;
      if (items.length > 0 && items.every((item) => item.type === "array")) {
        return `pairs of ${items.map(show).sort().join(", ")}`;
      }
      const pairs: string[] = [];
      for (let index = 0; index < items.length; index += 2) {
        pairs.push(
          items
            .slice(index, index + 2)
            .map(show)
            .join(": "),
        );
      }
      return `${reply.type} of ${pairs.sort().join(", ")}`;
    }
  }
}

/** Whether the replies are the same answer under the mode. */
export function sameReply(a: Reply, b: Reply, mode: Mode): boolean {
  if (mode === "near" && a.type === "integer" && b.type === "integer") {
    const left = Number(a.text);
    const right = Number(b.text);
    if (left >= 0 && right >= 0) {
      return Math.abs(left - right) <= (left < 10_000 ? NEAR_SECONDS : NEAR_MS);
    }
  }
  return canonical(a, mode) === canonical(b, mode);
}
