// Scripts and functions: values in both directions, errors to the letter, what is allowed in them,
// how they are known, and how libraries are loaded and called.

import { family, script } from "../support/scenario.ts";

/** A library whose functions fail in several ways. */
const LIBRARY = [
  "#!lua name=l",
  "redis.register_function('f1', function() return x end)",
  "redis.register_function('f2', function() error('x') end)",
  "redis.register_function('f3', function() x = 1 end)",
  "redis.register_function('f4', function() return KEYS end)",
  "redis.register_function('f5', function() return redis.call('nosuch') end)",
  "redis.register_function{function_name='f6', description='d', " +
    "callback=function() return redis.call('set', 'a', 1) end, " +
    "flags={'no-writes', 'allow-stale', 'no-cluster'}}",
  "redis.register_function('f7', function() " +
    "redis.register_function('f8', function() end) end)",
].join("\\n");

family("scripting", {
  "values of Lua become replies": script`
    EVAL "return 3.99" 0
    EVAL "return -3.99" 0
    EVAL "return 1e300" 0
    EVAL "return 2^53 + 2" 0
    EVAL "return true" 0
    EVAL "return false" 0
    EVAL "return nil" 0
    EVAL "return" 0
    EVAL "return redis.call" 0
    EVAL "return {1, 2, nil, 4}" 0
    EVAL "return {1, {2, {'x', false, true}}}" 0
    EVAL "return {}" 0
    EVAL "return 'a\\0b\\255'" 0
    EVAL "return {ok = 'fine'}" 0
    EVAL "return {ok = 1}" 0
    EVAL "return {err = 'MINE it is'}" 0
    EVAL "return {err = 'word'}" 0
    EVAL "return {double = 3.5}" 0
    EVAL "return {double = 10}" 0
    EVAL "return {big_number = '123456789012345678901'}" 0
    EVAL "return {verbatim_string = {string = 'a', format = 'mkd'}}" 0
    EVAL "return {map = {a = 1}}" 0
    EVAL "return {set = {a = true}}" 0
    EVAL "return redis.status_reply('a\\nb')" 0
    EVAL "return redis.status_reply(1)" 0
    EVAL "return redis.error_reply('My text')" 0
    EVAL "return redis.error_reply('-CODE text')" 0
    EVAL "return redis.error_reply('word')" 0
    EVAL "redis.setresp(3) return {true, false}" 0
    EVAL "redis.setresp(3) return {map = {a = {set = {b = true}}}}" 0
  `,

  "replies become values of Lua": script`
    SET s x
    HSET h f v
    ZADD z 1.5 m
    SADD set a
    EVAL "return type(redis.call('get', 'none'))" 0
    EVAL "return tostring(redis.call('get', 'none'))" 0
    EVAL "return type(redis.call('strlen', 's'))" 0
    EVAL "local v = redis.call('ping') return {type(v), v.ok}" 0
    EVAL "local v = redis.pcall('lpush', 's', 'x') return {type(v), v.err}" 0
    EVAL "local v = redis.call('hgetall', 'h') return {#v, v[1], v[2]}" 0
    EVAL "return redis.call('zscore', 'z', 'm')" 0
    EVAL "redis.setresp(3) return tostring(redis.call('get', 'none'))" 0
    EVAL "redis.setresp(3) local v = redis.call('hgetall', 'h') return {type(v.map), v.map.f}" 0
    EVAL "redis.setresp(3) local v = redis.call('smembers', 'set') return tostring(v.set.a)" 0
    EVAL "redis.setresp(3) return tostring(redis.call('zscore', 'z', 'm').double)" 0
    EVAL "redis.setresp(3) return redis.call('hgetall', 'h')" 0
    EVAL "redis.setresp(3) return redis.call('zscore', 'z', 'm')" 0
    EVAL "redis.setresp(3) redis.setresp(2) return redis.call('hgetall', 'h')" 0
    EVAL "return redis.setresp(4)" 0
    EVAL "return redis.setresp()" 0
  `,

  "keys and arguments": script`
    EVAL "return {KEYS[1], ARGV[1], #KEYS, #ARGV, type(ARGV[1])}" 1 k 12
    EVAL "return #KEYS .. #ARGV" 0
    EVAL "return KEYS[2]" 1 k
    EVAL "KEYS[1] = 'z' return KEYS[1]" 1 k
    EVAL "KEYS[5] = 'z' ARGV.x = 1 return {KEYS[1], #KEYS}" 1 k
    EVAL "return {KEYS[1], tostring(KEYS[5]), tostring(ARGV.x)}" 1 k
    EVAL "KEYS = {}" 0
    EVAL "return 1" 2 k
    EVAL "return 1" -1
    EVAL "return 1" x
    EVAL "return 1" 1.5
    EVAL "return 1" 99999999999999999999
    EVAL "return 1"
  `,

  "numbers that go to commands": script`
    EVAL "return redis.call('set', 'x', 3.0)" 0
    GET x
    EVAL "return redis.call('set', 'x', 12345678901234567)" 0
    GET x
    EVAL "return redis.call('set', 'x', 1e100)" 0
    GET x
    EVAL "return redis.call('set', 'x', 1/0)" 0
    GET x
    EVAL "return redis.call('set', 'x', -1.5)" 0
    GET x
    EVAL "return redis.call('incrby', 'n', 1e3)" 0
    EVAL "return redis.call('set', 'x', 0.1)" 0
    GET x
    = script-numbers "0.1"
  `,

  "errors say where they come from": script`
    EVAL "return redis.call('nosuch')" 0
    EVAL "\n\nreturn redis.call('get')" 0
    EVAL "redis.call('config', 'get', 'x')" 0
    EVAL "redis.call('client', 'nosuch')" 0
    EVAL "redis.call('watch', 'k')" 0
    EVAL "redis.call('eval', 'return 1', 0)" 0
    EVAL "redis.call()" 0
    EVAL "return redis.pcall()" 0
    EVAL "redis.call('get', {})" 0
    EVAL "redis.call('get', true)" 0
    EVAL "redis.call('get', nil)" 0
    EVAL "return redis.pcall('nosuch')" 0
    EVAL "error('x')" 0
    EVAL "error('x', 0)" 0
    EVAL "error('x', 2)" 0
    EVAL "error(12)" 0
    EVAL "error()" 0
    EVAL "error({err = 'MINE x'})" 0
    EVAL "local function f() error({err = 'MINE x'}) end \n f()" 0
    EVAL "local x = nil return x.y" 0
    EVAL "local a = {} a.b.c = 1" 0
    EVAL "return 1 + {}" 0
    EVAL "return 1 < 'x'" 0
    EVAL "coroutine.yield(1)" 0
    EVAL "return syntax error" 0
    EVAL "return 'unfinished" 0
    EVAL "return {pcall(redis.call, 'nosuch')}" 0
    EVAL "return {pcall(error, {err = 'MINE x'})}" 0
    EVAL "return {xpcall(function() error('a') end, function(e) return e .. '!' end)}" 0
    SET s x
    EVAL "return redis.call('incr', 's')" 0
    EVAL "return redis.call('lpush', 's', 'x')" 0
    EVAL "return redis.pcall('lpush', 's', 'x')" 0
    EVAL "return redis.call('select', 99)" 0
  `,

  "the surroundings cannot be changed": script`
    EVAL "x = 1" 0
    EVAL "return x" 0
    EVAL "redis.x = 1" 0
    EVAL "string.x = 1" 0
    EVAL "return redis.x" 0
    EVAL "return math.x" 0
    EVAL "setmetatable(_G, {})" 0
    EVAL "rawset(_G, 'x', 1)" 0
    EVAL "getmetatable(_G).__index = 1" 0
    EVAL "return print" 0
    EVAL "return type(os.clock())" 0
    = script-clock "number"
    EVAL "return dofile" 0
    EVAL "return require" 0
    EVAL "return loadstring('return 1 + 1')()" 0
    EVAL "return load('return 1')" 0
    EVAL "return _VERSION" 0
    EVAL "local t = {} for k in pairs(cjson) do t[#t + 1] = k end table.sort(t) return t" 0
    EVAL "return {redis.sha1hex(''), redis.sha1hex('a\\0'), redis.sha1hex(12)}" 0
    EVAL "return redis.sha1hex()" 0
    EVAL "return {redis.replicate_commands(), redis.breakpoint(), redis.debug('x')}" 0
    EVAL "redis.set_repl(9)" 0
    EVAL "return redis.set_repl(redis.REPL_ALL)" 0
    EVAL "redis.log(1)" 0
    EVAL "redis.log('x', 'y')" 0
    EVAL "return {redis.LOG_DEBUG, redis.LOG_WARNING, redis.REPL_NONE, redis.REPL_SLAVE}" 0
  `,

  "a script's first line says what it may": script`
    EVAL "#!lua\nreturn 1" 0
    EVAL "#!lua flags=\nreturn 1" 0
    EVAL "#!lua flags=no-writes,allow-oom\nreturn 1" 0
    EVAL "#!lua flags=no-writes\nreturn redis.call('set', 'x', 1)" 0
    EVAL "#!lua flags=no-writes\n\nreturn redis.call('publish', 'x', 1)" 0
    EVAL "#!lua flags=x\nreturn 1" 0
    EVAL "#!lua name=x\nreturn 1" 0
    EVAL "#!lua \"flags=no-writes\"\nreturn 1" 0
    EVAL "#!lua" 0
    EVAL "#!\nreturn 1" 0
    EVAL "#!js\nreturn 1" 0
    EVAL_RO "return redis.call('set', 'x', 1)" 0
    EVAL_RO "return redis.call('get', 'x')" 0
    EVAL_RO "#!lua\nreturn 1" 0
    EVAL_RO "#!lua flags=no-writes\nreturn 1" 0
  `,

  "scripts are known by their digests": script`
    SCRIPT FLUSH
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVALSHA short 0
    EVALSHA_RO short x
    SCRIPT LOAD "return 1"
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
    EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db x
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db nosuch
    SCRIPT LOAD "bad bad"
    SCRIPT LOAD "#!js\nreturn 1"
    SCRIPT FLUSH ASYNC
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT FLUSH x
    SCRIPT FLUSH SYNC x
    SCRIPT EXISTS
    SCRIPT KILL
    SCRIPT DEBUG NO
    SCRIPT DEBUG YES
    = script-debugger -ERR there is no debugger for scripts; redis.log writes to the log
    SCRIPT DEBUG NO
    SCRIPT DEBUG x
    SCRIPT
    SCRIPT NOSUCH
  `,

  "a script's database is its own": script`
    SELECT 3
    EVAL "redis.call('set', 'a', 1) redis.call('select', 4) redis.call('set', 'b', 1)" 0
    GET a
    GET b
    SELECT 4
    GET b
    FLUSHALL
  `,

  "scripts in transactions, and who waits": script`
    MULTI
    EVAL "return redis.call('incr', 'n')" 0
    EVAL "return redis.call('nosuch')" 0
    INCR n
    EXEC
    WATCH n
    b> EVAL "return redis.call('incr', 'n')" 0
    MULTI
    GET n
    EXEC
    a>> BLPOP l 0
    b> EVAL "redis.call('rpush', 'l', 'x', 'y') return redis.call('llen', 'l')" 0
    a<
    LLEN l
  `,

  "commands that wait": script`
    EVAL "return tostring(redis.call('blpop', 'none', 0))" 0
    = script-blocking "false"
    RPUSH l x
    EVAL "return redis.call('blpop', 'l', 0)[2]" 0
    = script-blocking "x"
  `,

  "expired keys and events": script`
    SET k v PX 1
    wait 5
    EVAL "return {redis.call('get', 'k'), redis.call('set', 'k', 'w', 'px', 1)}" 0
    EVAL "return redis.call('time')[1] == redis.call('time')[1]" 0
  `,

  "libraries are loaded, called and deleted": script`
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=l1\nredis.register_function('f1', function(k, a) return {k, a} end)"
    FCALL f1 1 k a
    FCALL F1 0
    FCALL f1 x
    FCALL f1 -1
    FCALL f1 2 k
    FCALL nosuch 0
    FCALL_RO f1 0
    FUNCTION LOAD "#!lua name=l1\nredis.register_function('f1', function() return 2 end)"
    FUNCTION LOAD REPLACE "#!lua name=l1\nredis.register_function('f1', function() return 2 end)"
    FCALL f1 0
    FUNCTION LOAD "#!lua name=l2\nredis.register_function('f1', function() return 2 end)"
    FUNCTION LOAD "#!lua name=l2\nredis.call('ping')"
    FUNCTION LOAD "#!lua name=l2\nx = 1"
    FUNCTION LOAD "#!lua name=l2\nreturn string"
    FUNCTION LOAD "#!lua name=l2\nreturn 1"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function('f-2', function() end)"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function('f2')"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function(function() end, 'f2')"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function{function_name='f2', flags={'x'}}"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function{function_name='f2'}"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function{callback=redis.log}"
    FUNCTION LOAD "#!lua name=l2\nredis.register_function{x=1}"
    FUNCTION LOAD "#!lua name=l2\nsyntax error"
    FUNCTION LOAD "#!lua\nreturn 1"
    FUNCTION LOAD "return 1"
    FUNCTION LOAD "#!lua name=l2"
    FUNCTION LOAD "#!js name=l2\n"
    FUNCTION LOAD "#!lua name=l-2\n"
    FUNCTION LOAD "#!lua name=a name=b\n"
    FUNCTION LOAD "#!lua name=a x=b\n"
    FUNCTION LOAD x y
    FUNCTION LOAD REPLACE
    FUNCTION LIST
    FUNCTION LIST WITHCODE LIBRARYNAME L*
    FUNCTION LIST LIBRARYNAME nosuch
    FUNCTION LIST LIBRARYNAME
    FUNCTION LIST x
    FUNCTION STATS
    FUNCTION KILL
    FUNCTION DELETE nosuch
    FUNCTION DELETE l1
    FUNCTION DELETE
    FUNCTION FLUSH x
    FUNCTION FLUSH SYNC x
    FUNCTION RESTORE x
    FUNCTION RESTORE x y
    FUNCTION
    FUNCTION NOSUCH
  `,

  "errors in functions, and what they may": script`
    FUNCTION FLUSH
    FUNCTION LOAD "${LIBRARY}"
    FCALL f1 0
    FCALL f2 0
    FCALL f3 0
    FCALL f4 0
    FCALL f5 0
    FCALL f6 0
    FCALL_RO f6 0
    FCALL f7 0
    ~ FUNCTION STATS
    FUNCTION FLUSH
  `,
});
