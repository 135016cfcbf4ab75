// Scripts: such as libraries send, by their digests, and such as compute.

import { createHash } from "node:crypto";
import type { Call } from "./calls.ts";
import type { Client } from "./client.ts";
import type { Test } from "./server-tests.ts";

/** redis-benchmark draws a number in its place. */
const DRAWN = "__rand_int__";

/** Requests in two windows, of which each is remembered: ten calls. */
const LIMITER = `
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local left = tonumber(ARGV[1])
for i = 2, #ARGV do
  local key = KEYS[1] .. ':' .. ARGV[i]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', at - ARGV[i])
  left = math.min(left, ARGV[1] - redis.call('ZCARD', key))
end
local used = redis.call('INCR', KEYS[1])
if left <= 0 then return {0, used, left} end
for i = 2, #ARGV do
  local key = KEYS[1] .. ':' .. ARGV[i]
  redis.call('ZADD', key, at, at .. '-' .. used)
  redis.call('PEXPIRE', key, ARGV[i])
end
return {1, used, left - 1}
`;

/** Two locks, taken, extended and given back by who has them: ten calls. */
const LOCK = `
for _, key in ipairs(KEYS) do
  if not redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) then
    return redis.error_reply('LOCKED ' .. key)
  end
end
local extended = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    extended = extended + redis.call('PEXPIRE', key, ARGV[2] * 2)
  end
end
local released = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then released = released + redis.call('DEL', key) end
end
return {extended, released}
`;

/** A job that is added, moved to those that are being done, and completed: ten calls. */
const JOB = `
local wait, active, completed = KEYS[1] .. ':wait', KEYS[1] .. ':active', KEYS[1] .. ':completed'
local id = redis.call('INCR', KEYS[1] .. ':id')
local key = KEYS[1] .. ':' .. id
redis.call('HSET', key, 'name', ARGV[1], 'data', ARGV[2], 'timestamp', ARGV[3], 'attempts', 0)
redis.call('LPUSH', wait, id)
local moved = redis.call('RPOPLPUSH', wait, active)
redis.call('SET', key .. ':lock', ARGV[4], 'PX', 30000)
local fields = redis.call('HGETALL', key)
local job = {}
for i = 1, #fields, 2 do job[fields[i]] = fields[i + 1] end
redis.call('LREM', active, 1, moved)
redis.call('ZADD', completed, job.timestamp, moved)
redis.call('ZREMRANGEBYRANK', completed, 0, -1001)
redis.call('DEL', key, key .. ':lock')
return {moved, job.name, job.data}
`;

/** redis-benchmark's own output has no place for quotation marks. */
const DATA = "to=somebody@example.org; template=welcome; locale=en; sent=0";

export const SCRIPT_TESTS: readonly Test[] = [
  sent("get", "return redis.call('GET', KEYS[1])", 1, [`key:${DRAWN}`]),
  sent("incr", "return redis.call('INCR', KEYS[1])", 1, [`n:${DRAWN}`]),
  sent("limiter", LIMITER, 1, [`rate:${DRAWN}`, "100", "10", "100"]),
  sent("lock", LOCK, 2, [`lock:a${DRAWN}`, `lock:b${DRAWN}`, "owner:1234567890", "30000"]),
  sent("job", JOB, 1, ["queue", "mail", DATA, "1700000000000", "worker:1"]),
];

/** A script that is known, by its digest. */
function sent(name: string, script: string, keys: number, words: readonly string[]): Test {
  return {
    name: `script_${name}`,
    command: "evalsha",
    choose: ["EVALSHA", digestOf(script), String(keys), ...words],
    prepare: async (client) => {
      await client.call("SCRIPT", "LOAD", script);
    },
  };
}

export function digestOf(script: string): string {
  return createHash("sha1").update(script).digest("hex");
}

// What computes. Each returns a little, so that the reply costs nothing.

const ADDITIONS = "local n = 0 for i = 1, 5000000 do n = n + i end return n";

const FIBONACCI = `
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
return fib(27)
`;

const STRINGS = `
local parts, all = {}, ''
for i = 1, 200000 do parts[#parts + 1] = 'item:' .. i end
local joined = table.concat(parts, ',')
for i = 1, 2000 do all = all .. i .. ';' end
return #joined + #all + #joined:upper():sub(1, 1000)
`;

const SORTS = `
local seed, numbers, records = 42, {}, {}
for i = 1, 200000 do
  seed = (seed * 1103515245 + 12345) % 2147483648
  numbers[i] = seed
end
for i = 1, 20000 do records[i] = {at = numbers[i], name = 'n' .. i} end
table.sort(numbers)
table.sort(records, function(a, b) return a.at < b.at end)
return numbers[1] .. records[1].name
`;

const TABLES = `
local byName, total = {}, 0
for i = 1, 100000 do byName['user:' .. i] = {id = i, visits = i % 7, name = 'user:' .. i} end
for i = 1, 100000 do
  local user = byName['user:' .. i]
  user.visits = user.visits + 1
  total = total + user.visits
end
for name, user in pairs(byName) do if user.visits > 6 then total = total + #name end end
return total
`;

const PATTERNS = `
local text = string.rep('key=value; other = 12,34;  name=somebody@example.org\\n', 200)
local found = 0
for _ = 1, 10 do
  for key, value in text:gmatch('(%w+)%s*=%s*([^;\\n]+)') do found = found + #key + #value end
  text:gsub('%d+', function(digits) found = found + digits end)
  if text:find('nobody@', 1, true) or text:find('(%a+)@%1') then found = -1 end
end
return found
`;

const OBJECTS = `
local Account = {}
Account.__index = Account
function Account.new() return setmetatable({balance = 0, deposits = 0}, Account) end
function Account:deposit(amount) self.balance = self.balance + amount self.deposits = self.deposits + 1 end
local account = Account.new()
for i = 1, 1000000 do account:deposit(i % 10) end
local adders, total = {}, 0
for i = 1, 100 do adders[i] = function(n) return n + i end end
for i = 1, 300000 do total = math.max(total, adders[i % 100 + 1](i)) + math.floor(i / 3) end
return account.balance + account.deposits + total
`;

/** About 10 KB as JSON, somewhat less packed. */
const DOCUMENT = `
local document = {version = 3, items = {}}
for i = 1, 80 do
  document.items[i] = {id = i, name = 'item number ' .. i, price = i * 1.25, tags = {'a', 'b', 'c'},
    stock = {berlin = i, paris = i * 2}, isActive = i % 2 == 0, note = 'a "quoted" text\\n'}
end
`;

const CJSON = `${DOCUMENT}
local text = cjson.encode(document)
for _ = 1, 50 do text = cjson.encode(cjson.decode(text)) end
return #text
`;

const CMSGPACK = `${DOCUMENT}
local bytes = cmsgpack.pack(document)
for _ = 1, 50 do bytes = cmsgpack.pack(cmsgpack.unpack(bytes)) end
return #bytes
`;

const computing: readonly (readonly [name: string, script: string])[] = [
  ["5 million additions", ADDITIONS],
  ["fib(27)", FIBONACCI],
  ["200,000 texts made and joined", STRINGS],
  ["200,000 numbers and 20,000 records, inserted and sorted", SORTS],
  ["100,000 records by their names", TABLES],
  ["patterns over 10 KB, ten times", PATTERNS],
  ["a million method calls, 300,000 of closures", OBJECTS],
  ["cjson: 10 KB decoded and encoded 50 times", CJSON],
  ["cmsgpack: the same, unpacked and packed", CMSGPACK],
];

export const COMPUTING: readonly Call[] = computing.map(([name, script]) => ({
  name,
  call: ["EVALSHA", digestOf(script), "0"],
}));

export async function loadComputing(client: Client): Promise<void> {
  for (const [, script] of computing) await client.call("SCRIPT", "LOAD", script);
}

/** Functions of one kind and another, about 10 KB; no two with different marks are equal. */
export function longScript(mark: number): string {
  const parts = [`local mark = ${mark}`];
  for (let i = 0; parts.join("\n").length < 10_000; i++) {
    parts.push(`local function step${i}(key, value)
  local current = redis.call('HGET', key, 'field:${i}') or '0'
  if tonumber(current) >= ${i * 10} and value ~= nil then
    for n = 1, #value do current = current + (value[n].weight or n % ${i + 2}) end
    return {key .. ':' .. mark, current, done = true}
  elseif not value then
    return redis.error_reply('MISSING step ${i}')
  end
  return redis.call('HSET', key, 'field:${i}', current .. value)
end`);
  }
  parts.push("return mark");
  return parts.join("\n");
}
