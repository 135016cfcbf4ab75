// Counted things in the sentences of the command line: "1 key", "1,103 commands".

export function amount(n: number, one: string, more: string): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : more}`;
}
