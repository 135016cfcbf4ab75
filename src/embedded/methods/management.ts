// The methods for the database as a whole, and for messages.

import { wordsOf } from "../request.ts";
import { type AnyMode, As, type Fields, type Reply, type Several, type Value } from "../values.ts";
import { Asking, bound } from "./asking.ts";

export abstract class ManagementMethods<M extends AnyMode> extends Asking<M> {
  /** "PONG", or the message. */
  ping(): Reply<M, "PONG">;
  ping(message: Value): Reply<M, M["text"]>;
  ping(message?: Value): unknown {
    return bound(this).ask(As.value, "ping", message);
  }

  /** The message. */
  echo(message: Value): Reply<M, M["text"]> {
    return bound(this).ask(As.value, "echo", message);
  }

  /** How many keys the database holds. */
  dbsize(): Reply<M, number> {
    return bound(this).ask(As.value, "dbsize");
  }

  /** Deletes every key of this numbered database. */
  flushdb(): Reply<M, "OK"> {
    return bound(this).ask(As.value, "flushdb");
  }

  /** Deletes every key of every numbered database. */
  flushall(): Reply<M, "OK"> {
    return bound(this).ask(As.value, "flushall");
  }

  /** Exchanges two numbered databases. */
  swapdb(first: number, second: number): Reply<M, "OK"> {
    return bound(this).ask(As.value, "swapdb", first, second);
  }

  /** The time of day: seconds since 1970 and microseconds, as texts. */
  time(): Reply<M, [seconds: M["text"], microseconds: M["text"]]> {
    return bound(this).ask(As.value, "time");
  }

  /** Saves all databases, before it returns, to the file dump.rdb of the database's directory. */
  save(): Reply<M, "OK"> {
    return bound(this).ask(As.value, "save");
  }

  /** Has all databases saved in the background to that file, and says so; see snapshot(). */
  bgsave(schedule?: "schedule"): Reply<M, string> {
    const words = schedule === undefined ? [] : [schedule];
    return bound(this).askAll(As.value, "bgsave", words);
  }

  /** When all databases were saved last, or else opened, in seconds since 1970. */
  lastsave(): Reply<M, number> {
    return bound(this).ask(As.value, "lastsave");
  }

  /** Has the log rewritten in the background, and says so; see Database.compact. */
  bgrewriteaof(): Reply<M, string> {
    return bound(this).ask(As.value, "bgrewriteaof");
  }

  /** What the database says of itself: lines of `field:value`, in sections. */
  info(...sections: Several[]): Reply<M, string> {
    return bound(this).askAll(As.value, "info", wordsOf(sections));
  }

  /** `memory("usage", key)`: the bytes that a key and its value take, or null. */
  memory(subcommand: "usage", key: Value): Reply<M, number | null> {
    return bound(this).ask(As.value, "memory", subcommand, key);
  }

  /** `config("get", pattern)`: settings; `config("set", name, value)`: "OK"; and so on. */
  config(subcommand: "get", ...patterns: Value[]): Reply<M, Fields<M["text"]>>;
  config(subcommand: "set", name: string, value: Value, ...more: Value[]): Reply<M, "OK">;
  config(subcommand: "resetstat" | "rewrite"): Reply<M, "OK">;
  config(subcommand: string, ...words: Value[]): unknown {
    return bound(this).askAll(
      subcommand === "get" ? As.fields : As.value,
      "config",
      words,
      subcommand,
    );
  }

  /** Sends a message to whoever is subscribed; returns to how many. */
  publish(channel: Value, message: Value): Reply<M, number> {
    return bound(this).ask(As.value, "publish", channel, message);
  }

  /** As publish, to a shard channel, which clients of listen() hear with SSUBSCRIBE. */
  spublish(channel: Value, message: Value): Reply<M, number> {
    return bound(this).ask(As.value, "spublish", channel, message);
  }

  /** `pubsub("channels", pattern?)`, `pubsub("numsub", ...channels)`, `pubsub("numpat")`. */
  pubsub(subcommand: "channels", pattern?: Value): Reply<M, M["text"][]>;
  pubsub(subcommand: "numpat"): Reply<M, number>;
  pubsub(subcommand: "numsub", ...channels: Value[]): Reply<M, (M["text"] | number)[]>;
  pubsub(subcommand: string, ...words: (Value | undefined)[]): unknown {
    const given = words.filter((word) => word !== undefined);
    return bound(this).askAll(As.value, "pubsub", given, subcommand);
  }
}
