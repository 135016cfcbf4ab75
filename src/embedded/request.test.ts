import assert from "node:assert/strict";
import { test } from "node:test";
import { Request } from "./request.ts";

// The buffer has 4096 bytes at first; places are kept in arrays of 64, 128 …
test("a request's words stay whole while its buffer and its places grow", () => {
  const request = new Request();
  for (const length of [1, 1300, 1365, 1366, 4000, 4095, 4096, 4097, 9000]) {
    for (const count of [1, 3, 63, 64, 65, 200]) {
      request.beginAny();
      const words: (string | number | Uint8Array)[] = [];
      for (let i = 0; i < count; i++) {
        const text = "é€x".repeat(length).slice(0, (i * 977) % (length + 1));
        words.push(i % 3 === 0 ? text : i % 3 === 1 ? i : new TextEncoder().encode(text));
      }
      for (const word of words) request.add(word);
      const { args } = request;
      assert.equal(args.count, count);
      for (const [i, word] of words.entries()) {
        const bytes = word instanceof Uint8Array ? word : new TextEncoder().encode(String(word));
        assert.deepEqual(args.copy(i), bytes, `word ${i} of ${count}, ${length} long`);
      }
    }
  }
});
