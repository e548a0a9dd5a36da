/** Timers on demand: a queue which an idle stack leaves empty.
 *
 * @example Two timers and a clock moved by hand
 * ```ts
 * import { TimerQueue } from "@lightwire/netif/timers";
 * import assert from "node:assert/strict";
 *
 * let now = 0;
 * const timers = new TimerQueue({ now: () => now });
 * const fired: string[] = [];
 * timers.create(() => fired.push("late")).start(200);
 * timers.create(() => fired.push("early")).start(100);
 * assert.equal(timers.nextDeadline(), 100);
 * now = 250;
 * assert.equal(timers.runDue(), 2);
 * assert.deepEqual(fired, ["early", "late"]);
 * assert.equal(timers.nextDeadline(), Infinity);
 * ```
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { CyclicTimer } from "./cyclic_timer.ts";

export { CyclicTimer };

/** A timer which can be armed again and again; made once by {@linkcode TimerQueue.create}. */
export class Timer {
  /** When it is due (clock milliseconds), or `Infinity` when not armed. */
  deadline: number = Infinity;
  /** Position in the heap, −1 when not in it. Internal. */
  index: number = -1;
  /** Key in the heap; at most `deadline`. Internal. */
  key: number = Infinity;
  /** Tie-breaker in the heap: the order of arming that belongs to {@linkcode key}. Internal. */
  order: number = 0;
  /** Order of the last arming. Internal. */
  armedOrder: number = 0;
  /** What runs when it is due. */
  readonly callback: () => void;
  readonly #queue: TimerQueue;

  /** For {@linkcode TimerQueue.create} only. */
  constructor(queue: TimerQueue, callback: () => void) {
    this.#queue = queue;
    this.callback = callback;
  }

  /** Whether it will fire. */
  get isArmed(): boolean {
    return this.deadline !== Infinity;
  }

  /** Arms it for `delayMs` from now; replaces an earlier deadline. */
  start(delayMs: number): void {
    this.#queue.arm(this, this.#queue.clock.now() + delayMs);
  }

  /** Arms it for the instant `at` (clock milliseconds); replaces an earlier deadline. */
  startAt(at: number): void {
    this.#queue.arm(this, at);
  }

  /** Disarms it; harmless when not armed. */
  stop(): void {
    this.#queue.disarm(this);
  }
}

/** A binary heap of armed timers, ties in the order of arming. */
export class TimerQueue {
  /** The clock that deadlines refer to. */
  readonly clock: Clock;
  /** Called when the earliest deadline moved forward to an earlier instant; the pump re-arms its host timer. */
  onEarlier: (() => void) | undefined = undefined;
  readonly #heap: Timer[] = [];
  readonly #cyclic = new Set<CyclicTimer>();
  #isCyclicStopped = false;
  #order = 0;

  /** Makes an empty queue.
   *
   * @param clock the only source of time of everything that uses this queue.
   */
  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A new timer, not armed. */
  create(callback: () => void): Timer {
    return new Timer(this, callback);
  }

  /** A new cyclic timer, not started.
   *
   * @throws {RangeError} if the interval is not a positive number of milliseconds.
   */
  cyclic(intervalMs: number, callback: () => void): CyclicTimer {
    if (!(intervalMs > 0 && intervalMs < Infinity)) {
      throw new RangeError(`Cannot run a timer every ${intervalMs} ms`);
    }
    return new CyclicTimer(this, intervalMs, callback);
  }

  /** Removes all cyclic timers at run time, to save power while no link is in use; one-shot timers stay (`sys_timeouts_deinit()`
   * of esp-lwip). Those started meanwhile wait for {@linkcode startCyclic}. */
  stopCyclic(): void {
    this.#isCyclicStopped = true;
    for (const timer of this.#cyclic) timer.setArmed(false);
  }

  /** Arms all active cyclic timers again, one interval from now (`sys_timeouts_init()` of esp-lwip). */
  startCyclic(): void {
    this.#isCyclicStopped = false;
    for (const timer of this.#cyclic) timer.setArmed(true);
  }

  /** Notes a cyclic timer as active. For {@linkcode CyclicTimer} only. */
  addCyclic(timer: CyclicTimer): void {
    this.#cyclic.add(timer);
    if (!this.#isCyclicStopped) timer.setArmed(true);
  }

  /** Forgets a cyclic timer. For {@linkcode CyclicTimer} only. */
  removeCyclic(timer: CyclicTimer): void {
    this.#cyclic.delete(timer);
  }

  /** Number of armed timers. */
  get size(): number {
    return this.#heap.length;
  }

  /** The instant at which {@linkcode runDue} has something to do at the latest, `Infinity` when idle. */
  nextDeadline(): number {
    // A timer re-armed for later keeps its old key until it is at the top: a heap move per ACK would cost more.
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return Infinity;
      if (top.key === top.deadline) return top.key;
      top.key = top.deadline;
      top.order = top.armedOrder;
      this.#siftDown(0);
    }
  }

  /** Runs every timer that is due at `clock.now()`, in order of (deadline, arming). Timers armed by a
   * callback for an instant already due run in the same call, after those before them.
   *
   * @param limit most timers to run; a guard against livelock.
   * @returns how many ran.
   */
  runDue(limit: number = 1_000_000): number {
    const now = this.clock.now();
    let count = 0;
    while (count < limit && this.nextDeadline() <= now) {
      const timer = this.#heap[0]!;
      this.disarm(timer);
      count++;
      timer.callback();
    }
    return count;
  }

  /** Arms `timer` for `at`. Use {@linkcode Timer.startAt}. */
  arm(timer: Timer, at: number): void {
    timer.deadline = at;
    timer.armedOrder = this.#order++;
    if (timer.index >= 0) {
      if (at > timer.key) return; // see nextDeadline()
      timer.key = at;
      timer.order = timer.armedOrder;
      this.#siftUp(timer.index);
      this.#siftDown(timer.index);
    } else {
      timer.key = at;
      timer.order = timer.armedOrder;
      timer.index = this.#heap.length;
      this.#heap.push(timer);
      this.#siftUp(timer.index);
    }
    if (timer.index === 0) this.onEarlier?.();
  }

  /** Disarms `timer`. Use {@linkcode Timer.stop}. */
  disarm(timer: Timer): void {
    timer.deadline = Infinity;
    const i = timer.index;
    if (i < 0) return;
    timer.index = -1;
    const last = this.#heap.pop()!;
    if (last === timer) return;
    last.index = i;
    this.#heap[i] = last;
    this.#siftUp(i);
    this.#siftDown(last.index);
  }

  #less(a: Timer, b: Timer): boolean {
    return a.key < b.key || (a.key === b.key && a.order < b.order);
  }

  #siftUp(i: number): void {
    const heap = this.#heap;
    const timer = heap[i]!;
    while (i > 0) {
      const parentIndex = (i - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (!this.#less(timer, parent)) break;
      heap[i] = parent;
      parent.index = i;
      i = parentIndex;
    }
    heap[i] = timer;
    timer.index = i;
  }

  #siftDown(i: number): void {
    const heap = this.#heap;
    const size = heap.length;
    const timer = heap[i]!;
    for (;;) {
      let childIndex = 2 * i + 1;
      if (childIndex >= size) break;
      let child = heap[childIndex]!;
      if (childIndex + 1 < size && this.#less(heap[childIndex + 1]!, child)) {
        childIndex++;
        child = heap[childIndex]!;
      }
      if (!this.#less(child, timer)) break;
      heap[i] = child;
      child.index = i;
      i = childIndex;
    }
    heap[i] = timer;
    timer.index = i;
  }
}
