// DUMP payloads of every encoding, with bytes changed, taken out, put in and copied over others,
// and the checksum made right again: what RESTORE meets from a hostile or broken sender. It answers
// with an error or with OK; what it accepted is whole and goes once more through DUMP, what it
// refused leaves nothing behind, and it takes no more memory than the payload can stand for.
// Run by itself: `node src/persistence/rdb/payloads.fuzz.ts <seed> <payloads>`.

import { assert } from "../../base/assert.ts";
import { Random } from "../../base/random.ts";
import { Crc64 } from "../../codec/crc64.ts";
import { TestDatabase } from "../../commands/test-support.ts";
import { digestOfValue } from "../../keyspace/digest.ts";
import { samples } from "./encodings-test-support.ts";
import { bytesOf } from "./rdb-test-support.ts";

/** Memory that a byte of a payload can stand for: LZF makes 88 bytes of one. */
const BYTES_OF_BYTE = 100;
const BYTES_MORE = 4096;
const KEY = Uint8Array.of(107);
const CHANGES_MAX = 4;
/** Bytes that mean something somewhere: marks, heads of forms, lengths. */
const TELLING = [0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xe0, 0xf0, 0xf4, 0xfe, 0xff];

/** The payload's bytes with some of them changed. */
function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let out = bytes;
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0 && out.length > 0; changes--) {
    const at = random.below(out.length);
    const count = 1 + random.below(Math.min(8, out.length - at));
    const head = out.subarray(0, at);
    const tail = out.subarray(at + count);
    switch (random.below(6)) {
      case 0:
        out = bytesOf(head, (out[at] as number) ^ (1 << random.below(8)), out.subarray(at + 1));
        break;
      case 1:
        out = bytesOf(head, TELLING[random.below(TELLING.length)] as number, out.subarray(at + 1));
        break;
      case 2:
        out = bytesOf(head, tail);
        break;
      case 3:
        out = bytesOf(head, out.subarray(at, at + count), out.subarray(at));
        break;
      case 4:
        out = bytesOf(
          head,
          Array.from({ length: count }, () => random.below(256)),
          tail,
        );
        break;
      default:
        out = out.slice(0, at);
    }
  }
  return out;
}

/** The bytes with version and checksum. */
function sealed(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 10);
  out.set(bytes);
  out[bytes.length] = 10;
  const crc = new Crc64();
  crc.add(out, 0, bytes.length + 2);
  crc.writeTo(out, bytes.length + 2);
  return out;
}

function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

export function fuzzPayloads(seed: number, payloads: number): { accepted: number } {
  const random = new Random().seed(seed, 21);
  const database = new TestDatabase();
  const { keyspace } = database;
  const client = database.connect();
  const clear = (): number => {
    client.raw("DEL", "k", "copy");
    while (keyspace.disposing) keyspace.reclaim();
    return keyspace.memory.usedBytes;
  };
  client.raw("MSET", "k", "v", "copy", "v", "stays", "v");
  const empty = clear();
  let accepted = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  try {
    for (let i = 0; i < payloads; i++) {
      const { format, value } = samples[random.below(samples.length)] as (typeof samples)[number];
      const whole = bytesOf(format, value);
      bytes = sealed(mutated(random, whole));
      const reply = client.raw("RESTORE", "k", "0", bytes);
      const used = keyspace.memory.usedBytes - empty;
      assert(used <= BYTES_OF_BYTE * bytes.length + BYTES_MORE, "fuzz: memory is bounded");
      if (reply === "+OK\r\n") {
        accepted++;
        keyspace.verify();
        const dumped = client.raw("DUMP", "k");
        const dump = latin1(dumped.slice(dumped.indexOf("\n") + 1, -2));
        assert(client.raw("RESTORE", "copy", "0", dump) === "+OK\r\n", "fuzz: it goes on");
        const digest = digestOfValue(keyspace, keyspace.peek(0, KEY, 0, 1));
        const copy = keyspace.peek(0, latin1("copy"), 0, 4);
        assert(digestOfValue(keyspace, copy) === digest, "fuzz: a copy holds the same");
      } else {
        assert(reply === "-ERR Bad data format\r\n", "fuzz: what is refused is an error");
        assert(keyspace.peek(0, KEY, 0, 1) === 0, "fuzz: what is refused is not there");
      }
      assert(clear() === empty, "fuzz: nothing is left behind");
    }
    keyspace.verify();
  } catch (error) {
    console.error(`payloads fuzz: seed ${seed}, payload ${Buffer.from(bytes).toString("hex")}`);
    throw error;
  }
  return { accepted };
}

if (import.meta.main) {
  const [, , seed = "1", payloads = "20000"] = process.argv;
  console.log(fuzzPayloads(Number(seed), Number(payloads)));
}
