/** The host's clock, entropy and event loop: with {@linkcode Pump} the only place in `packages/` that asks
 * the host for anything. It uses what Deno, Node.js, Bun and browsers have in common, and needs no permission.
 *
 * @module
 */
import type { Clock, WallClock } from "@lightwire/netif/clock";
import type { Random } from "@lightwire/netif/random";

/** A timer of the host's event loop. */
export interface HostTimer {
  /** Disarms it. */
  stop(): void;
  /** Whether it keeps the process from ending (on hosts which know such a thing). */
  setRef(isRef: boolean): void;
}

/** What {@linkcode Pump} needs of an event loop. */
export interface HostLoop {
  /** Monotonic milliseconds, fractional. */
  now(): number;
  /** Runs `callback` once the present job is over, before timers and I/O get their turn. */
  microtask(callback: () => void): void;
  /** Runs `callback` after timers and I/O that are due got their turn. */
  macrotask(callback: () => void): void;
  /** Runs `callback` in `delayMs` milliseconds or a little later, never earlier. */
  startTimer(delayMs: number, callback: () => void): HostTimer;
}

/** A {@linkcode Clock} over the host's which tells one and the same instant within a run: the first reading
 * after {@linkcode invalidate} asks the host (100 ns), the others do not (2 ns). */
export class HostClock implements Clock {
  /** Called after a reading that asked the host, so that somebody ends the run. */
  onRead: (() => void) | undefined;
  readonly #read: () => number;
  #isValid: boolean;
  #value: number;

  /** @param read monotonic milliseconds of the host. */
  constructor(read: () => number) {
    this.onRead = undefined;
    this.#read = read;
    this.#isValid = false;
    this.#value = 0;
  }

  /** Milliseconds since an arbitrary origin; constant until {@linkcode invalidate}. */
  now(): number {
    if (this.#isValid) return this.#value;
    this.#value = this.#read();
    this.#isValid = true;
    this.onRead?.();
    return this.#value;
  }

  /** Asks the host now, for whoever begins a run; {@linkcode onRead} is not called. */
  refresh(): number {
    this.#value = this.#read();
    this.#isValid = true;
    return this.#value;
  }

  /** Ends the run: the next reading asks the host. */
  invalidate(): void {
    this.#isValid = false;
  }
}

/** Entropy of the host's cryptographic generator, fetched 256 words at a time (3 ns a word instead of 700). */
export class HostRandom implements Random {
  readonly #words: Uint32Array<ArrayBuffer>;
  #next: number;

  /** Asks for the first words when the first one is wanted. */
  constructor() {
    this.#words = new Uint32Array(256);
    this.#next = 256;
  }

  /** A uniformly distributed unsigned 32-bit integer which nobody can predict. */
  uint32(): number {
    if (this.#next === this.#words.length) {
      crypto.getRandomValues(this.#words);
      this.#next = 0;
    }
    const word = this.#words[this.#next]!;
    // A word that was handed out is not kept: what leaks later must not tell what was drawn before.
    this.#words[this.#next++] = 0;
    return word;
  }
}

/** The host's date. The fraction comes from the monotonic clock, and follows when the date is set. */
export class HostWallClock implements WallClock {
  #offsetMs: number;

  /** Takes the first bearing. */
  constructor() {
    this.#offsetMs = Date.now() - performance.now();
  }

  /** Milliseconds since 1970-01-01T00:00:00Z, fractional. */
  unixMillis(): number {
    const elapsedMs = performance.now();
    const dateMs = Date.now();
    // Date.now() is cut to whole milliseconds: within one of it the finer reading stands.
    const driftMs = elapsedMs + this.#offsetMs - dateMs;
    if (driftMs < 0 || driftMs >= 1) this.#offsetMs = dateMs - elapsedMs;
    return elapsedMs + this.#offsetMs;
  }
}

/** The event loop this module runs in. */
export const hostLoop: HostLoop = {
  now(): number {
    return performance.now();
  },
  microtask(callback: () => void): void {
    queueMicrotask(callback);
  },
  macrotask(callback: () => void): void {
    postMacrotask(callback);
  },
  startTimer(delayMs: number, callback: () => void): HostTimer {
    return new PlatformTimer(delayMs, callback);
  },
};

/** Longest delay that a host's timer takes (2^31 − 1 ms, 24.8 days); more is waited for in pieces. */
const MAX_HOST_DELAY_MS = 0x7fff_ffff;

class PlatformTimer implements HostTimer {
  // A number in browsers, an object with ref() and unref() elsewhere.
  readonly #handle: unknown;

  constructor(delayMs: number, callback: () => void) {
    // Rounded up, since hosts cut fractions off, and a timer that comes early is a timer for nothing.
    const wholeMs = Math.min(Math.max(0, Math.ceil(delayMs)), MAX_HOST_DELAY_MS);
    this.#handle = setTimeout(callback, wholeMs);
  }

  stop(): void {
    clearTimeout(this.#handle as ReturnType<typeof setTimeout>);
  }

  setRef(isRef: boolean): void {
    const handle = this.#handle;
    if (typeof handle !== "object" || handle === null) return;
    const method = (handle as { ref?: () => void; unref?: () => void })[isRef ? "ref" : "unref"];
    method?.call(handle);
  }
}

/** Chosen once. Measured with Deno 2.9.6: `setImmediate` costs 2.9 µs a turn and lets timers and I/O through;
 * a `MessageChannel` 5.2 µs, but starves both while messages keep coming; `setTimeout(0)` 2,100 µs.
 * Browsers have no `setImmediate`, and serve timers between messages. */
const postMacrotask: (callback: () => void) => void = chooseMacrotask();

function chooseMacrotask(): (callback: () => void) => void {
  const immediate = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate;
  if (typeof immediate === "function") return (callback) => void immediate(callback);
  if (typeof MessageChannel === "function") return messageChannelMacrotask;
  return (callback) => void setTimeout(callback, 0);
}

function messageChannelMacrotask(callback: () => void): void {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    callback();
  };
  channel.port2.postMessage(undefined);
}

/** Resolves after timers and I/O that are due, and every microtask before them, got their turn.
 *
 * @returns a promise that resolves with nothing.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => postMacrotask(resolve));
}
