// The compiler of scripts, made warm before the first script comes.
//
// An engine of JavaScript reads a function when it is first called and compiles it well after it
// has run for a while. The first script of 10 KB therefore took 18 ms where a later one takes 2.
// Soon after its start a server therefore makes the surroundings of scripts once, and compiles a
// few lines that have every form of Lua, again and again, one piece in a turn of the event loop;
// nobody waits for more than one piece. All of that is thrown away, and none of it is run. It takes
// 30 ms of the processor on Node and 45 on Bun, over half a second, and about 2 MB.

import { compile } from "../lua/compiler.ts";
import type { Clock } from "../platform/platform.ts";
import { redisLibrary, type ScriptHost, sha1Hex } from "./redis-library.ts";
import { lock, newSandbox } from "./sandbox.ts";

const FIRST_MS = 200;
const EVERY_MS = 10;
const ROUNDS = 6;
const DIGESTED = "-".repeat(4096);

export const PIECES: readonly string[] = [
  "local t, n, s = {a = 1, 'x', [2] = 3; f = function() end}, 0x10, \"q\\n\" .. 'z\\65' return n",
  "for i = 1, #t do n = n + i * 2 - 1 % 3 / 4 ^ 2 if i == 2 then break end end -- a comment",
  "for i = 10, 1, -2 do local j = (i * n) t[i], t.x = j, -j end --[[ a long\n comment ]]",
  `for k, v in pairs(t) do
    if not v then n = 1e3 elseif k == 'a' and v ~= nil or #t > 1 then n = .5 else n = n .. 'b' end
  end`,
  "while n == 1 do n = 2 do local u = n end end repeat local z = n until z or n <= 2",
  `local function f(a, ...)
    local b = {...} t.x, t[a] = a, b
    return function() b = a + 1 return a, true, false end
  end`,
  "function t.g(x) return f(x) end function t:h(y) local r = self:g(y, {y}, f'x', [[z]]) end",
  `local current = redis.call('HGET', KEYS[1], 'field:' .. ARGV[1]) or '0'
  if tonumber(current) >= limit * 10 and value ~= nil then
    for m = 1, #value do current = current + (value[m].weight or m % 7) end
    return {key .. ':' .. limit, current, done = true}
  end`,
  `if not value or (limit > 3 and limit < 5) then return redis.error_reply('MISSING step') end
  return redis.call('HSET', key, 'field', current .. value)`,
];

/** Makes the compiler warm, a piece at a time, from a moment after now on. */
export function warmUp(clock: Pick<Clock, "setTimer" | "monotonicMs">): void {
  let next = 0;
  const step = (): void => {
    if (next === 0) makeSurroundings(clock);
    else if (next === 1) sha1Hex(DIGESTED);
    else compile(PIECES[next % PIECES.length], "=warm-up");
    next++;
    if (next <= ROUNDS * PIECES.length) clock.setTimer(EVERY_MS, step);
  };
  clock.setTimer(FIRST_MS, step);
}

const nobody: ScriptHost = {
  call: () => 0,
  mayCall: () => true,
  setProtocol: () => {},
  setPropagation: () => {},
  log: () => {},
};

function makeSurroundings(clock: Pick<Clock, "monotonicMs">): void {
  const lent = { hotCode: null, monotonicMs: () => clock.monotonicMs() };
  const state = newSandbox(lent, (of) => redisLibrary(of, nobody));
  lock(state, state.globals);
  state.call(state.load("return 1", "=warm-up"));
}
