// The values of Lua, and what every part of this package knows of them.
//
//   nil        undefined            number   a JavaScript number (5.1 has one type of number)
//   boolean    true, false          string   a JavaScript string: a character (0–255) for each byte
//   table      LuaTable             function LuaClosure, NativeFunction      both are LuaFunction
//   thread     LuaThread            userdata LuaUserdata
//
// No JavaScript object is ever indexed by what a script says: keys live in arrays of LuaTable. A
// script therefore meets the classes named here and none of their properties. Concatenated strings
// are ropes of the engine's until somebody reads them.

/** What tables, functions, threads and userdata have in common: identity. */
export abstract class LuaObject {
  /**
   * Stands for the address in memory, given when somebody asks (`LuaState.addressOf`); 0: nobody
   * has.
   */
  address = 0;
  /** Its number among the objects that have been keys of tables; 0: it has not been one. */
  keyNumber = 0;
}

export type LuaValue = undefined | boolean | number | string | LuaObject;

export abstract class LuaFunction extends LuaObject {}

/** A local variable that an inner function uses too: it outlives the call that declared it. */
export class Box {
  value: LuaValue;

  constructor(value: LuaValue) {
    this.value = value;
  }
}

/**
 * An error on its way: any Lua value. No Error, since scripts throw many and nobody reads a stack.
 */
export class LuaError {
  readonly value: LuaValue;

  constructor(value: LuaValue) {
    this.value = value;
  }

  toString(): string {
    return typeof this.value === "string" ? this.value : "(error object is not a string)";
  }
}
