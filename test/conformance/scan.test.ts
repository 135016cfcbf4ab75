// Cursors: what can be compared to the byte. Whole iterations are compared in random.test.ts and in
// scan-iteration below, because cursors and order belong to each server alone.

import { family, script } from "../support/scenario.ts";

family("cursors", {
  "small collections come in one call": script`
    SCAN 0
    SET k v
    SCAN 0
    SCAN 0 MATCH z*
    SCAN 0 MATCH k* COUNT 100
    SCAN 0 COUNT 100 MATCH k*
    SCAN 0 TYPE string
    SCAN 0 TYPE STRING
    SCAN 0 TYPE list
    SCAN 0 type hash match * count 5
    HSET h a 1 b 2 c 3
    HSCAN h 0
    HSCAN h 0 MATCH b
    HSCAN h 0 MATCH "[ab]" COUNT 1
    HSCAN h 0 COUNT 1
    SADD i 3 1 2
    ~ SSCAN i 0 MATCH nothing
    SSCAN i 0 COUNT 1
    SSCAN i 0 MATCH 2
    HSCAN nothing 0
    SSCAN nothing 0
    HSCAN nothing 0 MATCH a COUNT 5
  `,

  mistakes: script`
    SCAN
    SCAN abc
    SCAN -1
    SCAN " 1"
    SCAN ""
    SCAN 1.5
    SCAN 18446744073709551616
    SCAN "1\x00"
    = nul-in-words -ERR invalid cursor
    HSCAN h "1\x00"
    = nul-in-words -ERR invalid cursor
    SSCAN s "1\x00"
    = nul-in-words -ERR invalid cursor
    SCAN 0 "MATCH\x00" a
    = nul-in-words -ERR syntax error
    SCAN 0 MATCH
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -1
    SCAN 0 COUNT abc
    SCAN 0 COUNT 9223372036854775808
    SCAN 0 BOGUS
    SCAN 0 BOGUS 1
    SCAN 0 TYPE
    SCAN 0 TYPE nonsense
    SCAN 0 MATCH a MATCH b
    SCAN 0 COUNT 1 COUNT
    SCAN 0 NOVALUES
    = hscan-novalues -ERR NOVALUES option can only be used in HSCAN
    HSCAN h
    HSCAN h abc
    HSCAN h -1
    HSCAN nothing abc
    HSCAN h 0 TYPE string
    HSCAN h 0 BOGUS
    HSCAN h 0 COUNT 0
    HSET h f v
    HSCAN h 0 COUNT 0
    HSCAN h 0 COUNT abc
    HSCAN h 0 BOGUS
    HSCAN h 0 MATCH
    HSCAN h 0 TYPE string
    SSCAN s
    SSCAN s abc
    SSCAN s 0 BOGUS
    SADD s a
    SSCAN s 0 BOGUS
    SSCAN s 0 COUNT 0
    SSCAN s 0 NOVALUES
    = hscan-novalues -ERR NOVALUES option can only be used in HSCAN
    SSCAN nothing 0 NOVALUES
  `,

  "small collections come whole whatever the cursor": script`
    HSET h a 1
    HSCAN h 7
    SADD i 1 2
    SSCAN i 7
    SADD s a b
    SSCAN s 7
    = sscan-cursor ["0", ["a", "b"]]
  `,

  "HSCAN NOVALUES": script`
    HSET h a 1 b 2
    HSCAN h 0 NOVALUES
    = hscan-novalues ["0", ["a", "b"]]
    HSCAN h 0 novalues MATCH b COUNT 10
    = hscan-novalues ["0", ["b"]]
    HSCAN h 0 NOVALUES MATCH
  `,
});
