// What the commands of the family tell of a key.

import { EventClass, keyEvent } from "../../engine/events.ts";

export const HashEvents = {
  hset: keyEvent(EventClass.hash, "hset"),
  hdel: keyEvent(EventClass.hash, "hdel"),
  hincrby: keyEvent(EventClass.hash, "hincrby"),
  hincrbyfloat: keyEvent(EventClass.hash, "hincrbyfloat"),
  hexpire: keyEvent(EventClass.hash, "hexpire"),
  hpersist: keyEvent(EventClass.hash, "hpersist"),
} as const;
