// One log that several threads write: here two of them by turns on one simulated disk, so that
// each step of one can come between any two of the other. Real threads: ../../threads/log.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { File, PlatformError } from "../../platform/platform.ts";
import { append, codeOf, Disk, INCREMENT, openOn, writes } from "../test-support.ts";
import { type FsyncPolicy, Log, type Membership, type SharedLog } from "./log.ts";
import type { OpenedIncrement } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";

/** Who waits for a sync looks around so often; shorter waits are for who may share it. */
const LONG_WAIT_MS = 20;

/** What a thread that would wait for ever throws instead. */
class WouldWait extends Error {}

/** What a thread that dies throws. */
class Death extends Error {}

class SharedDisk extends Disk {
  /** Happens during the next sync that its caller waits for, and after it. */
  duringSync: (() => void) | undefined;
  afterSync: (() => void) | undefined;
  override readonly open = super.open;
  closed = 0;

  override sync(file: File): PlatformError | undefined {
    const during = this.duringSync;
    this.duringSync = undefined;
    during?.();
    const error = super.sync(file);
    const after = this.afterSync;
    this.afterSync = undefined;
    after?.();
    return error;
  }

  override close(file: File): void {
    this.closed++;
    super.close(file);
  }
}

/** Threads that share a log, as they see each other. */
class Team {
  readonly disk: SharedDisk;
  readonly owner: Log;
  readonly files: LogFiles;
  readonly shared: SharedLog;
  readonly dead = new Set<number>();
  readonly woken: number[] = [];
  readonly #deaths = new Map<number, () => void>();
  onWait: () => void = () => {
    throw new WouldWait();
  };
  /** A short wait for those who may come, which ends by itself. */
  onGather: () => void = () => {};
  #holder = 0;

  constructor(policy: FsyncPolicy, disk = new SharedDisk()) {
    this.disk = disk;
    ({ log: this.owner, files: this.files } = openOn(disk, policy));
    const membership = this.#membership(1);
    this.shared = locked(membership, () => this.owner.share(membership));
  }

  attach(member: number): Log {
    const membership = this.#membership(member);
    const platform = this.#platformOf(member);
    return locked(membership, () => Log.attach(platform, this.shared, membership));
  }

  /** The disk as a thread has it: one that is dead hears of no sync's end. */
  #platformOf(member: number): SharedDisk {
    const { disk } = this;
    let isGone = false;
    this.#deaths.set(member, () => {
      isGone = true;
    });
    return new Proxy(disk, {
      get: (target, name) => {
        if (name === "syncLater") {
          return (file: File, done: (error: PlatformError | undefined) => void) =>
            target.syncLater(file, (error) => {
              if (!isGone) done(error);
            });
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  /** The thread has ended, wherever it was. */
  die(member: number): void {
    this.dead.add(member);
    this.#deaths.get(member)?.();
  }

  /** Does something under the lock, as a member's call does. */
  inside<T>(member: number, work: () => T): T {
    return locked(this.#memberships[member] as Membership, work);
  }

  /** The owner cuts the log, if that can be done now. */
  cut(): boolean {
    const base = this.files.newBase("rdb");
    let next: OpenedIncrement | undefined;
    let isOver = false;
    this.files.prepareIncrement(base, (_error, increment) => {
      next = increment;
      isOver = true;
    });
    for (let i = 0; i < 100 && !isOver; i++) this.disk.advance(3);
    if (next === undefined) return false;
    const bytes = this.owner.sizeBytes;
    const isCut = this.inside(1, () => this.owner.cut(next as OpenedIncrement));
    if (isCut) this.files.noteCut(bytes);
    return isCut;
  }

  readonly #memberships: Membership[] = [];

  #membership(member: number): Membership {
    let depth = 0;
    const enter = (): void => {
      if (depth++ > 0) return;
      assert.equal(this.#holder, 0, "a member enters while another is inside");
      this.#holder = member;
    };
    const leave = (): void => {
      if (--depth === 0) this.#holder = 0;
    };
    const lock = {
      enter,
      leave,
      get held(): boolean {
        return depth > 0;
      },
    };
    const membership = {
      member,
      lock,
      isAlive: (other: number) => !this.dead.has(other),
      wake: (other: number) => void this.woken.push(other),
      wait: (_cells: Int32Array, _index: number, _value: number, timeoutMs: number) =>
        timeoutMs < LONG_WAIT_MS ? this.onGather() : this.onWait(),
    };
    this.#memberships[member] = membership;
    return membership;
  }
}

function locked<T>({ lock }: Membership, work: () => T): T {
  lock.enter();
  try {
    return work();
  } finally {
    lock.leave();
  }
}

/** Appends a record and returns its ticket. */
function put(team: Team, member: number, log: Log, key: string, value = "1"): number {
  return team.inside(member, () => {
    log.selectDatabase(0);
    append(log, "SET", key, value);
    return log.commitTicket();
  });
}

function recordsOn(disk: Disk): string[] {
  return writes(openOn(copyOf(disk)).commands);
}

function copyOf(disk: Disk): Disk {
  const copy = new Disk();
  for (const path of disk.list("/data/appendonlydir")) {
    copy.putFile(`/data/appendonlydir/${path}`, disk.bytesOf(`/data/appendonlydir/${path}`));
  }
  return copy;
}

test("what two threads append is one log: its batches, its database in force, its bytes", () => {
  for (const policy of ["always", "everysec", "no"] as const) {
    const team = new Team(policy);
    const guest = team.attach(2);
    const expected: string[] = [];
    let last = 0;
    for (let i = 0; i < 40; i++) {
      const [member, log] = i % 3 === 0 ? [1, team.owner] : [2, guest];
      const value = "v".repeat(i % 7 === 0 ? 700_000 * (i % 4) : i);
      const ticket = put(team, member as number, log as Log, `k${i}`, value);
      expected.push(`SET k${i} ${value}`);
      assert.equal(ticket, ++last);
      assert.equal((log as Log).waitSynced(ticket), true);
      assert.equal(guest.acknowledgedThrough, last);
      assert.equal(team.owner.sizeBytes, guest.sizeBytes);
    }
    guest.close();
    team.owner.close();
    const { commands, recovery } = openOn(team.disk);
    assert.deepEqual(writes(commands), expected);
    assert.equal(commands.filter((text) => text.startsWith("select")).length, 1);
    assert.equal(recovery.torn, undefined);
  }
});

test("what waits in memory when a log becomes shared is written, whatever its size", () => {
  for (const bytes of [0, 10, 70_000, 3_000_000, 90_000_000]) {
    const disk = new SharedDisk();
    const { log } = openOn(disk, "everysec");
    if (bytes > 0) append(log, "SET", "a", "v".repeat(bytes));
    if (bytes === 10) log.commit();
    let depth = 0;
    const lock = { enter: () => void depth++, leave: () => void depth--, held: true };
    const shared = log.share({
      member: 1,
      lock,
      isAlive: () => true,
      wake: () => {},
      wait: () => {},
    });
    assert.equal(log.share({} as Membership), shared, "it is shared once");
    append(log, "SET", "b", "1");
    log.close();
    const expected = bytes > 0 ? [`SET a ${"v".repeat(bytes)}`, "SET b 1"] : ["SET b 1"];
    assert.deepEqual(writes(openOn(disk).commands), expected);
  }
});

test("always: who comes while another syncs shares the next sync with all who have come", () => {
  const team = new Team("always");
  const { disk, owner } = team;
  const guests = [2, 3, 4].map((member) => team.attach(member));
  const ticket = put(team, 1, owner, "a");
  const before = disk.syncs;
  const tickets: number[] = [];
  disk.duringSync = () => {
    guests.forEach((guest, i) => {
      tickets.push(put(team, i + 2, guest, `g${i}`));
      assert.throws(() => guest.waitSynced(tickets[i]), WouldWait);
    });
  };
  assert.equal(owner.waitSynced(ticket), true);
  assert.equal(owner.acknowledgedThrough, ticket);
  team.onWait = () => {};
  assert.equal(guests[1].waitSynced(tickets[1]), true);
  for (const [i, guest] of guests.entries()) assert.equal(guest.waitSynced(tickets[i]), true);
  assert.equal(disk.syncs - before, 2);
});

test("always: the first who comes waits for those who were just served, for a while", () => {
  const team = new Team("always");
  const { disk, owner } = team;
  const guest = team.attach(2);
  let waits = 0;
  team.onGather = () => waits++;
  disk.duringSync = () => put(team, 2, guest, "b");
  owner.waitSynced(put(team, 1, owner, "a"));
  assert.equal(owner.waitSynced(put(team, 1, owner, "c")), true);
  assert.equal(waits, 0, "all who are expected are there");
  const before = disk.syncs;
  assert.equal(owner.waitSynced(put(team, 1, owner, "d")), true);
  assert.equal(waits, 1, "the guest may come again");
  disk.duringSync = () => put(team, 2, guest, "e");
  for (const key of ["f", "g", "h"]) owner.waitSynced(put(team, 1, owner, key));
  assert.equal(waits, 1, "it did not come last time: the next syncs begin at once");
  assert.equal(disk.syncs - before, 4);
});

test("a sync that fails is a failure for all who share it, and heals for all", () => {
  const team = new Team("always");
  const { disk, owner } = team;
  const guest = team.attach(2);
  const first = put(team, 1, owner, "a");
  const second = put(team, 2, guest, "b");
  disk.failingSyncs = 1;
  assert.equal(guest.waitSynced(second), false);
  assert.equal(owner.waitSynced(first), false);
  assert.match(owner.failure ?? "", /EIO/);
  assert.equal(owner.failure, guest.failure);
  assert.deepEqual(team.woken, [1], "the owner's timer is to try again");
  owner.noteProgress();
  disk.advance(300);
  assert.equal(guest.failure, null);
  assert.equal(guest.acknowledgedThrough, 2);
  assert.equal(owner.waitSynced(first) && guest.waitSynced(second), true);
  disk.losePower();
  assert.deepEqual(writes(openOn(disk).commands), ["SET a 1", "SET b 1"]);
});

test("a guest whose call is to write tries again by itself", () => {
  for (const policy of ["always", "everysec", "no"] as const) {
    const team = new Team(policy);
    const guest = team.attach(2);
    const text = `${INCREMENT}: ${"é".repeat(2000)}`;
    team.disk.failWrite(1, "ENOSPC");
    assert.equal(team.owner.waitSynced(put(team, 1, team.owner, "a")), false);
    assert.match(guest.failure ?? "", /ENOSPC/);
    assert.equal(guest.retry(), true);
    assert.equal(team.owner.failure, null);
    assert.equal(team.owner.acknowledgedThrough, 1);
    assert.ok(text.length > 2000);
  }
});

for (const fate of ["syncs", "fails"] as const) {
  test(`a thread that dies while its sync ${fate} holds up nobody, and loses nothing`, () => {
    const team = new Team("always");
    const { disk, owner } = team;
    const guest = team.attach(2);
    assert.equal(owner.waitSynced(put(team, 1, owner, "a")), true);
    const lost = put(team, 2, guest, "b");
    const ticket = put(team, 1, owner, "c");
    disk.afterSync = () => {
      throw new Death();
    };
    if (fate === "fails") disk.failingSyncs = 1;
    assert.throws(() => guest.waitSynced(lost), Death);
    assert.equal(owner.acknowledgedThrough, 1);
    assert.equal(owner.isSyncing, true);
    assert.throws(() => owner.waitSynced(ticket), WouldWait, "as long as it lives");
    team.dead.add(2);
    disk.advance(100);
    assert.equal(owner.waitSynced(ticket), true);
    assert.equal(owner.acknowledgedThrough, 3);
    assert.equal(owner.isSyncing, false);
    disk.losePower();
    assert.deepEqual(writes(openOn(disk).commands), ["SET a 1", "SET b 1", "SET c 1"]);
  });
}

test("a thread that dies between its record and its sync leaves it to the others", () => {
  const team = new Team("always");
  const guest = team.attach(2);
  put(team, 2, guest, "a");
  team.dead.add(2);
  team.onWait = () => {};
  assert.equal(team.owner.waitSynced(put(team, 1, team.owner, "b")), true);
  team.owner.close();
  assert.deepEqual(writes(openOn(team.disk).commands), ["SET a 1", "SET b 1"]);
});

test("a sync in the background whose thread does not come to its event loop is overtaken", () => {
  for (const policy of ["always", "everysec"] as const) {
    const team = new Team(policy);
    const { disk, owner } = team;
    const guest = team.attach(2);
    const held: (() => void)[] = [];
    disk.heldSyncs = held;
    disk.advance(1500);
    team.inside(1, () => {
      append(owner, "SET", "a", "1");
      owner.commit();
    });
    assert.equal(held.length, 1);
    const ticket = put(team, 2, guest, "b");
    if (policy === "everysec") {
      assert.equal(guest.waitSynced(ticket), true, "it is written");
      assert.equal(guest.syncedThrough, 0);
      disk.advance(2100);
      assert.equal(guest.waitSynced(put(team, 2, guest, "c")), true);
      assert.equal(guest.syncedThrough, 3, "the limit of two seconds");
      assert.equal(owner.delayedSyncs, 1);
    } else {
      assert.throws(() => guest.waitSynced(ticket), WouldWait);
      disk.advance(20);
      assert.equal(guest.waitSynced(ticket), true);
    }
    disk.failingSyncs = 1; // the one in the background, now disregarded
    for (const end of held) end();
    disk.advance(10);
    assert.equal(owner.failure, null);
    assert.equal(owner.isSyncing, false);
    disk.losePower();
    assert.equal(writes(openOn(disk).commands).length, policy === "always" ? 2 : 3);
  }
});

test("everysec: what a guest writes is synced within a second, by whoever comes to it", () => {
  const team = new Team("everysec");
  const { disk, owner } = team;
  const guest = team.attach(2);
  const ticket = put(team, 2, guest, "a");
  assert.equal(guest.waitSynced(ticket), true);
  assert.equal(owner.syncedThrough, 0);
  disk.advance(1010);
  assert.equal(owner.syncedThrough, 1);
  const before = disk.syncs;
  disk.advance(5000);
  assert.equal(disk.syncs, before, "an idle log is not synced again");
  guest.waitSynced(put(team, 2, guest, "b"));
  assert.equal(disk.syncs, before + 1, "the last sync is older than a second");
});

test("an event loop that holds replies is woken when another thread has synced them", () => {
  const team = new Team("always");
  const { disk, owner } = team;
  const guest = team.attach(2);
  disk.syncTakesMs = 5; // so that commits do not wait
  owner.waitSynced(put(team, 1, owner, "a"));
  owner.waitSynced(put(team, 1, owner, "b"));
  const told: number[] = [];
  guest.onProgress = () => told.push(guest.acknowledgedThrough);
  disk.duringSync = () => {
    put(team, 2, guest, "c");
    guest.commit();
  };
  owner.waitSynced(put(team, 1, owner, "d"));
  assert.deepEqual(team.woken, [2]);
  guest.noteProgress();
  assert.deepEqual(told, [3]);
  disk.advance(20);
  assert.equal(guest.acknowledgedThrough, 4, "it syncs what the other left");
  assert.deepEqual(told, [3, 4]);
});

test("a change of policy is one for all", () => {
  const team = new Team("everysec");
  const guest = team.attach(2);
  const ticket = put(team, 1, team.owner, "a");
  guest.setPolicy("always");
  assert.equal(team.owner.policy, "always");
  assert.equal(team.owner.acknowledgedThrough, ticket);
  assert.equal(team.owner.syncedThrough, ticket);
  const waiting = put(team, 1, team.owner, "b");
  guest.setPolicy("no");
  assert.equal(team.owner.waitSynced(waiting), true);
  assert.equal(team.owner.syncedThrough, ticket);
  assert.equal(guest.syncAll(), true);
  assert.equal(team.owner.syncedThrough, waiting);
});

test("the last one closes the log, whoever that is", () => {
  for (const first of [1, 2]) {
    for (const policy of ["always", "everysec", "no"] as const) {
      const team = new Team(policy);
      const { disk } = team;
      const logs = [team.owner, team.attach(2)];
      put(team, 1, team.owner, "a");
      put(team, 2, logs[1], "b");
      const one = logs[first - 1];
      const other = logs[2 - first];
      const before = disk.closed;
      one.close();
      one.close();
      assert.equal(one.commit(), 2, "a closed log commits nothing");
      assert.equal(disk.closed - before, first === 1 ? 0 : 1);
      if (policy !== "no") assert.equal(other.syncedThrough, 2);
      assert.equal(other.waitSynced(put(team, 3 - first, other, "c")), true);
      other.close();
      if (first === 1) {
        assert.deepEqual(team.woken, [1], "the owner's descriptor can go");
        team.owner.noteProgress();
      }
      assert.equal(disk.closed - before, 2);
      const { commands, recovery } = openOn(disk);
      assert.deepEqual(writes(commands), ["SET a 1", "SET b 1", "SET c 1"]);
      assert.equal(recovery.torn, undefined);
    }
  }
});

test("a log whose other threads are dead is closed for good", () => {
  const team = new Team("everysec");
  team.attach(2);
  put(team, 1, team.owner, "a");
  team.dead.add(2);
  const before = team.disk.closed;
  team.owner.close();
  assert.equal(team.disk.closed - before, 1);
});

test("closing says so when the log cannot be made safe, in each thread", () => {
  const team = new Team("everysec");
  const guest = team.attach(2);
  put(team, 2, guest, "a");
  team.disk.failingSyncs = 10;
  assert.equal(
    codeOf(() => guest.close()),
    "LOG_WRITE",
  );
  assert.equal(
    codeOf(() => team.owner.close()),
    "LOG_WRITE",
  );
});

// Each pair of steps, by any of two threads, after and during each other

type Step = (team: Team, member: number, log: Log, key: string) => void;

const steps: Record<string, Step> = {
  append: (team, member, log, key) => team.inside(member, () => append(log, "SET", key, "1")),
  commit: (team, member, log, key) => {
    team.inside(member, () => append(log, "SET", key, "1"));
    log.commit();
  },
  commitInside: (team, member, log, key) =>
    team.inside(member, () => {
      append(log, "SET", key, "1");
      log.commit();
    }),
  commitNow: (team, member, log, key) => {
    team.inside(member, () => append(log, "SET", key, "1"));
    log.commitNow();
  },
  commitNowInside: (team, member, log, key) =>
    team.inside(member, () => {
      append(log, "SET", key, "1");
      log.commitNow();
    }),
  ticket: (team, member, log, key) => void log.waitSynced(put(team, member, log, key)),
  syncAll: (_team, _member, log) => void log.syncAll(),
  retry: (_team, _member, log) => void log.retry(),
  noteProgress: (_team, _member, log) => log.noteProgress(),
  hurry: (_team, _member, log) => log.hurry(),
  always: (_team, _member, log) => attempt(() => log.setPolicy("always")),
  everysec: (_team, _member, log) => attempt(() => log.setPolicy("everysec")),
  no: (_team, _member, log) => attempt(() => log.setPolicy("no")),
  second: (team) => team.disk.advance(1100),
  cut: (team) => void team.cut(),
};

function attempt(work: () => void): void {
  codeOf(work);
}

const faults: Record<string, (disk: SharedDisk) => void> = {
  none: () => {},
  sync: (disk) => {
    disk.failingSyncs = 1;
  },
  write: (disk) => disk.failWrite(1, "EIO"),
  held: (disk) => {
    disk.heldSyncs = [];
    disk.syncTakesMs = 3;
  },
};

/** Steps that change nothing that waits cannot be waited for here: a thread that would is gone. */
function take(step: Step, team: Team, member: number, log: Log, key: string): void {
  try {
    step(team, member, log, key);
  } catch (error) {
    if (!(error instanceof WouldWait)) throw error;
  }
}

for (const policy of ["always", "everysec", "no"] as const) {
  test(`every two steps of two threads leave a whole log (${policy})`, () => {
    for (const fault of Object.keys(faults)) {
      for (const [first, one] of Object.entries(steps)) {
        for (const [second, two] of Object.entries(steps)) {
          for (const nested of [false, true]) {
            if (nested && one === two && one === steps.cut) continue; // one thread alone cuts
            const label = `${policy}, ${fault}, ${first}, ${nested ? "in it" : "then"} ${second}`;
            pairOfSteps(policy, faults[fault], one, two, nested, label);
          }
        }
      }
    }
  });
}

function pairOfSteps(
  policy: FsyncPolicy,
  fault: (disk: SharedDisk) => void,
  one: Step,
  two: Step,
  nested: boolean,
  label: string,
): void {
  const team = new Team(policy);
  const { disk, owner } = team;
  const guest = team.attach(2);
  guest.waitSynced(put(team, 2, guest, "first"));
  fault(disk);
  // The owner cuts the log, whoever asks for it.
  const isCut = one === steps.cut;
  const other = (): void => take(two, team, isCut ? 2 : 1, isCut ? guest : owner, "owner");
  // In a sync that holds the lock nobody else can do anything.
  if (nested) disk.duringSync = () => attemptInside(other);
  take(one, team, 2, guest, "guest");
  disk.duringSync = undefined;
  other();
  take(one, team, 2, guest, "again");
  for (const end of disk.heldSyncs ?? []) end();
  disk.heldSyncs = undefined;
  disk.advance(3000);
  owner.noteProgress();
  guest.noteProgress();
  disk.advance(3000);
  assert.equal(owner.failure, null, label);
  // A sync that is to fail may not have come yet.
  assert.equal(owner.syncAll() || owner.syncAll(), true, label);
  assert.equal(guest.acknowledgedThrough, owner.batch, label);
  const written = recordsOn(disk);
  assert.equal(new Set(written).size >= 1 && written[0] === "SET first 1", true, label);
  disk.failingSyncs = 0;
  try {
    guest.close();
    owner.close();
  } catch (cause) {
    throw new Error(label, { cause });
  }
  const { commands, recovery } = openOn(disk);
  assert.deepEqual(writes(commands), written, label);
  assert.equal(recovery.torn, undefined, label);
}

function attemptInside(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof assert.AssertionError) || !/another is inside/.test(error.message)) {
      throw error;
    }
  }
}

/** More by hand. */
const SEEDS = Number(process.env.TSKEYDB_SEEDS ?? 300);

test("two threads, lost power, full disks, failed syncs and deaths lose nothing promised", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const disk = new SharedDisk(seed);
    const policy = (["always", "everysec"] as const)[seed % 2];
    let durable = 0;
    let next = 0;
    for (let session = 0; session < 4; session++) {
      const label = `seed ${seed}, session ${session}, ${policy}`;
      const found = writes(openOn(copyOf2(disk), policy).commands);
      assert.ok(found.length >= durable, `${label}: ${found.length} of ${durable} are there`);
      for (let i = 0; i < found.length; i++) assert.equal(found[i], `SET k${i} ${i}`, label);
      next = found.length;
      durable = randomSession(new Team(policy, disk), next, label);
      disk.losePower();
    }
  }
});

function copyOf2(disk: SharedDisk): Disk {
  return disk.exists("/data/appendonlydir") ? copyOf(disk) : new Disk();
}

/** Returns how many records must survive. */
function randomSession(team: Team, start: number, label: string): number {
  const { disk } = team;
  let waits = 0;
  team.onWait = () => {
    if (++waits > 5000) throw new Error(`${label}: nobody ends what is waited for`);
    disk.advance(3);
  };
  const logs: (Log | undefined)[] = [undefined, team.owner, team.attach(2), team.attach(3)];
  const ends: number[] = [start];
  let next = start;
  let acknowledged = start;
  for (let step = 0; step < 60; step++) {
    const member = 1 + disk.random(3);
    const log = logs[member];
    if (log === undefined) {
      team.dead.delete(member);
      logs[member] = team.attach(member);
      continue;
    }
    const dice = disk.random(1000) / 1000;
    if (dice > 0.97) disk.failingSyncs = 1;
    else if (dice > 0.94) disk.limitSpace(100);
    else if (dice > 0.9) disk.capacityBytes = Number.POSITIVE_INFINITY;
    const ticket = put(team, member, log, `k${next}`, String(next));
    next++;
    ends[ticket] = next;
    if (member > 1 && dice < 0.05) {
      disk.afterSync = () => {
        throw new Death();
      };
    }
    try {
      if (dice < 0.6 && log.waitSynced(ticket)) acknowledged = next;
      else if (dice < 0.8) log.commit();
      else if (dice < 0.9) disk.advance(disk.random(1500));
    } catch (error) {
      if (!(error instanceof Death)) throw new Error(label, { cause: error });
      team.die(member);
      logs[member] = undefined;
    }
    disk.afterSync = undefined;
    if (disk.random(24) === 0) team.cut();
    if (disk.random(4) === 0) for (const m of team.woken.splice(0)) logs[m]?.noteProgress();
  }
  if (team.owner.policy !== "always") return ends[team.owner.syncedThrough] ?? start;
  assert.ok((ends[team.owner.syncedThrough] ?? start) >= acknowledged, label);
  return ends[team.owner.syncedThrough] ?? start;
}
