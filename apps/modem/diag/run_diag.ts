/** {@linkcode runDiag}: `pppup diag`: checks the port, brings the link up, checks the network behind it, and says what it is.
 *
 * Everything that touches the world is in {@linkcode DiagEnvironment}, so that the whole of it runs in virtual time too.
 *
 * @module
 */
import { formatBytes, type Output } from "@lightwire/app-commands";
import type { Timer } from "@lightwire/netif";
import type { PppHost, PppLink, PppUp, SerialPort } from "@lightwire/ppp";
import type { BringUpHandlers, BringUpOptions, LinkCause } from "@lightwire/ppp/modem";
import type { Stack, StackInterface } from "@lightwire/sockets";
import { BringUpChecks } from "./bring_up_checks.ts";
import type { CheckOutcome } from "./check.ts";
import { checkNetwork } from "./network_checks.ts";
import { DEFAULT_TIMING, type DiagTarget, type DiagTiming, noFindings, shortMs } from "./network_context.ts";
import { checkLines, type DiagPort, portNotOpened, portOpened, type PortSettings } from "./port_checks.ts";
import { DiagReport, type ReportStyle } from "./report.ts";

/** What is to be diagnosed. */
export interface DiagOptions extends PortSettings {
  /** How to bring the link up. */
  readonly bringUp: BringUpOptions;
  /** Whether the peer calls us; default false. */
  readonly isServer?: boolean;
  /** Whom to reach; default {@linkcode DEFAULT_TARGET}. */
  readonly target?: DiagTarget;
  /** Name or address of a time server; default "pool.ntp.org". */
  readonly timeServer?: string;
  /** Addresses anywhere that answer echo requests, asked when nobody near does; default {@linkcode DEFAULT_ECHO_HOSTS}. */
  readonly echoHosts?: readonly string[];
  /** Patience; defaults are {@linkcode DEFAULT_TIMING}. */
  readonly timing?: Partial<DiagTiming>;
}

/** A bring-up, as far as it is steered from here. */
export interface DiagBringUp {
  /** Begins. */
  start(): void;
  /** Ends it in an orderly way; `ended` follows. */
  stop(): void;
}

/** The world of a diagnosis. */
export interface DiagEnvironment {
  /** The host: its stack, clock, timers, entropy. */
  readonly stack: Stack;
  /** Where to speak. */
  readonly output: Output;
  /** Aborted on Ctrl-C. */
  readonly signal: AbortSignal;
  /** How the report looks. */
  readonly style: ReportStyle;
  /** Opens the port.
   *
   * @throws {SerialOpenError} when that is not possible.
   */
  openPort(): Promise<DiagPort>;
  /** Makes the bring-up. */
  bringUp(host: PppHost, port: SerialPort, options: BringUpOptions, handlers: BringUpHandlers): DiagBringUp;
  /** Adds the interface over the link, with its addresses, routes and name servers. */
  attach(link: PppLink, up: PppUp): StackInterface;
  /** Told of everything too: captures. */
  readonly observer?: Pick<BringUpHandlers, "at" | "packet" | "link">;
}

/** A host with a name that everybody may ask (RFC 2606 §3), with a web server. */
export const DEFAULT_TARGET: DiagTarget = { host: "example.com", port: 80, path: "/" };
/** Public name servers; they answer echo requests too. */
export const DEFAULT_ECHO_HOSTS: readonly string[] = ["9.9.9.9", "1.1.1.1"];

/** Milliseconds between two LCP Echo-Requests, and how many in a row may stay without an answer. */
const ECHO_INTERVAL_MS = 1000;
const ECHO_FAILURES = 60;
/** How long IPv4 may take after IPv6, in milliseconds. */
const SECOND_FAMILY_MS = 5000;

/** The link is over. */
class LinkEnded extends Error {
  readonly linkCause: LinkCause;
  readonly evidence: readonly string[];

  constructor(linkCause: LinkCause, message: string, evidence: readonly string[]) {
    super(message);
    this.linkCause = linkCause;
    this.evidence = evidence;
  }
}

/** Runs the diagnosis.
 *
 * @returns the exit status: 0 when nothing failed, 1 otherwise.
 * @throws the reason of the environment's signal, when it is aborted; the link is hung up by then.
 */
export async function runDiag(o: DiagOptions, environment: DiagEnvironment): Promise<number> {
  const { output, style, stack, signal } = environment;
  const report = new DiagReport(output, style);
  report.begin(`${o.device}, ${o.baudRate} baud`);
  report.working("port");
  const startedAt = stack.clock.now();
  const port = await openPort(report, environment);
  if (port === undefined) {
    report.skipRest("not reached");
    return report.end("");
  }
  try {
    report.add("port", portOpened(o), stack.clock.now() - startedAt);
    report.add("lines", checkLines(port, o), 0);
    const summary = await checkLink(report, o, environment, port);
    signal.throwIfAborted();
    report.skipRest("not reached");
    return report.end(summary);
  } finally {
    if (port.closeAndWait === undefined) port.close();
    else await port.closeAndWait();
  }
}

async function openPort(report: DiagReport, environment: DiagEnvironment): Promise<DiagPort | undefined> {
  try {
    return await environment.openPort();
  } catch (error) {
    report.add("port", portNotOpened(error), 0);
    return undefined;
  }
}

/** Brings the link up, checks what is behind, and hangs up.
 *
 * @returns what to say if nothing is wrong.
 */
async function checkLink(
  report: DiagReport,
  o: DiagOptions,
  environment: DiagEnvironment,
  port: DiagPort,
): Promise<string> {
  const run = new LinkRun(report, o, environment, port);
  try {
    const up = await run.whenUp();
    if (up === undefined) return "";
    return await run.check(up);
  } finally {
    await run.stop();
  }
}

/** A link that is up. */
interface UpLink {
  readonly link: PppLink;
  readonly up: PppUp;
}

/** One bring-up with its interface. */
class LinkRun {
  readonly #report: DiagReport;
  readonly #options: DiagOptions;
  readonly #environment: DiagEnvironment;
  readonly #port: DiagPort;
  readonly #checks: BringUpChecks;
  readonly #bringUp: DiagBringUp;
  /** Aborted when the link ends. */
  readonly #end = new AbortController();
  #interface: StackInterface | undefined = undefined;
  /** Runs out when the checks begin. */
  #second: Timer;
  #isOver = false;
  #isUp = false;
  #resolveUp: (up: UpLink | undefined) => void = () => {};
  #resolveOver: () => void = () => {};

  constructor(report: DiagReport, o: DiagOptions, environment: DiagEnvironment, port: DiagPort) {
    this.#report = report;
    this.#options = o;
    this.#environment = environment;
    this.#port = port;
    this.#checks = new BringUpChecks(report, o.bringUp, {
      device: o.device,
      baud: String(o.baudRate),
      ...(o.bringUp.apn === undefined ? {} : { apn: o.bringUp.apn }),
    });
    const { stack, observer } = environment;
    this.#second = stack.timers.create(() => {});
    this.#bringUp = environment.bringUp(stack, port, patient(o.bringUp), {
      event: (event) => this.#checks.event(event),
      link: (link) => {
        this.#checks.link = link;
        observer?.link?.(link);
      },
      up: (link, up) => this.#up(link, up),
      ended: (cause, message, evidence) => this.#ended(cause, message, evidence),
      ...(observer?.at === undefined ? {} : { at: observer.at }),
      ...(observer?.packet === undefined ? {} : { packet: observer.packet }),
    });
  }

  /** Brings the link up. @returns `undefined` when it does not come up. */
  async whenUp(): Promise<UpLink | undefined> {
    const { stack, signal } = this.#environment;
    const up = new Promise<UpLink | undefined>((resolve) => this.#resolveUp = resolve);
    const interrupted = (): void => this.#bringUp.stop();
    signal.addEventListener("abort", interrupted, { once: true });
    stack.pump.hold();
    try {
      signal.throwIfAborted();
      this.#bringUp.start();
      stack.pump.requestFlush();
      const result = await up;
      signal.throwIfAborted();
      return result;
    } finally {
      signal.removeEventListener("abort", interrupted);
      stack.pump.release();
    }
  }

  /** Checks the network. @returns what to say if nothing is wrong. */
  async check({ link, up }: UpLink): Promise<string> {
    this.#checks.up();
    const { ipv4 } = up;
    const o = this.#options;
    if (ipv4 === undefined) {
      this.#noteIpv6Only();
      return `online with IPv6 as ${up.ipv6?.localAddress}`;
    }
    const { stack, signal } = this.#environment;
    const findings = noFindings();
    await checkNetwork(this.#report, {
      stack,
      networkInterface: this.#interface!,
      link,
      up,
      ipv4,
      port: this.#port,
      baudRate: this.#checks.baudRate ?? o.baudRate,
      isServer: o.isServer ?? false,
      target: o.target ?? DEFAULT_TARGET,
      timeServer: o.timeServer ?? "pool.ntp.org",
      echoHosts: o.echoHosts ?? (o.isServer ? [] : DEFAULT_ECHO_HOSTS),
      timing: { ...DEFAULT_TIMING, ...o.timing },
      signal: AbortSignal.any([signal, this.#end.signal]),
      findings,
    }, (reason) => reason instanceof LinkEnded ? endedOutcome(reason) : undefined);
    const where = findings.idleMs === undefined ? "" : `, round trip ${shortMs(findings.idleMs)}`;
    const rate = findings.load === undefined
      ? ""
      : `, ${formatBytes(findings.load.bytesPerSecond)}/s each way`;
    return `online as ${ipv4.localAddress}, name servers ${
      stack.nameServers.join(" ") || "none"
    }${where}${rate}.`;
  }

  /** Hangs up, and waits until that is done. */
  async stop(): Promise<void> {
    const { stack } = this.#environment;
    stack.pump.hold();
    try {
      if (!this.#isOver) {
        const over = new Promise<void>((resolve) => this.#resolveOver = resolve);
        this.#bringUp.stop();
        stack.pump.requestFlush();
        await over;
      }
    } finally {
      stack.pump.release();
      if (this.#interface !== undefined) stack.removeInterface(this.#interface);
    }
  }

  #up(link: PppLink, up: PppUp): void {
    if (up.ipv4 !== undefined) this.#interface ??= this.#environment.attach(link, up);
    if (this.#isUp && up.ipv4 === undefined) return;
    const isWaiting = up.ipv4 === undefined && this.#options.bringUp.session?.ipcp !== false;
    this.#isUp = true;
    // Not from inside of the link's upcall: the checks send. IPv6 may be up before IPv4 is.
    const tell = (): void => this.#resolveUp({ link, up });
    this.#second.stop();
    this.#second = this.#environment.stack.timers.create(tell);
    this.#second.start(isWaiting ? SECOND_FAMILY_MS : 0);
  }

  #ended(cause: LinkCause | "closed", message: string, evidence: readonly string[]): void {
    this.#isOver = true;
    this.#second.stop();
    if (cause !== "closed" && !this.#isUp) this.#checks.ended(cause, message, evidence);
    if (cause !== "closed") this.#end.abort(new LinkEnded(cause, message, evidence));
    this.#resolveUp(undefined);
    this.#resolveOver();
  }

  #noteIpv6Only(): void {
    const isWanted = this.#options.bringUp.session?.ipcp === false;
    this.#report.add("peer", {
      result: isWanted ? "skip" : "fail",
      text: isWanted
        ? "IPv6 only, as asked for: the checks behind the link need IPv4"
        : "the network gives IPv6 only",
      ...(isWanted ? {} : { cause: "ipv6-only" as const }),
    }, 0);
  }
}

/** Signs of life come often, for their round trip; more of them may stay away than usual, as a load test fills queues, behind
 * which they wait. */
function patient(options: BringUpOptions): BringUpOptions {
  const { session } = options;
  const lcp = { echoIntervalMs: ECHO_INTERVAL_MS, echoFailures: ECHO_FAILURES, ...session?.lcp };
  return { ...options, session: { ...session, lcp } };
}

/** The link ended while something behind it was being checked. */
function endedOutcome({ linkCause, message, evidence }: LinkEnded): CheckOutcome {
  const reason = linkCause === "peer-terminates" ? /"(.+)"/.exec(message)?.[1] : undefined;
  const remedy = reason !== undefined
    ? `Ask who runs the other side what "${reason}" means for you.`
    : linkCause === "no-carrier"
    ? "Run it again and look at the signal. A modem that restarts when it sends has too weak a supply: it needs 2 A for moments."
    : undefined;
  return {
    result: "fail",
    cause: linkCause,
    text: `the link ended meanwhile: ${message}`,
    evidence,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
