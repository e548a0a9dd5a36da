/** {@linkcode probeEcho}: a run of echo requests with several under way at once, as one promise.
 *
 * @module
 */
import { type IpAddress, parseIpAddressOrThrow } from "@lightwire/ip/address";
import { PingSession } from "@lightwire/ip";
import type { Timer } from "@lightwire/netif";
import type { Stack } from "@lightwire/sockets";

/** Requests of a run, by default. */
const DEFAULT_COUNT = 3;

/** What to send. */
export interface EchoProbeOptions {
  /** Most requests; default {@linkcode DEFAULT_COUNT}. */
  readonly count?: number;
  /** Bytes of data in each; default 56. */
  readonly size?: number;
  /** The data, repeated; default the alphabet. */
  readonly pattern?: Uint8Array;
  /** Requests under way at once; default 1. */
  readonly window?: number;
  /** Pause after each answer, in milliseconds; default 0. */
  readonly pauseMs?: number;
  /** How long to wait for each answer, in milliseconds; default 2000. */
  readonly timeoutMs?: number;
  /** Begin no new request after so many milliseconds; default: {@linkcode count} alone ends it. */
  readonly durationMs?: number;
  /** Stop at the first answer; default false. */
  readonly isFirstEnough?: boolean;
  /** Set DF; default false. */
  readonly dontFragment?: boolean;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** What came back. */
export interface EchoProbe {
  /** Requests sent. */
  sent: number;
  /** Answers. */
  received: number;
  /** Shortest round trip in milliseconds, `Infinity` without an answer. */
  minMs: number;
  /** Mean round trip, 0 without an answer. */
  averageMs: number;
  /** Longest. */
  maxMs: number;
  /** From the first request to the last answer. */
  elapsedMs: number;
  /** What a router or our own stack said in place of an answer, each once. */
  errors: string[];
}

/** Sends echo requests and waits for what becomes of them.
 *
 * @throws the signal's reason, when it is aborted.
 */
export async function probeEcho(stack: Stack, address: string, o: EchoProbeOptions): Promise<EchoProbe> {
  const run = new EchoRun(stack, parseIpAddressOrThrow(address), o);
  stack.pump.hold();
  try {
    return await run.done;
  } finally {
    run.close();
    stack.pump.release();
  }
}

class EchoRun {
  readonly done: Promise<EchoProbe>;
  readonly #probe: EchoProbe = {
    sent: 0,
    received: 0,
    minMs: Infinity,
    averageMs: 0,
    maxMs: 0,
    elapsedMs: 0,
    errors: [],
  };
  readonly #stack: Stack;
  readonly #options: EchoProbeOptions;
  readonly #session: PingSession;
  readonly #startedAt: number;
  readonly #abort: () => void;
  readonly #pause: Timer;
  #underWay = 0;
  #sumMs = 0;
  #isOver = false;
  #resolve!: (probe: EchoProbe) => void;

  constructor(stack: Stack, destination: IpAddress, o: EchoProbeOptions) {
    this.#stack = stack;
    this.#options = o;
    this.#startedAt = stack.clock.now();
    this.#pause = stack.timers.create(() => this.#fill());
    let reject: (reason: unknown) => void;
    this.done = new Promise((resolve, no) => {
      this.#resolve = resolve;
      reject = no;
    });
    this.#abort = () => {
      this.#isOver = true;
      reject(o.signal.reason);
    };
    this.#session = new PingSession(stack.ip, {
      destination,
      size: o.size ?? 56,
      timeoutMs: o.timeoutMs ?? 2000,
      dontFragment: o.dontFragment ?? false,
      ...(o.pattern === undefined ? {} : { pattern: o.pattern }),
    }, {
      reply: ({ roundTripMs, isLate }) => isLate ? undefined : this.#answered(roundTripMs),
      timeout: () => this.#settled(),
      error: ({ kind, from, mtu }) => {
        this.#note(`${kind} from ${from}${kind === "fragmentation-needed" ? `, MTU ${mtu}` : ""}`);
        this.#settled();
      },
    });
    if (o.signal.aborted) this.#abort();
    else o.signal.addEventListener("abort", this.#abort, { once: true });
    this.#fill();
  }

  close(): void {
    this.#isOver = true;
    this.#pause.stop();
    this.#options.signal.removeEventListener("abort", this.#abort);
    this.#session.close();
  }

  #answered(roundTripMs: number): void {
    const probe = this.#probe;
    probe.received++;
    probe.minMs = Math.min(probe.minMs, roundTripMs);
    probe.maxMs = Math.max(probe.maxMs, roundTripMs);
    this.#sumMs += roundTripMs;
    probe.averageMs = this.#sumMs / probe.received;
    probe.elapsedMs = this.#stack.clock.now() - this.#startedAt;
    if (this.#options.isFirstEnough) this.#finish();
    else this.#settled();
  }

  #settled(): void {
    this.#underWay--;
    const { pauseMs = 0 } = this.#options;
    if (pauseMs > 0 && this.#probe.sent < (this.#options.count ?? DEFAULT_COUNT)) this.#pause.start(pauseMs);
    else this.#fill();
  }

  #note(error: string): void {
    if (!this.#probe.errors.includes(error)) this.#probe.errors.push(error);
  }

  #fill(): void {
    const { count = DEFAULT_COUNT, window = 1, durationMs = Infinity } = this.#options;
    while (!this.#isOver && this.#underWay < window && this.#probe.sent < count) {
      if (this.#stack.clock.now() - this.#startedAt >= durationMs) break;
      const code = this.#session.send();
      if (typeof code === "string") {
        // A full queue drains by itself: what is under way goes on.
        if (code !== "NO_BUFFERS" || this.#underWay === 0) {
          this.#note(code);
          this.#finish();
        }
        break;
      }
      this.#probe.sent++;
      this.#underWay++;
    }
    this.#stack.pump.requestFlush();
    if (this.#underWay === 0) this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#resolve(this.#probe);
  }
}
