// All methods in one class: the families, each a class of its own in its file, mixed together. A
// method is found on one prototype, whatever family it comes from, and a family knows no other.

import { assert } from "../../base/assert.ts";
import type { AnyMode } from "../values.ts";
import { Asking } from "./asking.ts";
import { BitmapMethods } from "./bitmaps.ts";
import { GeoMethods } from "./geo.ts";
import { HashMethods, ShortHashMethods } from "./hashes.ts";
import { HyperLogLogMethods } from "./hyperloglog.ts";
import { KeyMethods, ShortKeyMethods } from "./keys.ts";
import { ListMethods, ShortListMethods } from "./lists.ts";
import { ManagementMethods } from "./management.ts";
import { ScriptMethods } from "./scripts.ts";
import { SetMethods, ShortSetMethods } from "./sets.ts";
import { SortMethods } from "./sort.ts";
import { ShortSortedSetMethods, SortedSetMethods } from "./sorted-sets.ts";
import { StreamGroupMethods } from "./stream-groups.ts";
import { StreamMethods } from "./streams.ts";
import { ShortStringMethods, StringMethods } from "./strings.ts";

const families = [
  StringMethods,
  BitmapMethods,
  HyperLogLogMethods,
  KeyMethods,
  ListMethods,
  HashMethods,
  SetMethods,
  SortedSetMethods,
  GeoMethods,
  StreamMethods,
  StreamGroupMethods,
  SortMethods,
  ScriptMethods,
  ManagementMethods,
];

/** The short ways that families have for methods that execute at once; see short-ways.ts. */
export const shortFamilies = [
  ShortStringMethods,
  ShortKeyMethods,
  ShortListMethods,
  ShortHashMethods,
  ShortSetMethods,
  ShortSortedSetMethods,
];

/** Every command that is a method. */
export interface Methods<M extends AnyMode>
  extends StringMethods<M>,
    BitmapMethods<M>,
    HyperLogLogMethods<M>,
    KeyMethods<M>,
    ListMethods<M>,
    HashMethods<M>,
    SetMethods<M>,
    SortedSetMethods<M>,
    GeoMethods<M>,
    StreamMethods<M>,
    StreamGroupMethods<M>,
    SortMethods<M>,
    ScriptMethods<M>,
    ManagementMethods<M> {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the families are mixed in below
export abstract class Methods<M extends AnyMode> extends Asking<M> {
  static {
    for (const family of families) mixInto(Methods.prototype, family, false);
  }
}

/** Gives a prototype a family's methods: `over` those that it has, or else beside them. */
export function mixInto(
  target: object,
  family: { readonly prototype: object },
  over: boolean,
): void {
  const methods = Object.getOwnPropertyDescriptors(family.prototype) as Record<
    string,
    PropertyDescriptor
  >;
  for (const [name, method] of Object.entries(methods)) {
    if (name === "constructor") continue;
    assert(name in target === over, "a method has one family, and a short way is a method's");
    Object.defineProperty(target, name, method);
  }
}
