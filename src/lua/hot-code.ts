// JavaScript for a function that is hot: its code once more, with registers in local variables and
// no decoding. It is the interpreter's loop for one function, unrolled, and keeps the interpreter's
// rules:
//
// - It may be entered wherever a block of instructions begins (`entries`), with registers on the
//   stack, and left at any instruction: then registers go back to the stack and `frame.pc` says
//   where to go on. So a run that is paused, or a call that somebody else has to finish, is nothing
//   special.
// - What is not numbers, fields of tables and calls is done by `performWhole`, on the stack.
// - Calls of functions that are hot too are calls of JavaScript, to a bounded depth; their frames
//   are pushed as ever. When such a call comes back unfinished, this function leaves, too.
// - An error passes through: every frame above the protected call goes, with its registers. The
//   call that is protected is therefore made once hot functions have left (`callPending`).
//
// The text has numbers and names made here in it, and nothing of the script: constants are passed.
// A host that allows it lends the constructor of functions (`StateOptions.makeFunction`); without
// one everything is interpreted.

import { deliver, enter, finishNative, finishNested, moveResults, SPARE_SLOTS } from "./calls.ts";
import { performWhole } from "./instructions.ts";
import { Operation, wordsOf } from "./opcodes.ts";
import { LuaTable } from "./table.ts";
import {
  type Frame,
  type HotCode,
  LuaClosure,
  type LuaState,
  type LuaThread,
  Mode,
  NativeFunction,
  type Prototype,
  RunStatus,
} from "./thread.ts";
import { Box, type LuaValue } from "./values.ts";

const WORDS_MAX = 3000;
const REGISTERS_MAX = 100;
/** The heat of a function that is not for hot code: it is asked again in a billion turns. */
const NEVER = -(2 ** 30);
/**
 * Heat that has come in more runs than this is forgotten: a short script that is run for ever has a
 * few turns each time, at which the interpreter is as quick.
 */
const RUNS_MAX = 20;
/** Calls of hot functions within each other, which are on JavaScript's stack. */
const DEPTH_MAX = 100;
/** What `HotCode` returns besides a RunStatus: go on with the frame on top. */
const GO_ON = -1;
/** What a call has come to: its results are on the stack; else as HotCode. */
const DONE = -2;

/**
 * The count of a prototype's heat is full: makes hot code for it, if it did not take many runs, the
 * host lets us, and it is of a size for it.
 */
export function heat(state: LuaState, prototype: Prototype): void {
  const { runs } = state;
  if (runs - prototype.countedFrom > RUNS_MAX) {
    prototype.heat = 0;
    prototype.countedFrom = runs;
    return;
  }
  prototype.heat = state.heatMax;
  const { makeFunction } = state;
  const { code, registers } = prototype;
  if (makeFunction === null || code.length > WORDS_MAX || registers > REGISTERS_MAX) {
    prototype.heat = NEVER;
    return;
  }
  const writer = new HotWriter(prototype);
  const text = writer.write();
  const names = [
    "K",
    "H",
    "LuaTable",
    "Box",
    "whole",
    "field",
    "method",
    "invoke",
    "iterate",
    "deliver",
  ];
  const make = makeFunction([...names, text]);
  const hot = make(
    prototype.constants,
    prototype.hashes,
    LuaTable,
    Box,
    performWhole,
    field,
    method,
    invoke,
    iterate,
    deliver,
  );
  prototype.entries = writer.entries;
  prototype.hot = hot as HotCode;
}

/** The value of a field whose cached node did not serve; the cache is set. */
function field(
  table: LuaTable,
  key: string,
  hash: number,
  code: Int32Array,
  cache: number,
): LuaValue {
  const node = table.findString(key, hash);
  if (node >= 0) {
    code[cache] = node;
    const value = table.nodeValues[node];
    if (value !== undefined) return value;
  }
  return table.metatable === null ? undefined : table.inherited(key, hash);
}

/** A method: its own, or that of the table behind, in which the cached node most often serves. */
function method(
  table: LuaTable,
  key: string,
  hash: number,
  code: Int32Array,
  cache: number,
): LuaValue {
  const own = table.findString(key, hash);
  if (own >= 0 && table.nodeValues[own] !== undefined) return table.nodeValues[own];
  const { metatable } = table;
  if (metatable === null) return undefined;
  const behind = metatable.indexHandler;
  if (!(behind instanceof LuaTable)) return undefined;
  const node = code[cache];
  if (node < behind.nodeKeys.length && behind.nodeKeys[node] === key) {
    const value = behind.nodeValues[node];
    if (value !== undefined) return value;
  }
  return field(behind, key, hash, code, cache);
}

/** Calls stack[at]: DONE where its results are on the stack, else what the caller returns. */
function invoke(
  thread: LuaThread,
  frame: Frame,
  i: number,
  words: number,
  at: number,
  count: number,
  wanted: number,
): number {
  const { state } = thread;
  const callee = thread.stack[at];
  if (!(callee instanceof LuaClosure))
    return invokeOther(thread, frame, i, words, at, count, wanted);
  enter(thread, callee, at, count, Mode.call, at, wanted);
  if (--state.budget < 0) return RunStatus.paused;
  const { prototype } = callee;
  if (prototype.hot === null) {
    if (++prototype.heat <= state.heatMax) return GO_ON;
    heat(state, prototype);
    if (prototype.hot === null) return GO_ON;
  }
  if (state.hotDepth >= DEPTH_MAX) return GO_ON;
  state.hotDepth++;
  const left = (prototype.hot as HotCode)(thread, thread.frame, callee, 0);
  state.hotDepth--;
  if (left !== GO_ON) return left;
  return thread.frame === frame && state.current === thread ? DONE : GO_ON;
}

/** Calls a native function, or what has `__call`. */
function invokeOther(
  thread: LuaThread,
  frame: Frame,
  i: number,
  words: number,
  at: number,
  count: number,
  wanted: number,
): number {
  const { stack, state } = thread;
  const callee = stack[at];
  if (!(callee instanceof NativeFunction)) {
    performWhole(thread, frame, frame.closure as LuaClosure, i, words);
    return thread.frame === frame && state.current === thread ? DONE : GO_ON;
  }
  if (at + count + SPARE_SLOTS > stack.length) thread.ensureStack(at + count + SPARE_SLOTS);
  const results = callee.code(thread, at + 1, count);
  if (results < 0) {
    finishNative(thread, results, at + 1, Mode.call, at, wanted);
    return thread.frame === frame && state.current === thread ? DONE : GO_ON;
  }
  if (wanted === 1) stack[at] = results > 0 ? stack[at + 1] : undefined;
  else moveResults(thread, at, wanted, at + 1, results);
  return DONE;
}

/** Calls an iterator. One that is a Lua function counts as called by C: nobody yields across it. */
function iterate(
  thread: LuaThread,
  frame: Frame,
  i: number,
  words: number,
  at: number,
  wanted: number,
): number {
  const { stack, state } = thread;
  const callee = stack[at];
  if (callee instanceof NativeFunction) {
    const results = callee.code(thread, at + 1, 2);
    if (results >= 0) {
      moveResults(thread, at, wanted, at + 1, results);
      return DONE;
    }
    finishNested(thread, results, at + 1, Mode.call, at, wanted);
  } else {
    for (let n = 0; n < 3; n++) stack[at - 3 + n] = stack[at + n];
    performWhole(thread, frame, frame.closure as LuaClosure, i, words);
  }
  return thread.frame === frame && state.current === thread ? DONE : GO_ON;
}

const symbols = ["+", "-", "*", "/"];
const comparisons = ["<", "<=", "<", "<=", ">", ">="];

class HotWriter {
  readonly entries: Uint8Array;
  readonly #prototype: Prototype;
  readonly #lines: string[] = [];
  /** The first register of an open row of values, which is on the stack. */
  #open = 0;

  constructor(prototype: Prototype) {
    this.#prototype = prototype;
    this.entries = new Uint8Array(prototype.code.length + 1);
  }

  write(): string {
    const { code, registers } = this.#prototype;
    this.#findEntries();
    for (let pc = 0; pc < code.length; ) {
      if (this.entries[pc] === 1) this.#lines.push(`case ${pc}:`);
      this.#instruction(pc);
      pc += wordsOf[code[pc] & 255];
    }
    const loads: string[] = [];
    for (let r = 0; r < registers; r++) loads.push(`r${r}=stack[base+${r}]`);
    return [
      "return function(thread,frame,closure,pc){",
      "const stack=thread.stack,base=frame.base,state=thread.state,u=closure.upvalues;",
      "const code=closure.prototype.code;let x,y,n,w;",
      `let ${loads.join(",")};`,
      "for(;;)switch(pc){",
      ...this.#lines,
      "}}",
    ].join("\n");
  }

  #findEntries(): void {
    const { code } = this.#prototype;
    const { entries } = this;
    entries[0] = 1;
    for (let pc = 0; pc < code.length; ) {
      const operation = code[pc] & 255;
      const next = pc + wordsOf[operation];
      const isJump =
        (operation >= Operation.jump && operation <= Operation.greaterEqualConstant) ||
        operation === Operation.forPrepare ||
        operation === Operation.forLoop ||
        operation === Operation.forNext;
      if (isJump) entries[code[next - 1]] = 1;
      // Wherever an instruction may have been left, there is a way back in behind it.
      if (isJump || operation >= Operation.getGlobal) entries[next] = 1;
      pc = next;
    }
  }

  #instruction(pc: number): void {
    const { code, constants } = this.#prototype;
    const i = code[pc];
    const operation = i & 255;
    const a = (i >>> 8) & 255;
    const b = (i >>> 16) & 255;
    const c = i >>> 24;
    const words = pc + 1;
    const next = pc + wordsOf[operation];
    const emit = (text: string): void => {
      this.#lines.push(text);
    };
    switch (operation) {
      case Operation.move:
        return emit(`r${a}=r${b};`);
      case Operation.loadConstant:
        return emit(`r${a}=${this.#constant(code[words])};`);
      case Operation.loadNil:
        for (let r = a; r <= b; r++) emit(`r${r}=undefined;`);
        return;
      case Operation.loadTrue:
        return emit(`r${a}=true;`);
      case Operation.loadFalse:
        return emit(`r${a}=false;`);
      case Operation.getUpvalue:
        return emit(`r${a}=u[${b}].value;`);
      case Operation.setUpvalue:
        return emit(`u[${b}].value=r${a};`);
      case Operation.newBox:
        return emit(`r${a}=new Box(r${a});`);
      case Operation.getBox:
        return emit(`r${a}=r${b}.value;`);
      case Operation.setBox:
        return emit(`r${a}.value=r${b};`);
      case Operation.getGlobal:
        emit(`x=closure.environment;n=code[${words + 1}];`);
        emit(
          `if(n<x.nodeKeys.length&&x.nodeKeys[n]===K[${code[words]}]&&(y=x.nodeValues[n])!==undefined)r${a}=y;`,
        );
        emit("else{");
        emit(`y=field(x,K[${code[words]}],H[${code[words]}],code,${words + 1});`);
        emit(`if(y!==undefined)r${a}=y;else{`);
        this.#whole(pc, [], a, 1);
        return emit("}}");
      case Operation.getField:
        emit(`x=r${b};if(x instanceof LuaTable){n=code[${words + 1}];`);
        emit(
          `if(n<x.nodeKeys.length&&x.nodeKeys[n]===K[${code[words]}]&&(y=x.nodeValues[n])!==undefined)w=0;`,
        );
        emit(`else{y=field(x,K[${code[words]}],H[${code[words]}],code,${words + 1});`);
        emit("w=y===undefined&&x.metatable!==null?1:0;}}else w=1;");
        emit(`if(w===0)r${a}=y;else{`);
        this.#whole(pc, [b], a, 1);
        return emit("}");
      case Operation.setField:
        emit(`x=r${a};n=code[${words + 1}];`);
        emit(`if(x instanceof LuaTable&&!x.readonly&&n<x.nodeKeys.length&&`);
        emit(`x.nodeKeys[n]===K[${code[words]}]&&x.nodeValues[n]!==undefined)`);
        emit(`{x.absent=0;x.nodeValues[n]=r${b};}else{`);
        emit("if(x instanceof LuaTable){");
        emit(`n=x.findString(K[${code[words]}],H[${code[words]}]);`);
        emit(`if(n>=0)code[${words + 1}]=n;}else n=0;`);
        emit(`if(n<0&&x.metatable===null&&!x.readonly){frame.pc=${next};`);
        emit(`x.addString(K[${code[words]}],H[${code[words]}],r${b});}else{`);
        this.#whole(pc, [a, b], 0, 0);
        return emit("}}");
      case Operation.getIndex:
        emit(`x=r${b};y=r${c};w=1;if(x instanceof LuaTable){`);
        emit('if(typeof y==="number"){n=y-1;');
        emit("y=n>>>0===n&&n<x.array.length?x.array[n]:x.getNumber(y);}else y=x.get(y);");
        emit("if(y!==undefined||x.metatable===null)w=0;}");
        emit(`if(w===0)r${a}=y;else{`);
        this.#whole(pc, [b, c], a, 1);
        return emit("}");
      case Operation.setIndex:
        emit(`x=r${a};n=r${b};`);
        emit("if(x instanceof LuaTable&&x.metatable===null&&!x.readonly&&n!==undefined&&n===n){");
        emit('w=typeof n==="number"?n-1:-1;');
        emit(`if(w>>>0===w&&w<x.array.length)x.array[w]=r${c};`);
        emit(`else{frame.pc=${next};x.set(n,r${c});}}else{`);
        this.#whole(pc, [a, b, c], 0, 0);
        return emit("}");
      case Operation.getItem:
        emit(`x=r${b};if(x instanceof LuaTable&&${c}<=x.array.length&&`);
        emit(`(y=x.array[${c - 1}])!==undefined)r${a}=y;else{`);
        this.#whole(pc, [b], a, 1);
        return emit("}");
      case Operation.self:
        emit(`x=r${b};y=undefined;if(x instanceof LuaTable)`);
        emit(`y=method(x,K[${code[words]}],H[${code[words]}],code,${words + 1});`);
        emit(`if(y!==undefined){r${a + 1}=x;r${a}=y;}else{`);
        this.#whole(pc, [b], a, 2);
        return emit("}");
      case Operation.newTable:
        emit(`frame.pc=${next};r${a}=state.newTable(${code[words]},${code[words + 1]});`);
        return;
      case Operation.minus:
        emit(`if(typeof r${b}==="number")r${a}=-r${b};else{`);
        this.#whole(pc, [b], a, 1);
        return emit("}");
      case Operation.not:
        return emit(`r${a}=r${b}===undefined||r${b}===false;`);
      case Operation.length:
        emit(`x=r${b};if(x instanceof LuaTable)r${a}=x.length();else{`);
        this.#whole(pc, [b], a, 1);
        return emit("}");
      case Operation.concat: {
        const operands: number[] = [];
        for (let r = b; r <= c; r++) operands.push(r);
        return this.#whole(pc, operands, a, 1);
      }
      case Operation.jump:
        return emit(`pc=${code[words]};continue;`);
      case Operation.jumpBack:
        return this.#back(code[words]);
      case Operation.jumpIfFalse:
        return emit(`if(r${a}===undefined||r${a}===false){pc=${code[words]};continue;}`);
      case Operation.jumpIfTrue:
        return emit(`if(r${a}!==undefined&&r${a}!==false){pc=${code[words]};continue;}`);
      case Operation.equal:
        emit(`x=r${a};y=r${b};w=x===y;`);
        emit('if(!w&&typeof x==="object"&&typeof y==="object"){');
        this.#wholeBranch(pc, [a, b]);
        return emit(`}if(w!==${c === 1}){pc=${code[words]};continue;}`);
      case Operation.equalConstant: {
        const sign = c === 1 ? "!==" : "===";
        return emit(`if(r${a}${sign}${this.#constant(b)}){pc=${code[words]};continue;}`);
      }
      case Operation.call: {
        this.#spill(a, b === 0 ? this.#open - 1 : a + b - 1);
        const count = b === 0 ? `thread.top-base-${a + 1}` : `${b - 1}`;
        emit(`frame.pc=${next};`);
        emit(`n=invoke(thread,frame,${i},${words},base+${a},${count},${c - 1});`);
        emit(`if(n!==${DONE}){`);
        this.#spill(0, a - 1);
        emit("return n;}");
        if (c === 0) this.#open = a;
        for (let r = a; r < a + c - 1; r++) emit(`r${r}=stack[base+${r}];`);
        return;
      }
      case Operation.tailCall:
        this.#spill(0, b === 0 ? this.#open - 1 : a + b - 1);
        emit(`frame.pc=${next};whole(thread,frame,closure,${i},${words});return ${GO_ON};`);
        this.#open = a;
        return;
      case Operation.returnMany: {
        this.#spill(a, b === 0 ? this.#open - 1 : a + b - 2);
        const count = b === 0 ? `thread.top-base-${a}` : `${b - 1}`;
        return emit(`deliver(thread,base+${a},${count});return ${GO_ON};`);
      }
      case Operation.returnNone:
        return emit(`deliver(thread,base,0);return ${GO_ON};`);
      case Operation.returnOne:
        emit(`if(frame.mode===${Mode.call}&&frame.wanted===1){stack[frame.target]=r${a};`);
        emit("n=thread.depth-1;thread.depth=n;thread.frame=thread.frames[n-1];");
        emit("thread.nativeDepth=frame.depth;}");
        emit(`else{stack[base+${a}]=r${a};deliver(thread,base+${a},1);}`);
        return emit(`return ${GO_ON};`);
      case Operation.forPrepare:
        this.#wholeBranch(pc, [a, a + 1, a + 2]);
        return;
      case Operation.forLoop:
        emit(`n=r${a + 2};x=r${a}+n;if(n>0?x<=r${a + 1}:r${a + 1}<=x){r${a}=x;r${a + 3}=x;`);
        this.#back(code[words]);
        return emit("}");
      case Operation.forCall:
        for (let r = 0; r < 3; r++) emit(`stack[base+${a + 3 + r}]=r${a + r};`);
        emit(`frame.pc=${next};`);
        emit(`n=iterate(thread,frame,${i},${words},base+${a + 3},${c});`);
        emit(`if(n!==${DONE}){`);
        this.#spill(0, a + 2);
        emit("return n;}");
        for (let r = a + 3; r < a + 3 + c; r++) emit(`r${r}=stack[base+${r}];`);
        return;
      case Operation.forNext:
        emit(`if(r${a + 3}!==undefined){r${a + 2}=r${a + 3};`);
        this.#back(code[words]);
        return emit("}");
      case Operation.closure: {
        const { captures } = this.#prototype.prototypes[code[words]];
        return this.#whole(
          pc,
          [...captures].filter((register) => register >= 0),
          a,
          1,
        );
      }
      case Operation.setItem:
        return this.#whole(pc, [a, c], 0, 0);
      case Operation.setGlobal:
        return this.#whole(pc, [a], 0, 0);
      case Operation.setList:
        this.#spill(a, b === 0 ? this.#open - 1 : a + b);
        return this.#whole(pc, [], 0, 0);
      case Operation.vararg:
        if (b === 0) this.#open = a;
        return this.#whole(pc, [], a, b === 0 ? 0 : b - 1);
    }
    if (operation >= Operation.less && operation <= Operation.greaterEqualConstant) {
      const isConstant = operation >= Operation.lessConstant;
      const right = isConstant ? this.#constant(b) : `r${b}`;
      const test = isConstant ? "" : `&&typeof r${b}==="number"`;
      emit(`if(typeof r${a}==="number"${test})`);
      emit(`w=r${a}${comparisons[operation - Operation.less]}${right};else{`);
      this.#wholeBranch(pc, isConstant ? [a] : [a, b]);
      return emit(`}if(w!==${c === 1}){pc=${code[words]};continue;}`);
    }
    const isConstant = operation >= Operation.addConstant;
    const kind = operation - (isConstant ? Operation.addConstant : Operation.add);
    const right = isConstant ? this.#constant(c) : `r${c}`;
    const operands = isConstant ? [b] : [b, c];
    if (kind > 4) return this.#whole(pc, operands, a, 1);
    emit(`if(typeof r${b}==="number"${isConstant ? "" : `&&typeof r${c}==="number"`})`);
    const modulo = `r${b}-Math.floor(r${b}/${right})*${right}`;
    emit(`r${a}=${kind === 4 ? modulo : `r${b}${symbols[kind]}${right}`};else{`);
    this.#whole(pc, operands, a, 1);
    emit("}");
    void constants;
  }

  /** A constant as an expression: numbers are written out, the rest is passed. */
  #constant(index: number): string {
    const value = this.#prototype.constants[index];
    if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) {
      return `(${value})`;
    }
    return `K[${index}]`;
  }

  #spill(first: number, last: number): void {
    const stores: string[] = [];
    for (let r = first; r <= last; r++) stores.push(`stack[base+${r}]=r${r};`);
    if (stores.length > 0) this.#lines.push(stores.join(""));
  }

  /** A jump backwards: the run may be left. */
  #back(target: number): void {
    this.#lines.push(`pc=${target};if(--state.budget<0){frame.pc=pc;`);
    this.#spill(0, this.#prototype.registers - 1);
    this.#lines.push(`return ${RunStatus.paused};}continue;`);
  }

  /** The instruction on the stack: `results` registers from `a` on are what comes of it. */
  #whole(pc: number, operands: readonly number[], a: number, results: number): void {
    const { code } = this.#prototype;
    const next = pc + wordsOf[code[pc] & 255];
    this.#perform(pc, operands);
    this.#lines.push(`if(thread.frame!==frame||frame.pc!==${next}){`);
    this.#spillOthers(operands, a, results);
    this.#lines.push(`return ${GO_ON};}`);
    for (let r = a; r < a + results; r++) this.#lines.push(`r${r}=stack[base+${r}];`);
  }

  /** A comparison or the start of a loop: `frame.pc` says where to go on. */
  #wholeBranch(pc: number, operands: readonly number[]): void {
    this.#perform(pc, operands);
    this.#lines.push("if(thread.frame!==frame){");
    this.#spillOthers(operands, 0, 0);
    this.#lines.push(`return ${GO_ON};}`);
    const a = (this.#prototype.code[pc] >>> 8) & 255;
    if ((this.#prototype.code[pc] & 255) === Operation.forPrepare) {
      for (let r = a; r < a + 3; r++) this.#lines.push(`r${r}=stack[base+${r}];`);
    }
    this.#lines.push("pc=frame.pc;continue;");
  }

  #perform(pc: number, operands: readonly number[]): void {
    const { code } = this.#prototype;
    const next = pc + wordsOf[code[pc] & 255];
    for (const register of operands) this.#spill(register, register);
    this.#lines.push(`frame.pc=${next};whole(thread,frame,closure,${code[pc]},${pc + 1});`);
  }

  #spillOthers(operands: readonly number[], a: number, results: number): void {
    const { registers } = this.#prototype;
    for (let r = 0; r < registers; r++) {
      if (operands.includes(r) || (r >= a && r < a + results)) continue;
      this.#spill(r, r);
    }
  }
}
