/** {@linkcode NetworkContext}: what the checks behind the link work with, and what they tell each other.
 *
 * @module
 */
import { NetError } from "@lightwire/netif/error";
import type { IpcpResult, PppLink, PppUp } from "@lightwire/ppp";
import type { Stack, StackInterface } from "@lightwire/sockets";
import type { DiagPort } from "./port_checks.ts";

/** A host that is known to be there: what the checks behind the link try to reach. */
export interface DiagTarget {
  /** Name or address. */
  readonly host: string;
  /** TCP port, of a web server. */
  readonly port: number;
  /** Path on it; its answer should be longer than a packet. */
  readonly path: string;
}

/** Bits on a line of 8N1 for each octet. */
export const BITS_PER_OCTET = 10;

/** How long the checks may take, in milliseconds. */
export interface DiagTiming {
  /** For an answer to an echo request. */
  readonly echoMs: number;
  /** For an answer of a name server, repetitions included. */
  readonly dnsMs: number;
  /** For a TCP connection, and then for the answer of the server. */
  readonly connectMs: number;
  /** Length of the load test. */
  readonly loadMs: number;
  /** For an answer of a time server. */
  readonly clockMs: number;
}

/** What is usual on mobile networks, where a second is no rarity. */
export const DEFAULT_TIMING: DiagTiming = {
  echoMs: 2000,
  dnsMs: 7500,
  connectMs: 10_000,
  loadMs: 3000,
  clockMs: 5000,
};

/** What checks found that later ones need. */
export interface Findings {
  /** Who answers echo requests, best first: the other end of the link, or somebody near. */
  echoHost: string | undefined;
  /** Whether that is the other end itself, so that nothing but the line lies in between. */
  isEchoHostPeer: boolean;
  /** Round trip to it without load, in milliseconds. */
  idleMs: number | undefined;
  /** Characters that the line does not carry, as an ACCM; with them other failures are no wonder. */
  unclean: number | undefined;
  /** Whether a name server answers. */
  hasNameServer: boolean;
  /** Address of the target. */
  targetAddress: string | undefined;
  /** Whether a TCP connection to the target came about. */
  isTargetReached: boolean;
  /** Largest packet that passes, when that is known. */
  passingBytes: number | undefined;
  /** What the load test measured. */
  load: LoadFindings | undefined;
}

/** What the load test measured. */
export interface LoadFindings {
  /** Echo requests sent and answered. */
  readonly sent: number;
  readonly received: number;
  /** Bytes per second in each direction, IP headers included. */
  readonly bytesPerSecond: number;
  /** Good and damaged frames received meanwhile. */
  readonly frames: number;
  readonly badFrames: number;
  /** The same of full-size packets sent one by one, afterwards; `undefined` if there was no need to. */
  readonly alone:
    | { readonly sent: number; readonly received: number; readonly badFrames: number }
    | undefined;
}

/** What a check works with. */
export interface NetworkContext {
  /** The host. */
  readonly stack: Stack;
  /** Its interface on the link. */
  readonly networkInterface: StackInterface;
  /** The link. */
  readonly link: PppLink;
  /** What it agreed on. */
  readonly up: PppUp;
  /** Its IPv4 part. */
  readonly ipv4: IpcpResult;
  /** The line below. */
  readonly port: DiagPort;
  /** Nominal speed of the line. */
  readonly baudRate: number;
  /** Whether the peer called us: then it is not the way to the world. */
  readonly isServer: boolean;
  /** Whom to reach. */
  readonly target: DiagTarget;
  /** Name or address of a time server. */
  readonly timeServer: string;
  /** Addresses that answer echo requests all over the world, for when nobody near does. */
  readonly echoHosts: readonly string[];
  /** Patience. */
  readonly timing: DiagTiming;
  /** Aborted when the link ends, or the user does not want any more. */
  readonly signal: AbortSignal;
  /** What is known by now. */
  readonly findings: Findings;
}

/** Nothing is known yet. */
export function noFindings(): Findings {
  return {
    echoHost: undefined,
    isEchoHostPeer: false,
    idleMs: undefined,
    unclean: undefined,
    hasNameServer: false,
    targetAddress: undefined,
    isTargetReached: false,
    passingBytes: undefined,
    load: undefined,
  };
}

/** Milliseconds that the line alone takes to carry so many bytes there and back. */
export function onLineMs(c: Pick<NetworkContext, "baudRate">, bytes: number): number {
  return 2 * bytes * BITS_PER_OCTET * 1000 / c.baudRate;
}

/** Runs `work` with a signal that is aborted after `ms` milliseconds of the stack's time.
 *
 * @throws {NetError} `TIMED_OUT`, when the time was up.
 */
export async function withDeadline<T>(
  { stack, signal }: Pick<NetworkContext, "stack" | "signal">,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = stack.timers.create(() =>
    deadline.abort(new NetError("TIMED_OUT", `No answer within ${Math.round(ms)} ms`))
  );
  timer.start(ms);
  stack.pump.hold();
  try {
    return await work(AbortSignal.any([signal, deadline.signal]));
  } finally {
    timer.stop();
    stack.pump.release();
  }
}

/** Lets time pass.
 *
 * @throws the signal's reason, when it is aborted.
 */
export async function pause(stack: Stack, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  stack.pump.hold();
  try {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.stop();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = stack.timers.create(done);
      timer.start(ms);
      signal.addEventListener("abort", done, { once: true });
    });
  } finally {
    stack.pump.release();
  }
  signal.throwIfAborted();
}

/** What an error says, for a line of the report.
 *
 * @throws the error itself, when it is none of the network.
 */
export function networkErrorText(error: unknown): string {
  if (error instanceof NetError) return error.message;
  throw error;
}

/** `34 ms`, `3.4 ms`. */
export function shortMs(ms: number): string {
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
}
