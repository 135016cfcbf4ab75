// Bounds of the C implementation that scripts can run into, where they show as errors.

/** Values of one call of a C function, arguments and results: "stack overflow (…)" beyond it. */
export const C_STACK_MAX = 8000;
