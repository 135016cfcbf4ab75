// Placeholder
import type { Runner } from "./runner.ts";
export class Functions {
  constructor(_runner: Runner) {}
}
