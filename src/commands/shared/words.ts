// Words of options that several commands have, in lower case, as Arguments.is compares them. A word
// of one file alone stands there.

import { asciiBytes } from "../../base/bytes.ts";

export const NX: Uint8Array = asciiBytes("nx");
export const XX: Uint8Array = asciiBytes("xx");
export const COUNT: Uint8Array = asciiBytes("count");
export const TYPE: Uint8Array = asciiBytes("type");
