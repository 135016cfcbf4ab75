import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatCharacter,
  formatFloat,
  formatSigned,
  formatText,
  formatUnsigned,
  parseConversion,
} from "./c-format.ts";
import { lowInt32, toInt32, toInt64, toUint64 } from "./casts.ts";
import { numberText, parseNumber, parseUnsigned } from "./numbers.ts";

function printed(format: string, value: number | string): string {
  const conversion = parseConversion(format, 1);
  if (conversion.error !== "") return conversion.error;
  if (typeof value === "string") return formatText(conversion, value);
  const { letter } = conversion;
  if (letter === "c") return formatCharacter(conversion, value);
  if ("di".includes(letter)) return formatSigned(conversion, value);
  return "uoxX".includes(letter)
    ? formatUnsigned(conversion, value)
    : formatFloat(conversion, value);
}

test("a number's text is what %.14g makes of it", () => {
  const texts: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [10 / 2, "5"],
    [-17, "-17"],
    [2 ** 31, "2147483648"],
    [99999999999999, "99999999999999"],
    [100000000000000, "1e+14"],
    [-123456789012345680, "-1.2345678901235e+17"],
    [0.1, "0.1"],
    [1 / 3, "0.33333333333333"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [1e100, "1e+100"],
    [5e-324, "4.9406564584125e-324"],
    [1000000000000.25, "1000000000000.2"],
    [1000000000000.75, "1000000000000.8"],
    [99999999999999.5, "1e+14"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "-nan"],
  ];
  for (const [number, text] of texts) assert.equal(numberText(number), text);
});

test("of two decimals equally near, C's conversions take the even one", () => {
  assert.equal(printed("%.0f", 0.5), "0");
  assert.equal(printed("%.0f", 1.5), "2");
  assert.equal(printed("%.0f", 2.5), "2");
  assert.equal(printed("%.1f", 0.25), "0.2");
  assert.equal(printed("%.1f", -0.75), "-0.8");
  assert.equal(printed("%.0e", 25), "2e+01");
  assert.equal(printed("%.0e", 95), "1e+02");
  assert.equal(printed("%.2g", 1.25e20), "1.2e+20");
  assert.equal(printed("%.3g", 1e23), "1e+23");
});

test("conversions have C's flags, widths and precisions", () => {
  const cases: [string, number | string, string][] = [
    ["%5d|", 42, "   42"],
    ["%-5d", 42, "42   "],
    ["%05d", -42, "-0042"],
    ["%+d", 42, "+42"],
    ["% d", 42, " 42"],
    ["%.3d", 7, "007"],
    ["%05.3d", 7, "  007"],
    ["%.0d", 0, ""],
    ["%d", -3.99, "-3"],
    ["%d", 2 ** 63, "-9223372036854775808"],
    ["%u", -1, "18446744073709551615"],
    ["%u", 2 ** 64, "0"],
    ["%#x", 255, "0xff"],
    ["%#X", 255, "0XFF"],
    ["%#x", 0, "0"],
    ["%#o", 8, "010"],
    ["%08x", 48879, "0000beef"],
    ["%e", 12345.678, "1.234568e+04"],
    ["%.0e", 1, "1e+00"],
    ["%#.0e", 1, "1.e+00"],
    ["%g", 100000, "100000"],
    ["%g", 1000000, "1e+06"],
    ["%#g", 1, "1.00000"],
    ["%G", 1e-10, "1E-10"],
    ["%f", 1e22, "10000000000000000000000.000000"],
    ["%010.2f", -2.125, "-000002.12"],
    ["%05f", Infinity, "  inf"],
    ["%E", -Infinity, "-INF"],
    ["%c", 65, "A"],
    ["%3c", 0, "  "],
    ["%-3c", 0, ""],
    ["%.2s", "abc", "ab"],
    ["%5s", "ab\0c", "   ab"],
    ["%-5s", "ab", "ab   "],
    ["%------d", 1, "invalid format (repeated flags)"],
    ["%100d", 1, "invalid format (width or precision too long)"],
    ["%.100f", 1, "invalid format (width or precision too long)"],
  ];
  for (const [format, value, text] of cases) assert.equal(printed(format, value), text, format);
});

test("a text is the number that strtod sees, if nothing but blanks surrounds it", () => {
  const numbers: [string, number | undefined][] = [
    ["10", 10],
    [" \t\n\v\f\r10 ", 10],
    ["0x10", 16],
    ["-0xA.8p1", -21],
    ["0x1p-1074", 5e-324],
    ["0x1p-1075", 0],
    ["0x1.8p-1075", 5e-324],
    ["0xfffffffffffffbff", 2 ** 64 - 2048],
    ["0xfffffffffffffc00", 2 ** 64],
    ["1e309", Infinity],
    ["5.", 5],
    [".5", 0.5],
    ["Infinity", Infinity],
    ["-inf", -Infinity],
    ["1\0garbage", 1],
    ["", undefined],
    [" ", undefined],
    [".", undefined],
    ["0x", undefined],
    ["0x.", undefined],
    ["1e", undefined],
    ["0x1p", undefined],
    ["1 2", undefined],
    ["1_0", undefined],
    ["0b1", undefined],
    ["infinit", undefined],
    ["nan(a.b)", undefined],
  ];
  for (const [text, number] of numbers) assert.equal(parseNumber(text), number, text);
  assert.ok(Object.is(parseNumber("-0"), -0));
  assert.ok(Number.isNaN(parseNumber("nan(tag_1)")));
});

test("in another base a text is the unsigned integer that strtoul sees", () => {
  assert.equal(parseUnsigned("zz", 36), 1295);
  assert.equal(parseUnsigned(" 0xff ", 16), 255);
  assert.equal(parseUnsigned("0x", 16), undefined);
  assert.equal(parseUnsigned("0x10", 36), 42804);
  assert.equal(parseUnsigned("12", 2), undefined);
  assert.equal(parseUnsigned("-1", 16), 2 ** 64);
  assert.equal(parseUnsigned("-ff", 16), 2 ** 64);
  assert.equal(parseUnsigned("7fffffffffffffff", 16), 2 ** 63);
  assert.equal(parseUnsigned("1".repeat(100), 2), 2 ** 64);
  assert.equal(parseUnsigned("", 8), undefined);
});

test("casts to integers give what the processor gives", () => {
  assert.equal(toInt64(-1.9), -1);
  assert.ok(Object.is(toInt64(-0.5), 0));
  for (const n of [2 ** 63, -(2 ** 64), NaN, Infinity]) assert.equal(toInt64(n), -(2 ** 63));
  assert.equal(toInt32(2147483647.5), 2147483647);
  assert.equal(toInt32(2147483648), -2147483648);
  assert.equal(lowInt32(2 ** 32 + 5), 5);
  assert.equal(lowInt32(2 ** 63), 0);
  assert.equal(toUint64(-1), 2n ** 64n - 1n);
  assert.equal(toUint64(2 ** 63), 2n ** 63n);
  assert.equal(toUint64(2 ** 64), 0n);
});
