// Streams as RDB files and DUMP have them: the listpack of each node as it lies in memory, then the
// numbers, then the groups (encodings 15, 19, 21, 26 and 27 of Redis 5, 7.0, 7.2, 8.6 and 8.8). 26
// is written of a stream that knows of idempotent IDs, 19 of every other.
//
//   stream    nodes, each: master ID as a string of 16 bytes, listpack as a string
//             entries, last ID; from 19 on: first ID, greatest erased ID, entries added
//             groups, each:
//   group     name, last ID; from 19 on: entries read
//             pending entries, each: ID, delivered (8), deliveries
//             consumers, each: name, seen (8); from 21 on: active (8)
//                              its pending entries, each: ID
//             from 27 on: entries that are pending for nobody, each: ID
//   iids      from 26 on: seconds, most
//             producers, each: name, its iids from the oldest on, each: name, ID
//             iids added, duplicates
//
// Numbers are lengths, those of 64 bits among them; an ID among the numbers is two; a pending
// entry's ID is 16 bytes, big endian. What is written has no entry that is pending for nobody: one
// is saved as a consumer's whose name is empty, delivered at 0, which is how it is known again;
// that consumer, where the group has none, was never seen (0).
//
// What is valid: lists that StreamNodes.check() accepts, in order; as many entries as it says; no
// two groups, consumers of a group, or pending entries of a group that are alike; each pending
// entry in one consumer's list, or nobody's.

import type { PendingGroups, ValueSink, ValueSource } from "../keyspace/data-type.ts";
import type { NodeMarks } from "../structures/node-marks.ts";
import { DELIVERIES_MAX, UNKNOWN } from "../structures/stream-groups.ts";
import { compareIds, copyId, createId, Id, type StreamId } from "../structures/stream-id.ts";
import { IidLimits } from "../structures/stream-iids.ts";
import { StreamKind, type StreamRoots } from "./stream-roots.ts";

const Format = { first: 15, second: 19, third: 21, fourth: 26, fifth: 27 } as const;
const ID_BYTES = 16;
const TWO_32 = 4294967296;
const WORD_MAX = 0xffffffff;
/** Bytes that a pending entry, and a consumer, take at least. */
const PENDING_BYTES_MIN = 25;
const CONSUMER_BYTES_MIN = 10;
/** Likewise a producer, with its iid, and an iid. */
const PRODUCER_BYTES_MIN = 6;
const IID_BYTES_MIN = 4;

export class StreamForms implements PendingGroups {
  readonly formats: readonly number[] = Object.values(Format);
  readonly #streams: StreamRoots;
  readonly #disposeGroup: (group: number) => void;
  readonly #id = createId();
  readonly #last = createId();
  readonly #raw = new Uint8Array(ID_BYTES);

  /** @param disposeGroup frees a group of no stream, now or later */
  constructor(streams: StreamRoots, disposeGroup: (group: number) => void) {
    this.#streams = streams;
    this.#disposeGroup = disposeGroup;
  }

  /** The encoding in which a stream of this kind is written. */
  written(kind: number): number {
    return kind === StreamKind.idempotent ? Format.fourth : Format.second;
  }

  save(kind: number, root: number, sink: ValueSink): void {
    const streams = this.#streams;
    const { chains: nodes } = streams;
    sink.length(nodes.nodes(root));
    for (let node = nodes.firstNode(root); node !== 0; node = nodes.nextNode(node)) {
      this.saveNode(node, sink);
    }
    this.saveRest(root, sink);
    const count = this.groupCount(root);
    for (let i = 0; i < count; i++) this.#saveWholeGroup(kind, this.groupAt(root, i), sink);
    if (kind === StreamKind.idempotent) this.saveEnd(root, sink);
  }

  saveNode(node: number, sink: ValueSink): void {
    const { chains: nodes } = this.#streams;
    nodes.masterId(node, this.#id);
    sink.string(this.#rawOf(this.#id), 0, ID_BYTES);
    nodes.packed.whole(nodes.listOf(node));
    sink.string(nodes.packed.bytes, nodes.packed.start, nodes.packed.end);
  }

  /** What follows the nodes: numbers, and how many groups there are. */
  saveRest(root: number, sink: ValueSink): void {
    const streams = this.#streams;
    const id = this.#id;
    sink.length(streams.count(root));
    streams.lastId(root, id);
    saveId(id, sink);
    streams.firstId(root, id);
    saveId(id, sink);
    streams.erasedId(root, id);
    saveId(id, sink);
    sink.length(streams.added(root));
    sink.length(streams.groupCount(root));
  }

  #saveWholeGroup(kind: number, group: number, sink: ValueSink): void {
    const { groups } = this.#streams;
    const { ids } = groups;
    this.saveGroup(group, sink);
    const pending = groups.pendingOf(group);
    let more = pending !== 0 && ids.at(pending, 0);
    for (; more; more = ids.next()) this.savePending(ids.value, sink);
    const unowned = groups.unownedCount(group);
    const nameless = this.namelessOf(group);
    const isAdded = unowned > 0 && nameless === 0;
    const consumers = groups.consumerCount(group);
    sink.length(consumers + (isAdded ? 1 : 0));
    if (isAdded) {
      this.saveConsumer(kind, group, 0, sink);
      this.#saveUnowned(group, sink);
    }
    for (let i = 0; i < consumers; i++) {
      const consumer = this.consumerAt(group, i);
      this.saveConsumer(kind, group, consumer, sink);
      const tree = groups.consumersPending(consumer);
      more = tree !== 0 && ids.at(tree, 0);
      for (; more; more = ids.next()) this.savePendingId(ids.value, sink);
      if (consumer === nameless && unowned > 0) this.#saveUnowned(group, sink);
    }
  }

  #saveUnowned(group: number, sink: ValueSink): void {
    const { groups } = this.#streams;
    const { ids } = groups;
    for (let more = ids.at(groups.pendingOf(group), 0); more; more = ids.next()) {
      if (groups.consumerOf(ids.value) === 0) this.savePendingId(ids.value, sink);
    }
  }

  // A group in parts

  get marks(): NodeMarks {
    return this.#streams.groups.marks;
  }

  pendingIn(root: number): number {
    const { groups } = this.#streams;
    const tree = this.#streams.groupsOf(root);
    let count = 0;
    let more = tree !== 0 && groups.names.at(tree, 0);
    for (; more; more = groups.names.next()) count += groups.pendingCount(groups.names.value);
    return count;
  }

  groupCount(root: number): number {
    return this.#streams.groupCount(root);
  }

  groupAt(root: number, i: number): number {
    const { names } = this.#streams.groups;
    names.at(this.#streams.groupsOf(root), i);
    return names.value;
  }

  consumerCount(group: number): number {
    return this.#streams.groups.consumerCount(group);
  }

  consumerAt(group: number, i: number): number {
    const { groups } = this.#streams;
    groups.names.at(groups.consumersOf(group), i);
    return groups.names.value;
  }

  consumerOf(pending: number): number {
    return this.#streams.groups.consumerOf(pending);
  }

  unownedCount(group: number): number {
    return this.#streams.groups.unownedCount(group);
  }

  namelessOf(group: number): number {
    return this.#streams.groups.findConsumer(group, this.#raw, 0, 0);
  }

  walk(group: number, at: StreamId, budget: number, visit: (pending: number) => void): boolean {
    const { groups } = this.#streams;
    const { ids } = groups;
    const tree = groups.pendingOf(group);
    let more = tree !== 0 && ids.seekId(tree, at);
    for (let left = budget; more && left > 0; left--, more = ids.next()) visit(ids.value);
    if (more) ids.readId(ids.value, at);
    return more;
  }

  /** What stands before its pending entries, and how many they are. */
  saveGroup(group: number, sink: ValueSink): void {
    const { groups } = this.#streams;
    const { names } = groups;
    const id = this.#id;
    names.read(group);
    sink.string(names.bytes, names.start, names.end);
    groups.lastId(group, id);
    saveId(id, sink);
    const read = groups.entriesRead(group);
    if (read === UNKNOWN) sink.longLength(WORD_MAX, WORD_MAX);
    else sink.length(read);
    sink.length(groups.pendingCount(group));
  }

  /** Likewise of a consumer; 0: whoever has no name, whom the group has not. */
  saveConsumer(kind: number, group: number, consumer: number, sink: ValueSink): void {
    const { groups } = this.#streams;
    const { names } = groups;
    const hasActive = kind === StreamKind.idempotent;
    if (consumer === 0) {
      sink.string(this.#raw, 0, 0);
      sink.int64(0);
      if (hasActive) sink.int64(0);
      sink.length(groups.unownedCount(group));
      return;
    }
    names.read(consumer);
    const others = names.start === names.end;
    sink.string(names.bytes, names.start, names.end);
    sink.int64(groups.seen(consumer));
    if (hasActive) sink.int64(groups.active(consumer));
    sink.length(groups.owned(consumer) + (others ? groups.unownedCount(group) : 0));
  }

  savePending(pending: number, sink: ValueSink): void {
    const { groups } = this.#streams;
    this.savePendingId(pending, sink);
    sink.int64(groups.delivered(pending));
    const deliveries = groups.deliveries(pending);
    if (deliveries < DELIVERIES_MAX) sink.length(deliveries);
    else sink.longLength(WORD_MAX >>> 1, WORD_MAX);
  }

  savePendingId(pending: number, sink: ValueSink): void {
    this.#streams.groups.ids.readId(pending, this.#id);
    sink.raw(this.#rawOf(this.#id), 0, ID_BYTES);
  }

  disposeGroup(group: number): void {
    this.#disposeGroup(group);
  }

  // Idempotent IDs

  /** What follows the groups. REQUIRES: the stream has a register. */
  saveEnd(root: number, sink: ValueSink): void {
    const { iids } = this.#streams;
    const { producers, iids: names } = iids;
    const register = this.#streams.registerOf(root);
    sink.length(iids.seconds(register));
    sink.length(iids.most(register));
    const count = iids.producerCount(register);
    sink.length(count);
    for (let i = 0; i < count; i++) {
      const producer = iids.producerAt(register, i);
      producers.read(producer);
      sink.string(producers.bytes, producers.start, producers.end);
      sink.length(iids.iidCount(producer));
      for (let iid = iids.oldest(producer); iid !== 0; iid = iids.next(iid)) {
        names.read(iid);
        sink.string(names.bytes, names.start, names.end);
        iids.readId(iid, this.#id);
        saveId(this.#id, sink);
      }
    }
    sink.length(iids.added(register));
    sink.length(iids.duplicates(register));
  }

  // Loading

  /** A root, also where the source has failed. */
  load(format: number, source: ValueSource): number {
    const streams = this.#streams;
    const id = this.#id;
    const root = streams.create();
    this.#loadNodes(root, source);
    const entries = source.length();
    if (!source.failed && entries !== streams.count(root)) {
      source.fail("a stream has not as many entries as it says");
    }
    loadId(source, id);
    if (!source.failed && compareIds(id, this.#last) < 0) {
      source.fail("a stream has entries after its last ID");
    }
    streams.setLastId(root, id);
    if (format === Format.first) streams.setAdded(root, entries);
    else {
      loadId(source, id); // the first one's, which the entries say
      loadId(source, id);
      streams.setErasedId(root, id);
      streams.setAdded(root, source.length());
    }
    const count = source.count();
    for (let i = 0; i < count && !source.failed; i++) this.#loadGroup(root, format, source);
    if (format >= Format.fourth && !source.failed) this.#loadRegister(root, source);
    return root;
  }

  /** Redis has one for every stream: one that is as streams have it by themselves is none here. */
  #loadRegister(root: number, source: ValueSource): void {
    const { iids } = this.#streams;
    const seconds = source.length();
    const most = source.length();
    const isBeyond = seconds > IidLimits.secondsMax || most > IidLimits.mostMax;
    if (!source.failed && (isBeyond || seconds < 1 || most < 1)) {
      source.fail("idempotent IDs are not kept, or for too long");
    }
    const count = source.count(PRODUCER_BYTES_MIN);
    if (source.failed) return;
    const register = iids.create(seconds, most);
    this.#streams.attachRegister(root, register);
    for (let i = 0; i < count && !source.failed; i++) this.#loadProducer(register, source);
    iids.setAdded(register, source.length());
    iids.setDuplicates(register, source.length());
    const isUsual = seconds === IidLimits.seconds && most === IidLimits.most;
    if (!isUsual || iids.added(register) > 0 || iids.producerCount(register) > 0) return;
    this.#streams.detachRegister(root);
    iids.memory.free(register);
  }

  /** A producer without iids is passed over; of too many iids, the newest count. */
  #loadProducer(register: number, source: ValueSource): void {
    const { iids } = this.#streams;
    const id = this.#id;
    source.string();
    const { bytes, start, end } = source;
    if (source.failed) return;
    if (iids.findProducer(register, bytes, start, end) !== 0) {
      source.fail("a producer of idempotent IDs is there twice");
      return;
    }
    const producer = iids.producers.createBlock(bytes, start, end);
    const count = source.count(IID_BYTES_MIN);
    for (let i = 0; i < count && !source.failed; i++) {
      source.string();
      if (source.failed) break;
      if (iids.findIid(producer, source.bytes, source.start, source.end) !== 0) {
        source.fail("a producer has an idempotent ID twice");
        break;
      }
      const iid = iids.createIid(source.bytes, source.start, source.end, id);
      iids.attachIid(producer, iid);
      loadId(source, id);
      iids.setId(iid, id);
      if (iids.iidCount(producer) <= iids.most(register)) continue;
      const oldest = iids.oldest(producer);
      iids.detachIid(producer, oldest);
      iids.memory.free(oldest);
    }
    if (iids.iidCount(producer) > 0) iids.attachProducer(register, producer);
    else iids.memory.free(producer);
  }

  #loadNodes(root: number, source: ValueSource): void {
    const { chains: nodes } = this.#streams;
    const id = this.#id;
    this.#last.fill(0);
    const count = source.count(2);
    for (let i = 0; i < count && !source.failed; i++) {
      source.string();
      if (!this.#readRaw(source, id)) return;
      source.string();
      const { bytes, start, end } = source;
      if (source.failed) return;
      const isAfter = i === 0 || compareIds(id, this.#last) > 0;
      if (!isAfter || !nodes.check(bytes, start, end, id, this.#last)) {
        source.fail("the listpack of a stream is not sound");
        return;
      }
      copyId(nodes.checkedLast, this.#last);
      nodes.attach(root, nodes.createNode(id, nodes.packed.fromListpack(bytes, start, end)));
    }
  }

  #loadGroup(root: number, format: number, source: ValueSource): void {
    const streams = this.#streams;
    const { groups } = streams;
    const id = this.#id;
    source.string();
    const { bytes, start, end } = source;
    if (source.failed) return;
    if (streams.findGroup(root, bytes, start, end) !== 0) {
      source.fail("a stream has a group twice");
      return;
    }
    const group = groups.createGroup(bytes, start, end, id, UNKNOWN);
    streams.attachGroup(root, group);
    loadId(source, id);
    groups.setLastId(group, id);
    if (format === Format.first) groups.setEntriesRead(group, streams.addedUpTo(root, id));
    else {
      source.longLength();
      const isKnown = (source.high | 0) >= 0;
      const read = (source.high >>> 0) * TWO_32 + (source.low >>> 0);
      groups.setEntriesRead(group, isKnown ? read : UNKNOWN);
    }
    this.#loadPending(group, source);
    const consumers = source.count(CONSUMER_BYTES_MIN);
    let left = groups.pendingOf(group) === 0 ? 0 : groups.ids.count(groups.pendingOf(group));
    for (let i = 0; i < consumers && !source.failed; i++) {
      left -= this.#loadConsumer(group, format, source);
    }
    if (format >= Format.fifth && !source.failed) left -= this.#loadUnowned(group, source);
    if (!source.failed && left !== 0) source.fail("an entry is pending for no consumer");
  }

  /** Pending entries have no consumer yet. */
  #loadPending(group: number, source: ValueSource): void {
    const { groups } = this.#streams;
    const id = this.#id;
    const count = source.count(PENDING_BYTES_MIN);
    for (let i = 0; i < count && !source.failed; i++) {
      source.raw(ID_BYTES);
      if (!this.#readRaw(source, id)) return;
      if (groups.findPending(group, id) !== 0) {
        source.fail("an entry is pending twice");
        return;
      }
      const delivered = source.int64();
      source.longLength();
      const exact = (source.high >>> 0) * TWO_32 + (source.low >>> 0);
      const deliveries = exact <= Number.MAX_SAFE_INTEGER ? exact : DELIVERIES_MAX;
      groups.attachPending(group, groups.createPending(0, id, delivered, deliveries));
    }
  }

  /** How many entries are pending for the consumer. */
  #loadConsumer(group: number, format: number, source: ValueSource): number {
    const { groups } = this.#streams;
    const id = this.#id;
    source.string();
    const { bytes, start, end } = source;
    if (source.failed) return 0;
    if (groups.findConsumer(group, bytes, start, end) !== 0) {
      source.fail("a group has a consumer twice");
      return 0;
    }
    const consumer = groups.createConsumer(bytes, start, end, 0);
    groups.attachConsumer(group, consumer);
    const seen = source.int64();
    groups.setSeen(consumer, seen);
    groups.setActive(consumer, format >= Format.third ? source.int64() : seen);
    const isNameless = start === end;
    const count = source.count(ID_BYTES);
    for (let i = 0; i < count && !source.failed; i++) {
      source.raw(ID_BYTES);
      if (!this.#readRaw(source, id)) return 0;
      const pending = groups.findPending(group, id);
      if (pending === 0 || groups.consumerOf(pending) !== 0) {
        source.fail("an entry of a consumer is not pending, or for another");
        return 0;
      }
      if (!isNameless || groups.delivered(pending) !== 0) groups.setConsumer(pending, consumer);
    }
    if (isNameless && seen === 0 && count > 0 && groups.owned(consumer) === 0) {
      groups.detachConsumer(group, consumer);
      groups.memory.free(consumer);
    }
    return count;
  }

  /** How many entries are pending for nobody. */
  #loadUnowned(group: number, source: ValueSource): number {
    const { groups } = this.#streams;
    const id = this.#id;
    const count = source.count(ID_BYTES);
    for (let i = 0; i < count && !source.failed; i++) {
      source.raw(ID_BYTES);
      if (!this.#readRaw(source, id)) return 0;
      const pending = groups.findPending(group, id);
      if (pending === 0 || groups.consumerOf(pending) !== 0) {
        source.fail("an entry of nobody is not pending, or for somebody");
        return 0;
      }
      groups.setDelivered(group, pending, 0);
    }
    return count;
  }

  /** Reads an ID of 16 bytes that the source describes. */
  #readRaw(source: ValueSource, id: StreamId): boolean {
    const { bytes, start, end } = source;
    if (source.failed) return false;
    if (end - start !== ID_BYTES) {
      source.fail("an ID of a stream has not its 16 bytes");
      return false;
    }
    for (let i = 0; i < Id.words; i++) {
      const at = start + 4 * i;
      id[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    return true;
  }

  #rawOf(id: StreamId): Uint8Array {
    const raw = this.#raw;
    for (let i = 0; i < ID_BYTES; i++) raw[i] = id[i >> 2] >>> (8 * (3 - (i & 3)));
    return raw;
  }
}

function saveId(id: StreamId, sink: ValueSink): void {
  sink.longLength(id[Id.msHigh], id[Id.msLow]);
  sink.longLength(id[Id.seqHigh], id[Id.seqLow]);
}

function loadId(source: ValueSource, id: StreamId): void {
  source.longLength();
  id[Id.msHigh] = source.high;
  id[Id.msLow] = source.low;
  source.longLength();
  id[Id.seqHigh] = source.high;
  id[Id.seqLow] = source.low;
}
