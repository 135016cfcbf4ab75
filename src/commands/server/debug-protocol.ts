// DEBUG PROTOCOL and DEBUG ERROR: replies with made-up content, so that a client's reader can be
// tested.

import { asciiBytes } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";

// biome-ignore lint/suspicious/noApproximativeNumericConstant: the value that Redis replies
const DOUBLE = 3.141;
const BIG_NUMBER = "1234567999999999999999999999999999999";

/** Replies one value of a type of the protocol, so that a client's reader can be tested. */
export function protocol(c: Context, type: string): void {
  const { reply } = c;
  const three = reply.protocol === 3;
  if (type === "string") reply.bulkText("Hello World");
  else if (type === "integer") reply.integer(12345);
  else if (type === "double") reply.double(DOUBLE);
  else if (type === "bignum") three ? raw(c, `(${BIG_NUMBER}\r\n`) : reply.bulkText(BIG_NUMBER);
  else if (type === "null") reply.null();
  else if (type === "array") threeIntegers(c, () => reply.array(3));
  else if (type === "set") threeIntegers(c, () => reply.set(3));
  else if (type === "map") {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  } else if (type === "attrib") {
    if (three) {
      raw(c, "|1\r\n");
      reply.bulkText("key-popularity");
      reply.array(2);
      reply.bulkText("key:123");
      reply.integer(90);
    }
    reply.bulkText("Some real reply following the attribute");
  } else if (type === "push") {
    if (!three) {
      reply.errorText("ERR RESP2 is not supported by this command");
      return;
    }
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    reply.bulkText("Some real reply following the push reply");
  } else if (type === "verbatim") reply.verbatim("This is a verbatim\nstring");
  else if (type === "true" || type === "false") reply.boolean(type === "true");
  else {
    reply.errorText(
      "ERR Wrong protocol type name. Please use one of the following: string|integer|double|" +
        "bignum|null|array|set|map|attrib|push|verbatim|true|false",
    );
  }
}

function raw(c: Context, text: string): void {
  const bytes = asciiBytes(text);
  c.reply.raw(bytes, 0, bytes.length);
}

function threeIntegers(c: Context, head: () => void): void {
  head();
  for (let i = 0; i < 3; i++) c.reply.integer(i);
}

/** Replies the text of argument 2 as an error, which is counted as none. */
export function error(c: Context): void {
  raw(c, `-${c.args.text(2).replaceAll(/[\r\n]/g, " ")}\r\n`);
}
