import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "./context.ts";
import { command, EngineFixture } from "./engine-test-support.ts";
import { Figure } from "./statistics.ts";

/** Commands that take as long as their first argument says, in µs. */
function fixture(): EngineFixture {
  const made: EngineFixture = new EngineFixture([
    timed("quick", "readonly fast", {}),
    timed("slow", "readonly", { complexity: "O(N)" }),
    timed("other", "readonly fast", {}),
    timed("large", "readonly fast", {}, (c) => c.reply.bulk(new Uint8Array(100_000), 0, 100_000)),
    command("outer", "write", (c) => {
      const { table } = c.executor;
      const { args } = c;
      const inner = table.commands.get("quick");
      assert.ok(inner !== undefined);
      c.executor.inside(c.session, () => {
        for (let i = 0; i < 3; i++) c.executor.call(inner, args);
      });
    }),
  ]);
  function timed(
    name: string,
    flags: string,
    more: Partial<Command>,
    reply: Command["handler"] = (c) => c.reply.ok(),
  ): Command {
    const handler: Command["handler"] = (c) => {
      made.monotonicMs += Number(c.args.text(1)) / 1000;
      reply(c);
    };
    return command(name, flags, handler, more);
  }
  return made;
}

/** Executes requests as a server does with those of one arrival. */
function lap(made: EngineFixture, requests: readonly string[], isLong = true): void {
  const { timer } = made.executor;
  timer.openLap(isLong, 1000);
  for (const request of requests) made.call(request);
  timer.closeLap();
}

function us(made: EngineFixture, name: string): number {
  return made.figure(name, Figure.microseconds);
}

function near(actual: number, expected: number, share: number): void {
  const off = Math.abs(actual - expected) / expected;
  assert.ok(off <= share, `${actual} is not ${expected}, within ${share * 100} %`);
}

function repeat(times: number, ...requests: string[]): string[] {
  return Array.from({ length: times }, () => requests).flat();
}

test("a lap of one command is shared in equal parts, and nothing of it is lost", () => {
  const made = fixture();
  for (let i = 0; i < 100; i++) lap(made, repeat(16, "quick 0.5"));
  assert.equal(made.figure("quick", Figure.calls), 1600);
  near(us(made, "quick"), 800, 0.0001);
  assert.equal(made.executor.statistics.commands, 1600);
});

test("a lap of several commands is shared by what each takes alone", () => {
  const made = fixture();
  for (let i = 0; i < 100; i++) lap(made, repeat(4, "quick 0.25", "other 2", "quick 0.25"));
  near(us(made, "quick"), 200, 0.001);
  near(us(made, "other"), 800, 0.001);
});

test("a command that has become slower is noticed", () => {
  const made = fixture();
  for (let i = 0; i < 20; i++) lap(made, repeat(8, "quick 0.25", "other 0.25"));
  made.executor.resetStatistics();
  for (let i = 0; i < 200; i++) lap(made, repeat(8, "quick 0.25", "other 3"));
  assert.equal(made.figure("other", Figure.calls), 1600);
  near(us(made, "other"), 4800, 0.1);
  near(us(made, "quick") + us(made, "other"), 5200, 0.0001);
});

test("a slow call amid quick ones is known with its duration", () => {
  const made = fixture();
  const quick = repeat(16, "quick 0.25");
  // Those that may take long, replied much, were asked for much.
  const words = repeat(100, "x").join(" ");
  for (const request of ["slow 50000", "large 50000", `other 50000 ${words}`]) {
    const [name] = request.split(" ");
    for (let i = 0; i < 40; i++) lap(made, [...quick, `${name} 0.25`]);
    made.executor.resetStatistics();
    lap(made, [...quick, request, ...quick]);
    near(us(made, name as string), 50000, 0.0005);
    near(us(made, "quick"), 8, 0.3);
    const histogram = made.executor.timer.histogram(
      made.executor.table.commands.get(name as string) as never,
    );
    near(histogram?.percentile(100) ?? 0, 50000, 1 / 32);
  }
});

test("of short arrivals few are timed, and what may take long in one always is", () => {
  const made = fixture();
  const short = repeat(4, "quick 0.25", "other 2");
  for (let i = 0; i < 1000; i++) lap(made, short, false);
  assert.equal(made.figure("quick", Figure.calls), 4000);
  near(us(made, "quick"), 1000, 0.05);
  near(us(made, "other"), 8000, 0.05);
  for (let i = 0; i < 100; i++) lap(made, ["quick 0.25", "slow 0.25"], false);
  made.executor.resetStatistics();
  for (let i = 0; i < 16; i++) {
    const before = us(made, "slow");
    lap(made, ["quick 0.25", "slow 50000", "quick 0.25"], false);
    near(us(made, "slow") - before, 50000, 0.0005);
    for (let k = 0; k < 64; k++) lap(made, ["slow 0.25"], false);
  }
});

test("a command that takes long is timed alone, and no longer once it is quick", () => {
  const made = fixture();
  for (let i = 0; i < 50; i++) lap(made, repeat(4, "quick 0.25", "slow 500"));
  near(us(made, "quick"), 50, 0.0001);
  near(us(made, "slow"), 100_000, 0.0001);
  for (let i = 0; i < 100; i++) lap(made, repeat(8, "quick 0.25", "slow 0.25"));
  made.executor.resetStatistics();
  for (let i = 0; i < 100; i++) lap(made, repeat(8, "quick 0.25", "slow 0.25"));
  near(us(made, "slow"), 200, 0.2);
});

test("a command that calls others takes the time of those as well, and they theirs", () => {
  const made = fixture();
  for (let i = 0; i < 100; i++) lap(made, ["quick 2", "outer 2", "quick 2"]);
  assert.equal(made.figure("quick", Figure.calls), 500);
  near(us(made, "quick"), 1000, 0.0001);
  near(us(made, "outer"), 600, 0.0001);
});

test("outside laps what may take long is timed each time, the rest by its latest calls", () => {
  const made = fixture();
  for (let i = 0; i < 10_000; i++) made.call(`quick ${i % 2 === 0 ? 0.2 : 0.4}`);
  assert.equal(made.figure("quick", Figure.calls), 10_000);
  near(us(made, "quick"), 3000, 0.5);
  for (let i = 0; i < 500; i++) made.call("slow 1");
  made.call("slow 50000");
  near(us(made, "slow"), 50_500, 0.0001);
});

test("what was called is counted when figures are read within a lap", () => {
  const made = fixture();
  for (let i = 0; i < 40; i++) made.call("quick 0.25");
  const { timer } = made.executor;
  timer.openLap(true, 1000);
  made.call("quick 1");
  timer.settle();
  assert.equal(made.figure("quick", Figure.calls), 41);
  timer.closeLap();
  assert.equal(made.figure("quick", Figure.calls), 41);
});

test("short ways are counted, shown to the handler at first and then seldom, and corrected", () => {
  const made = fixture();
  const { timer, table } = made.executor;
  const quick = table.commands.get("quick");
  assert.ok(quick !== undefined);
  let shown = 0;
  for (let i = 0; i < 10_000; i++) {
    if (timer.isDue(quick)) {
      shown++;
      made.call("quick 0.5");
    } else timer.count(quick);
  }
  assert.equal(made.figure("quick", Figure.calls), 10_000);
  near(us(made, "quick"), 5000, 0.0001);
  assert.ok(shown >= 16 && shown < 40, `${shown} were shown`);
  timer.count(quick);
  const startMs = timer.start();
  made.monotonicMs += 7;
  timer.correct(quick, startMs);
  assert.equal(made.figure("quick", Figure.calls), 10_001);
  near(us(made, "quick"), 12_000, 0.0001);
});

test("without latency-tracking there are no histograms, and a reset forgets them", () => {
  const made = fixture();
  const { timer, table } = made.executor;
  const quick = table.commands.get("quick") as never;
  made.executor.keyspace.settings.callsTracked = false;
  made.call("quick 1");
  assert.equal(timer.histogram(quick), undefined);
  made.executor.keyspace.settings.callsTracked = true;
  made.call("quick 1");
  assert.equal(timer.histogram(quick)?.count, 1);
  made.executor.resetStatistics();
  assert.equal(timer.histogram(quick), undefined);
});
