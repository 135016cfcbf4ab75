import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./bytes.ts";
import {
  addFloatsInto,
  classifyFloat,
  FLOAT_TEXT_MAX,
  FloatClass,
  FloatSumError,
  formatDouble,
  parseDouble,
  parseLongDouble,
  writeDouble,
} from "./doubles.ts";
import { Random } from "./random.ts";

const parse = (text: string): number => parseDouble(asciiBytes(`1${text}1`), 1, 1 + text.length);
const classify = (text: string): number => classifyFloat(asciiBytes(text), 0, text.length);
const out = new Uint8Array(FLOAT_TEXT_MAX + 2);

function add(a: string, b: string): string | number {
  const both = asciiBytes(`1${a}1${b}1`);
  const second = 2 + a.length;
  const end = addFloatsInto(both, 1, 1 + a.length, both, second, second + b.length, out, 1);
  return end < 0 ? end : String.fromCharCode(...out.subarray(1, end));
}

const refused = ["", "-", "+", ".", "-.", "e5", "1e", "1e+", "1.2.3", " 1", "1 ", "nan", "NaN"];
refused.push(
  "nan(1)",
  "0x",
  "0x.",
  "0x1p",
  "0x1g",
  "--1",
  "+-1",
  "1,5",
  "1_0",
  "infi",
  "infinityx",
);
refused.push("0x1p99999999999999999999", "0x1p-99999999999999999999", "/", ":", "1/", "1:", "1e:");

test("doubles are read as strtod reads them, and refused as Redis refuses them", () => {
  const accepted: [string, number][] = [
    ["0", 0],
    ["-0", -0],
    ["1", 1],
    ["+1.5", 1.5],
    [".5", 0.5],
    ["5.", 5],
    ["1e3", 1000],
    ["1E-3", 0.001],
    ["0.1", 0.1],
    ["123456789012345678901234567890", 123456789012345680000000000000],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["5e-324", 5e-324],
    ["1e-320", 1e-320],
    ["0e99999999999999999999", 0],
    ["000000000000000000000000001", 1],
    ["0.1000000000000000055511151231257827021181583404541015625", 0.1],
    ["inf", Infinity],
    ["-INF", -Infinity],
    ["+Infinity", Infinity],
    ["0x10", 16],
    ["-0x1.8p3", -12],
    ["0X.8P0", 0.5],
    ["0x1p-1074", 5e-324],
    ["0x1.00000000000008p0", 1],
    ["0x1.000000000000081p0", 1.0000000000000002],
    ["0x1.fffffffffffffp1023", Number.MAX_VALUE],
  ];
  for (const [text, expected] of accepted) assert.equal(parse(text), expected, text);
  for (const text of [...refused, "1e400", "-1e400", "1e-400", "0x1p1024", "0x1p-1076"]) {
    assert.equal(parse(text), Number.NaN, text);
  }
});

test("the short way of reading agrees with Number", () => {
  const random = new Random().seed(3);
  for (let i = 0; i < 20_000; i++) {
    const whole = String(random.belowLarge(10 ** (1 + random.below(15))));
    const point = random.below(whole.length + 1);
    const power = random.below(60) - 30;
    const text = `${whole.slice(0, point)}.${whole.slice(point)}e${power}`;
    assert.equal(parse(text), Number(text), text);
  }
});

test("long doubles have their own limits", () => {
  for (const text of refused) assert.equal(classify(text), FloatClass.invalid, text);
  for (const text of ["1e4932", "1e-4950", "0x1p16383", "0x1p-16445", "1e400"]) {
    assert.equal(classify(text), FloatClass.finite, text);
  }
  for (const text of ["2e4932", "1e-4951", "0x1p16384", "0x1p-16446"]) {
    assert.equal(classify(text), FloatClass.invalid, text);
  }
  assert.equal(classify("-inf"), FloatClass.infinite);
  assert.equal(classify("1".repeat(FLOAT_TEXT_MAX)), FloatClass.invalid);
  assert.equal(classify(`1.${"1".repeat(FLOAT_TEXT_MAX - 3)}`), FloatClass.finite);
});

test("a long double that no double holds keeps its sign and its side of zero", () => {
  const read = (text: string): number =>
    parseLongDouble(asciiBytes(`1${text}1`), 1, 1 + text.length);
  const least = Number.MIN_VALUE;
  for (const text of ["1e400", "0x1p2000", `${"9".repeat(400)}`, "1e4000", "inf"]) {
    assert.equal(read(text), Number.POSITIVE_INFINITY, text);
    assert.equal(read(`-${text}`), Number.NEGATIVE_INFINITY, text);
  }
  for (const text of ["1e-400", "0x1p-2000", `0x${"0".repeat(900)}1p-2000`, "1e-4940"]) {
    assert.equal(read(text), least, text);
    assert.equal(read(`-${text}`), -least, text);
  }
  for (const text of ["1.5", "-0.002", "0x10", "0", "1e300"]) {
    assert.equal(read(text), parse(text), text);
  }
  for (const text of ["1e5000", "-1e-5000", "0x1p20000", "0x1p-20000", "", "x", "1".repeat(5200)]) {
    assert.ok(Number.isNaN(read(text)), text);
  }
});

test("sums print as INCRBYFLOAT prints them", () => {
  // Each taken from redis-server 7.0 on x86-64.
  const cases: [string, string, string][] = [
    ["0.1", "0.2", "0.3"],
    ["3.0e3", "200", "3200"],
    ["5.0e3", "0", "5000"],
    ["10.50", "0.1", "10.6"],
    ["10.50", "-5", "5.5"],
    ["0", "-1e-20", "0"],
    ["0", "1e-17", "0.00000000000000001"],
    ["0", "-0", "0"],
    ["1.5", "-1.5", "0"],
    ["0x1.8p3", "0x.8", "12.5"],
    ["9007199254740993", "1", "9007199254740994"],
    ["18446744073709551615", "1", "18446744073709551616"],
    ["1e20", "1", "100000000000000000000"],
    ["9223372036854775807", "0.5", "9223372036854775807.5"],
  ];
  for (const [a, b, expected] of cases) {
    assert.equal(add(a, b), expected, `${a} + ${b}`);
    assert.equal(add(b, a), expected, `${b} + ${a}`);
  }
  assert.equal(String(add("1e4932", "0")).length, 4933);
});

test("what cannot be added is told apart", () => {
  assert.equal(add("x", "1"), FloatSumError.firstInvalid);
  assert.equal(add("1", "x"), FloatSumError.secondInvalid);
  assert.equal(add("1", "inf"), FloatSumError.notFinite);
  assert.equal(add("-inf", "inf"), FloatSumError.notFinite);
  assert.equal(add("1e4932", "1e4932"), FloatSumError.notFinite);
});

test("the short way of adding agrees with the exact one", () => {
  const random = new Random().seed(11);
  const number = (): string => {
    const whole = String(random.belowLarge(10 ** (1 + random.below(15))));
    const point = random.below(whole.length + 1);
    return `${random.below(2) ? "-" : ""}${whole.slice(0, point)}.${whole.slice(point)}`;
  };
  for (let i = 0; i < 10_000; i++) {
    const a = number();
    const b = number();
    // Zeros before and behind change no value, but make the text too long for the short way.
    const exact = add(`${a}0000000000000000`, `${b}0000000000000000`);
    assert.equal(add(a, b), exact, `${a} + ${b}`);
  }
});

test("doubles print in Redis's layout, and read back as themselves", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [-17, "-17"],
    [3.5, "3.5"],
    [0.1, "0.1"],
    [1 / 3, "0.3333333333333333"],
    [1e15, "1000000000000000"],
    [3e18, "3000000000000000000"],
    [2 ** 62, "4611686018427387904"],
    [1e19, "1e+19"],
    [1.2345678901234567e19, "12345678901234567000"],
    [1e21, "1e+21"],
    [1.5e300, "1.5e+300"],
    [1e-5, "0.00001"],
    [1e-6, "0.000001"],
    [1e-7, "1e-7"],
    [1.5e-7, "1.5e-7"],
    [0.0012345678, "0.0012345678"],
    [0.00012345, "1.2345e-4"],
    [0.000012345678, "1.2345678e-5"],
    [123456.789, "123456.789"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
  ];
  const bytes = new Uint8Array(40);
  for (const [n, text] of cases) {
    assert.equal(formatDouble(n), text);
    const end = writeDouble(bytes, 2, n);
    assert.equal(String.fromCharCode(...bytes.subarray(2, end)), text);
  }
  const random = new Random().seed(4);
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 10_000; i++) {
    view.setInt32(0, random.next32());
    view.setInt32(4, random.next32());
    const n = view.getFloat64(0);
    if (!Number.isNaN(n)) assert.equal(parse(formatDouble(n)), n);
  }
});
