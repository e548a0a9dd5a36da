/** {@linkcode LeftoverPeer}: the network's end of a call whose caller has forgotten it: its program was started anew.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import { CP_CODE, emitCpPacket } from "../cp_packet.ts";
import { PPP_LCP } from "../ppp_protocol_number.ts";
import type { SerialPort } from "../serial_port.ts";
import { PacketFilterPort } from "./packet_filter_port.ts";

/** Time between two Echo-Requests, in milliseconds. */
const ECHO_MS = 1000;
/** From the Terminate-Ack to the end of the call. */
const FAREWELL_MS = 50;
const MAGIC: readonly number[] = [0x6c, 0x77, 0x00, 0x01];

/** Asks whether its caller is alive, for ever, and ends the call when it is asked to (RFC 1661 §5.5, §5.8). */
export class LeftoverPeer {
  readonly #timer: Timer;
  readonly #farewell: Timer;
  readonly #isDeaf: boolean;
  readonly #port: PacketFilterPort;
  #id = 0;

  /** Makes a peer.
   *
   * @param isDeaf Whether it does not hear a Terminate-Request either.
   * @param onOver Called when the call is over.
   */
  constructor(port: SerialPort, timers: TimerQueue, isDeaf: boolean, onOver: () => void) {
    this.#isDeaf = isDeaf;
    this.#farewell = timers.create(onOver);
    this.#timer = timers.create(() => this.#echo());
    this.#port = new PacketFilterPort(port, { inbound: (protocol, packet) => this.#hears(protocol, packet) });
  }

  /** Begins to ask. */
  begin(): void {
    this.#echo();
  }

  /** The call is over. */
  end(): void {
    this.#timer.stop();
    this.#farewell.stop();
  }

  #echo(): void {
    this.#id = (this.#id + 1) & 0xff;
    this.#port.send(PPP_LCP, emitCpPacket(CP_CODE.ECHO_REQUEST, this.#id, Uint8Array.from(MAGIC)));
    this.#timer.start(ECHO_MS);
  }

  #hears(protocol: number, packet: Uint8Array): undefined {
    if (this.#isDeaf || protocol !== PPP_LCP || packet[0] !== CP_CODE.TERMINATE_REQUEST) return;
    this.#port.send(PPP_LCP, emitCpPacket(CP_CODE.TERMINATE_ACK, packet[1] ?? 0, new Uint8Array(0)));
    this.#timer.stop();
    this.#farewell.start(FAREWELL_MS);
  }
}
