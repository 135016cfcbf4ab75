// The files of a log that is open, as the manifest names them: how it gets its next increment, and
// how a new base takes the place of what it amounts to.
//
//   before          base.1  incr.1                        written: incr.1
//   prepared        base.1  incr.1  incr.2                written: incr.1, incr.2 has its opening
//   the log is cut  base.1  incr.1  incr.2                written: incr.2
//   base replaced   base.2  incr.2   history: base.1 incr.1
//   settled         base.2  incr.2
//
// Each line but the third is a manifest, and each is on the disk before the next step is taken, the
// names of the files included. So a crash leaves one of these lines, with files that are in no
// manifest at most: those of the step that was being taken, which the next start removes
// (recovery.ts), as it removes history.
//
// Whatever waits for the disk is done on another thread (platform.ts): the thread that opened the
// log does all this, and it serves clients meanwhile. A step that fails undoes what it can. Where
// the new manifest has got its name, but whether that is on the disk cannot be said, either of
// the two may be found by the next start: then no file of either is removed.
//
// A log that begins while the database is served (appendonly yes) is *founded*: until its base is
// on the disk, the manifest there may be, and the files that it names, are another log's, and stay.
//
//   before          base.1  incr.1                         nothing is written
//   prepared        base.1  incr.1   temp-incr.2 has its opening, in no manifest
//   the log is cut  base.1  incr.1                         written: temp-incr.2
//   founded         base.2  incr.2   history: base.1 incr.1
//   named           temp-base.2 and temp-incr.2 get the names that the manifest says
//
// A crash leaves the old files whole, or a manifest that names the new ones, which the next start
// gives their names if they have not got them (recovery.ts).

import { utf8Bytes } from "../../base/bytes.ts";
import { type File, type Platform, PlatformError } from "../../platform/platform.ts";
import { inOrder, type Outcome, type Step } from "./in-order.ts";
import type { OpenedIncrement } from "./log-file.ts";
import { type LogPlace, opening } from "./log-place.ts";
import { filesOf, formatManifest, type Manifest } from "./manifest.ts";

/** What becomes of the files that a log which is founded takes the place of. */
export interface Founding {
  /** The data descend from what they hold, so they go; else they stay, and nobody names them. */
  readonly replacesOld: boolean;
}

/** A base that is being written: under a name that no start knows. */
export interface NewBase {
  readonly temporaryPath: string;
  readonly name: string;
  readonly sequence: number;
}

export class LogFiles {
  readonly place: LogPlace;
  readonly #platform: Platform;
  /** The one that the directory shows. */
  #manifest: Manifest;
  /** The next increment, opened, and perhaps named by the manifest already. */
  #prepared: OpenedIncrement | undefined;
  /** Until the log has been founded, if it is. */
  #founding: Founding | undefined;
  /** Its files, while no manifest names them. */
  #unnamed: string[] = [];
  #wasNamed = false;
  #isSyncing = false;
  #isClosed = false;
  readonly #isOver = (): boolean => this.#isClosed;
  /** Bytes of the base, and of the increments that are written no more. */
  baseBytes: number;
  closedBytes: number;

  constructor(
    platform: Platform,
    place: LogPlace,
    manifest: Manifest,
    baseBytes: number,
    closedBytes: number,
    founding?: Founding,
  ) {
    this.#founding = founding;
    this.#platform = platform;
    this.place = place;
    this.#manifest = manifest;
    this.baseBytes = baseBytes;
    this.closedBytes = closedBytes;
  }

  get manifest(): Readonly<Manifest> {
    return this.#manifest;
  }

  /** Whether the log's first base is not on the disk yet. */
  get isFounding(): boolean {
    return this.#founding !== undefined;
  }

  /**
   * Makes the next increment, and has the manifest name it, and say that `base` is begun; see `cut`
   * of log.ts.
   */
  prepareIncrement(
    base: NewBase,
    done: (error: PlatformError | undefined, next?: OpenedIncrement) => void,
  ): void {
    let next: OpenedIncrement;
    try {
      next = this.#prepared ?? this.#openIncrement();
    } catch (error) {
      return done(PlatformError.from(error, this.place.directory));
    }
    this.#prepared = next;
    const manifest = this.#manifest;
    const { sequence } = next;
    if (this.#founding !== undefined) return this.#prepareFirst(next, done);
    const isNamed = manifest.increments.at(-1)?.sequence === sequence;
    const name = this.place.incrementName(sequence);
    const named: Manifest = {
      ...manifest,
      increments: isNamed
        ? manifest.increments
        : [...manifest.increments, { name, sequence, type: "i" }],
      begun: base.name,
    };
    inOrder(
      [(end) => this.#syncPrepared(next.file, end), ...this.#replaceManifest(named)],
      this.#isOver,
      (error) => {
        if (error === undefined) return done(undefined, next);
        if (this.#manifest.increments.at(-1)?.sequence !== sequence) this.#dropPrepared();
        done(error);
      },
    );
  }

  /** Opens the first increment of a log that is founded. Throws PlatformError. */
  openFirst(): void {
    this.#prepared ??= this.#openIncrement();
  }

  #prepareFirst(
    next: OpenedIncrement,
    done: (error: PlatformError | undefined, next?: OpenedIncrement) => void,
  ): void {
    inOrder([(end) => this.#syncPrepared(next.file, end)], this.#isOver, (error) => {
      if (error !== undefined) this.#dropPrepared();
      done(error, next);
    });
  }

  #openIncrement(): OpenedIncrement {
    const platform = this.#platform;
    const { place } = this;
    const { history, increments } = this.#manifest;
    const named = new Set([...filesOf(this.#manifest), ...history].map(({ name }) => name));
    let sequence = (increments.at(-1)?.sequence ?? 0) + 1;
    for (; ; sequence++) {
      const name = place.incrementName(sequence);
      if (!named.has(name) && !place.holdsData(platform, name)) break;
    }
    const name = place.incrementName(sequence);
    const path = this.isFounding ? place.temporaryPathOf(name) : place.path(name);
    const file = platform.open(path, "replace");
    const end = opening.length;
    const error = platform.writeAt(file, opening, 0, end, 0);
    if (error === undefined) return { file, path, sequence, end };
    platform.close(file);
    this.#remove(path);
    throw error;
  }

  #syncPrepared(file: File, end: Outcome): void {
    this.#isSyncing = true;
    this.#platform.syncLater(file, (error) => {
      this.#isSyncing = false;
      if (this.#isClosed) this.#platform.close(file);
      end(error);
    });
  }

  #dropPrepared(): void {
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    this.#prepared = undefined;
    this.#platform.close(prepared.file);
    this.#remove(prepared.path);
  }

  /** The log goes on in the prepared increment; the one before has so many bytes. */
  noteCut(bytes: number): void {
    if (this.isFounding && this.#prepared !== undefined) this.#unnamed.push(this.#prepared.path);
    this.#prepared = undefined;
    this.closedBytes += bytes;
  }

  /** Where the next base is to be written. */
  newBase(extension: "rdb" | "aof"): NewBase {
    const sequence = (this.#manifest.base?.sequence ?? 0) + 1;
    const name = this.place.baseName(sequence, extension);
    return { name, sequence, temporaryPath: this.place.temporaryPathOf(name) };
  }

  /**
   * Puts a base of so many bytes, written to its temporary path and synced, in the place of all
   * files before the increment `from`. They are history then, see `settle`.
   */
  replaceBase(base: NewBase, bytes: number, from: number, done: Outcome): void {
    const platform = this.#platform;
    const { directory } = this.place;
    if (this.#founding !== undefined) return this.#found(base, bytes, from, done);
    const path = this.place.path(base.name);
    const manifest = this.#manifest;
    const replaced = filesOf(manifest).filter(
      ({ type, sequence }) => type === "b" || sequence < from,
    );
    const next: Manifest = {
      base: { name: base.name, sequence: base.sequence, type: "b" },
      history: [
        ...manifest.history,
        ...replaced.map(({ name, sequence }) => ({ name, sequence, type: "h" as const })),
      ],
      increments: manifest.increments.filter(({ sequence }) => sequence >= from),
      begun: "",
    };
    inOrder(
      [
        (end) => {
          platform.rename(base.temporaryPath, path);
          platform.syncDirectoryLater(directory, end);
        },
        ...this.#replaceManifest(next),
      ],
      this.#isOver,
      (error) => {
        if (this.#manifest === next) {
          this.baseBytes = bytes;
          this.closedBytes = 0;
        } else {
          this.#remove(base.temporaryPath);
          this.#remove(path);
        }
        done(error);
      },
    );
  }

  /** Has the manifest name what a founded log consists of, and gives that its names. */
  #found(base: NewBase, bytes: number, sequence: number, done: Outcome): void {
    const platform = this.#platform;
    const { place } = this;
    const { directory } = place;
    const manifest = this.#manifest;
    const increment = place.incrementName(sequence);
    this.#unnamed.push(base.temporaryPath);
    const old = this.#founding?.replacesOld === true ? filesOf(manifest) : [];
    const next: Manifest = {
      base: { name: base.name, sequence: base.sequence, type: "b" },
      history: [
        ...manifest.history,
        ...old.map((file) => ({ name: file.name, sequence: file.sequence, type: "h" as const })),
      ],
      increments: [{ name: increment, sequence, type: "i" }],
      begun: "",
    };
    inOrder(
      [
        // The manifest names nothing that may not be there.
        (end) => platform.syncDirectoryLater(directory, end),
        (end) => platform.syncDirectoryLater(place.dataDirectory, end),
        ...this.#replaceManifest(next, () => {
          this.#wasNamed = true;
          this.#unnamed = [];
        }),
        (end) => {
          platform.rename(place.temporaryPathOf(increment), place.path(increment));
          platform.rename(base.temporaryPath, place.path(base.name));
          platform.syncDirectoryLater(directory, end);
        },
      ],
      this.#isOver,
      (error) => {
        if (error === undefined) {
          this.#founding = undefined;
          this.baseBytes = bytes;
        }
        done(error);
      },
    );
  }

  /** Whether a start may find the manifest of the log that is being founded. */
  get mayBeNamed(): boolean {
    return this.#wasNamed;
  }

  /** Removes what is history, and its names from the manifest. */
  settle(done: Outcome): void {
    const platform = this.#platform;
    const { directory } = this.place;
    const { history } = this.#manifest;
    if (history.length === 0) return done(undefined);
    inOrder(
      [
        (end) => platform.syncDirectoryLater(directory, end),
        ...history.map(
          ({ name }): Step =>
            (end) =>
              platform.removeLater(this.place.path(name), end),
        ),
        (end) => platform.syncDirectoryLater(directory, end),
        ...this.#replaceManifest({ ...this.#manifest, history: [] }),
      ],
      this.#isOver,
      done,
    );
  }

  /**
   * No step is taken any more: the directory may be another's from now on. Closes what the log has
   * not taken over, and removes what nobody has named.
   */
  close(): void {
    this.#isClosed = true;
    this.#remove(this.place.temporaryPath);
    for (const path of this.#unnamed) this.#remove(path);
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    this.#prepared = undefined;
    if (!this.#isSyncing) this.#platform.close(prepared.file);
    const isNamed = this.#manifest.increments.at(-1)?.sequence === prepared.sequence;
    if (!isNamed) this.#remove(prepared.path);
  }

  /** The steps of replacing the manifest. */
  #replaceManifest(manifest: Manifest, onNamed: () => void = () => {}): Step[] {
    const platform = this.#platform;
    const { temporaryPath, manifestPath, directory } = this.place;
    return [
      (end) => {
        const bytes = utf8Bytes(formatManifest(manifest));
        const file = platform.open(temporaryPath, "replace");
        const close: Outcome = (error) => {
          platform.close(file);
          if (error !== undefined) this.#remove(temporaryPath);
          end(error);
        };
        const error = platform.writeAt(file, bytes, 0, bytes.length, 0);
        if (error !== undefined) close(error);
        else platform.syncLater(file, close);
      },
      (end) => {
        try {
          platform.rename(temporaryPath, manifestPath);
        } catch (error) {
          this.#remove(temporaryPath);
          throw error;
        }
        this.#manifest = manifest;
        onNamed();
        platform.syncDirectoryLater(directory, end);
      },
    ];
  }

  /** Removes what is of no use, if that can be done: the next start tries it again. */
  #remove(path: string): void {
    try {
      this.#platform.remove(path);
    } catch {
      // Nobody reads it.
    }
  }
}
