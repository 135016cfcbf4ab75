import assert from "node:assert/strict";
import { test } from "node:test";
import { Arguments } from "../protocol/arguments.ts";
import { command, EngineFixture, Link } from "./engine-test-support.ts";
import { Events } from "./events.ts";
import { Figure } from "./statistics.ts";

const fails = command("fails", "", (c) => c.reply.errorText("OOPS it failed"));
const write = command("write", "write", (c) => {
  c.modified(1, Events.del);
  c.reply.ok();
});

test("a frame gives back what the context says of the outer command", () => {
  const link = new Link();
  const seen: unknown[] = [];
  const fixture = new EngineFixture([
    command("inner", "write", (c) => {
      seen.push([c.session.link === link, c.db, c.reply.protocol, c.args.text(0)]);
      c.changes++;
      c.reply.null();
    }),
    command("outer", "write", (c) => {
      const { args } = c;
      const inner = c.executor.table.commands.get("inner");
      c.changes = 7;
      c.executor.inside(other, () => {
        c.executor.inside(fixture.session, () => seen.push(c.db));
        if (inner !== undefined) c.executor.call(inner, words);
      });
      assert.deepEqual([c.session, c.db, c.args, c.changes], [fixture.session, 1, args, 7]);
      assert.deepEqual([c.command?.name, c.rewritten, c.reply.protocol], ["outer", false, 2]);
      c.reply.null();
    }),
  ]);
  const other = fixture.connect(link);
  other.db = 2;
  other.protocol = 3;
  fixture.session.db = 1;
  const words = new Arguments();
  words.fill(["inner"]);
  assert.equal(fixture.call("outer"), "_ $-1");
  assert.deepEqual(seen, [1, [true, 2, 3, "inner"]]);
  assert.deepEqual(fixture.log, ["inner", "outer"]);
});

test("an error within a frame is the failure of the command that replied it alone", () => {
  const fixture = new EngineFixture([
    fails,
    command("outer", "", (c) => {
      const inner = c.executor.table.commands.get("fails");
      assert.ok(inner !== undefined);
      c.executor.inside(c.session, () => c.executor.call(inner, c.args));
    }),
  ]);
  const { statistics } = fixture.executor;
  const figures = (): number[] => [
    fixture.figure("fails", Figure.calls),
    fixture.figure("fails", Figure.failed),
    fixture.figure("outer", Figure.failed),
  ];
  assert.equal(fixture.call("outer"), "-OOPS it failed");
  assert.equal(fixture.call("fails"), "-OOPS it failed");
  assert.deepEqual(figures(), [2, 2, 0]);
  assert.deepEqual(statistics.errors(), [["OOPS", 2]]);
  assert.equal(statistics.commands, 3);
  fixture.executor.resetStatistics();
  assert.deepEqual(figures(), [0, 0, 0]);
  assert.equal(statistics.commands + statistics.errors().length, 0);
});

test("writes are refused while the log cannot take them, and reads are not", () => {
  const fixture = new EngineFixture([write, command("read", "readonly", (c) => c.reply.ok())]);
  fixture.refusal = "MISCONF the disk is full";
  assert.equal(fixture.call("write k"), "-MISCONF the disk is full");
  assert.equal(fixture.call("read k"), "+OK");
  assert.equal(fixture.figure("write", Figure.rejected), 1);
  assert.deepEqual(fixture.log, []);
});
