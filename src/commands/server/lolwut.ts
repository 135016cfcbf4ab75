// LOLWUT: a drawing that is new each time, and the version below it. Version 5 draws waves with the
// dots of Braille, version 6 hills at night in shades of grey, any other the waves of a small sea.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { redisVersion } from "../../engine/version.ts";
import { Errors } from "../../protocol/errors.ts";

export const lolwut: Command = {
  name: "lolwut",
  arity: -1,
  flags: "readonly fast",
  group: "server",
  since: "5.0.0",
  complexity: "O(N) where N is the number of characters of the drawing.",
  summary: "Draws something, and says the version.",
  args: [{ name: "version", type: "integer", token: "VERSION", optional: true }],
  handler: lolwutCommand,
};

export const lolwutCommands: readonly Command[] = [lolwut];

const VERSION = asciiBytes("version");
const SIDE_MAX = 1000;

function lolwutCommand(c: Context): void {
  const { args, reply } = c;
  let first = 1;
  let version = 0;
  if (args.count >= 3 && args.is(1, VERSION)) {
    version = args.integer(2);
    first = 3;
    if (Number.isNaN(version)) {
      reply.error(Errors.notInteger);
      return;
    }
  }
  const sizes = version === 5 || version === 6 ? sizesFrom(c, first) : [];
  if (sizes === undefined) return;
  const random = randomFrom(c.services.nowUs());
  let drawing: string;
  if (version === 5) drawing = dots(sizes[0] ?? 66, sizes[2] ?? 12, random);
  else if (version === 6) drawing = hills(sizes[0] ?? 80, sizes[1] ?? 20, random);
  else drawing = dots(40, 3, random);
  const caption = version === 6 ? "Hills at night." : "Waves that meet.";
  reply.verbatim(`${drawing}\n${caption} Redis ver. ${redisVersion}\n`);
}

/** The sizes asked for, each within what is drawn; undefined when an error has been replied. */
function sizesFrom(c: Context, first: number): number[] | undefined {
  const sizes: number[] = [];
  for (let i = first; i < c.args.count && sizes.length < 3; i++) {
    const size = c.args.integer(i);
    if (Number.isNaN(size)) {
      c.reply.error(Errors.notInteger);
      return undefined;
    }
    sizes.push(Math.min(Math.max(size, 1), SIDE_MAX));
  }
  return sizes;
}

/** Numbers from 0 to 1 that follow from a seed. */
function randomFrom(seed: number): () => number {
  let state = (seed % 4294967291) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const BRAILLE = 0x2800;
/** The bit of each dot of a Braille character: two columns of four. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];

/** Two circles of waves, drawn where they add up. */
function dots(columns: number, rows: number, random: () => number): string {
  const centre = (): [number, number] => [random() * columns * 2, random() * rows * 4];
  const [x1, y1] = centre();
  const [x2, y2] = centre();
  const length = 2 + random() * 3;
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    let line = "";
    for (let column = 0; column < columns; column++) {
      let bits = 0;
      for (let dx = 0; dx < 2; dx++) {
        for (let dy = 0; dy < 4; dy++) {
          const x = column * 2 + dx;
          const y = row * 4 + dy;
          const a = Math.sin(Math.hypot(x - x1, y - y1) / length);
          const b = Math.sin(Math.hypot(x - x2, y - y2) / length);
          if (a + b > 0.6) bits |= DOTS[dx][dy];
        }
      }
      line += String.fromCharCode(BRAILLE + bits);
    }
    lines.push(`${line}\n`);
  }
  return lines.join("");
}

/** Colours of the sky and of the hills, the nearest last: ANSI foreground and background. */
const SHADES = ["0;97;107m", "0;37;47m", "0;90;100m", "0;30;40m"];

/** Three ranges of hills, one before the other. */
function hills(columns: number, rows: number, random: () => number): string {
  const ranges = [0.35, 0.55, 0.75].map((height) => {
    const [phase, width] = [random() * 7, 5 + random() * 12];
    return (x: number): number =>
      rows * (height + 0.1 * Math.sin(phase + x / width) + 0.05 * Math.sin(phase * 3 + x / 3));
  });
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    let line = "";
    for (let column = 0; column < columns; column++) {
      const shade = ranges.filter((top) => row >= top(column)).length;
      line += `\x1b[${SHADES[shade]} \x1b[0m`;
    }
    lines.push(`${line}\n`);
  }
  return lines.join("");
}
