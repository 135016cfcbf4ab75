// How COMMAND INFO and COMMAND DOCS tell of one command, in the shape that Redis's have.

import { type ArgumentDoc, type CompiledCommand, Flag } from "../../engine/command.ts";
import { type CompiledKeySpec, keyFlagNames } from "../../engine/key-specs.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

/** Redis has this one, and does not show it. */
const HIDDEN = Flag.may_replicate;
const flagNames = Object.entries(Flag).filter(([, bit]) => bit !== HIDDEN);

/** The ten elements of COMMAND INFO. */
export function replyInfo(reply: ReplyWriter, command: CompiledCommand): void {
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(command.arity);
  replyNames(
    reply,
    flagNames.filter(([, bit]) => (command.flags & bit) !== 0).map(([name]) => name),
  );
  const { keys } = command;
  reply.integer(keys.first);
  reply.integer(keys.last);
  reply.integer(keys.step);
  replyNames(
    reply,
    command.categories.map((category) => `@${category}`),
  );
  const tips = words(command.entry.tips);
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.set(keys.specs.length);
  for (const spec of keys.specs) replyKeySpec(reply, spec);
  const { subcommands } = command;
  // Redis says "none" with a set, but lists what there is in an array.
  if (subcommands === undefined) {
    reply.set(0);
    return;
  }
  reply.array(subcommands.size);
  for (const subcommand of subcommands.values()) replyInfo(reply, subcommand);
}

function words(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(" ");
}

/** A set of names, as status lines. */
export function replyNames(reply: ReplyWriter, names: readonly string[]): void {
  reply.set(names.length);
  for (const name of names) reply.simple(name);
}

function replyKeySpec(reply: ReplyWriter, spec: CompiledKeySpec): void {
  const { notes, index, keyword } = spec;
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) {
    reply.bulkText("notes");
    reply.bulkText(notes);
  }
  reply.bulkText("flags");
  replyNames(reply, keyFlagNames(spec.flags));
  reply.bulkText("begin_search");
  if (index === 0) replyPart(reply, "unknown", []);
  else if (keyword === "") replyPart(reply, "index", [["index", index]]);
  else
    replyPart(reply, "keyword", [
      ["keyword", keyword],
      ["startfrom", index],
    ]);
  reply.bulkText("find_keys");
  if (index === 0) {
    replyPart(reply, "unknown", []);
  } else if (spec.counted) {
    replyPart(reply, "keynum", [
      ["keynumidx", 0],
      ["firstkey", 1],
      ["keystep", spec.step],
    ]);
  } else {
    replyPart(reply, "range", [
      ["lastkey", spec.last],
      ["keystep", spec.step],
      ["limit", spec.limit],
    ]);
  }
}

/** One half of a key specification: of which type it is, and what it says. */
function replyPart(
  reply: ReplyWriter,
  type: string,
  facts: readonly (readonly [name: string, value: string | number])[],
): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  reply.map(facts.length);
  for (const [name, value] of facts) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}

// Documentation

/** The map of COMMAND DOCS. */
export function replyDocs(reply: ReplyWriter, command: CompiledCommand): void {
  const { entry, subcommands } = command;
  const mark = reply.beginDeferred();
  let fields = 0;
  const text = (name: string, value: string): void => {
    reply.bulkText(name);
    reply.bulkText(value);
    fields++;
  };
  text("summary", entry.summary);
  text("since", entry.since);
  text("group", entry.group);
  if (entry.complexity !== "") text("complexity", entry.complexity);
  if (entry.deprecated !== undefined) {
    reply.bulkText("doc_flags");
    replyNames(reply, ["deprecated"]);
    fields++;
    text("deprecated_since", entry.deprecated[0]);
    text("replaced_by", entry.deprecated[1]);
  }
  if (entry.args !== undefined && entry.args.length > 0) {
    reply.bulkText("arguments");
    replyArguments(reply, entry.args);
    fields++;
  }
  if (subcommands !== undefined) {
    reply.bulkText("subcommands");
    reply.map(subcommands.size);
    for (const subcommand of subcommands.values()) {
      reply.bulkText(subcommand.fullName);
      replyDocs(reply, subcommand);
    }
    fields++;
  }
  reply.endMap(mark, fields);
}

function replyArguments(reply: ReplyWriter, docs: readonly ArgumentDoc[]): void {
  reply.array(docs.length);
  for (const doc of docs) replyArgument(reply, doc);
}

function replyArgument(reply: ReplyWriter, doc: ArgumentDoc): void {
  const mark = reply.beginDeferred();
  let fields = 2;
  const text = (name: string, value: string): void => {
    reply.bulkText(name);
    reply.bulkText(value);
  };
  text("name", doc.name);
  text("type", doc.type);
  if (doc.arguments === undefined) {
    text("display_text", doc.name);
    fields++;
  }
  if (doc.keySpecIndex !== undefined) {
    reply.bulkText("key_spec_index");
    reply.integer(doc.keySpecIndex);
    fields++;
  }
  if (doc.token !== undefined) {
    text("token", doc.token);
    fields++;
  }
  if (doc.since !== undefined) {
    text("since", doc.since);
    fields++;
  }
  const flags: string[] = [];
  if (doc.optional) flags.push("optional");
  if (doc.multiple) flags.push("multiple");
  if (doc.multipleToken) flags.push("multiple_token");
  if (flags.length > 0) {
    reply.bulkText("flags");
    replyNames(reply, flags);
    fields++;
  }
  if (doc.arguments !== undefined) {
    reply.bulkText("arguments");
    replyArguments(reply, doc.arguments);
    fields++;
  }
  reply.endMap(mark, fields);
}
