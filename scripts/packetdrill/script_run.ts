/** {@linkcode runScript}: a script in packetdrill's notation against this stack, on a clock of its own.
 *
 * Differences from packetdrill: time is virtual, so that an event at a time is exactly then; `sysctl` lines before the
 * first socket become options of the stack, other shell lines do nothing; options of a segment are compared without
 * their padding and order; text is a pattern, and must arrive as it was sent. One connection at a time is in play: the
 * one opened or accepted last. A script's segment may be longer than the MSS: it stands for those sent in a row, unless
 * `--strict_segments` is given; where segments of it bear PSH is not looked at, nor in text that is sent again, since that tells how a
 * stack cuts its bursts.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import { resolveTcpOptions, SYN } from "@lightwire/tcp";
import { decodePacket, type HarnessSocket, PacketHarness } from "@lightwire/tcp/harness";
import { DEFAULT_PORT } from "./call_values.ts";
import { runAsserts } from "./expression.ts";
import { Flow } from "./flow.ts";
import { parsePacketText } from "./packet_text.ts";
import { merged, type Sent } from "./sent_packet.ts";
import type { ScriptOutcome } from "./script_outcome.ts";
import { addressesOf, presetFastOpen, withDefinitions } from "./script_surroundings.ts";
import { parseScript, type Script, type ScriptEvent, ScriptSyntaxError } from "./script_text.ts";
import { readShellSettings, type ShellFiles } from "./shell_settings.ts";
import { CallMismatch, type CallResult, type PendingCall, SocketCalls } from "./socket_calls.ts";
import { tcpInfoValue } from "./tcp_info_names.ts";

/** How far an event may be from its time unless `--tolerance_usecs` says otherwise: packetdrill's. */
const TOLERANCE_US = 4000;
/** How long a `*` packet, or a call that waits without an end, is waited for. */
const PATIENCE_US = 3600e6;
/** Ports of peers that open a connection, one after the other. */
const FIRST_PEER_PORT = 50_000;

/** Options of a run. */
export interface ScriptRunOptions {
  /** Segments that no line expects fail the script, at its end. Default false. */
  readonly isStrict?: boolean;
  /** Options lines, over those of the script. */
  readonly options?: ReadonlyMap<string, string>;
  /** Words that stand for others in the script (`-D NAME=TEXT`). */
  readonly definitions?: Readonly<Record<string, string>>;
  /** Reads the shell files that lines run, by the paths in the lines. Default: there are none. */
  readonly shellFiles?: ShellFiles;
}

interface WaitingCall {
  readonly event: ScriptEvent & { kind: "call" };
  readonly call: PendingCall;
  readonly endUs: number;
}

class ScriptFailure extends Error {}

/** Runs a script.
 *
 * @param source its text.
 */
export function runScript(source: string, options: ScriptRunOptions = {}): ScriptOutcome {
  let run: ScriptRun | undefined;
  try {
    run = new ScriptRun(parseScript(withDefinitions(source, options.definitions)), options);
    run.run();
    return run.outcome(undefined);
  } catch (error) {
    if (error instanceof ScriptSyntaxError) {
      return { problem: error.message, line: error.line, trace: [], expected: [], ignored: [] };
    }
    if (run === undefined) throw error;
    if (error instanceof ScriptFailure || error instanceof SyntaxError || error instanceof CallMismatch) {
      return run.outcome(error.message);
    }
    throw error;
  }
}

class ScriptRun {
  readonly #script: Script;
  readonly #harness: PacketHarness;
  readonly #remote: IpAddress;
  readonly #shellFiles: ShellFiles | undefined;
  readonly #calls: SocketCalls;
  readonly #toleranceUs: number;
  readonly #tsTickUs: number;
  readonly #isStrict: boolean;
  readonly #hasStrictSegments: boolean;
  readonly #mss: number;
  readonly #ignored: readonly string[];
  readonly #isBsd: boolean;
  readonly #probes: ReadonlyMap<"TCP_KEEPIDLE" | "TCP_KEEPINTVL" | "TCP_KEEPCNT", number>;
  readonly #trace: string[] = [];
  readonly #expected: string[] = [];
  readonly #sent: Sent[] = [];
  readonly #variables = new Map<string, number>();
  #waiting: WaitingCall[] = [];
  #flow: Flow | undefined = undefined;
  /** Settings of lines before are those that the stack was made with. */
  #isStarted = false;
  #fastOpenBits: number;
  #isListening = false;
  #listenPort = DEFAULT_PORT;
  #flowCount = 0;
  #current: HarnessSocket | undefined = undefined;
  #lastSent: Uint8Array | undefined = undefined;
  #line = 0;

  constructor(script: Script, options: ScriptRunOptions) {
    this.#script = script;
    const all = new Map([...script.options, ...options.options ?? []]);
    if (/ipv6|mapped/.test(all.get("ip_version") ?? "")) {
      throw new ScriptSyntaxError(1, "IPv6 is not spoken here");
    }
    this.#toleranceUs = Number(all.get("tolerance_usecs") ?? TOLERANCE_US);
    this.#tsTickUs = Number(all.get("tcp_ts_tick_usecs") ?? 0);
    this.#isStrict = options.isStrict ?? false;
    this.#hasStrictSegments = all.has("strict_segments");
    this.#mss = Number(all.get("mss") ?? Infinity);
    const first = script.events.findIndex((e) => e.kind === "call");
    const shell = script.events.slice(0, first < 0 ? undefined : first);
    const commands = shell.flatMap((e) => e.kind === "shell" ? [e.command] : []);
    const settings = readShellSettings(commands, options.shellFiles);
    this.#ignored = settings.ignored;
    this.#isBsd = settings.isBsd;
    this.#probes = settings.probes;
    this.#shellFiles = options.shellFiles;
    this.#fastOpenBits = settings.fastOpenBits ?? 1;
    const { local, remote } = addressesOf(all);
    this.#remote = remote;
    this.#harness = new PacketHarness({
      tcp: settings.tcp,
      address: local,
      mtu: Number(all.get("mtu") ?? 1500),
      seed: Number(all.get("seed") ?? 1),
    });
    this.#calls = new SocketCalls(this.#harness, this.#remote, {
      opened: (socket, isListening) => {
        this.#isListening = isListening;
        if (isListening) this.#listenPort = socket.localPort;
        else this.#current = socket;
      },
      accepted: (socket) => {
        this.#current = socket;
      },
      calling: (name, socket) => presetFastOpen(this.#fastOpenBits, name, socket),
      created: (socket) => {
        for (const [name, value] of this.#probes) socket.setOption(name, value);
      },
      // FreeBSD rounds the sizes of its buffers up as a connection begins.
      isCompared: (option) => !this.#isBsd || !/^SO_(?:RCV|SND)BUF$/.test(option),
      isFastOpenClient: () => (this.#fastOpenBits & 1) !== 0,
      wroteForeignText: () => {
        if (this.#flow !== undefined) this.#flow.hasForeignText = true;
      },
    });
  }

  /** Runs all events.
   *
   * @throws {ScriptFailure} at the first that fails.
   */
  run(): void {
    for (const event of this.#script.events) {
      this.#line = event.line;
      this.#expected.push(event.text);
      if (event.kind === "call") this.#isStarted = true;
      this.#event(event);
    }
    for (const waiting of this.#waiting.splice(0)) {
      this.#line = waiting.event.line;
      this.#waiting.push(waiting);
      this.#moveTo(Math.max(this.#harness.nowUs, Math.min(waiting.endUs, this.#harness.nowUs + PATIENCE_US)));
      if (this.#waiting.includes(waiting)) this.#fail("The call still waits");
    }
    const left = this.#sent[0];
    if (this.#isStrict && left !== undefined) this.#fail(`Nobody expects ${this.#format(left)}`);
    this.#calls.closeAll();
    this.#collect();
    this.#sent.length = 0;
    if (this.#harness.pool.inUse !== 0) this.#fail(`${this.#harness.pool.inUse} packet buffers leak`);
  }

  outcome(problem: string | undefined): ScriptOutcome {
    return {
      problem,
      line: this.#line,
      trace: this.#trace,
      expected: this.#expected,
      ignored: this.#ignored,
    };
  }

  #fail(message: string): never {
    throw new ScriptFailure(message);
  }

  #event(event: ScriptEvent): void {
    if (event.kind === "shell") return this.#shell(event.command);
    const base = event.time.isRelative ? this.#harness.nowUs : 0;
    const fromUs = base + event.time.fromUs;
    if (event.kind === "out") {
      const [low, high] = event.time.isAny
        ? [-Infinity, this.#harness.nowUs + PATIENCE_US]
        : [fromUs - this.#toleranceUs, base + event.time.toUs + this.#toleranceUs];
      this.#expectPacket(event.packet, low, high);
      return;
    }
    if (!event.time.isAny && fromUs > this.#harness.nowUs) this.#moveTo(fromUs);
    if (event.kind === "in") this.#inject(event.packet);
    else if (event.kind === "code") this.#assert(event.code);
    else this.#call(event, event.time.endUs === undefined ? undefined : base + event.time.endUs);
  }

  #moveTo(us: number): void {
    while (this.#harness.stepUs(us)) this.#collect();
    this.#collect();
  }

  /** Settings that change while the script runs hold for connections that are opened from then on. */
  #shell(command: string): void {
    if (!this.#isStarted) return;
    if (/\btcp_metrics\s+flush\b/.test(command)) this.#harness.tcp.handshakes.fastOpen.cache.clear();
    const { tcp, fastOpenBits } = readShellSettings([command], this.#shellFiles);
    if (fastOpenBits !== undefined) this.#fastOpenBits = fastOpenBits;
    const resolved = resolveTcpOptions(tcp);
    const changed = Object.keys(tcp).map((name) => [name, resolved[name as keyof typeof resolved]]);
    Object.assign(this.#harness.tcp.config, Object.fromEntries(changed));
  }

  // Packets.

  #inject(text: string): void {
    const packet = parsePacketText(text);
    this.#note("<", text);
    if (packet.kind === "icmp") {
      const flow = this.#flow;
      if (flow === undefined) this.#fail("There is no segment that the ICMP error could be about");
      this.#harness.inject(flow.encodeIcmp(packet, this.#lastSent));
    } else {
      const isOpening = (packet.segment.ctl & (SYN | 0x10)) === SYN;
      if (isOpening && this.#isListening) {
        this.#isListening = false;
        this.#flow = this.#newFlow(this.#listenPort, FIRST_PEER_PORT + this.#flowCount++);
        if (!this.#isStrict) this.#sent.length = 0;
      } else if (isOpening && this.#flow !== undefined) this.#flow.reopen();
      this.#flow ??= this.#newFlow(this.#listenPort, FIRST_PEER_PORT + this.#flowCount++);
      this.#harness.inject(this.#flow.encode(packet), packet.segment.length > this.#mss ? this.#mss : 0);
    }
    this.#collect();
  }

  /** What was sent to another peer, and not expected, is not waited for any more. */
  #newFlow(localPort: number, remotePort: number): Flow {
    if (!this.#isStrict) this.#sent.length = 0;
    const ends = { local: this.#harness.address, remote: this.#remote, localPort, remotePort };
    return new Flow(ends, this.#tsTickUs);
  }

  #expectPacket(text: string, lowUs: number, highUs: number): void {
    const expected = parsePacketText(text);
    if (expected.kind === "icmp") this.#fail("The stack's ICMP messages cannot be expected");
    // FreeBSD's first window is not one of whole segments.
    const isAnyWindow = this.#isBsd && (expected.segment.ctl & SYN) !== 0;
    while (this.#sent.length === 0 && this.#harness.nextTimerUs <= highUs) {
      this.#harness.stepUs(highUs);
      this.#collect();
    }
    const first = this.#sent.shift();
    if (first === undefined) this.#fail(`Nothing was sent until ${seconds(Math.max(highUs, 0))}`);
    if (first.atUs < lowUs || first.atUs > highUs) {
      this.#fail(`${this.#format(first)} was sent at ${seconds(first.atUs)}: at the wrong time`);
    }
    const isRepeated = this.#flow!.isRepeated(first.packet.seg);
    const next = this.#hasStrictSegments ? first : merged(first, this.#sent, expected.segment.length);
    this.#lastSent = next.bytes;
    const after = this.#sent[0];
    const isFollowed = after !== undefined && after.atUs === next.atUs && after.packet.text.length > 0;
    const isPushCompared = this.#hasStrictSegments || next === first && !isRepeated && !isFollowed;
    if (this.#flow!.isProbe(next.packet, expected)) return;
    const problem = this.#flow!.compare(next.packet, expected, isPushCompared, isAnyWindow);
    if (problem !== undefined) this.#fail(`Got ${this.#format(next)}: ${problem}`);
  }

  /** Takes what the stack has sent, and asks calls that wait, which may send more. */
  #collect(): void {
    do {
      this.#drain();
    } while (this.#waiting.map((waiting) => this.#ask(waiting)).includes(true));
  }

  #drain(): void {
    for (let sent = this.#harness.takePacket(); sent !== undefined; sent = this.#harness.takePacket()) {
      // Answers to pings, and what else is not TCP.
      if (sent.bytes[9] !== 6) {
        this.#note("> (not TCP)", `IP protocol ${sent.bytes[9]}`, sent.atUs);
        continue;
      }
      const packet = decodePacket(sent.bytes);
      if (typeof packet === "string") this.#fail(`The stack sent a bad packet: ${packet}`);
      const { seg } = packet;
      if ((seg.ctl & (SYN | 0x10)) === SYN && this.#flow?.owns(seg) !== true) {
        this.#flow = this.#newFlow(seg.sourcePort, seg.destinationPort);
        // What nobody has asked for on a connection before.
        if (!this.#isStrict) this.#sent.length = 0;
      }
      const isOurs = this.#flow?.owns(seg) === true;
      this.#note(isOurs ? ">" : "> (another connection)", this.#flow?.format(seg) ?? "", sent.atUs);
      if (isOurs) this.#sent.push({ ...sent, packet });
    }
  }

  // Calls.

  #call(event: ScriptEvent & { kind: "call" }, endUs: number | undefined): void {
    const expected = /^-?\d+/.exec(event.result)?.[0];
    const call = this.#calls.prepare(
      event.name,
      event.args,
      expected === undefined ? undefined : Number(expected),
    );
    const result = call.attempt();
    if (!isWaiting(result) || !call.isBlocking) {
      this.#returned(event, result);
      this.#collect();
      return;
    }
    this.#note("*", `${event.name}() waits`);
    const waiting = { event, call, endUs: endUs ?? Infinity };
    this.#waiting.push(waiting);
    this.#collect();
    if (endUs !== undefined) return;
    // A call that waits although the script names no end keeps the script waiting.
    const patience = this.#harness.nowUs + PATIENCE_US;
    while (this.#waiting.includes(waiting) && this.#harness.nextTimerUs <= patience) {
      this.#harness.stepUs(patience);
      this.#collect();
    }
    if (this.#waiting.includes(waiting)) this.#fail(`${event.name}() waits for ever`);
  }

  /** Whether the call has returned. */
  #ask(waiting: WaitingCall): boolean {
    const result = waiting.call.attempt();
    if (isWaiting(result)) {
      if (this.#harness.nowUs > waiting.endUs + this.#toleranceUs) {
        this.#line = waiting.event.line;
        this.#fail(`${waiting.event.name}() still waits at ${seconds(this.#harness.nowUs)}`);
      }
      return false;
    }
    this.#waiting = this.#waiting.filter((w) => w !== waiting);
    const line = this.#line;
    this.#line = waiting.event.line;
    this.#returned(waiting.event, result);
    const early = waiting.endUs - this.#harness.nowUs;
    if (waiting.endUs !== Infinity && Math.abs(early) > this.#toleranceUs) {
      this.#fail(`${waiting.event.name}() returned at ${seconds(this.#harness.nowUs)}: at the wrong time`);
    }
    this.#line = line;
    return true;
  }

  #returned({ name, result: expected }: ScriptEvent & { kind: "call" }, result: CallResult): void {
    this.#note("*", `${name}() = ${result}`);
    if (expected === "" || expected.startsWith("?")) return;
    const [, number, errno] = /^(0x[\da-f]+|-?\d+)\s*(E[A-Z]+)?/i.exec(expected) ?? [];
    if (number === undefined) throw new SyntaxError(`Cannot read the result "${expected}"`);
    const isAsExpected = errno !== undefined
      ? result === (errno === "EWOULDBLOCK" ? "EAGAIN" : errno)
      : number === "-1"
      ? typeof result === "string"
      : result === Number(number);
    if (!isAsExpected) this.#fail(`${name}() returned ${result}, not ${errno ?? number}`);
  }

  #assert(code: string): void {
    const info = this.#current?.info();
    const problem = runAsserts(code, (name) => tcpInfoValue(name, info), this.#variables);
    this.#note("%", problem ?? "holds");
    if (problem !== undefined) this.#fail(problem);
  }

  #format(sent: Sent): string {
    return this.#flow!.format(sent.packet.seg);
  }

  #note(direction: string, text: string, atUs: number = this.#harness.nowUs): void {
    this.#trace.push(`${seconds(atUs).padStart(12)} ${direction} ${text}`);
  }
}

function isWaiting(result: CallResult): boolean {
  return result === "EAGAIN" || result === "EINPROGRESS" || result === "EALREADY";
}

function seconds(us: number): string {
  return (us / 1e6).toFixed(6);
}
