// The reader of a whole RDB file: goes from key to key, keeps what the parts before a key say of
// it, and leaves the value to whoever loads or skips it. Memory is bounded by the input's window
// and the longest key.

import { copyBytes, latin1Text, utf8Text } from "../../base/bytes.ts";
import type { RdbInput } from "../../codec/rdb-input.ts";
import { HASH_OF_VALKEY, NUMBER_OF_VALKEYS_HASH } from "../../codec/rdb-versions.ts";
import { Opcode, SIGNATURE_BYTES, VERSION_SUM, versionOf } from "./rdb-format.ts";
import { frameOf, moduleName, skipParts, skipValue, type ValueFrame } from "./value-frames.ts";

/** Notes that are kept, and bytes of each. */
const NOTES_MAX = 64;
const NOTE_BYTES_MAX = 1024;
const MODULES_MAX = 64;
/** Stands for what no part has said of a key. */
export const UNSAID = -1;

/** Parts that are passed over, since there is nothing here that they are for. */
export interface PassedOver {
  /** Libraries of functions. */
  functions: number;
  /** The names of modules whose data was there that belongs to no key. */
  readonly modules: Set<string>;
  /** Keys with data of modules about them. */
  keysWithMetadata: number;
}

export class RdbReader {
  readonly input: RdbInput;
  version = 0;
  isValkey = false;
  /** Whether the file has a checksum that was looked at; known at its end. */
  hasSum = false;
  /** The notes, "redis-ver" and so on. */
  readonly notes: Map<string, string> = new Map();
  /** Is given the code of each library of functions; null: they are passed over. */
  onLibrary: ((code: string) => void) | null = null;
  readonly passedOver: PassedOver = { functions: 0, modules: new Set(), keysWithMetadata: 0 };

  // Of the key that next() has come to:

  db = 0;
  /** The number of its value's type. */
  format = 0;
  key: Uint8Array = new Uint8Array(256);
  keyLength = 0;
  /** Milliseconds since 1970, or UNSAID. */
  deadline: number = UNSAID;
  /** Seconds since its last use, or UNSAID. */
  idle: number = UNSAID;
  /** Its counter of uses under an LFU policy, or UNSAID. */
  frequency: number = UNSAID;
  /** Where the parts about it begin in the file. */
  offset = 0;
  /** How many keys of the database follow, where the file says it just before; else UNSAID. */
  keysAhead: number = UNSAID;

  constructor(input: RdbInput) {
    this.input = input;
  }

  /** Reads the signature; false where it is none. */
  begin(): boolean {
    const { input } = this;
    if (!input.has(SIGNATURE_BYTES)) return false;
    input.raw(SIGNATURE_BYTES);
    const version = versionOf(input.bytes, input.start);
    this.version = Math.abs(version);
    this.isValkey = version < 0;
    return version !== 0;
  }

  /** Goes to the next key; false behind the last, when the sum has been checked. */
  next(): boolean {
    const { input } = this;
    this.deadline = UNSAID;
    this.idle = UNSAID;
    this.frequency = UNSAID;
    this.keysAhead = UNSAID;
    this.offset = input.position;
    for (;;) {
      const opcode = input.byte();
      if (opcode < Opcode.meta && opcode !== Opcode.memoryClock) {
        this.format = opcode;
        this.#readKey();
        return true;
      }
      if (opcode === Opcode.end) {
        if (this.version >= VERSION_SUM) this.#checkSum();
        return false;
      }
      this.#readPart(opcode);
    }
  }

  /** The type of the value, as far as it is known at all. */
  get frame(): ValueFrame | undefined {
    return frameOf(this.format, this.isValkey);
  }

  /** The number by which a data type loads the value. */
  get loadedFormat(): number {
    const isOther = this.isValkey && this.format === NUMBER_OF_VALKEYS_HASH;
    return isOther ? HASH_OF_VALKEY : this.format;
  }

  /** Passes over the value; returns its type's name, a module's with the module's. */
  skipValue({ name, frame }: ValueFrame): string {
    let module = "";
    skipValue(this.input, frame, (of) => {
      module = ` ${of}`;
    });
    return name + module;
  }

  #readKey(): void {
    const { input } = this;
    input.string();
    const { bytes, start, end } = input;
    const length = end - start;
    if (length > this.key.length) this.key = new Uint8Array(Math.max(length, 2 * this.key.length));
    this.keyLength = copyBytes(bytes, start, end, this.key, 0);
  }

  /** The sum is over all before it; one of 0 says that none was computed. */
  #checkSum(): void {
    const { input } = this;
    input.sumUp();
    const { high, low } = input.crc;
    const storedLow = input.int32();
    const storedHigh = input.int32();
    this.hasSum = (storedLow | storedHigh) !== 0;
    if (!this.hasSum || (storedLow === low && storedHigh === high)) return;
    input.fail("the file does not agree with its checksum");
  }

  #readPart(opcode: number): void {
    const { input } = this;
    switch (opcode) {
      case Opcode.untilMs:
        this.deadline = input.int64();
        return;
      case Opcode.untilSeconds:
        this.deadline = input.int32() * 1000;
        return;
      case Opcode.idle:
        this.idle = input.length();
        return;
      case Opcode.frequency:
        this.frequency = input.byte();
        return;
      case Opcode.select:
        this.db = input.length();
        return;
      case Opcode.resize:
        this.keysAhead = input.length();
        input.length();
        return;
      case Opcode.memoryClock:
        input.length();
        return;
      case Opcode.slot:
        for (let i = 0; i < 3; i++) input.length();
        return;
      case Opcode.aux:
        this.#readNote();
        return;
      case Opcode.function:
        this.#readLibrary();
        return;
      case Opcode.functionOld:
        this.#skipOldFunction();
        return;
      case Opcode.moduleAux:
        this.#skipModuleData();
        return;
      default:
        if (this.isValkey) this.#skipMovingSlots();
        else this.#skipMetadata();
    }
  }

  #readLibrary(): void {
    const { input, onLibrary } = this;
    if (onLibrary === null) {
      input.skipString();
      this.passedOver.functions++;
      return;
    }
    input.string();
    if (!input.failed) onLibrary(latin1Text(input.bytes, input.start, input.end));
  }

  #readNote(): void {
    const name = this.#text();
    const value = this.#text();
    if (this.notes.size < NOTES_MAX) this.notes.set(name, value);
  }

  #text(): string {
    const { input } = this;
    input.string();
    return utf8Text(input.bytes, input.start, Math.min(input.end, input.start + NOTE_BYTES_MAX));
  }

  /** Name, engine, whether there is a description, that, and the code. */
  #skipOldFunction(): void {
    const { input } = this;
    input.skipString();
    input.skipString();
    if (input.length() !== 0) input.skipString();
    input.skipString();
    this.passedOver.functions++;
  }

  #skipModuleData(): void {
    const { input } = this;
    input.length();
    const name = moduleName(input.high, input.low);
    input.length();
    input.length();
    skipParts(input);
    if (this.passedOver.modules.size < MODULES_MAX) this.passedOver.modules.add(name);
  }

  #skipMetadata(): void {
    const { input } = this;
    for (let left = input.count(5); left > 0; left--) {
      input.skip(4);
      skipParts(input);
    }
    this.passedOver.keysWithMetadata++;
  }

  #skipMovingSlots(): void {
    const { input } = this;
    input.skipString();
    for (let left = input.count(2); left > 0; left--) {
      input.length();
      input.length();
    }
  }
}
