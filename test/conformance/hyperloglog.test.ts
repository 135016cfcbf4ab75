// HyperLogLogs: sparse and dense, counted and merged, the same bytes as Redis's, and what is said
// of strings that are none.

import { family, script } from "../support/scenario.ts";

const crowd = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `e${from + i}`).join(" ");

family("hyperloglog", {
  "PFADD and PFCOUNT": script`
    PFADD h
    PFADD h
    GET h
    PFCOUNT h
    GET h
    PFADD h a b c d e f g
    PFADD h a b c
    PFADD h ""
    PFADD h ""
    PFADD h h
    GET h
    PFCOUNT h
    GET h
    PFCOUNT h
    STRLEN h
    TYPE h
    OBJECT ENCODING h
    PFDEBUG DECODE h
    PFDEBUG ENCODING h
    PFADD h "a\x00b\xff" "a rather long element, of more than a few times eight bytes" 12345678
    GET h
    PFCOUNT h h h
    PFCOUNT nothing
    PFCOUNT nothing nowhere
    PFCOUNT h nothing
    PFADD t x
    EXPIRE t 100
    PFADD t y
    PFCOUNT t
    : TTL t
    PFADD
    PFCOUNT
    PFMERGE
  `,

  "a sparse one becomes dense where it must": script`
    PFADD h ${crowd(0, 700)}
    PFDEBUG ENCODING h
    GET h
    PFCOUNT h
    PFADD h ${crowd(700, 1400)}
    PFDEBUG ENCODING h
    STRLEN h
    PFADD h ${crowd(1400, 3000)}
    PFDEBUG ENCODING h
    STRLEN h
    GET h
    PFCOUNT h
    GETRANGE h 0 15
    PFADD h ${crowd(0, 3000)}
    PFADD h ${crowd(3000, 9000)}
    PFCOUNT h
    GET h
    CONFIG SET hll-sparse-max-bytes 30
    PFADD s ${crowd(0, 20)}
    PFDEBUG ENCODING s
    STRLEN s
    CONFIG SET hll-sparse-max-bytes 0
    PFADD z
    PFDEBUG ENCODING z
    PFADD z a
    PFDEBUG ENCODING z
    CONFIG SET hll-sparse-max-bytes 3000
    CONFIG GET hll-sparse-max-bytes
    CONFIG SET hll-sparse-max-bytes -1
  `,

  PFMERGE: script`
    PFADD a ${crowd(0, 30)}
    PFADD b ${crowd(20, 60)}
    PFADD c x
    PFMERGE d a b c
    GET d
    PFCOUNT d
    PFCOUNT a b c
    PFMERGE d
    GET d
    PFMERGE new
    GET new
    PFMERGE new nothing
    PFMERGE a a a
    GET a
    PFADD large ${crowd(0, 4000)}
    PFMERGE d large
    PFDEBUG ENCODING d
    GET d
    PFCOUNT d a large
    PFMERGE e a large b
    PFDEBUG ENCODING e
    PFADD one ${crowd(0, 900)}
    PFADD two ${crowd(900, 1800)}
    PFMERGE three one two
    PFDEBUG ENCODING three
    GET three
    PFCOUNT three
    PFADD t x
    EXPIRE t 100
    PFMERGE t a
    : TTL t
  `,

  "what is no HyperLogLog": script`
    SET s "a string that is long enough"
    PFADD s a
    PFCOUNT s
    PFCOUNT nothing s
    PFMERGE d s
    PFMERGE s
    PFDEBUG GETREG s
    SET n 12345
    PFADD n a
    SET e ""
    PFCOUNT e
    RPUSH l a
    PFADD l a
    PFCOUNT l
    PFCOUNT nothing l
    PFMERGE d l
    PFMERGE l
    PFDEBUG ENCODING l
    PFADD h a b c
    SETRANGE h 0 X
    PFCOUNT h
    SETRANGE h 0 H
    SETRANGE h 4 "\x02"
    PFCOUNT h
    SETRANGE h 4 "\x00"
    PFCOUNT h
    PFADD h x
    SETRANGE h 4 "\x01"
    APPEND h hello
    PFCOUNT h
    PFCOUNT h h
    PFMERGE d h
    PFMERGE h
    PFDEBUG TODENSE h
    PFDEBUG GETREG h
    EXISTS d
    SET short "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f"
    PFCOUNT short
    SET few "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00"
    PFADD few a
    PFCOUNT few
    PFADD dense ${crowd(0, 4000)}
    APPEND dense x
    PFCOUNT dense
    PFADD dense y
    SET huge "HYLL\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f\x7f\xff"
    PFCOUNT huge
    SETRANGE huge 8 "\x01\x00\x00\x00\x00\x00\x20\x00"
    PFCOUNT huge
    SETRANGE huge 8 "\x07\x00\x00\x00\x00\x00\x00\x00"
    PFCOUNT huge
    OBJECT ENCODING huge
  `,

  PFDEBUG: script`
    PFADD h a b c d
    PFDEBUG DECODE h
    PFDEBUG encoding h
    PFDEBUG TODENSE h
    PFDEBUG TODENSE h
    PFDEBUG DECODE h
    PFDEBUG ENCODING h
    STRLEN h
    PFADD g a b c d
    PFCOUNT g
    PFDEBUG GETREG g
    PFDEBUG ENCODING g
    GETRANGE g 0 15
    PFDEBUG BOGUS g
    PFDEBUG BOGUS nothing
    PFDEBUG ENCODING nothing
    PFDEBUG ENCODING
    PFDEBUG ENCODING h x
    PFDEBUG
    PFSELFTEST x
  `,

  "values move as strings": script`
    PFADD h a b c
    PFCOUNT h
    COPY h copy
    PFADD copy d
    PFCOUNT copy
    PFCOUNT h
    RENAME copy moved
    PFCOUNT moved
    SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
    OBJECT ENCODING k
    PFCOUNT k
    OBJECT ENCODING k
    PFADD k a
    GET k
    MULTI
    PFADD k b
    PFCOUNT k
    PFMERGE k h
    EXEC
    PFADD w a
    WATCH w
    b> PFCOUNT w
    MULTI
    GET w
    EXEC
  `,
});
