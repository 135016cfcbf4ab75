// Running scripts in tests.

import { openLibraries } from "./libraries.ts";
import { State, type StateOptions } from "./state.ts";
import { type MakeFunction, RunStatus } from "./thread.ts";
import { LuaError, type LuaValue } from "./values.ts";

/** What a host lends that lets hot functions become JavaScript. */
export const makeFunction = ((source: readonly string[]) => Function(...source)) as MakeFunction;

export function stateWithLibraries(options: StateOptions = {}): State {
  const state = new State(options);
  openLibraries(state, {});
  return state;
}

/** What a chunk returns. An error that it ends with is thrown, as text. */
export function evaluate(source: string, state: State = stateWithLibraries()): LuaValue[] {
  try {
    state.start(state.load(source, "@script"));
    while (state.run() === RunStatus.paused);
    return state.results();
  } catch (error) {
    throw error instanceof LuaError ? new Error(`${error.value}`) : error;
  }
}

/** The first value, or the error's text where a call of `code` fails. */
export function outcome(code: string, state: State = stateWithLibraries()): LuaValue {
  const [isFine, first] = evaluate(`return pcall(function() return ${code} end)`, state);
  return isFine === true || typeof first !== "string" ? first : first.replace(/^script:1: /, "");
}
