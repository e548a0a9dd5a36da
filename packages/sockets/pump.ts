/** {@linkcode Pump}: what makes a stack run.
 *
 * The layers below are synchronous: they act when called and leave the rest to timers and outboxes. The pump
 * calls them: it drains outboxes in a microtask after application calls, runs due timers, keeps one host timer
 * for the next deadline (none for an idle stack), and steps aside after some milliseconds of continuous work so that
 * the application's own timers and I/O keep their pace.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif/timers";
import type { HostClock, HostLoop, HostTimer } from "./host_environment.ts";

/** Longest run without a turn of the event loop, in milliseconds. */
export const DEFAULT_SLICE_MS = 2;

/** A host timer that turned out needless is left to expire if that is within so many milliseconds, because
 * setting and clearing one costs 2 µs and a request with its answer would pay that every time. */
const LINGERING_TIMER_MS = 1000;

/** Timers run between two looks at the time. */
const TIMERS_PER_LOOK = 32;

/** What a {@linkcode Pump} drives. */
export interface PumpOptions {
  /** Timers to run when due. With a host loop, the pump sets `timers.onEarlier`. */
  readonly timers: TimerQueue;
  /** Drains the outboxes of the layers. */
  readonly flush: () => void;
  /** Queues microtasks and, unless {@linkcode isManual}, everything else. */
  readonly loop: HostLoop;
  /** The clock to be refreshed at each run; `undefined`: somebody else moves the time. */
  readonly clock: HostClock | undefined;
  /** Leave timers alone: they are run by whoever moves the time, a simulation for instance. Default false. */
  readonly isManual?: boolean;
  /** Longest run without a turn of the event loop, in milliseconds; default {@linkcode DEFAULT_SLICE_MS}. */
  readonly sliceMs?: number;
}

/** Counters of a {@linkcode Pump}. */
export interface PumpCounters {
  /** Runs. */
  runs: number;
  /** Timers that fired. */
  timersFired: number;
  /** Times it stepped aside because a slice was used up. */
  yields: number;
  /** Host timers set. */
  hostTimersStarted: number;
}

/** Runs a stack on an event loop. */
export class Pump {
  /** What happened so far. */
  readonly counters: PumpCounters = { runs: 0, timersFired: 0, yields: 0, hostTimersStarted: 0 };
  readonly #timers: TimerQueue;
  readonly #flush: () => void;
  readonly #loop: HostLoop;
  readonly #clock: HostClock | undefined;
  readonly #isManual: boolean;
  readonly #sliceMs: number;
  readonly #onMicrotask: () => void;
  readonly #onMacrotask: () => void;
  readonly #onHostTimer: () => void;
  readonly #waiters: (() => void)[] = [];
  #isMicrotaskPending = false;
  #isMacrotaskPending = false;
  #isRunning = false;
  #isFlushWanted = false;
  #isClosed = false;
  #hostTimer: HostTimer | undefined = undefined;
  #hostTimerAt = Infinity;
  #isHostTimerRef = true;
  #holds = 0;
  #sliceStartedAt: number;

  /** Starts nothing yet. */
  constructor(options: PumpOptions) {
    this.#timers = options.timers;
    this.#flush = options.flush;
    this.#loop = options.loop;
    this.#clock = options.clock;
    this.#isManual = options.isManual ?? false;
    this.#sliceMs = options.sliceMs ?? DEFAULT_SLICE_MS;
    this.#sliceStartedAt = options.loop.now();
    this.#onMicrotask = () => this.#microtaskArrives();
    this.#onMacrotask = () => this.#macrotaskArrives();
    this.#onHostTimer = () => this.#hostTimerExpires();
    if (this.#isManual) return;
    this.#timers.onEarlier = () => this.#schedule();
    if (this.#clock === undefined) return;
    this.#clock.onRead = () => this.#schedule();
    // What read it before, with nobody to end the run, must not stop the time.
    this.#clock.invalidate();
  }

  /** Whether a timer of the host is armed for a deadline to come. */
  get isHostTimerArmed(): boolean {
    return this.#hostTimer !== undefined && this.#timers.size > 0;
  }

  /** Whether that timer keeps the process from ending: a deadline to come, and somebody who {@linkcode hold}s. */
  get isHoldingProcess(): boolean {
    return this.#hostTimer !== undefined && this.#isHostTimerRef;
  }

  /** Something waits in an outbox: asks for a run in a microtask; costs nothing when one is due anyway. */
  requestFlush(): void {
    this.#isFlushWanted = true;
    this.#schedule();
  }

  /** Runs now, for a driver loop that waits in a system call instead of the event loop: due timers, outboxes.
   *
   * @returns the instant of the next deadline (clock milliseconds), `Infinity` if there is none.
   */
  runNow(): number {
    if (!this.#isRunning && !this.#isClosed) this.#run(this.#beginSlice());
    return this.#timers.nextDeadline();
  }

  /** The end of a batch of input: the next reading of the clock asks the host. */
  endInput(): void {
    if (!this.#isRunning) this.#clock?.invalidate();
  }

  /** Whether the stack and the microtasks around it have used up their slice of the event loop. */
  get isSliceOver(): boolean {
    return !this.#isManual && this.#isOver(this.#loop.now());
  }

  /** Calls `callback` after the event loop has turned, if the slice is over.
   *
   * @returns false, and `callback` is not called, when the slice is not over.
   */
  stepAside(callback: () => void): boolean {
    if (this.#isClosed || !this.isSliceOver) return false;
    this.#waiters.push(callback);
    this.#requestMacrotask();
    return true;
  }

  /** Something is open that the process should stay alive for, as far as timers of the stack can do that. */
  hold(): void {
    if (this.#holds++ === 0) this.#updateRef();
  }

  /** Takes back one {@linkcode hold}. */
  release(): void {
    if (--this.#holds === 0) this.#updateRef();
  }

  /** Stops for good; whoever stepped aside is called. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopHostTimer();
    if (!this.#isManual) this.#timers.onEarlier = undefined;
    if (this.#clock !== undefined) this.#clock.onRead = undefined;
    this.#clock?.invalidate();
    for (const callback of this.#waiters.splice(0)) callback();
  }

  #microtaskArrives(): void {
    this.#isMicrotaskPending = false;
    if (this.#isClosed) return;
    // A run that waits for its macrotask does what this one would; the instant handed out ends all the same.
    if (this.#isMacrotaskPending) return this.#clock?.invalidate();
    const now = this.#readClock();
    if (!this.#isManual && this.#isOver(now)) {
      this.counters.yields++;
      this.#clock?.invalidate();
      this.#requestMacrotask();
      return;
    }
    this.#run(now);
  }

  #requestMacrotask(): void {
    if (this.#isMacrotaskPending) return;
    this.#isMacrotaskPending = true;
    this.#loop.macrotask(this.#onMacrotask);
  }

  #macrotaskArrives(): void {
    this.#isMacrotaskPending = false;
    if (this.#isClosed) return;
    const now = this.#beginSlice();
    for (const callback of this.#waiters.splice(0)) callback();
    this.#run(now);
  }

  #hostTimerExpires(): void {
    this.#hostTimer = undefined;
    this.#hostTimerAt = Infinity;
    if (!this.#isClosed) this.#run(this.#beginSlice());
  }

  /** Reads the time at the beginning of a run: costs 100 ns, so a run does it as rarely as it can. */
  #readClock(): number {
    return this.#clock === undefined ? this.#loop.now() : this.#clock.refresh();
  }

  #beginSlice(): number {
    this.#sliceStartedAt = this.#readClock();
    return this.#sliceStartedAt;
  }

  #isOver(now: number): boolean {
    return now - this.#sliceStartedAt > this.#sliceMs;
  }

  #schedule(): void {
    if (this.#isMicrotaskPending || this.#isRunning || this.#isClosed) return;
    this.#isMicrotaskPending = true;
    this.#loop.microtask(this.#onMicrotask);
  }

  #run(now: number): void {
    this.counters.runs++;
    this.#isRunning = true;
    try {
      this.#drain();
      if (!this.#isManual) now = this.#runTimers(now);
    } finally {
      this.#isRunning = false;
      // What the application does from here on reads a fresh clock, and so asks for the next run.
      this.#clock?.invalidate();
      if (this.#isFlushWanted) this.#schedule();
      if (!this.#isManual) this.#armHostTimer(now);
    }
  }

  #drain(): void {
    this.#isFlushWanted = false;
    this.#flush();
  }

  /** Runs what is due, and what that makes due; returns the time that was read last. */
  #runTimers(now: number): number {
    for (;;) {
      const fired = this.#timers.runDue(TIMERS_PER_LOOK);
      if (fired === 0) return now;
      this.counters.timersFired += fired;
      this.#drain();
      if (this.#timers.nextDeadline() > now) return now;
      now = this.#readClock();
      if (this.#isOver(now)) {
        this.counters.yields++;
        this.#requestMacrotask();
        return now;
      }
    }
  }

  #armHostTimer(now: number): void {
    // The coming macrotask looks at the timers anyway.
    if (this.#isMacrotaskPending || this.#isClosed) return;
    const deadline = this.#timers.nextDeadline();
    if (deadline === Infinity) {
      if (this.#hostTimerAt > now + LINGERING_TIMER_MS) this.#stopHostTimer();
      else this.#updateRef();
      return;
    }
    if (this.#hostTimerAt > deadline) {
      this.#stopHostTimer();
      this.counters.hostTimersStarted++;
      this.#hostTimer = this.#loop.startTimer(deadline - now, this.#onHostTimer);
      this.#hostTimerAt = deadline;
      this.#isHostTimerRef = true;
    }
    this.#updateRef();
  }

  #stopHostTimer(): void {
    this.#hostTimer?.stop();
    this.#hostTimer = undefined;
    this.#hostTimerAt = Infinity;
  }

  #updateRef(): void {
    const timer = this.#hostTimer;
    if (timer === undefined) return;
    const isRef = this.#holds > 0 && this.#timers.size > 0;
    if (isRef === this.#isHostTimerRef) return;
    this.#isHostTimerRef = isRef;
    timer.setRef(isRef);
  }
}
