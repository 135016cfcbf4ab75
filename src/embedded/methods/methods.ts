// All methods in one class: the families, each a class of its own in its file, mixed together. A
// method is found on one prototype, whatever family it comes from, and a family knows no other.

import { assert } from "../../base/assert.ts";
import type { AnyMode } from "../values.ts";
import { Asking } from "./asking.ts";
import { HashMethods } from "./hashes.ts";
import { KeyMethods } from "./keys.ts";
import { ListMethods } from "./lists.ts";
import { ManagementMethods } from "./management.ts";
import { SetMethods } from "./sets.ts";
import { StringMethods } from "./strings.ts";

const families = [
  StringMethods,
  KeyMethods,
  ListMethods,
  HashMethods,
  SetMethods,
  ManagementMethods,
];

/** Every command that is a method. */
export interface Methods<M extends AnyMode>
  extends StringMethods<M>,
    KeyMethods<M>,
    ListMethods<M>,
    HashMethods<M>,
    SetMethods<M>,
    ManagementMethods<M> {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the families are mixed in below
export abstract class Methods<M extends AnyMode> extends Asking<M> {
  static {
    for (const { prototype } of families) {
      const methods = Object.getOwnPropertyDescriptors(prototype) as Record<
        string,
        PropertyDescriptor
      >;
      for (const [name, method] of Object.entries(methods)) {
        if (name === "constructor") continue;
        assert(!(name in Methods.prototype), "two families have methods of one name");
        Object.defineProperty(Methods.prototype, name, method);
      }
    }
  }
}
