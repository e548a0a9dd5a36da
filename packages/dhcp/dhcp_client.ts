/** {@linkcode DhcpClient}: gets and keeps an IPv4 address (RFC 2131 §4.4).
 *
 * ```text
 *   INIT-REBOOT ---REQUEST--> REBOOTING ----------ACK-----------+
 *       NAK, or no answer        |                               |
 *        +-----------------------+                               v
 *   +-> INIT ---DISCOVER--> SELECTING ---REQUEST--> REQUESTING --ACK--> PROBING
 *   |    ^ ^                                          | NAK              |  |
 *   |    | +------------------------------------------+   DECLINE, 10 s  |  | nobody has it
 *   |    +---------------------------------------------------------------+  v
 *   |    NAK, or the lease is over          +--------ACK--------------->  BOUND
 *   +------------------------ REBINDING <-- RENEWING <------T1--------------+
 *                                 |     T2
 *                                 +------ACK----> BOUND
 * ```
 *
 * The client changes nothing but its own state: its host hears of leases by events and applies them.
 *
 * @module
 */
import { type MacAddress, NetError, type Netif } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import { ClientMachine } from "./client_machine.ts";
import type { DhcpClientInit, DhcpCounters } from "./dhcp_client_options.ts";
import type { DhcpEvent, DhcpState } from "./dhcp_event.ts";
import type { Lease } from "./lease.ts";

/** A client for one interface. */
export class DhcpClient {
  /** Hears of everything; see {@linkcode DhcpEvent}. It may call the client. */
  onEvent: ((event: DhcpEvent) => void) | undefined;
  /** The interface that it serves. */
  readonly netif: Netif;
  readonly #machine: ClientMachine;
  readonly #outbox: DhcpEvent[] = [];
  #isDraining = false;

  /** Makes a client that does not run yet. */
  constructor(init: DhcpClientInit) {
    this.netif = init.netif;
    this.onEvent = init.options?.onEvent;
    this.#machine = new ClientMachine(init, (step) => this.#run(step), (event) => this.#outbox.push(event));
  }

  /** Where it is in RFC 2131 figure 5. */
  get state(): DhcpState {
    return this.#machine.state;
  }

  /** Whether it was started and not stopped. */
  get isRunning(): boolean {
    return this.#machine.isRunning;
  }

  /** The lease that is held, `undefined` when there is none. */
  get lease(): Lease | undefined {
    return this.#machine.lease;
  }

  /** What happened so far. */
  get counters(): DhcpCounters {
    return this.#machine.transport.counters;
  }

  /** Starts: with a REQUEST for the previous address where there is one, else with DISCOVER. While the interface is down
   * it waits for {@linkcode linkUp}. Harmless when it runs already.
   *
   * @throws {NetError} ADDRESS_IN_USE when another client has the port on this interface; INVALID_STATE when the
   * interface has no station address, or an MTU below 576.
   */
  start(): void {
    if (this.isRunning) return;
    this.#assertUsable();
    this.#machine.open();
    this.#run(() => this.#machine.start());
  }

  /** Stops without a word to the server. An address in use is told by the `stopped` event, and asked for again first by
   * the next {@linkcode start}. */
  stop(): void {
    if (this.isRunning) this.#run(() => this.#machine.stop());
  }

  /** Gives the address back to the server (DHCPRELEASE, RFC 2131 §4.4.6) and stops. Without a lease it only stops. */
  release(): void {
    if (this.lease === undefined) this.stop();
    else this.#run(() => this.#machine.release());
  }

  /** Asks the server now to extend the lease, as if T1 had come. Does nothing unless BOUND. */
  renew(): void {
    this.#run(() => this.#machine.t1Expires());
  }

  /** Asks for the configuration of the network alone (DHCPINFORM, RFC 2131 §4.4.3), for a host that has its address
   * otherwise. Ends with an `informed` event, or after four `unanswered` ones.
   *
   * @param address ours.
   * @throws {NetError} INVALID_STATE when it runs already, and as {@linkcode start} does.
   */
  inform(address: IpAddress): void {
    if (this.isRunning) throw new NetError("INVALID_STATE", "Cannot inform: the DHCP client is running");
    this.#assertUsable();
    this.#machine.open();
    this.#run(() => this.#machine.inform(address));
  }

  /** The link came up, perhaps on another network: a lease is confirmed by REBOOTING, anything else starts over
   * (RFC 2131 §3.7). */
  linkUp(): void {
    if (this.isRunning) this.#run(() => this.#machine.linkUp());
  }

  /** Somebody else uses the address that is ours (RFC 5227 §2.4): it is declined, and another asked for. The host says
   * so when conflict detection gives the address up. */
  addressInUse(by?: MacAddress): void {
    const { lease } = this;
    if (lease !== undefined) this.#run(() => this.#machine.decline(lease, by));
  }

  /** Runs one step, then tells what happened: so callbacks find the client between two steps, and may call it. */
  #run(step: () => void): void {
    step();
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let event = this.#outbox.shift(); event !== undefined; event = this.#outbox.shift()) {
        this.onEvent?.(event);
      }
    } finally {
      this.#isDraining = false;
    }
  }

  #assertUsable(): void {
    const { name, mtu, macAddress } = this.netif;
    if (macAddress === 0) {
      throw new NetError("INVALID_STATE", `Cannot run DHCP on ${name}: it has no station address`);
    }
    if (mtu < 576) {
      throw new NetError(
        "INVALID_STATE",
        `Cannot run DHCP on ${name}: its MTU is ${mtu}, and DHCP needs 576`,
      );
    }
  }
}
