// Libraries of functions, as code: what a database keeps beside its keys, and what its files hold
// before them. Who runs functions has a store of its own (scripting/functions.ts); where nobody
// does, as in the tools that turn one file into another, the code is only carried along.

export interface LibraryStore {
  /** The code of each library, its characters being bytes. */
  readonly codes: readonly string[];
  /**
   * Takes a library that a file holds, in the place of one of the same name if it `replaces`;
   * returns the text of an error where it cannot be had.
   */
  take(code: string, replaces: boolean): string | undefined;
  clear(): void;
}

/** Libraries that nobody runs. */
export class CarriedLibraries implements LibraryStore {
  codes: string[] = [];

  take(code: string): undefined {
    this.codes.push(code);
  }

  clear(): void {
    this.codes = [];
  }
}
