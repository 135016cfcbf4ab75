// What a stream knows of idempotent IDs, as a naive model has it, and random changes of both.

import { assert } from "../base/assert.ts";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import type { Random } from "../base/random.ts";
import { compareIds, createId, type StreamId } from "../structures/stream-id.ts";
import { IidLimits } from "../structures/stream-iids.ts";
import type { Streams } from "./streams.ts";

interface Iid {
  readonly name: string;
  readonly id: StreamId;
}

/** A register: its iids by producer, in the order in which they came. */
interface Register {
  seconds: number;
  most: number;
  readonly producers: Map<string, Iid[]>;
  added: number;
  duplicates: number;
}

const timeOf = (id: StreamId): number => id[0] * 2 ** 32 + id[1];

export class IidModel {
  #register: Register | null = null;
  /** Whose turn it is; a rollback does not set it back. */
  #turn = 0;
  readonly #streams: Streams;
  readonly #entry: number;
  readonly #random: Random;

  constructor(streams: Streams, entry: number, random: Random) {
    this.#streams = streams;
    this.#entry = entry;
    this.#random = random;
  }

  /** How it is now, for setBack(). */
  taken(): Register | null {
    const register = this.#register;
    if (register === null) return null;
    const producers = new Map<string, Iid[]>();
    for (const [name, iids] of register.producers) producers.set(name, [...iids]);
    return { ...register, producers };
  }

  setBack(register: Register | null): void {
    this.#register = register;
  }

  /** The stream is a copy of what it was. */
  copied(): void {
    this.#turn = 0;
  }

  /** One change; `append` appends an entry, of which it returns the ID, which is after `last`. */
  change(last: StreamId, append: () => StreamId): void {
    const { iidChanges } = this.#streams;
    const random = this.#random;
    const way = random.below(20);
    if (way === 0) return this.#configure();
    const register = this.#register;
    if (way === 1) {
      iidChanges.countDuplicate(this.#entry);
      if (register !== null) register.duplicates++;
      return;
    }
    const producer = `p${random.below(4)}`;
    const name = `${random.below(40)}`;
    const now = timeOf(last) + random.below(3000);
    const isKnown = way < 5 ? this.#makeWay(producer, name, now) : this.#ask(producer, name, now);
    if (isKnown) return;
    const id = append();
    this.#call(producer, name, (pid, pidEnd, iid, iidEnd) =>
      iidChanges.add(this.#entry, pid, 0, pidEnd, iid, 0, iidEnd, id, 2, 10),
    );
    this.#add(producer, { name, id });
  }

  #configure(): void {
    const seconds = 1 + this.#random.below(3);
    const most = 1 + this.#random.below(20);
    this.#streams.iidChanges.configure(this.#entry, seconds, most);
    const register = this.#opened(seconds, most);
    if (register.seconds === seconds && register.most === most) return;
    register.seconds = seconds;
    register.most = most;
    register.producers.clear();
  }

  #opened(seconds: number, most: number): Register {
    if (this.#register === null) {
      this.#turn = 0;
      this.#register = { seconds, most, producers: new Map(), added: 0, duplicates: 0 };
    }
    return this.#register;
  }

  #add(producer: string, iid: Iid): void {
    const register = this.#opened(2, 10);
    const iids = register.producers.get(producer) ?? [];
    register.producers.set(producer, iids);
    iids.push(iid);
    register.added++;
    if (iids.length > register.most) this.#forget(producer, 1);
  }

  #forget(producer: string, count: number): void {
    const iids = this.#register?.producers.get(producer);
    iids?.splice(0, count);
    if (iids?.length === 0) this.#register?.producers.delete(producer);
  }

  /** What is past of a producer goes: all up to the first that is not. */
  #forgetPast(producer: string, now: number): void {
    const { producers, seconds } = this.#register as Register;
    const iids = producers.get(producer) ?? [];
    const kept = iids.findIndex(({ id }) => timeOf(id) > now - 1000 * seconds);
    this.#forget(producer, kept < 0 ? iids.length : kept);
  }

  /** Likewise of the producer whose turn it is. */
  #forgetInTurn(now: number): void {
    const { producers } = this.#register as Register;
    const names = [...producers.keys()].sort();
    this.#forgetPast(names[this.#turn++ % names.length] as string, now);
  }

  #makeWay(producer: string, name: string, now: number): false {
    this.#call(producer, name, (pid, pidEnd, iid, iidEnd) =>
      this.#streams.iidChanges.makeWay(this.#entry, pid, 0, pidEnd, iid, 0, iidEnd, now),
    );
    const register = this.#register;
    if (register === null) return false;
    const found = register.producers.get(producer)?.findIndex((one) => one.name === name) ?? -1;
    this.#forget(producer, found + 1);
    if (register.producers.size > 0) this.#forgetInTurn(now);
    return false;
  }

  #ask(producer: string, name: string, now: number): boolean {
    const id = createId();
    const isKnown = this.#call(producer, name, (pid, pidEnd, iid, iidEnd) => {
      const { iidChanges } = this.#streams;
      return iidChanges.isDuplicate(this.#entry, pid, 0, pidEnd, iid, 0, iidEnd, now, id);
    });
    const register = this.#register;
    if (register !== null && register.producers.size > 0) {
      this.#forgetInTurn(now);
      this.#forgetPast(producer, now);
    }
    const known = register?.producers.get(producer)?.find((one) => one.name === name);
    assert(isKnown === (known !== undefined), "fuzz: whether an iid is known");
    if (register === null || known === undefined) return false;
    assert(compareIds(id, known.id) === 0, "fuzz: the ID of an iid");
    register.duplicates++;
    return true;
  }

  #call<T>(
    producer: string,
    name: string,
    action: (pid: Uint8Array, pidEnd: number, iid: Uint8Array, iidEnd: number) => T,
  ): T {
    const [pid, iid] = [utf8Bytes(producer), utf8Bytes(name)];
    return action(pid, pid.length, iid, iid.length);
  }

  compare(): void {
    const streams = this.#streams;
    const { iids } = streams;
    const register = streams.registerOf(streams.records.pointer(this.#entry));
    const wanted = this.#register;
    assert((register === 0) === (wanted === null), "fuzz: whether there is a register");
    if (wanted === null) return;
    assert(iids.seconds(register) === wanted.seconds, "fuzz: for how long iids are kept");
    assert(iids.most(register) === wanted.most, "fuzz: how many iids are kept");
    assert(wanted.most <= IidLimits.mostMax, "fuzz: limits are within their range");
    assert(iids.added(register) === wanted.added, "fuzz: iids added");
    assert(iids.duplicates(register) === wanted.duplicates, "fuzz: duplicates");
    const names = [...wanted.producers.keys()].sort();
    assert(iids.producerCount(register) === names.length, "fuzz: the number of producers");
    const found = createId();
    names.forEach((producer, i) => {
      const block = iids.producerAt(register, i);
      assert(nameOf(iids.producers, block) === producer, "fuzz: a producer");
      let iid = iids.oldest(block);
      for (const { name, id } of wanted.producers.get(producer) ?? []) {
        assert(iid !== 0 && nameOf(iids.iids, iid) === name, "fuzz: an iid");
        iids.readId(iid, found);
        assert(compareIds(found, id) === 0, "fuzz: whose iid it is");
        iid = iids.next(iid);
      }
      assert(iid === 0, "fuzz: no other iid");
    });
  }
}

interface Names {
  read(block: number): void;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function nameOf(names: Names, block: number): string {
  names.read(block);
  return latin1Text(names.bytes, names.start, names.end);
}
