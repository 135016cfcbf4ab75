// Connections: handshakes, CLIENT, CONFIG, COMMAND, and what a server says of itself.

import { family, script } from "../support/scenario.ts";

const HELLO_NOAUTH =
  "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO " +
  "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP " +
  "protocol version at the same time";

family("connection", {
  "PING, ECHO, QUIT": script`
    PING
    PING hello
    PING "a\x00b"
    PING a b
    ping
    ECHO hello
    ECHO ""
    ECHO
    ECHO a b
    QUIT
    a<
    b> QUIT now
    b<
  `,

  "unknown commands and wrong arity": script`
    BOGUS
    BOGUS a b c
    bogus "with space" "a\r\nb"
    "" a
    "BO\r\nGUS" "x\ny"
    GET
    get a b
    CLIENT
    CLIENT BOGUS
    CLIENT BOGUS a b
    CLIENT GETNAME x
    CONFIG
    CONFIG GET
    CONFIG BOGUS x
    COMMAND BOGUS
    COMMAND COUNT x
    BOGUS ${"x".repeat(200)} y
    BOGUS a ${"x".repeat(128)} y z
    ${"LONGNAME".repeat(20)} a
  `,

  "HELLO speaks both protocols": script`
    ? HELLO
    ? HELLO 2
    SET k v
    GET nothing
    ? HELLO 3
    GET nothing
    ? HELLO 2
    HELLO 4
    HELLO 1
    HELLO 0
    HELLO -1
    HELLO abc
    HELLO 3 BOGUS
    HELLO 3 AUTH
    HELLO 3 AUTH user
    ? HELLO 3 AUTH default wrong
    HELLO 3 SETNAME
    HELLO 3 SETNAME "with space"
    ? HELLO 2 SETNAME me
    CLIENT GETNAME
    ? HELLO 3 AUTH default "" SETNAME you
    CLIENT GETNAME
  `,

  "HELLO reads all its options before it acts": script`
    HELLO 2 SETNAME me BOGUS
    CLIENT GETNAME
    =2 hello-order $-1
    =3 hello-order _
    HELLO 2 AUTH nobody x BOGUS
    = hello-order -ERR Syntax error in HELLO option 'BOGUS'
    HELLO 2 AUTH nobody x SETNAME "a b"
    = hello-order -ERR Client names cannot contain spaces, newlines or special characters.
    HELLO 2 SETNAME me AUTH nobody x
    CLIENT GETNAME
    =2 hello-order $-1
    =3 hello-order _
    ? HELLO 2 SETNAME one SETNAME two
    CLIENT GETNAME
  `,

  "a password that is set meanwhile": script`
    CONFIG SET requirepass secret
    b> PING
    b> HELLO 2
    = hello-noauth ${HELLO_NOAUTH}
    b> ? HELLO 2 AUTH default secret
    b> PING
    PING
    CONFIG SET requirepass ""
    c> PING
  `,

  "AUTH without a password": script`
    AUTH
    AUTH x
    AUTH default x
    AUTH nobody x
    AUTH a b c
  `,

  CLIENT: script`
    CLIENT GETNAME
    CLIENT SETNAME me
    CLIENT GETNAME
    CLIENT SETNAME ""
    CLIENT GETNAME
    CLIENT SETNAME "a b"
    CLIENT SETNAME "a\nb"
    CLIENT SETNAME
    ? CLIENT ID
    ? CLIENT LIST
    ? CLIENT INFO
    ? CLIENT LIST TYPE normal
    CLIENT LIST TYPE bogus
    CLIENT LIST BOGUS
    CLIENT LIST ID abc
    CLIENT LIST ID 999999
    CLIENT KILL 1.1.1.1:1
    CLIENT KILL ID 999999
    CLIENT KILL ID abc
    CLIENT KILL ID 0
    CLIENT KILL TYPE bogus
    CLIENT KILL USER nobody
    CLIENT KILL BOGUS x
    CLIENT KILL SKIPME maybe
    CLIENT KILL ADDR 1.1.1.1:1
    CLIENT KILL ADDR 1.1.1.1:1 ID
    CLIENT KILL
    CLIENT NO-EVICT on
    CLIENT NO-EVICT off
    CLIENT NO-EVICT maybe
    CLIENT NO-EVICT
    CLIENT REPLY maybe
    ? CLIENT HELP
  `,

  "CLIENT KILL": script`
    b> PING
    CLIENT KILL {address:b}
    b<
    c> PING
    CLIENT KILL ID {id:c}
    c<
    d> PING
    CLIENT KILL ADDR {address:d} ID {id:d} TYPE normal
    d<
    e> SUBSCRIBE ch
    CLIENT KILL TYPE pubsub
    e<
    f> PING
    g> PING
    CLIENT KILL ID {id:f} ID {id:g}
    g<
    f> PING
    CLIENT KILL ID {id:a} SKIPME no SKIPME yes
    CLIENT KILL USER nobody USER default ID 999999
    CLIENT KILL ID {id:a} SKIPME yes
    CLIENT KILL ID {id:a} SKIPME no
    a<
    f> CLIENT KILL {address:f}
    f<
    f<
  `,

  "CLIENT REPLY": script`
    CLIENT REPLY ON
    a>> CLIENT REPLY SKIP
    a>> SET k v
    GET k
    a>> CLIENT REPLY OFF
    a>> SET k w
    a>> GET k
    a>> BOGUS
    a-
    CLIENT REPLY ON
    GET k
  `,

  "CLIENT REPLY ON is replied to, though it was to be skipped": script`
    a>> CLIENT REPLY SKIP
    CLIENT REPLY ON
    PING
    b>> CLIENT REPLY SKIP
    b>> CLIENT REPLY OFF
    b>> PING
    b-
    b> CLIENT REPLY ON
    c>> CLIENT REPLY OFF
    c>> CLIENT REPLY SKIP
    c> CLIENT REPLY ON
    c> PING
    d>> CLIENT REPLY SKIP
    d>> CLIENT REPLY SKIP
    d>> PING
    d> PING
    d>> CLIENT REPLY SKIP
    d>> CLIENT REPLY maybe
    d> GET nothing
  `,

  "CLIENT REPLY and what changes the connection": script`
    RPUSH list x
    a>> CLIENT REPLY OFF
    a>> GET list
    a> RESET
    PING
    b>> CLIENT REPLY SKIP
    b>> RESET
    b> PING
    c>> CLIENT REPLY SKIP
    c>> HELLO 3
    c> GET nothing
    d>> CLIENT REPLY SKIP
    d>> MULTI
    d> PING
    d>> CLIENT REPLY SKIP
    d> GET list
    d> EXEC
    e>> CLIENT REPLY OFF
    e>> SUBSCRIBE ch
    e<
    e>> PING
    e>> BOGUS
    e>> GET list
    e-
    e> RESET
    e> GET list
    f>> CLIENT REPLY SKIP
    f>> SUBSCRIBE ch
    f<
    f> PING
    f> RESET
    g>> CLIENT REPLY SKIP
    g>> BOGUS
    g> EXEC
    g>> CLIENT REPLY OFF
    g>> QUIT
    g-
  `,

  "CLIENT REPLY within a transaction": script`
    MULTI
    CLIENT REPLY SKIP
    ECHO a
    a>> EXEC
    a>> PING
    ECHO z
    = reply-in-multi [+OK, "a"]
    b> MULTI
    b> CLIENT REPLY OFF
    b> ECHO a
    b>> EXEC
    b>> CLIENT REPLY ON
    b> ECHO z
    = reply-in-multi +OK
    c>> CLIENT REPLY OFF
    c>> MULTI
    c>> ECHO a
    c>> CLIENT REPLY ON
    c>> ECHO b
    c> EXEC
    c<
    c> PING
  `,

  "CLIENT SETINFO": script`
    CLIENT SETINFO LIB-NAME mylib
    = client-setinfo +OK
    CLIENT SETINFO lib-ver 1.2.3
    = client-setinfo +OK
    CLIENT SETINFO LIB-NAME "with space"
    = client-setinfo -ERR LIB-NAME cannot contain spaces, newlines or special characters.
    CLIENT SETINFO BOGUS x
    = client-setinfo -ERR Unrecognized option 'BOGUS'
    CLIENT NO-TOUCH on
    = client-no-touch +OK
    CLIENT NO-TOUCH off
    = client-no-touch +OK
  `,

  RESET: script`
    SELECT 5
    CLIENT SETNAME me
    SET k five
    MULTI
    RESET
    CLIENT GETNAME
    GET k
    GET nothing
    RESET x
  `,

  CONFIG: script`
    CONFIG GET maxclients
    CONFIG GET nothing-of-the-kind
    % CONFIG GET hash-max-listpack-entries hash-max-listpack-value
    CONFIG SET hash-max-listpack-entries 99
    CONFIG GET hash-max-listpack-entries
    CONFIG GET HASH-MAX-LISTPACK-ENTRIES
    CONFIG SET hash-max-listpack-entries 128
    CONFIG SET nothing-of-the-kind 1
    CONFIG SET "nothing\x00of-the-kind" 1
    = nul-in-words -ERR Unknown option or number of arguments for CONFIG SET - 'nothing${"\0"}of-the-kind'
    CONFIG SET hash-max-listpack-entries abc
    CONFIG SET hash-max-listpack-entries
    CONFIG SET
    CONFIG SET maxclients 1000 timeout
    CONFIG SET port
    CONFIG SET appendfsync sometimes
    CONFIG SET timeout -1
    CONFIG SET maxmemory-samples 64
    CONFIG SET maxmemory-samples 65
    = samples-bound -ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - argument must be between 1 and 64 inclusive
    CONFIG SET maxmemory-samples 5
    CONFIG SET databases 5
    CONFIG GET appendfsync
    CONFIG GET save
    CONFIG GET appendonly
    CONFIG GET databases
    CONFIG GET maxmemory-policy
    CONFIG GET proto-max-bulk-len
    CONFIG GET timeout
    CONFIG RESETSTAT
    CONFIG RESETSTAT x
    ? CONFIG HELP
  `,

  COMMAND: script`
    ? COMMAND COUNT
    ? COMMAND
    ? COMMAND DOCS
    COMMAND DOCS nothing-of-the-kind
    COMMAND INFO nothing-of-the-kind
    ? COMMAND INFO get
    COMMAND INFO shutdown
    COMMAND GETKEYS GET k
    COMMAND GETKEYS MSET a 1 b 2 c 3
    COMMAND GETKEYS SINTERCARD 2 a b LIMIT 1
    COMMAND GETKEYS LMPOP 2 a b LEFT
    COMMAND GETKEYS BLMPOP 0 2 a b LEFT
    COMMAND GETKEYS RENAME a b
    COMMAND GETKEYS COPY a b REPLACE
    COMMAND GETKEYS BLPOP a b c 0
    COMMAND GETKEYS PING
    = getkeys-arity -ERR The command has no key arguments
    COMMAND GETKEYS GET
    = getkeys-arity -ERR Invalid number of arguments specified for command
    COMMAND GETKEYS LMPOP 1e5 a LEFT
    = loose-counts -ERR Invalid arguments specified for command
    COMMAND GETKEYS BOGUS x
    COMMAND GETKEYS
    COMMAND GETKEYSANDFLAGS SET k v
    COMMAND GETKEYSANDFLAGS LMOVE a b LEFT LEFT
    ? COMMAND LIST
    COMMAND LIST FILTERBY BOGUS x
    COMMAND LIST FILTERBY PATTERN getde*
    COMMAND LIST FILTERBY MODULE nothing
    ~ COMMAND LIST FILTERBY PATTERN lmpo*
    ? COMMAND HELP
  `,

  "a server's own account": script`
    ? INFO
    ? INFO server
    ? INFO everything
    ? INFO all
    INFO nothing-of-the-kind
    ? INFO server clients
    ? INFO default
    ? TIME
    TIME x
    ? LASTSAVE
    LASTSAVE x
    DBSIZE
    DBSIZE x
    SHUTDOWN BOGUS
    SHUTDOWN SAVE NOSAVE
    ROLE
  `,
});

family(
  "a server behind a password",
  {
    "nothing but AUTH, HELLO, QUIT and RESET before it": script`
      PING
      GET k
      BOGUS
      MULTI
      EXEC
      SUBSCRIBE ch
      COMMAND
      CLIENT GETNAME
      AUTH wrong
      AUTH default wrong
      AUTH nobody secret
      GET k
      AUTH
      AUTH a b c
      AUTH secret
      GET k
      SET k v
      AUTH wrong
      GET k
      RESET
      GET k
      AUTH default secret
      GET k
      b> HELLO 3 AUTH default wrong
      b> ? HELLO 3 AUTH default secret
      b> PING
      c> ? HELLO 2 AUTH default secret SETNAME me
      c> CLIENT GETNAME
      d> QUIT
      d<
    `,
  },
  { args: ["--requirepass", "secret"], protocols: [2] },
);
