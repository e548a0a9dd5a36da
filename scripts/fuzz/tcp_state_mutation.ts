/** {@linkcode runTcpStateFuzz}: every field of a segment, wrong in every way, in every state of a connection.
 *
 * First each mutation of each field alone, in each state; then several at random, one after the other on the same connection.
 * After each segment: no exception, no illegal transition, what must always hold does ({@linkcode assertTcp}), what is sent is well
 * formed, no reset answers a reset, a peer that has not shown who it is gets no more than three times what it has sent, and the
 * connection is still there unless the segment was a reset or acknowledgment which ends it by the letter of RFC 9293 and RFC 5961. In the
 * end the connection carries text both ways as if nothing had happened, and all memory is given back.
 *
 * @module
 */
import { deriveRandom } from "@lightwire/netif";
import { assertTcp } from "@lightwire/tcp";
import { Draw } from "../sim/draw.ts";
import { type Mutation, MUTATIONS, singleMutations } from "./tcp_state_mutations.ts";
import {
  ACK_BIT,
  FIN_BIT,
  FUZZED_STATES,
  type FuzzedState,
  RST_BIT,
  type SegmentSpec,
  SYN_BIT,
  TcpStateWorld,
  type TcpView,
} from "./tcp_state_world.ts";

/** Most bytes of an answer for each byte of a peer that is not known yet. */
const AMPLIFICATION = 3;
/** Mutants sent to one connection at random. */
const MUTANTS_PER_CONNECTION = 4;
/** Connections served by one host before the next one takes its place. */
const CONNECTIONS_PER_HOST = 20_000;

/** What a run is to do. */
export interface TcpStateFuzzOptions {
  /** Where all chance comes from. */
  readonly seed: number;
  /** Mutants. */
  readonly runs: number;
  /** Asked now and then: false ends the run. */
  readonly mayGoOn?: () => boolean;
}

/** What came of it. */
export interface TcpStateFuzzResult {
  /** Mutants sent. */
  readonly runs: number;
  /** Connections that they were sent to. */
  readonly connections: number;
  /** Connections that carried text as if nothing had happened. */
  readonly survivors: number;
  /** Connections that a segment has ended by right. */
  readonly ended: number;
  /** Largest answer to a peer that is not known yet, in bytes for each byte. */
  readonly amplification: number;
  /** What went wrong, or `undefined`. */
  readonly problem: string | undefined;
}

interface NamedMutation {
  readonly name: string;
  readonly mutation: Mutation;
}

/** One run of many connections. */
class Campaign {
  runs = 0;
  connections = 0;
  survivors = 0;
  ended = 0;
  amplification = 0;
  problem: string | undefined = undefined;
  readonly #draw: Draw;
  readonly #seed: number;
  #world: TcpStateWorld;
  /** What was done to the present connection. */
  #story: string[] = [];

  constructor(seed: number) {
    this.#seed = seed;
    this.#draw = new Draw(deriveRandom(seed, "TCP states"));
    this.#world = new TcpStateWorld(seed);
  }

  /** One connection and its mutants. */
  connect(state: FuzzedState, hasOptions: boolean, mutants: readonly (readonly NamedMutation[])[]): void {
    if (++this.connections % CONNECTIONS_PER_HOST === 0) this.replaceHost();
    const world = this.#world;
    const draw = this.#draw;
    this.#story = [`${state}${hasOptions ? " with options" : ""}`];
    try {
      world.reach(state, draw.pick([draw.int(0, 0xffff_ffff), 0xffff_fff0 + draw.int(0, 15)]), hasOptions);
      let mayContinue = true;
      for (const mutations of mutants) {
        this.runs++;
        mayContinue = this.#inject(mutations) && mayContinue;
        if (world.problem !== undefined || !mayContinue) break;
      }
      if (mayContinue && world.problem === undefined && state !== "CLOSED" && state !== "LISTEN") {
        this.#survive();
      }
      world.abandon();
      const left = world.harness.tcp.connectionCount;
      if (left > 0) world.fail(`${left} connections are left`);
    } catch (error) {
      world.fail(error instanceof Error ? `${error.stack}` : String(error));
    }
    if (world.problem !== undefined) this.problem ??= `${this.#story.join("\n  ")}\n${world.problem}`;
  }

  /** Checks that a host has given everything back, and takes a new one. */
  replaceHost(): void {
    const { harness } = this.#world;
    harness.step(harness.nowMs + 200_000);
    for (const listener of [...harness.tcp.listeners.values()]) listener.close();
    harness.settle();
    if (harness.pool.inUse > 0) this.problem ??= `${harness.pool.inUse} pbufs leaked`;
    this.#world = new TcpStateWorld(this.#seed + this.connections);
  }

  /** Sends one mutant.
   *
   * @returns false when the connection cannot be told from its outside any more: it has ended by right, or its stream was forged.
   */
  #inject(mutations: readonly NamedMutation[]): boolean {
    const world = this.#world;
    const before = world.view();
    const spec = world.base();
    for (const { mutation } of mutations) mutation(spec, before, this.#draw);
    const names = mutations.map(({ name }) => name).join(", ");
    this.#story.push(`${before.state}: ${names}: ${describe(spec, before)}`);
    if (this.#draw.chance(0.05)) world.harness.step(world.harness.nowMs + this.#draw.int(0, 60));
    world.take();
    if (spec.dataOffset >= 5 && spec.dataOffset !== 5 + spec.options.length / 4) world.hasForeignText = true;
    const length = world.send(spec);
    world.take();
    assertTcp(world.harness.tcp);
    this.#checkAnswer(before, spec, length);
    const { state } = world.view();
    if (state === "CLOSED" && before.state !== "CLOSED") {
      this.ended++;
      if (!mayEnd(before, spec)) world.fail(`the connection has ended in ${before.state}`);
      return false;
    }
    return (spec.ctl & FIN_BIT) === 0 && !world.hasForeignText;
  }

  #checkAnswer(before: TcpView, spec: SegmentSpec, length: number): void {
    const world = this.#world;
    if (spec.ctl & RST_BIT && world.sent.some(({ seg }) => seg.ctl & RST_BIT)) {
      world.fail("a reset answers a reset");
    }
    if (isMalformed(spec) && world.sent.length > 0) world.fail("a malformed segment was answered");
    const isKnown = !["CLOSED", "SYN-SENT", "SYN-RECEIVED"].includes(before.state);
    if (isKnown) return;
    this.amplification = Math.max(this.amplification, world.sentBytes / length);
    if (world.sentBytes > AMPLIFICATION * length) world.fail(`${world.sentBytes} bytes answer ${length}`);
  }

  /** The connection goes on as if nothing had happened. */
  #survive(): void {
    const world = this.#world;
    const before = world.view();
    if (before.state === "CLOSED") return world.fail("the connection is gone");
    if (before.state === "TIME-WAIT") return;
    world.send({ ...world.base(), textLength: 0 });
    world.take();
    const { state, isOrphan } = world.view();
    this.#story.push(`survives in ${state}`);
    if (before.state.startsWith("SYN-") && state !== "ESTABLISHED" && !hasOtherSyn(world, before)) {
      return world.fail(`a handshake in ${before.state} did not end: ${state}`);
    }
    if (state === "ESTABLISHED" || state === "CLOSE-WAIT") this.#sends();
    if ((state === "ESTABLISHED" || state === "FIN-WAIT-1" || state === "FIN-WAIT-2") && !isOrphan) {
      this.#receives();
    }
    assertTcp(world.harness.tcp);
    this.survivors++;
  }

  #sends(): void {
    const world = this.#world;
    const written = 200;
    // A forged segment may have closed the window, and be newer than the truth (RFC 9293 §3.10.7.4, fifth check).
    if (world.connection!.info().sndWnd < written || world.connection!.unsentBytes > 0) return;
    world.write(written);
    world.take();
    const sent = world.sent.reduce((sum, { text }) => sum + text.length, 0);
    if (sent < written) world.fail(`${sent} of ${written} octets were sent`);
    world.send({ ...world.base(), textLength: 0 });
    world.take();
  }

  #receives(): void {
    const world = this.#world;
    const { rcvNxt, rcvWnd } = world.view();
    if (rcvWnd < 50) return;
    const { readBytes } = world;
    world.send({ ...world.base(), textLength: 50 });
    world.take();
    if (world.readBytes < readBytes + 50) {
      world.fail(`${world.readBytes - readBytes} of 50 octets were read, RCV.NXT ${rcvNxt}`);
    }
  }
}

/** A SYN without ACK has turned SYN-SENT into SYN-RECEIVED, whose numbers are those of the forged SYN. */
function hasOtherSyn(world: TcpStateWorld, before: TcpView): boolean {
  return before.state === "SYN-RECEIVED" && world.view().state === "SYN-RECEIVED" &&
    before.sndUna === before.iss &&
    before.sndNxt !== before.iss + 1;
}

function isMalformed(spec: SegmentSpec): boolean {
  return spec.checksumError !== 0 || (spec.dataOffset >= 0 && spec.dataOffset < 5);
}

/** Whether a segment may end a connection at once, or hand its port to a new one. */
export function mayEnd(v: TcpView, spec: SegmentSpec): boolean {
  if (isMalformed(spec)) return false;
  const hasAck = (spec.ctl & ACK_BIT) !== 0;
  const acked = hasAck ? (spec.ack - v.sndUna) | 0 : -1;
  const acksAll = hasAck && spec.ack === v.sndNxt;
  if (spec.ctl & RST_BIT) {
    // RFC 9293 §3.10.7.3: a reset in SYN-SENT must acknowledge the SYN; RFC 5961 §3.2: elsewhere it must be at RCV.NXT.
    if (v.state === "SYN-SENT") return hasAck && acked > 0 && ((v.sndNxt - spec.ack) | 0) >= 0;
    return spec.seq === v.rcvNxt;
  }
  // Text for nobody (RFC 9293 §3.10.7.4 seventh, RFC 2525 §2.17).
  if (v.isOrphan && hasText(spec)) return true;
  if (v.state === "LAST-ACK") return acksAll;
  // A SYN in the window returns a passive OPEN to LISTEN (RFC 9293 §3.10.7.4, fourth).
  if (v.state === "SYN-RECEIVED") return (spec.ctl & SYN_BIT) !== 0;
  return v.state === "TIME-WAIT" && (spec.ctl & SYN_BIT) !== 0;
}

/** Also what a wrong data offset turns into text. */
function hasText(spec: SegmentSpec): boolean {
  return spec.textLength > 0 || (spec.dataOffset >= 5 && spec.dataOffset < 5 + spec.options.length / 4);
}

function describe(spec: SegmentSpec, v: TcpView): string {
  const { ctl, wnd, up, textLength, dataOffset, reserved, options } = spec;
  return `seq RCV.NXT+${(spec.seq - v.rcvNxt) | 0} ack SND.UNA+${
    (spec.ack - v.sndUna) | 0
  } ctl ${ctl} wnd ${wnd} up ${up} ` +
    `len ${textLength} offset ${dataOffset} reserved ${reserved} options ${options.join(".")} ` +
    `(RCV.WND ${v.rcvWnd}, flight ${(v.sndNxt - v.sndUna) | 0})`;
}

/** Sends mutants to connections in all states. */
export function runTcpStateFuzz(options: TcpStateFuzzOptions): TcpStateFuzzResult {
  const { seed, runs, mayGoOn } = options;
  const campaign = new Campaign(seed);
  const draw = new Draw(deriveRandom(seed, "TCP state campaign"));
  const isOver = (): boolean =>
    campaign.problem !== undefined || campaign.runs >= runs ||
    (campaign.connections % 64 === 0 && mayGoOn?.() === false);
  const singles = singleMutations();
  // From another place each time, so that few runs do not always see the same beginning.
  const offset = draw.int(0, singles.length - 1);
  for (let i = 0; i < singles.length * FUZZED_STATES.length * 2 && !isOver(); i++) {
    const state = FUZZED_STATES[i % FUZZED_STATES.length]!;
    const turn = Math.floor(i / FUZZED_STATES.length);
    campaign.connect(state, turn >= singles.length, [[singles[(turn + offset) % singles.length]!]]);
  }
  const any = (): NamedMutation => {
    const { field, mutations } = draw.pick(MUTATIONS);
    const i = draw.int(0, mutations.length - 1);
    return { name: `${field} ${i}`, mutation: mutations[i]! };
  };
  while (!isOver()) {
    const mutants = Array.from(
      { length: MUTANTS_PER_CONNECTION },
      () => Array.from({ length: draw.pick([1, 1, 2, 3]) }, any),
    );
    campaign.connect(draw.pick(FUZZED_STATES), draw.chance(0.5), mutants);
  }
  campaign.replaceHost();
  const { connections, survivors, ended, amplification, problem } = campaign;
  return { runs: campaign.runs, connections, survivors, ended, amplification, problem };
}
