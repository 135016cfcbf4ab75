// Scripts and functions: what they do in one call counts as one, and nothing comes in between.

import type { ReplyValue } from "../../protocol/reply-reader.ts";
import { wordsOf } from "../request.ts";
import type { AnyMode, Reply, Several, Value } from "../values.ts";
import { Asking, bound } from "./asking.ts";

export abstract class ScriptMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Executes a Lua script, which finds the keys in KEYS and the arguments in ARGV:
   * `db.eval("return redis.call('GET', KEYS[1])", "key")`. Throws ReplyError where the script ends
   * with an error, which says where. script() saves sending and compiling it each time.
   */
  eval<V = ReplyValue>(script: string, keys: Several = [], args: Several = []): Reply<M, V> {
    return bound(this).askScript("eval", words(script, keys, args));
  }

  /** As eval, of a script that only reads. */
  eval_ro<V = ReplyValue>(script: string, keys: Several = [], args: Several = []): Reply<M, V> {
    return bound(this).askScript("eval_ro", words(script, keys, args));
  }

  /** As eval, of a script that is known by its digest: SHA-1, in hexadecimal digits. */
  evalsha<V = ReplyValue>(digest: string, keys: Several = [], args: Several = []): Reply<M, V> {
    return bound(this).askScript("evalsha", words(digest, keys, args));
  }

  /** As evalsha, of a script that only reads. */
  evalsha_ro<V = ReplyValue>(digest: string, keys: Several = [], args: Several = []): Reply<M, V> {
    return bound(this).askScript("evalsha_ro", words(digest, keys, args));
  }

  /** Calls a function of a library that was loaded or registered. */
  fcall<V = ReplyValue>(name: string, keys: Several = [], args: Several = []): Reply<M, V> {
    return bound(this).askScript("fcall", words(name, keys, args));
  }

  /** As fcall, of a function that only reads. */
  fcall_ro<V = ReplyValue>(name: string, keys: Several = [], args: Several = []): Reply<M, V> {
    return bound(this).askScript("fcall_ro", words(name, keys, args));
  }
}

/** The words behind the command's name. */
function words(called: string, keys: Several, args: Several): readonly Value[] {
  const keyWords = wordsOf([keys]);
  return [called, keyWords.length, ...keyWords, ...wordsOf([args])];
}
