// For tests of scripts: each is run twice, interpreted and as JavaScript from the first call on.

import { type TestContext, test as testOnce } from "node:test";
import { makeFunction } from "../../lua/test-support.ts";
import { type TestClient, TestDatabase } from "../test-support.ts";

const ways = [
  ["interpreted", null],
  ["as JavaScript", { makeFunction, heatMax: 0 }],
] as const;

let way: (typeof ways)[number] = ways[0];

/** Runs a test in both ways. */
export function test(name: string, body: (t: TestContext) => void | Promise<void>): void {
  for (const each of ways) {
    testOnce(`${name}, ${each[0]}`, (t) => {
      way = each;
      return body(t);
    });
  }
}

/** A database whose scripts run in the way of the test, and a client of it. */
export function client(): { database: TestDatabase; client: TestClient } {
  const database = new TestDatabase();
  database.services.hotCode = way[1];
  return { database, client: database.connect() };
}
