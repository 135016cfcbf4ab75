// Keys of an RDB file whose values there is no type for: counted by type, the first of them named.

const NAMED_MAX = 20;
const KEY_CHARACTERS_MAX = 64;

export class RefusedKeys {
  count = 0;
  readonly #byType: Map<string, number> = new Map();
  readonly #named: string[] = [];

  /** The key bytes[start, end) of database `db` holds a value of this type. */
  add(type: string, db: number, bytes: Uint8Array, start: number, end: number): void {
    this.count++;
    this.#byType.set(type, (this.#byType.get(type) ?? 0) + 1);
    if (this.#named.length === NAMED_MAX) return;
    this.#named.push(`${keyText(bytes, start, end)} (${type}, database ${db})`);
  }

  /** What was found, for a sentence: "3 keys of types … (zset 2, stream 1): …". */
  get text(): string {
    const types = [...this.#byType].map(([type, n]) => `${type} ${n.toLocaleString("en")}`);
    const more = this.count - this.#named.length;
    const rest = more === 0 ? "" : `, and ${more.toLocaleString("en")} more`;
    const keys = this.count === 1 ? "key" : "keys";
    return (
      `${this.count.toLocaleString("en")} ${keys} of types that this version does not have ` +
      `(${types.join(", ")}): ${this.#named.join(", ")}${rest}`
    );
  }
}

/** A key in double quotes, with redis-cli's escapes; a long one is cut. */
export function keyText(bytes: Uint8Array, start: number, end: number): string {
  const cut = Math.min(end, start + KEY_CHARACTERS_MAX);
  let text = "";
  for (let i = start; i < cut; i++) {
    const byte = bytes[i];
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (isPrintable) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${text}"${cut < end ? "…" : ""}`;
}
