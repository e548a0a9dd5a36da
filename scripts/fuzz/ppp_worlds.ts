/** The lines and sessions of {@linkcode runPppFuzz}.
 *
 * @module
 */
import { ipv4 } from "@lightwire/ip/address";
import { FrameRecorder, Simulation } from "@lightwire/netif/sim";
import type { PbufPool } from "@lightwire/pbuf";
import {
  DEFAULT_ACCM,
  HdlcDecoder,
  HdlcEncoder,
  parsePppHeader,
  PPP_HEADER_INVALID,
  type PppAuthMethod,
  type PppEnd,
  pppHeaderLengthOf,
  PppLink,
  type PppLinkOptions,
  pppProtocolOf,
  type SerialPort,
  type SerialSink,
} from "@lightwire/ppp";
import type { Draw } from "../sim/draw.ts";

/** A port whose other end is a function. */
export class FunctionPort implements SerialPort {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string;
  /** {@inheritDoc SerialPort.inputLines} */
  readonly inputLines: undefined = undefined;
  /** Who reads. */
  sink: SerialSink | undefined;
  readonly #onWrite: (octets: Uint8Array) => void;

  /** Makes a port that takes everything at once.
   *
   * @param onWrite Gets a copy.
   */
  constructor(name: string, onWrite: (octets: Uint8Array) => void) {
    this.name = name;
    this.#onWrite = onWrite;
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.sink = sink;
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    this.#onWrite(bytes.slice(start, end));
    return end - start;
  }

  /** {@inheritDoc SerialPort.setBaudRate} */
  setBaudRate(): void {}
  /** {@inheritDoc SerialPort.setOutputLines} */
  setOutputLines(): void {}
  /** {@inheritDoc SerialPort.discardOutput} */
  discardOutput(): void {}
  /** {@inheritDoc SerialPort.close} */
  close(): void {
    this.sink = undefined;
  }
}

/** One side under test. */
export interface Subject {
  /** The link. */
  readonly link: PppLink;
  /** Its ends so far. */
  readonly ends: PppEnd[];
  /** Sessions begun. */
  starts: number;
  /** How often IP began to flow. */
  ups: number;
}

/** Begins a session, if there is none. */
export function begin(subject: Subject): void {
  const { phase, isListening } = subject.link.session;
  if (phase !== "Dead" || isListening) return;
  subject.starts++;
  subject.link.start();
}

/** Makes a link with options of chance. */
export function createSubject(
  sim: Simulation,
  draw: Draw,
  name: string,
  port: SerialPort,
  isServer: boolean,
): Subject {
  const subject = { link: undefined! as PppLink, ends: [] as PppEnd[], starts: 0, ups: 0 };
  subject.link = new PppLink(sim.host(name), port, drawOptions(draw, isServer), {
    up: () => void subject.ups++,
    ended: (end) => void subject.ends.push(end),
  });
  subject.link.attach(new FrameRecorder(sim.clock));
  return subject;
}

function drawOptions(draw: Draw, isServer: boolean): PppLinkOptions {
  const methods: PppAuthMethod[] = ["eap", "mschapv2", "chap-md5", "mschap", "pap"];
  // Most give up; others wait for a peer, as answering sides may.
  const listen = draw.chance(0.2) ? draw.pick(["passive", "silent"] as const) : "active";
  const mppe = draw.pick(["off", "off", "allowed", "required"] as const);
  const options: PppLinkOptions = {
    listen: isServer ? listen : "active",
    lcp: { mru: draw.pick([128, 296, 1500]), accm: draw.pick([0, 0x000a_0000, DEFAULT_ACCM]) },
    ccp: { mppe, stateful: draw.chance(0.5) },
    ipv6cp: draw.chance(0.5) ? {} : false,
  };
  if (draw.chance(0.3)) Object.assign(options, { authMethods: methods.filter(() => draw.chance(0.6)) });
  if (isServer) {
    const ipcp = {
      localAddress: ipv4(0x0a000001),
      peerAddress: ipv4(0x0a000002),
      isPeerAddressFixed: draw.chance(0.5),
    };
    Object.assign(options, { ipcp, ...(draw.chance(0.6) ? { peerSecrets: () => "wonderland" } : {}) });
  } else if (draw.chance(0.8)) {
    const secret = draw.chance(0.9) ? "wonderland" : "looking-glass";
    Object.assign(options, { credentials: { name: "alice", secret } });
  }
  return options;
}

/** Frames what is sent, and takes apart what comes: the far end's half of the framing. */
export class Framer {
  readonly #encoder = new HdlcEncoder(DEFAULT_ACCM);
  readonly #decoder: HdlcDecoder;

  /** Makes a framer.
   *
   * @param onPacket Gets a copy of the information field.
   */
  constructor(onPacket: (protocol: number, packet: Uint8Array) => void) {
    this.#decoder = new HdlcDecoder({
      hdlcInput(bytes, start, end) {
        const header = parsePppHeader(bytes, start, end);
        if (header === PPP_HEADER_INVALID) return;
        onPacket(pppProtocolOf(header), bytes.slice(start + pppHeaderLengthOf(header), end));
      },
    });
  }

  /** Takes octets of the line. */
  input(octets: Uint8Array): void {
    this.#decoder.input(octets);
  }

  /** A whole frame, with flags on both sides. */
  frame(protocol: number, packet: Uint8Array): Uint8Array {
    const body = Uint8Array.of(0xff, 0x03, protocol >>> 8, protocol & 0xff, ...packet);
    const into = new Uint8Array(HdlcEncoder.maxEncodedLength(body.length));
    return into.subarray(0, this.#encoder.encode(body, 0, body.length, into, 0, true));
  }
}

/** A simulation for one run, out of memory that all runs share. */
export function createRunSimulation(seed: string, pool: PbufPool): Simulation {
  return new Simulation({ seed, pool, logEvents: 0 });
}
