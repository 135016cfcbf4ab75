import assert from "node:assert/strict";
import { test } from "node:test";
import { type TestClient, TestDatabase } from "../test-support.ts";

/** Clients that wait for a member of z; looks at keys, one for each who is asked, are counted. */
class Crowd {
  readonly database = new TestDatabase();
  readonly clients: TestClient[];
  readonly other = this.database.connect();
  steps = 0;

  constructor(count: number) {
    const { database } = this;
    this.clients = Array.from({ length: count }, () => database.connect());
    for (const client of this.clients) assert.equal(client.line("BZPOPMIN z 0"), "");
    const { keyspace } = database;
    const peek = keyspace.peek.bind(keyspace);
    keyspace.peek = (...args): number => {
      this.steps++;
      return peek(...args);
    };
  }

  /** The numbers of those who were replied since this was asked last. */
  served(): number[] {
    return this.clients.flatMap((client, i) => (client.take() === "" ? [] : [i]));
  }
}

test("a thousand clients are served in the order in which they came, one for each member", () => {
  const crowd = new Crowd(1000);
  for (let i = 0; i < 400; i++) {
    crowd.other.line(`ZADD z ${i} m`);
    assert.deepEqual(crowd.served(), [i]);
  }
  // Whoever leaves is passed over; the others keep their places.
  crowd.database.executor.forget(crowd.clients[401].session);
  crowd.database.executor.forget(crowd.clients[999].session);
  crowd.other.line("ZADD z 1 a 2 b 3 c");
  assert.deepEqual(crowd.served(), [400, 402, 403]);
  for (let i = 404; i < 999; i++) crowd.other.line("ZADD z 1 a");
  assert.equal(crowd.served().length, 595);
  crowd.other.line("ZADD z 1 a");
  assert.equal(crowd.other.call("ZCARD", "z"), 1);
});

test("a wake takes the same steps however many clients wait", () => {
  const stepsOf = (count: number): number => {
    const crowd = new Crowd(count);
    for (let i = 0; i < 5; i++) crowd.other.line("ZADD z 1 m");
    assert.equal(crowd.served().length, 5);
    return crowd.steps;
  };
  assert.equal(stepsOf(3000), stepsOf(6));
});
