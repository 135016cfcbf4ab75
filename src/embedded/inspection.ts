// What console.log() shows of the objects that a program holds: Node, Bun and the debuggers of both
// call the method of this name and print the text that it returns. Without it they would print what
// lies behind (Bun every method as well), which is of no use to whoever looks for a value.

export const inspection: unique symbol = Symbol.for("nodejs.util.inspect.custom");
