// The code of a function: words of 32 bits. An instruction is one word, and as many more as its row
// says. R is a register of the call, K a constant, U an upvalue.
//
//   31      24 23      16 15       8 7        0
//   │    C    │    B     │    A     │ operation │      then: constant, cache, target …
//
// A *target* is the place of the word to go on at. A *cache* is a word that the interpreter writes:
// the node in which the instruction's key was found last, in whatever table. Tables that were
// filled in the same way have a key in the same node, so one comparison finds it most often.
//
// Comparisons are one with the jump that follows them: they go to the target unless the outcome is
// what C says. A captured variable's register holds a Box; the operations that end in `Box` go
// through it. The interpreter's cases are these numbers, written out, since engines make a table of
// jumps of literals alone; a test compares them.

export const Operation = {
  move: 0, //            R[A] = R[B]
  loadConstant: 1, //    R[A] = K[word 1]
  loadNil: 2, //         R[A] … R[B] = nil
  loadTrue: 3, //        R[A] = true
  loadFalse: 4, //       R[A] = false
  getUpvalue: 5, //      R[A] = U[B]
  setUpvalue: 6, //      U[B] = R[A]
  newBox: 7, //          R[A] = a box that holds R[A]
  getBox: 8, //          R[A] = what R[B] holds
  setBox: 9, //          R[A] holds R[B]
  getGlobal: 10, //      R[A] = environment[K[word 1]]          cache: word 2
  setGlobal: 11, //      environment[K[word 1]] = R[A]          cache: word 2
  getField: 12, //       R[A] = R[B][K[word 1]]                 cache: word 2
  setField: 13, //       R[A][K[word 1]] = R[B]                 cache: word 2
  getIndex: 14, //       R[A] = R[B][R[C]]
  setIndex: 15, //       R[A][R[B]] = R[C]
  getItem: 16, //        R[A] = R[B][C], C a number from 1 on
  setItem: 17, //        R[A][B] = R[C], B a number from 1 on
  self: 18, //           R[A + 1] = R[B], R[A] = R[B][K[word 1]]  cache: word 2
  newTable: 19, //       R[A] = a table for word 1 items and word 2 others
  setList: 20, //        R[A][word 1 …] = the B values behind R[A]; B = 0: those up to the top
  add: 21, //            R[A] = R[B] + R[C]
  subtract: 22,
  multiply: 23,
  divide: 24,
  modulo: 25,
  power: 26,
  addConstant: 27, //    R[A] = R[B] + K[C], a number
  subtractConstant: 28,
  multiplyConstant: 29,
  divideConstant: 30,
  moduloConstant: 31,
  powerConstant: 32,
  minus: 33, //          R[A] = −R[B]
  not: 34, //            R[A] = not R[B]
  length: 35, //         R[A] = #R[B]
  concat: 36, //         R[A] = R[B] .. … .. R[C]
  jump: 37, //           go to word 1
  jumpBack: 38, //       go to word 1, which lies before: here a run may be left
  jumpIfFalse: 39, //    unless R[A]: go to word 1
  jumpIfTrue: 40, //     if R[A]: go to word 1
  equal: 41, //          unless (R[A] == R[B]) is C: go to word 1
  equalConstant: 42, //  unless (R[A] == K[B]) is C: go to word 1
  less: 43, //           unless (R[A] < R[B]) is C: go to word 1
  lessEqual: 44,
  lessConstant: 45, //   unless (R[A] < K[B]) is C: go to word 1
  lessEqualConstant: 46,
  greaterConstant: 47,
  greaterEqualConstant: 48,
  call: 49, //           R[A] … = R[A](R[A + 1] …): B − 1 arguments, C − 1 results; 0: up to the top
  tailCall: 50, //       return R[A](R[A + 1] …): B − 1 arguments
  returnMany: 51, //     return R[A] …: B − 1 values; 0: those up to the top
  returnNone: 52,
  returnOne: 53, //      return R[A]
  forPrepare: 54, //     R[A], R[A + 1], R[A + 2] are first, limit, step: go to word 1
  forLoop: 55, //        next: R[A + 3] = R[A], go to word 1, or out of the loop
  forCall: 56, //        R[A + 3] … R[A + 2 + C] = R[A](R[A + 1], R[A + 2])
  forNext: 57, //        unless R[A + 3] is nil: R[A + 2] = it, go to word 1
  closure: 58, //        R[A] = the function that is prototype word 1
  vararg: 59, //         R[A] … = B − 1 of the varargs; 0: all of them, up to the top
} as const;

/** Words of each instruction. */
export const wordsOf = new Uint8Array(64).fill(1);
const { getGlobal, setGlobal, getField, setField, self, newTable } = Operation;
for (const each of [getGlobal, setGlobal, getField, setField, self, newTable]) wordsOf[each] = 3;
const two: number[] = [Operation.loadConstant, Operation.setList, Operation.closure];
for (let each: number = Operation.jump; each <= Operation.greaterEqualConstant; each++)
  two.push(each);
two.push(Operation.forPrepare, Operation.forLoop, Operation.forNext);
for (const each of two) wordsOf[each] = 2;

/** What an operand is called in the text, for errors about its value. */
export const NameKind = { local: 0, upvalue: 1, global: 2, field: 3, method: 4 } as const;
/** Added where the operand is what a call calls. */
export const CALLEE = 8;
export const nameKinds = ["local", "upvalue", "global", "field", "method"];
