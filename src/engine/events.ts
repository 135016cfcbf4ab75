// Keyspace events: what can be said to have happened to a key, and to which class it belongs.
// A handler names one with each change; whether anybody hears of it is decided in one place.
// Names and classes: redis.io/docs/latest/develop/use/keyspace-notifications.

/** Classes of events; notify-keyspace-events has a letter for each. */
export const EventClass = {
  keyspace: 1, // K
  keyevent: 2, // E
  generic: 4, // g
  string: 8, // $
  list: 16, // l
  set: 32, // s
  hash: 64, // h
  sortedSet: 128, // z
  expired: 256, // x
  evicted: 512, // e
  stream: 1024, // t
  missed: 2048, // m
  newKey: 16384, // n
} as const;

const letters: readonly (readonly [string, number])[] = [
  ["g", EventClass.generic],
  ["$", EventClass.string],
  ["l", EventClass.list],
  ["s", EventClass.set],
  ["h", EventClass.hash],
  ["z", EventClass.sortedSet],
  ["x", EventClass.expired],
  ["e", EventClass.evicted],
  ["t", EventClass.stream],
  ["K", EventClass.keyspace],
  ["E", EventClass.keyevent],
  ["m", EventClass.missed],
  ["n", EventClass.newKey],
];

const ALL = letters
  .filter(([letter]) => "g$lshzxet".includes(letter))
  .reduce((flags, [, flag]) => flags | flag, 0);

/** The flags that a setting such as "KEA" stands for, or −1 when a letter is unknown. */
export function parseEventFlags(setting: string): number {
  let flags = 0;
  for (const letter of setting) {
    const known = letters.find(([name]) => name === letter);
    if (letter === "A") flags |= ALL;
    else if (known !== undefined) flags |= known[1];
    else return -1;
  }
  return flags;
}

/** The setting that stands for `flags`, as CONFIG GET shows it. */
export function formatEventFlags(flags: number): string {
  let setting = (flags & ALL) === ALL ? "A" : "";
  for (const [letter, flag] of letters) {
    if ((flags & flag) !== 0 && !(setting.startsWith("A") && (ALL & flag) !== 0)) setting += letter;
  }
  return setting;
}

export interface KeyEvent {
  readonly class: number;
  readonly name: string;
}

const is = (eventClass: number, name: string): KeyEvent => ({ class: eventClass, name });
const { generic, string, list, set, hash, expired, evicted } = EventClass;

export const Events = {
  del: is(generic, "del"),
  renameFrom: is(generic, "rename_from"),
  renameTo: is(generic, "rename_to"),
  copyTo: is(generic, "copy_to"),
  moveFrom: is(generic, "move_from"),
  moveTo: is(generic, "move_to"),
  expire: is(generic, "expire"),
  persist: is(generic, "persist"),
  expired: is(expired, "expired"),
  evicted: is(evicted, "evicted"),
  set: is(string, "set"),
  setrange: is(string, "setrange"),
  append: is(string, "append"),
  incrby: is(string, "incrby"),
  incrbyfloat: is(string, "incrbyfloat"),
  lpush: is(list, "lpush"),
  rpush: is(list, "rpush"),
  lpop: is(list, "lpop"),
  rpop: is(list, "rpop"),
  lset: is(list, "lset"),
  linsert: is(list, "linsert"),
  lrem: is(list, "lrem"),
  ltrim: is(list, "ltrim"),
  sadd: is(set, "sadd"),
  srem: is(set, "srem"),
  spop: is(set, "spop"),
  sinterstore: is(set, "sinterstore"),
  sunionstore: is(set, "sunionstore"),
  sdiffstore: is(set, "sdiffstore"),
  hset: is(hash, "hset"),
  hdel: is(hash, "hdel"),
  hincrby: is(hash, "hincrby"),
  hincrbyfloat: is(hash, "hincrbyfloat"),
} as const;
