// Errors as Lua 5.1 words them: where they happened, and what the values were called in the text.

import { RUNTIME_NAME_MAX, shownName } from "./chunk-name.ts";
import { CALLEE, NameKind, nameKinds } from "./opcodes.ts";
import { LuaTable } from "./table.ts";
import { type Frame, FrameKind, LuaThread } from "./thread.ts";
import { LuaError, LuaFunction, type LuaValue } from "./values.ts";

/** The name of a value's type, as `type` gives it. */
export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case "undefined":
      return "nil";
    case "boolean":
      return "boolean";
    case "number":
      return "number";
    case "string":
      return "string";
    default:
      if (value instanceof LuaTable) return "table";
      if (value instanceof LuaFunction) return "function";
      return value instanceof LuaThread ? "thread" : "userdata";
  }
}

/**
 * The frame of the function at a level, which must be a Lua function: 1 is the caller of the native
 * that runs, 2 its caller. null: there is none, it is native, or a tail call has taken its place.
 */
export function frameAt(thread: LuaThread, level: number): Frame | null {
  let left = level - 1;
  let index = thread.depth - (thread.isStepping ? 2 : 1);
  for (; left > 0 && index >= 0; index--) {
    left--;
    const { kind, tailCalls } = thread.frames[index];
    if (kind === FrameKind.lua) left -= tailCalls;
  }
  if (left < 0 || index < 0) return null;
  const frame = thread.frames[index];
  return frame.closure === null ? null : frame;
}

/** "user_script:1: ", or nothing where no line is known. */
export function where(thread: LuaThread, level: number): string {
  const frame = frameAt(thread, level);
  if (frame === null || frame.closure === null) return "";
  const { chunk, lines } = frame.closure.prototype;
  return `${shownName(chunk, RUNTIME_NAME_MAX)}:${lines[frame.pc - 1]}: `;
}

/** An error of the function that runs, or of a native that it has called. */
export function failure(thread: LuaThread, text: string): LuaError {
  return new LuaError(where(thread, 1) + text);
}

/** "attempt to index local 'x' (a nil value)"; `register` −1: the value has no name. */
export function typeFailure(
  thread: LuaThread,
  value: LuaValue,
  register: number,
  what: string,
): LuaError {
  const type = typeName(value);
  const fact = register < 0 ? -1 : findFact(thread.frame, register, false);
  if (fact < 0) return failure(thread, `attempt to ${what} a ${type} value`);
  const { nameFacts, nameTexts } = (thread.frame.closure as NonNullable<Frame["closure"]>)
    .prototype;
  const kind = nameKinds[nameFacts[fact * 3 + 2] & (CALLEE - 1)];
  return failure(
    thread,
    `attempt to ${what} ${kind} '${untilZero(nameTexts[fact])}' (a ${type} value)`,
  );
}

/** How the native function that runs was called: "?" where that is not known. */
export function calledName(thread: LuaThread): { name: string; isMethod: boolean } {
  const frame = frameAt(thread, 1);
  const fact = frame === null ? -1 : findFact(frame, -1, true);
  if (frame === null || frame.closure === null || fact < 0) return { name: "?", isMethod: false };
  const { nameFacts, nameTexts } = frame.closure.prototype;
  const isMethod = nameFacts[fact * 3 + 2] === NameKind.method + CALLEE;
  return { name: untilZero(nameTexts[fact]), isMethod };
}

function findFact(frame: Frame, register: number, callee: boolean): number {
  if (frame.closure === null) return -1;
  const { nameFacts } = frame.closure.prototype;
  for (let fact = 0; fact * 3 < nameFacts.length; fact++) {
    if (nameFacts[fact * 3] !== frame.pc) continue;
    if (callee ? nameFacts[fact * 3 + 2] >= CALLEE : nameFacts[fact * 3 + 1] === register) {
      return fact;
    }
  }
  return -1;
}

/** C writes a text into a message up to its first zero. */
export function untilZero(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
