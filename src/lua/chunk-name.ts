// How a chunk is called in messages: "@name" and "=name" are names, anything else is the chunk's
// text, of which the first line is shown.

/**
 * Room for the name in errors at run time, and in those of the compiler; C counts its final zero.
 */
export const RUNTIME_NAME_MAX = 60;
export const COMPILE_NAME_MAX = 80;

export function shownName(chunk: string, room: number): string {
  const end = chunk.indexOf("\0");
  const source = end < 0 ? chunk : chunk.slice(0, end);
  if (source.startsWith("=")) return source.slice(1, room);
  if (source.startsWith("@")) {
    const most = room - 8;
    const name = source.slice(1);
    return name.length > most ? `...${name.slice(name.length - most)}` : name;
  }
  const newline = source.search(/[\n\r]/);
  const length = Math.min(newline < 0 ? source.length : newline, room - 17);
  const text = length < source.length ? `${source.slice(0, length)}...` : source;
  return `[string "${text}"]`;
}
