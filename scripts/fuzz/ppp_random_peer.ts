/** {@linkcode RandomPeer}: a PPP peer that says whatever comes to its mind, and sometimes what it should.
 *
 * @module
 */
import { CP_CODE, emitCpOptions, emitCpPacket, parseCpOptions, parseCpPacket } from "@lightwire/ppp";
import type { Draw } from "../sim/draw.ts";

/** Who a peer of chance writes to. */
export interface PacketChannel {
  /** Sends a packet in a good frame. */
  sendPacket(protocol: number, packet: Uint8Array): void;
  /** Sends octets as they are. */
  sendOctets(octets: Uint8Array): void;
}

const LCP = 0xc021;
/** Protocols, those that are spoken here more often than others. */
const PROTOCOLS = [LCP, LCP, LCP, 0xc023, 0xc223, 0xc223, 0xc227, 0xc227, 0x8021, 0x8021, 0x8057, 0x80fd];
const DATA_PROTOCOLS = [0x0021, 0x0057, 0x002d, 0x002f, 0x00fd, 0xc025, 0x8055, 0x0001, 0x4021];
const OPTION_TYPES = [1, 2, 3, 4, 5, 7, 8, 13, 17, 18, 19, 129, 130, 131, 132];
/** Values of authentication options (RFC 1661 §6.2): PAP, CHAP with each algorithm, EAP, nonsense. */
const AUTH_VALUES = [[0xc0, 0x23], [0xc2, 0x23, 5], [0xc2, 0x23, 0x80], [0xc2, 0x23, 0x81], [0xc2, 0x27], [
  0xc2,
  0x23,
], []];

/** A peer of chance. It remembers the last request of each protocol, so that its answers can fit. */
export class RandomPeer {
  readonly #draw: Draw;
  readonly #channel: PacketChannel;
  readonly #lastRequest = new Map<number, Uint8Array>();
  readonly #lastPacket = new Map<number, Uint8Array>();
  /** How often it does what a peer should do. */
  readonly #sanity: number;

  /** Makes a peer that has heard nothing. */
  constructor(draw: Draw, channel: PacketChannel) {
    this.#draw = draw;
    this.#channel = channel;
    this.#sanity = draw.pick([0, 0.3, 0.6, 0.9]);
  }

  /** Hears a packet of the other side. */
  hear(protocol: number, packet: Uint8Array): void {
    this.#lastPacket.set(protocol, packet);
    if (packet[0] === CP_CODE.CONFIGURE_REQUEST) this.#lastRequest.set(protocol, packet);
    if (this.#draw.chance(this.#sanity)) this.#answer(protocol, packet);
  }

  /** Says something, asked or not. */
  act(): void {
    const draw = this.#draw;
    if (draw.chance(0.1)) return this.#channel.sendOctets(draw.bytes(draw.int(1, 60)));
    if (draw.chance(0.1)) return this.#channel.sendPacket(draw.pick(DATA_PROTOCOLS), this.#data());
    const protocol = draw.chance(0.03) ? draw.int(0, 0xffff) : draw.pick(PROTOCOLS);
    if (draw.chance(0.05)) return this.#channel.sendPacket(protocol, draw.bytes(draw.int(0, 30)));
    const isNegotiation = protocol === LCP || (protocol & 0xc000) === 0x8000;
    if (isNegotiation && draw.chance(this.#sanity / 2)) return this.#request(protocol);
    this.#channel.sendPacket(protocol, this.#packet(protocol, isNegotiation));
  }

  /** What a peer should say to a packet: everything is agreed to. */
  #answer(protocol: number, packet: Uint8Array): void {
    const isNegotiation = protocol === LCP || (protocol & 0xc000) === 0x8000;
    if (isNegotiation && packet[0] === CP_CODE.CONFIGURE_REQUEST) {
      const ack = packet.slice();
      ack[0] = CP_CODE.CONFIGURE_ACK;
      this.#channel.sendPacket(protocol, ack);
      if (this.#draw.chance(0.7)) this.#request(protocol);
    } else if (isNegotiation && packet[0] === CP_CODE.TERMINATE_REQUEST) {
      this.#channel.sendPacket(protocol, emitCpPacket(CP_CODE.TERMINATE_ACK, packet[1]!, new Uint8Array(0)));
    } else if (isNegotiation && packet[0] === CP_CODE.ECHO_REQUEST) {
      const reply = packet.slice();
      reply[0] = CP_CODE.ECHO_REPLY;
      reply.fill(0, 4, 8);
      this.#channel.sendPacket(protocol, reply);
    } else if (!isNegotiation && packet.length >= 4) {
      // PAP and CHAP: success, without a look at the proof. EAP: the same, or a Nak.
      this.#channel.sendPacket(protocol, emitCpPacket(this.#draw.int(2, 4), packet[1]!, this.#draw.bytes(2)));
    }
  }

  /** A request that most would agree to; of an NCP, with an address. */
  #request(protocol: number): void {
    const draw = this.#draw;
    const options: { type: number; data: Uint8Array }[] = [];
    if (protocol === 0x8021) options.push({ type: 3, data: Uint8Array.of(10, 0, 0, draw.int(0, 254)) });
    else if (protocol === 0x8057) options.push({ type: 1, data: draw.bytes(8) });
    else if (protocol === LCP) {
      if (draw.chance(0.5)) options.push({ type: 5, data: draw.bytes(4) });
      if (draw.chance(0.3)) options.push({ type: 3, data: Uint8Array.from(draw.pick(AUTH_VALUES)) });
    }
    const body = emitCpOptions(options);
    this.#channel.sendPacket(protocol, emitCpPacket(CP_CODE.CONFIGURE_REQUEST, draw.int(0, 255), body));
  }

  #packet(protocol: number, isNegotiation: boolean): Uint8Array {
    const draw = this.#draw;
    const last = draw.chance(0.6) ? this.#lastRequest.get(protocol) : this.#lastPacket.get(protocol);
    const parsed = last === undefined ? undefined : parseCpPacket(last, 0, last.length);
    const id = parsed !== undefined && draw.chance(0.8) ? parsed.id : draw.int(0, 255);
    const code = draw.chance(0.9) ? draw.int(0, isNegotiation ? 15 : 7) : draw.int(0, 255);
    const isAnswer = code >= CP_CODE.CONFIGURE_ACK && code <= CP_CODE.CONFIGURE_REJECT;
    let data: Uint8Array;
    if (isNegotiation && isAnswer && parsed !== undefined && draw.chance(0.7)) {
      data = this.#someOptions(parsed.data, code === CP_CODE.CONFIGURE_NAK);
    } else if (isNegotiation && code <= CP_CODE.CONFIGURE_REJECT) data = this.#options();
    else if (parsed !== undefined && draw.chance(0.3)) data = parsed.data;
    else data = draw.bytes(draw.int(0, 40));
    const packet = emitCpPacket(code, id, data);
    if (draw.chance(0.05)) packet[3] = draw.int(0, 255);
    return packet;
  }

  /** Some of the options of a request, with other values for a Nak. */
  #someOptions(data: Uint8Array, isNak: boolean): Uint8Array {
    const draw = this.#draw;
    const options = (parseCpOptions(data) ?? []).filter(() => draw.chance(0.7));
    return emitCpOptions(options.map(({ type, data: value }) => ({
      type,
      data: isNak && draw.chance(0.8) ? draw.bytes(value.length) : value,
    })));
  }

  #options(): Uint8Array {
    const draw = this.#draw;
    const options = Array.from({ length: draw.int(0, 5) }, () => {
      const type = draw.chance(0.9) ? draw.pick(OPTION_TYPES) : draw.int(0, 255);
      if (type === 3 && draw.chance(0.6)) return { type, data: Uint8Array.from(draw.pick(AUTH_VALUES)) };
      return { type, data: draw.bytes(draw.pick([0, 1, 2, 4, 4, 8, 9, 20])) };
    });
    const bytes = emitCpOptions(options);
    if (bytes.length > 1 && draw.chance(0.05)) bytes[1] = draw.int(0, 255);
    return bytes;
  }

  /** Something like an IP packet. */
  #data(): Uint8Array {
    const bytes = this.#draw.bytes(this.#draw.int(1, 80));
    if (this.#draw.chance(0.7)) bytes[0] = this.#draw.pick([0x45, 0x60]);
    return bytes;
  }
}
