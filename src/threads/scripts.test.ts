// Scripts of several threads: all of them run in the one that opened the database, one at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withThreads } from "../../test/support/thread.ts";
import { open } from "../index.ts";

test("scripts and functions of any thread run in the owner's, and none comes between", async () => {
  const db = open();
  try {
    db.defineFunction(
      "#!lua name=lib\nredis.register_function('add', function(keys, args) " +
        "return redis.call('incrby', keys[1], args[1]) end)",
    );
    let calls = 0;
    db.register("count", (keys) => {
      calls++;
      return db.incr(keys[0]);
    });
    await withThreads(db.share(), 2, async (...threads) => {
      const script = `local n = tonumber(redis.call('get', KEYS[1]) or '0')
        for i = 1, 100 do n = n + 1 end
        redis.call('set', KEYS[1], n)
        return n`;
      const each = 100;
      const running = threads.map((thread) =>
        thread.run(
          (there, source, count) => {
            const call = there.script(source);
            for (let i = 0; i < count; i++) {
              call("n");
              there.fcall("add", "m", 2);
              there.fcall("count", "c");
            }
            return there.eval_ro("return redis.call('strlen', KEYS[1])", "n");
          },
          script,
          each,
        ),
      );
      const call = db.script(script);
      for (let i = 0; i < each; i++) call("n");
      assert.ok((await Promise.all(running)).every((length) => Number(length) > 2));
      assert.equal(db.get("n"), String(3 * each * 100));
      assert.equal(db.get("m"), String(2 * each * 2));
      assert.equal(db.get("c"), String(2 * each));
      assert.equal(calls, 2 * each);
      const refused = threads[0].run((there) => there.eval("\nerror('there')"));
      await assert.rejects(refused, /user_script:2: there script: /);
    });
    db.verify();
  } finally {
    db.close();
  }
});

test("what a script of another thread has pushed is there", async () => {
  const db = open();
  try {
    await withThreads(db.share(), 1, async (thread) => {
      const other = await thread.run((there) => there.eval("return redis.call('rpush', 'l', 'x')"));
      assert.equal(other, 1);
      assert.equal(db.lpop("l"), "x");
    });
  } finally {
    db.close();
  }
});
