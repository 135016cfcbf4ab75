// Where we differ from the redis-server that the tests compare with, and why.
//
// We claim to be Redis 7.4.0, while the oracle may be older (Debian has 7.0.15): a difference with
// `since` is what Redis itself changed in that version, and is expected only from an oracle that is
// older. One without `since` is ours for good. `docs/differences.md` is rendered from this list,
// and a test keeps the two the same.

import { olderThan } from "../support/servers.ts";

export interface Difference {
  /** The version of Redis whose behaviour we follow where the oracle is older. */
  readonly since?: string;
  readonly topic: string;
  readonly redis: string;
  readonly ours: string;
  readonly reason: string;
}

export const DIFFERENCES = {
  "script-numbers": {
    since: "7.4.0",
    topic: "Numbers of a script that are no whole ones, as words of a command",
    redis: "17 digits: `0.10000000000000001`",
    ours: "as few digits as tell the number from all others: `0.1`",
    reason: "Redis 7.4 writes them so.",
  },
  "script-clock": {
    since: "7.4.0",
    topic: "`os` in a script",
    redis: "is not there",
    ours: "has `os.clock`",
    reason: "Redis 7.4 has it.",
  },
  "script-blocking": {
    since: "7.2.0",
    topic: "Blocking commands in a script",
    redis: "are refused",
    ours: "find nothing, as if their time were up",
    reason: "Redis does so since 7.2.",
  },
  "script-debugger": {
    topic: "`SCRIPT DEBUG YES` and `SYNC`",
    redis: "begin a session of the debugger with the next `EVAL`",
    ours: "an error",
    reason: "There is no debugger for scripts; `redis.log` writes to the server's log.",
  },
  "deadline-precision": {
    topic: "Deadlines beyond 2^53 milliseconds (the year 287,396)",
    redis: "exact to 64 bits",
    ours: "rounded by at most 1024 ms",
    reason: "A deadline is a 64-bit float, as JavaScript's clock is.",
  },
  "inline-nul": {
    topic: "A NUL byte in an inline request",
    redis: "hides the end of its line, so that the request is never answered",
    ours: "a byte like any other",
    reason: "It is an accident of C strings; RESP requests hold any byte in both.",
  },
  "field-deadlines-exact": {
    topic: "Fields of a hash whose deadline has passed, until they are taken out",
    redis:
      "HLEN counts them, EXISTS finds the hash, HDEL deletes them, RENAME and COPY take them along",
    ours: "they are gone, and the hash with the last one",
    reason: "Deadlines of fields are as exact as those of keys.",
  },
  "field-deadlines-encoding": {
    topic: "OBJECT ENCODING of a small hash with deadlines of fields",
    redis: "`listpackex`",
    ours: "`hashtable`",
    reason:
      "Such a hash is a table from the first deadline on; DEBUG LISTPACK has nothing to show.",
  },
  "field-deadlines-new": {
    topic: "HGETDEL, HGETEX, HSETEX",
    redis: "since 8.0",
    ours: "there, as 8.0 has them",
    reason: "We claim to be 7.4, and have what came later beside it.",
  },
  "debug-local": {
    topic: "The default of `enable-debug-command`",
    redis: "`no`",
    ours: "`local`: DEBUG is for clients of the same machine",
    reason: "A database that is embedded or bound to loopback is tested where it runs.",
  },
  "aof-timestamp-default": {
    topic: "The default of `aof-timestamp-enabled`",
    redis: "`no`",
    ours: "`yes`",
    reason:
      "A log can then be restored up to a time, and a line a second costs nothing measurable.",
  },
  "port-fixed": {
    topic: "`CONFIG SET` of `port` and `bind`",
    redis: "while the server runs",
    ours: "an error: they are fixed at start",
    reason: "Who connects by one address would be cut off when it goes.",
  },
  "snapshot-after-log": {
    topic:
      "A start with `appendonly yes` where `dump.rdb` was saved after `CONFIG SET appendonly no`",
    redis: "loads the log, and loses what the snapshot has more",
    ours: "loads the snapshot, and begins a log with it",
    reason: "The snapshot says which log it comes after; it holds all that the log does, and more.",
  },
  "log-not-loaded": {
    topic: "`CONFIG SET appendonly yes` where a log lies that was not loaded at the start",
    redis: "removes its files",
    ours: "leaves its files there, which no manifest names any more, and says so",
    reason: "What they hold is nowhere else.",
  },
  "shutdown-while-begun": {
    topic: "`SHUTDOWN`, and signals, while the base of a log that was switched on is written",
    redis: "an error, unless `FORCE`, which leaves no log",
    ours: "the base is written to its end, and then the server ends",
    reason: "Nothing is lost, and no service manager waits for a server that refuses to stop.",
  },
  "log-begun-on-full-disk": {
    topic: "A log that cannot be written before its base is on the disk",
    redis: "refuses writes (MISCONF), and with `appendfsync always` ends",
    ours: "is given up and begun again later; writes go on as without a log",
    reason: "Nothing has been promised of it yet.",
  },
  "directives-rounded": {
    topic: "Numbers of directives beyond 2^53",
    redis: "exact",
    ours: "rounded to the nearest float",
    reason: "They are JavaScript's numbers.",
  },
  activedefrag: {
    topic: "`activedefrag`",
    redis: "what is set",
    ours: "`no`; CONFIG SET refuses `yes`",
    reason: "Nothing is defragmented.",
  },
  "rewrite-without-log": {
    topic: "`BGREWRITEAOF` where there is no log",
    redis: "writes a base for a log that may come",
    ours: "an error",
    reason: "A log that begins later gets its base then.",
  },
  "protected-dir": {
    topic: "`CONFIG SET dir` where `enable-protected-configs` allows it",
    redis: "changes the directory",
    ours: "an error: it is chosen at the start",
    reason: "The data directory is locked, and its log open.",
  },
  "renamed-log": {
    topic: "What the log holds of a command that `rename-command` has renamed",
    redis: "the name that it was called by",
    ours: "its own name",
    reason: "So the log can be read whatever the names are.",
  },
  "memory-startup": {
    topic: "`used_memory_startup`",
    redis: "what the process had allocated at its start, about 900 KB",
    ours: "the tables of the first segment, 8 KB",
    reason: "What the runtime takes for itself is in `used_memory_rss` alone.",
  },
  "replicaof-host": {
    topic: "REPLICAOF with a host",
    redis: "becomes a replica",
    ours: "an error",
    reason: "There is no replication in this version.",
  },
  "waitaof-syncs": {
    topic: "WAITAOF 1",
    redis: "waits for the client's own writes, until `appendfsync` syncs them, with `no` for ever",
    ours: "begins a sync, whatever `appendfsync` says, and waits for everybody's writes",
    reason: "Who asks means it, and the answer is there sooner.",
  },
  "migrate-serves": {
    topic: "MIGRATE while its keys are on their way",
    redis: "nobody is served",
    ours:
      "the client waits, others are served; a key that they change stays, with the error " +
      "`CHANGED`; inside MULTI it is an error",
    reason: "A server that does not answer would stop this one for the timeout.",
  },
  "migrate-refused": {
    topic: "MIGRATE where the target refuses the password or the database",
    redis: "has sent the keys already, to whichever database was selected",
    ours: "sends none",
    reason: "They could overwrite other keys.",
  },
  "migrate-connections": {
    topic: "The connections that MIGRATE keeps",
    redis: "one for a target, whoever authenticated it",
    ours: "one for each password given; more where several clients migrate at once",
    reason: "Nobody acts with another's rights.",
  },
  lolwut: {
    topic: "The drawings of LOLWUT, and the texts of MEMORY DOCTOR, MALLOC-STATS and DEBUG OBJECT",
    redis: "its own",
    ours: "our own, in the same form",
    reason: "They are about what lies in memory here.",
  },
  "port-zero": {
    topic: "`port 0`",
    redis: "no TCP, a Unix socket may serve",
    ours: "refused",
    reason: "There are no Unix sockets, so nobody could be served.",
  },
  "reply-limit": {
    topic: "One reply of more than 2 GiB, and one transaction of more than 1 GiB",
    redis: "as memory allows",
    ours: "an error",
    reason: "One buffer of JavaScript holds them.",
  },
  "no-loading": {
    topic: "A connection while the log is replayed at the start",
    redis: "is accepted, and replies `-LOADING`",
    ours: "waits until the replay is done, and is served then",
    reason: "One thread replays without a pause, as fast as it can.",
  },
  "limit-bounds": {
    topic: "Bounds of `proto-max-bulk-len` and `client-query-buffer-limit`",
    redis: "int64",
    ours: "1 GiB and 2 GiB",
    reason: "Offsets in a request are 32-bit integers.",
  },
  "nul-in-words": {
    topic:
      "A NUL byte in an option, in a cursor, in a bound of scores, in what SORT compares, and in " +
      "what an error shows of a request",
    redis: "ends the word, so that `EX\\0` is EX",
    ours: "a byte like any other: there is no such option or cursor, and the error shows it",
    reason: "It is an accident of C strings.",
  },
  "directives-utf8": {
    topic: "A directive's value that is not UTF-8, or holds U+FFFD",
    redis: "any bytes",
    ours: "an error",
    reason: "Directives are text; a password of other bytes could not be given.",
  },
  "new-events": {
    topic: "CONFIG GET `notify-keyspace-events` when it is `A` with `n`",
    redis: "leaves out `n`, and CONFIG REWRITE loses it",
    ours: "shows `n`",
    reason: "What is shown can be set again.",
  },
  "loose-counts": {
    topic: "COMMAND GETKEYS where the count of keys is no integer, or beyond 32 bits",
    redis: "what C's `atoi` makes of it: `1e5` is 1",
    ours: "`Invalid arguments specified for command`",
    reason: "The command itself refuses such a count.",
  },
  "reply-in-multi": {
    topic: "CLIENT REPLY SKIP and OFF between MULTI and EXEC",
    redis: "EXEC announces more replies than it sends, and the client waits for the rest",
    ours: "SKIP is replied `OK` there; OFF leaves out the whole reply of EXEC",
    reason: "A reply with a hole in it is no RESP.",
  },
  "quit-silent": {
    topic: "QUIT after CLIENT REPLY OFF or SKIP",
    redis: "the connection stays open, and nothing that comes on it is executed any more",
    ours: "the connection is closed, without a reply",
    reason: "QUIT closes the connection; redis-server does that when it has sent the reply.",
  },
  "bitfield-fails": {
    topic:
      "BITFIELD whose writes all fail (`OVERFLOW FAIL`) on a string that it makes or lengthens",
    redis: "the key is there, or longer, but nobody is told: no event, nothing in the log",
    ours: "a `setbit` event, and the log has it",
    reason: "A database that starts again is the one that was shut down.",
  },
  "bit-ranges": {
    since: "7.2.0",
    topic: "BITCOUNT and BITPOS with a range that is none, where the key is not there",
    redis: "as with any range",
    ours: "an error",
    reason: "Redis 7.2 reads all arguments before it looks for the key.",
  },
  "conditional-strings": {
    topic: "SET with IFEQ, IFNE, IFDEQ and IFDNE; DIGEST, DELEX, MSETEX; DELIFEQ",
    redis: "since 8.4; DELIFEQ is Valkey's, since 9.0",
    ours: "here too, and the log has the SET or DEL that comes of them",
    reason: "They collide with nothing, and what is logged can be read by servers that lack them.",
  },
  increx: {
    topic: "INCREX",
    redis: "since 8.8; Valkey's, since 9.2, has NX and XX too",
    ours: "Redis's, and the log has the SET or DEL that comes of it",
    reason: "It collides with nothing, and what is logged can be read by servers that lack it.",
  },
  "bitop-operations": {
    topic: "BITOP with DIFF, DIFF1, ANDOR and ONE",
    redis: "since 8.2",
    ours: "here too, and the log has the SET that comes of them",
    reason: "They collide with nothing, and what is logged can be read by servers that lack them.",
  },
  "pfadd-damaged": {
    topic: "PFADD of several elements to a HyperLogLog that is damaged",
    redis:
      "keeps what it has changed before it met the damage, and tells neither log nor subscribers",
    ours: "the same error, and nothing is changed",
    reason: "A database that starts again is the one that was shut down.",
  },
  "trailing-registers": {
    topic: "A sparse HyperLogLog with bytes behind its end, in PFMERGE and PFCOUNT of several keys",
    redis: "they are not read; PFCOUNT of it alone is an error",
    ours: "INVALIDOBJ, as for any that is damaged",
    reason: "A damaged value is told of wherever it is met.",
  },
  "bitfield-least": {
    topic: "BITFIELD SET with OVERFLOW SAT of numbers that are next to -2^63",
    redis: "the greatest number of the field: a sum overflows",
    ours: "the least",
    reason: "That is what saturating means.",
  },
  "glob-nesting": {
    topic: "Patterns with more than a thousand stars",
    redis: "since 7.4.1 match nothing",
    ours: "match what they say",
    reason: "Here they take no more time and no stack.",
  },
  keyslot: {
    topic: "CLUSTER KEYSLOT where there is no cluster",
    redis: "an error: cluster support is disabled; Valkey came to reply the slot in 2026",
    ours: "the slot",
    reason: "It takes no cluster to work it out, and programs can be tried with it.",
  },
  "reported-version": {
    topic: "The version in INFO and HELLO",
    redis: "its own",
    ours: "7.4.0, whose behaviour this is, or what `redis-version-reported` says",
    reason: "Clients choose by it what they send.",
  },
  "union-cards": {
    topic: "SUNIONCARD and SDIFFCARD",
    redis: "since 8.10",
    ours: "here too",
    reason: "They collide with nothing.",
  },
  "block-moves": {
    topic: "LMOVEM and BLMOVEM",
    redis: "since 8.10",
    ours: "here too, and the log has LMOVE, or the pop and the push that come of them",
    reason: "They collide with nothing, and what is logged can be read by servers that lack them.",
  },
  "aggregate-count": {
    topic: "ZUNION, ZINTER and their STORE forms with AGGREGATE COUNT",
    redis: "since 8.8",
    ours: "here too, and the log has the ZADD that comes of it",
    reason: "It collides with nothing, and what is logged can be read by servers that lack it.",
  },
  polygons: {
    topic: "GEOSEARCH and GEOSEARCHSTORE with BYPOLYGON",
    redis: "not there; Valkey's, since 9.0",
    ours: "as in Valkey, and the log has the ZADD that comes of it",
    reason: "It collides with nothing, and what is logged can be read by servers that lack it.",
  },
  "set-listpack": {
    since: "7.2.0",
    topic: "OBJECT ENCODING of small sets that are not all integers",
    redis: "`hashtable`",
    ours: "`listpack`, up to `set-max-listpack-entries` and `set-max-listpack-value`",
    reason: "Redis 7.2 added this encoding; it takes a fraction of the memory.",
  },
  "set-words": {
    since: "7.2.0",
    topic:
      "OBJECT ENCODING of integers added by an SADD that repeats them, with more words than " +
      "`set-max-intset-entries`",
    redis: "`intset`: what it holds is counted",
    ours: "`hashtable`: the words are counted",
    reason: "Since Redis 7.2 SADD chooses the encoding before it adds.",
  },
  "list-listpack": {
    since: "7.2.0",
    topic: "OBJECT ENCODING of small lists",
    redis: "`quicklist`, always",
    ours: "`listpack` as long as one node holds the list",
    reason: "Redis 7.2 added this encoding.",
  },
  "zrank-withscore": {
    since: "7.2.0",
    topic: "WITHSCORE with ZRANK and ZREVRANK",
    redis: "an error: too many arguments",
    ours: "the rank and the score",
    reason: "Redis 7.2 added the option.",
  },
  "shortest-doubles": {
    since: "7.2.0",
    topic: "Scores that are no whole numbers",
    redis: "17 digits: `0.10000000000000001`",
    ours: "as few digits as tell the number from all others: `0.1`",
    reason: "Redis 7.2 writes them so; it is the same number.",
  },
  "read-last": {
    topic: "XREAD with `+`, where the last entry was deleted, or there never was one",
    redis:
      "nothing, or `the stream last element ID is 0-0`: it reads behind the ID before the last",
    ours: "the last entry that is there, or nothing",
    reason: "`+` is documented to ask for the last entry.",
  },
  "saved-activity": {
    topic: "`inactive` and `active-time` of a consumer who never got anything, after a start",
    redis: "-1 still, where an RDB file was loaded",
    ours: "as if it had got something when it was last seen",
    reason: "Files are of the version that redis-server 7.0 loads, which has no such time.",
  },
  "stream-references": {
    topic:
      "XACKDEL, XDELEX, XNACK; XADD and XTRIM with KEEPREF, DELREF and ACKED; XREADGROUP with " +
      "CLAIM; XREAD and XREADGROUP with MAXCOUNT and MAXSIZE",
    redis: "since 8.2 and later",
    ours: "here too; XACKDEL, XDELEX, XNACK, DELREF and ACKED stand in the log as they came",
    reason: "They collide with nothing. After `BGREWRITEAOF` servers that lack them load the log.",
  },
  "idempotent-ids": {
    topic: "XADD with IDMP and IDMPAUTO, XCFGSET and XIDMPRECORD",
    redis:
      "since 8.6 and 8.8; XINFO STREAM always tells of them, and every stream is saved in " +
      "encoding 26 or later",
    ours:
      "here too, with their directives; XINFO STREAM tells of them, and a stream is saved so, " +
      "where they are in use; a stream takes over the directives with its first one",
    reason: "They collide with nothing, and streams without them are as in Redis 7.",
  },
  "kept-tree-key": {
    topic: "`radix-tree-keys` in XINFO STREAM, where XTRIM took the last entry of a node",
    redis: "may count a node in which all entries are deleted",
    ours: "a node goes with its last entry",
    reason: "Nothing is in it.",
  },
  "negative-offset": {
    topic: "A negative offset in LIMIT of ZRANGE and its kin, by score or lexical order",
    redis: "nothing; since 7.4, where the sorted set is large, counts from the end",
    ours: "nothing",
    reason: "The reply does not depend on the encoding.",
  },
  "overwritten-keys": {
    topic: "Clients that wait for a key of another type, which a STORE overwrites with theirs",
    redis: "wait on: only a key that was not there wakes them",
    ours: "are served",
    reason: "What they wait for is there.",
  },
  "nearest-digits": {
    topic: "The digits of about one score in a thousand that is no integer",
    redis: "one digit more than are needed, or the last one rounded the other way",
    ours: "as few as tell the number from all others, and of these the nearest",
    reason: "It is the same number; Redis's algorithm, Grisu2, does not always find them.",
  },
  "digested-scores": {
    topic: "DEBUG DIGEST and DIGEST-VALUE of scores that are no integers, or of 17 digits and more",
    redis: "of 17 digits; since 7.2, of the fewest",
    ours: "of 17 digits",
    reason: "So they can be compared with those of 7.0.",
  },
  "sort-encoding": {
    topic: "OBJECT ENCODING of a sorted set after SORT, which only reads it",
    redis: "`skiplist`",
    ours: "what it was before",
    reason: "redis-server makes it a skiplist to sort it; here nothing is changed to be read.",
  },
  "hscan-novalues": {
    since: "7.4.0",
    topic: "NOVALUES with HSCAN, SCAN and SSCAN",
    redis: "a syntax error",
    ours: "HSCAN gives fields without values, the others an error that names HSCAN",
    reason: "Redis 7.4 added the option.",
  },
  "sscan-cursor": {
    since: "7.2.0",
    topic: "SSCAN of a small set, not all integers, with a cursor other than 0",
    redis: "what a hash table has there",
    ours: "the whole set",
    reason: "Since Redis 7.2 it is a `listpack`, which is given whole whatever the cursor.",
  },
  "samples-bound": {
    since: "7.4.0",
    topic: "CONFIG SET `maxmemory-samples` above 64",
    redis: "accepted",
    ours: "refused",
    reason: "Redis 7.4 has this bound.",
  },
  "client-setinfo": {
    since: "7.2.0",
    topic: "CLIENT SETINFO",
    redis: "an unknown subcommand",
    ours: "keeps LIB-NAME and LIB-VER, shown by CLIENT LIST and CLIENT INFO",
    reason: "Redis 7.2 added it, and client libraries send it when they connect.",
  },
  "client-no-touch": {
    since: "7.2.0",
    topic: "CLIENT NO-TOUCH",
    redis: "an unknown subcommand",
    ours: "on or off",
    reason: "Redis 7.2 added it.",
  },
  "hello-order": {
    since: "7.2.0",
    topic: "HELLO with several options of which one is wrong",
    redis: "acts on each as it reads it: a name is set although an error follows",
    ours: "reads them all, then acts; of an option given twice the last counts",
    reason: "Redis 7.2 reads before it acts.",
  },
  "hello-noauth": {
    since: "7.4.0",
    topic: "The error of HELLO before authentication",
    redis: "`HELLO AUTH <user> <pass>`",
    ours: "`HELLO <proto> AUTH <user> <pass>`",
    reason: "Redis mended its text.",
  },
  "push-after-reply": {
    since: "7.2.0",
    topic: "RESP3: a message that a subscriber publishes to itself",
    redis: "before the reply to PUBLISH, and within the reply to EXEC",
    ours: "behind the reply",
    reason: "Redis 7.2 mended it: a push within another reply is no RESP3.",
  },
  "blocked-first-listed": {
    since: "7.2.0",
    topic:
      "Which list serves a client that waits for several, when a transaction fills more than one",
    redis: "the one that was filled first",
    ours: "the first that the command names",
    reason:
      "Since Redis 7.2 a wakened client runs its command again, which looks in its own order.",
  },
  "woken-wrong-type": {
    since: "7.2.0",
    topic:
      "A client that waits for several keys and is woken when one that it names earlier holds " +
      "another type",
    redis: "takes from the key that woke it",
    ours: "WRONGTYPE",
    reason: "Since Redis 7.2 a wakened client runs its command again, from its first key on.",
  },
  "timeout-range": {
    since: "7.2.0",
    topic: "The error of a timeout that no clock can hold",
    redis: "`timeout is negative`, because the sum overflowed",
    ours: "`timeout is out of range`",
    reason: "Redis 7.2 checks for it.",
  },
  "xread-woken": {
    since: "7.2.0",
    topic: "Which streams serve a client that waits in XREAD for several",
    redis: "the one that woke it",
    ours: "all that have entries for it",
    reason: "Since Redis 7.2 a wakened client runs its command again.",
  },
  "xread-unbalanced": {
    since: "7.4.0",
    topic: "The error of XREAD and XREADGROUP with a key too many",
    redis: "names neither of the two",
    ours: "names the command",
    reason: "Redis 7.4 says it so.",
  },
  "xadd-sequence-end": {
    since: "7.2.0",
    topic: "The error of XADD with an ID such as `7-*` where 7 has no sequence number left",
    redis: "`Elements are too large to be stored`",
    ours: "that the ID is not greater than the last one",
    reason: "Redis 7.2 does not take one error for another.",
  },
  "xsetid-erased": {
    since: "7.2.0",
    topic: "XSETID with an ID below that of an entry that was erased",
    redis: "sets it",
    ours: "refuses it",
    reason: "Since Redis 7.2 the last ID is never below the greatest one that was erased.",
  },
  "xinfo-nodes": {
    topic: "`radix-tree-nodes` in XINFO STREAM, of a stream of several nodes",
    redis: "the nodes of the radix tree that finds them",
    ours: "one more than nodes",
    reason:
      "Streams' nodes stand in an ordered tree; `radix-tree-keys`, their number, is the same.",
  },
  "consumer-made": {
    since: "7.2.0",
    topic: "Consumers who ask for entries by XREADGROUP, XCLAIM or XAUTOCLAIM, and get none",
    redis: "are not made",
    ours: "are made, and their `idle` counts from then on",
    reason: "Redis 7.2 tells when a consumer was seen, and when it was active.",
  },
  "consumer-active": {
    since: "7.2.0",
    topic: "XINFO CONSUMERS, and XINFO STREAM FULL",
    redis: "say when a consumer was seen",
    ours: "say also when it last got something: `inactive`, `active-time`",
    reason: "Redis 7.2 tells when a consumer was seen, and when it was active.",
  },
  "stream-gone": {
    topic:
      "What a client that waits in XREADGROUP is told when the key goes, or is no stream any more",
    redis: "`UNBLOCKED the stream key no longer exists`; since 7.2, what a new call would be told",
    ours: "`NOGROUP`, or `WRONGTYPE`: the stream key no longer exists",
    reason: "Programs go by the code, which is that of 7.2; people by the text, which says more.",
  },
  "deliveries-precision": {
    topic: "RETRYCOUNT and ENTRIESREAD of groups of streams, of 2^53 or more",
    redis: "that number",
    ours: "9223372036854775807, and 9007199254740991: as much as is counted",
    reason: "Deliveries and entries are counted in 64-bit floats.",
  },
  "getkeys-arity": {
    since: "7.2.0",
    topic: "COMMAND GETKEYS and GETKEYSANDFLAGS of a command alone",
    redis: "a wrong number of arguments",
    ours: "what is wrong with that command",
    reason: "Redis 7.2 lowered the arity from -4 to -3.",
  },
  "lpos-rank": {
    since: "7.2.0",
    topic: "LPOS with RANK -9223372036854775808",
    redis: "as any rank",
    ours: "out of range",
    reason: "Redis 7.2 refuses the one number that has no counterpart above zero.",
  },
} as const satisfies Record<string, Difference>;

/** Whether a comparison of these two servers has to expect the difference. */
export function differenceApplies(id: string, oracleVersion: string, ourVersion: string): boolean {
  const difference: Difference | undefined = (DIFFERENCES as Record<string, Difference>)[id];
  if (!difference) throw new Error(`differences.ts has no "${id}"`);
  if (difference.since === undefined) return true;
  return olderThan(oracleVersion, difference.since) && !olderThan(ourVersion, difference.since);
}
