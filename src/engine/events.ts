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
  module: 8192, // d; of types that modules bring, and there are none
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
  ["d", EventClass.module],
  ["n", EventClass.newKey],
  ["K", EventClass.keyspace],
  ["E", EventClass.keyevent],
  ["m", EventClass.missed],
];

const ALL = letters
  .filter(([letter]) => "g$lshzxetd".includes(letter))
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

/** An event; those of one family's commands stand in its file. */
export function keyEvent(eventClass: number, name: string): KeyEvent {
  return { class: eventClass, name };
}

const { generic, expired, evicted, missed, newKey } = EventClass;

/** Events of any key. */
export const Events = {
  new: keyEvent(newKey, "new"),
  keymiss: keyEvent(missed, "keymiss"),
  del: keyEvent(generic, "del"),
  renameFrom: keyEvent(generic, "rename_from"),
  renameTo: keyEvent(generic, "rename_to"),
  copyTo: keyEvent(generic, "copy_to"),
  moveFrom: keyEvent(generic, "move_from"),
  moveTo: keyEvent(generic, "move_to"),
  expire: keyEvent(generic, "expire"),
  persist: keyEvent(generic, "persist"),
  expired: keyEvent(expired, "expired"),
  evicted: keyEvent(evicted, "evicted"),
  hexpired: keyEvent(EventClass.hash, "hexpired"),
} as const;
