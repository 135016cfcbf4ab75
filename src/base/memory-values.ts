// Amounts of memory as Redis reads them: digits and a unit, in any case. 1k is 1000, 1kb 1024.

const UNIT_BYTES: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1n << 10n,
  m: 1_000_000n,
  mb: 1n << 20n,
  g: 1_000_000_000n,
  gb: 1n << 30n,
};
const UINT64_MAX = (1n << 64n) - 1n;

/**
 * Bytes of a memory value such as 1k, 1kb or 512; undefined when it is none. As in Redis the
 * digits are cut to 64 bits, and their product with the unit wraps; no digits are 0.
 */
export function memoryValue(word: string): bigint | undefined {
  const match = /^([0-9]{0,127})([a-z]*)$/i.exec(word);
  const unit = UNIT_BYTES[match?.[2].toLowerCase() ?? "none"];
  if (match === null || unit === undefined) return undefined;
  const digits = BigInt(match[1]);
  return BigInt.asUintN(64, (digits > UINT64_MAX ? UINT64_MAX : digits) * unit);
}
