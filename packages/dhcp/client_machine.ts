/** {@linkcode ClientMachine}: the states of RFC 2131 figure 5, and what leads from one to another.
 *
 * Each public method is one step: it changes state, sends, arms timers and appends events. Who listens is called after it.
 *
 * @module
 */
// tidy: allow file-length one state machine: figure 5 is read as a whole, and its states share all of these fields
import type { MacAddress, Netif, Random, Timer, TimerQueue } from "@lightwire/netif";
import { randomUnit } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY } from "@lightwire/ip";
import { type ClientMessageFacts, ClientMessages } from "./client_messages.ts";
import { DhcpBackoff, extensionRetryAt } from "./dhcp_backoff.ts";
import type { ConflictProbe, DhcpClientInit, DhcpClientOptions, DhcpNetwork } from "./dhcp_client_options.ts";
import type { DhcpEvent, DhcpState } from "./dhcp_event.ts";
import type { DhcpMessage, DhcpMessageType } from "./dhcp_message.ts";
import { DHCP_OPTION } from "./dhcp_options.ts";
import { DhcpTransport } from "./dhcp_transport.ts";
import { configurationFrom, isHostAddress, type Lease, leaseFrom } from "./lease.ts";
import { armAt, LeaseTimers } from "./lease_timers.ts";

/** Most offers that are kept while choosing. */
const MAX_OFFERS = 16;
/** Transmissions of an INFORM. */
const INFORM_ATTEMPTS = 4;
/** Declines in a row after which the pause grows (RFC 5227 §1.1: MAX_CONFLICTS). */
const MAX_CONFLICTS = 10;
/** The pause then (RFC 5227 §1.1: RATE_LIMIT_INTERVAL). */
const RATE_LIMIT_INTERVAL_MS = 60_000;
/** Options that this package reads; the rest goes to the hook. */
const KNOWN_OPTIONS = new Set<number>(
  Object.values(DHCP_OPTION).filter((code) => code !== DHCP_OPTION.VENDOR_SPECIFIC),
);

/** The state machine of one client. */
export class ClientMachine {
  /** Where it is. */
  state: DhcpState = "INIT";
  /** Whether it was started and not stopped. */
  isRunning = false;
  /** What is held now: bound, or being extended or confirmed. */
  lease: Lease | undefined;
  /** The port. */
  readonly transport: DhcpTransport;
  readonly #netif: Netif;
  readonly #ip: DhcpNetwork;
  readonly #timers: TimerQueue;
  readonly #random: Random;
  readonly #options: DhcpClientOptions;
  readonly #run: (step: () => void) => void;
  readonly #emit: (event: DhcpEvent) => void;
  readonly #probe: ConflictProbe;
  readonly #backoff: DhcpBackoff;
  readonly #nakBackoff: DhcpBackoff;
  readonly #retryTimer: Timer;
  readonly #leaseTimers: LeaseTimers;
  #messages: ClientMessages;
  /** What an ACK granted and the link is being asked about. */
  #pending: Lease | undefined;
  #question: { cancel(): void } | undefined;
  #offers: DhcpMessage[] = [];
  /** The offer that was taken. */
  #offer: DhcpMessage | undefined;
  /** The address to ask for. */
  #wanted: IpAddress | undefined;
  /** It was ours not long ago: ask for it by REQUEST, without DISCOVER. */
  #wasOurs: boolean;
  #informAddress: IpAddress = IPV4_ANY;
  #xid = 0;
  #secs = 0;
  #beganAt = 0;
  #sentAt = 0;
  #attempts = 0;
  #declines = 0;
  #naks = 0;

  /** In INIT, not running.
   *
   * @param run runs a step that a timer or a packet starts.
   * @param emit appends an event.
   */
  constructor(init: DhcpClientInit, run: (step: () => void) => void, emit: (event: DhcpEvent) => void) {
    const { udp, ip, netif, host, options = {} } = init;
    this.transport = new DhcpTransport(udp, netif, (m, type) => run(() => this.#messageArrives(m, type)));
    this.#netif = netif;
    this.#ip = ip;
    this.#timers = host.timers;
    this.#random = host.random;
    this.#options = options;
    this.#run = run;
    this.#emit = emit;
    this.#probe = options.conflictProbe ?? ((n, address, done) => ip.probeConflict(n, address, done));
    this.#messages = new ClientMessages(netif, options);
    this.#backoff = new DhcpBackoff(host.random, options.backoff);
    this.#nakBackoff = new DhcpBackoff(host.random, { initialMs: 1000, jitterMs: 0 });
    this.#retryTimer = host.timers.create(() => run(() => this.#retryExpires()));
    this.#leaseTimers = new LeaseTimers(host.timers, {
      t1: () => run(() => this.t1Expires()),
      t2: () => run(() => this.#t2Expires()),
      expiry: () => run(() => this.#leaseExpires()),
    });
    this.#wanted = options.previousAddress ?? options.requestedAddress;
    this.#wasOurs = options.previousAddress !== undefined;
  }

  /** Binds the port.
   *
   * @throws {NetError} ADDRESS_IN_USE.
   */
  open(): void {
    this.transport.open();
    this.#messages = new ClientMessages(this.#netif, this.#options);
    this.isRunning = true;
  }

  /** Begins, or waits in INIT for the link. */
  start(): void {
    if (this.#netif.isUp) this.#begin();
    this.#options.hooks?.postInit?.();
  }

  /** Ends without a word. */
  stop(): void {
    const { lease } = this;
    this.#halt();
    this.#wasOurs ||= lease !== undefined;
    this.#emit({ type: "stopped", lease });
  }

  /** Gives the lease back (RFC 2131 §4.4.6), and ends. */
  release(): void {
    const lease = this.lease!;
    this.#beginExchange();
    const message = this.#messages.make("RELEASE", {
      ...this.#facts(),
      isBroadcast: false,
      ciaddr: lease.address,
      serverId: lease.serverId,
    });
    this.transport.send(message, lease.serverId);
    this.#halt();
    this.#forgetAddress();
    this.#emit({ type: "released", lease });
  }

  /** Asks for configuration alone (RFC 2131 §4.4.3). */
  inform(address: IpAddress): void {
    this.#informAddress = address;
    this.#beginExchange();
    this.#enter("INFORMING");
    this.#transmit();
  }

  /** The link came up. */
  linkUp(): void {
    if (this.state === "INFORMING") {
      this.#backoff.reset();
      this.#attempts = 0;
      this.#transmit();
      return;
    }
    this.#wasOurs ||= this.lease !== undefined;
    this.#begin();
  }

  /** Somebody else has the address: the server is told, and asked for another after a while (RFC 2131 §3.1 step 5). */
  decline(lease: Lease, by: MacAddress | undefined): void {
    const held = this.lease;
    this.#beginExchange();
    this.transport.send(this.#messages.make("DECLINE", {
      ...this.#facts(),
      isBroadcast: false,
      requested: lease.address,
      serverId: lease.serverId,
      text: "address in use",
    }));
    this.#declines++;
    const waitMs = this.#options.declineWaitMs ?? 10_000;
    this.#enterInit(this.#declines > MAX_CONFLICTS ? RATE_LIMIT_INTERVAL_MS : waitMs);
    this.#forgetAddress();
    this.#emit({ type: "declined", address: lease.address, by, lease: held });
  }

  /** BOUND: ask the server to extend the lease. */
  t1Expires(): void {
    if (this.state === "BOUND") this.#beginExtension("RENEWING");
  }

  /** BOUND, RENEWING: ask any server. */
  #t2Expires(): void {
    if (this.state === "BOUND" || this.state === "RENEWING") this.#beginExtension("REBINDING");
  }

  /** Nobody extended it. */
  #leaseExpires(): void {
    const { lease } = this;
    if (lease === undefined) return;
    this.#enterInit(0);
    this.#emit({ type: "expired", lease });
  }

  /** INIT's pause is over, offers were awaited, or no answer came. */
  #retryExpires(): void {
    const { state } = this;
    if (state === "INIT") return this.#enterSelecting();
    if (state === "SELECTING" && this.#offers.length > 0) return this.#enterRequesting();
    const attempts = this.#attempts;
    this.#emit({ type: "unanswered", state, attempts });
    if (state === "REQUESTING" && attempts >= (this.#options.requestAttempts ?? 4)) return this.#enterInit(0);
    if (state === "REBOOTING" && attempts >= (this.#options.rebootAttempts ?? 2)) {
      return this.#giveUpRebooting();
    }
    if (state === "INFORMING" && attempts >= INFORM_ATTEMPTS) return this.#halt();
    this.#transmit();
  }

  #giveUpRebooting(): void {
    const { lease } = this;
    this.#enterInit(0);
    if (lease !== undefined) this.#emit({ type: "unconfirmed", lease });
  }

  #messageArrives(message: DhcpMessage, type: DhcpMessageType): void {
    const { counters } = this.transport;
    if (message.xid !== this.#xid || !this.#messages.isForUs(message)) {
      counters.foreign++;
      return;
    }
    let isTaken = false;
    if (type === "OFFER") isTaken = this.#offerArrives(message);
    else if (type === "ACK") isTaken = this.#ackArrives(message);
    else if (type === "NAK") isTaken = this.#nakArrives(message);
    if (!isTaken) {
      counters.unexpected++;
      return;
    }
    counters.received[type]++;
    const hook = this.#options.hooks?.parseOption;
    if (hook === undefined) return;
    for (const [code, value] of message.options) {
      if (!KNOWN_OPTIONS.has(code)) hook(this.state, type, code, value);
    }
  }

  #offerArrives(offer: DhcpMessage): boolean {
    if (this.state !== "SELECTING" || !isHostAddress(offer.yiaddr)) return false;
    if (serverOf(offer) === undefined) return false;
    if (this.#offers.length >= MAX_OFFERS) {
      this.transport.counters.offersDropped++;
      return true;
    }
    this.#offers.push(offer);
    const waitMs = this.#options.offerWaitMs ?? 0;
    if (waitMs === 0) this.#enterRequesting();
    else if (this.#offers.length === 1) this.#retryTimer.start(waitMs);
    return true;
  }

  #ackArrives(ack: DhcpMessage): boolean {
    if (!this.#isFromRightServer(ack)) return false;
    const server = serverOf(ack) ?? (this.#offer && serverOf(this.#offer)) ?? this.lease?.serverId ??
      ack.siaddr;
    if (this.state === "INFORMING") {
      this.#halt();
      this.#emit({ type: "informed", configuration: configurationFrom(ack, server) });
      return true;
    }
    const lease = leaseFrom(ack, server, this.#sentAt);
    if (lease === undefined) return false;
    const isSame = this.lease?.address.equals(lease.address) === true;
    if (this.state === "RENEWING" || this.state === "REBINDING") {
      if (isSame) this.#extend(lease);
      return isSame;
    }
    if (this.state !== "REQUESTING" && this.state !== "REBOOTING") return false;
    if (isSame) this.#extend(lease);
    else this.#grant(lease);
    return true;
  }

  #nakArrives(nak: DhcpMessage): boolean {
    const { state, lease } = this;
    const isAwaited = state === "REQUESTING" || state === "REBOOTING" || state === "RENEWING" ||
      state === "REBINDING";
    if (!isAwaited || !this.#isFromRightServer(nak)) return false;
    // At once the first time; a server that offers and refuses for ever must not set the pace.
    this.#enterInit(this.#naks++ === 0 ? 0 : this.#nakBackoff.nextMs());
    this.#forgetAddress();
    const message = nak.options.text(DHCP_OPTION.MESSAGE) ?? "";
    this.#emit({ type: "nak", server: serverOf(nak), message, lease });
    return true;
  }

  /** Whether an answer comes from a server that may give it in this state (RFC 2131 §4.4.1, §4.4.5). */
  #isFromRightServer(message: DhcpMessage): boolean {
    const server = serverOf(message);
    if (server === undefined) return true;
    if (this.state === "REQUESTING") return server.equals(serverOf(this.#offer!)!);
    return this.state !== "RENEWING" || server.equals(this.lease!.serverId);
  }

  /** The start, or the start after a change of the link. */
  #begin(): void {
    this.#endProbing();
    this.#naks = 0;
    this.#nakBackoff.reset();
    this.#beganAt = this.#timers.clock.now();
    if (this.#wasOurs) {
      this.#wanted = this.lease?.address ?? this.#wanted;
      this.#leaseTimers.confirm();
      this.#beginExchange();
      this.#enter("INIT-REBOOT");
      this.#enter("REBOOTING");
      this.#transmit();
      return;
    }
    this.#enterInit(randomUnit(this.#random) * (this.#options.startDelayMsMax ?? 0));
  }

  /** INIT: without an address; DISCOVER follows after a pause. */
  #enterInit(delayMs: number): void {
    this.#dropLease();
    this.#wasOurs = false;
    this.#enter("INIT");
    this.#retryTimer.start(delayMs);
  }

  #enterSelecting(): void {
    this.#offers = [];
    this.#offer = undefined;
    this.#xid = this.#random.uint32();
    this.#options.hooks?.preDiscovery?.();
    this.#enter("SELECTING");
    this.#transmit();
  }

  #enterRequesting(): void {
    const offers = this.#offers;
    const preferred = offers.find((o) => this.#wanted !== undefined && o.yiaddr.equals(this.#wanted));
    this.#offer = this.#options.selectOffer?.(offers) ?? preferred ?? offers[0]!;
    this.#offers = [];
    this.#enter("REQUESTING");
    this.#transmit();
  }

  /** An address is granted; before it is used, the link is asked whether somebody has it (RFC 2131 §4.4.1). */
  #grant(lease: Lease): void {
    const lost = this.lease;
    this.#dropLease();
    if (lost !== undefined) this.#emit({ type: "unconfirmed", lease: lost });
    if (this.#options.probe === false) return this.#bind(lease);
    this.#pending = lease;
    this.#enter("PROBING");
    this.#question = this.#probe(this.#netif, lease.address, (result, by) =>
      this.#run(() => {
        if (this.#pending !== lease) return;
        if (result === "free") this.#bind(lease);
        else this.decline(lease, by);
      }));
  }

  #bind(lease: Lease): void {
    this.#declines = 0;
    this.#hold(lease);
    this.#emit({ type: "bound", lease });
  }

  #extend(lease: Lease): void {
    const previous = this.lease!;
    this.#hold(lease);
    this.#emit({ type: "renewed", lease, previous });
  }

  /** BOUND, with all timers counted from the moment the request left. */
  #hold(lease: Lease): void {
    this.#pending = undefined;
    this.#question = undefined;
    this.#offer = undefined;
    this.#naks = 0;
    this.#nakBackoff.reset();
    this.#wasOurs = false;
    this.lease = lease;
    this.#enter("BOUND");
    this.#leaseTimers.hold(lease);
  }

  #beginExtension(state: "RENEWING" | "REBINDING"): void {
    this.#beginExchange();
    this.#enter(state);
    this.#transmit();
  }

  /** A new transaction, whose `secs` count from now. */
  #beginExchange(): void {
    this.#xid = this.#random.uint32();
    this.#beganAt = this.#timers.clock.now();
    this.#secs = 0;
  }

  #enter(state: DhcpState): void {
    const previous = this.state;
    this.#retryTimer.stop();
    this.#backoff.reset();
    this.#attempts = 0;
    if (state === previous) return;
    this.state = state;
    this.#emit({ type: "state", state, previous });
  }

  #endProbing(): void {
    this.#question?.cancel();
    this.#question = undefined;
    this.#pending = undefined;
  }

  #dropLease(): void {
    if (this.lease !== undefined) this.#wanted = this.lease.address;
    this.lease = undefined;
    this.#endProbing();
    this.#leaseTimers.stop();
  }

  #forgetAddress(): void {
    this.#wanted = undefined;
    this.#wasOurs = false;
  }

  #halt(): void {
    this.#dropLease();
    this.#enter("INIT");
    this.transport.close();
    this.isRunning = false;
  }

  /** Sends what the state asks for, and arms the retry. */
  #transmit(): void {
    const now = this.#timers.clock.now();
    if (this.#attempts++ === 0) this.#sentAt = now;
    // The REQUEST that takes an offer carries the seconds of its DISCOVER (RFC 2131 §4.4.1).
    if (this.state !== "REQUESTING") {
      this.#secs = Math.min(Math.floor((now - this.#beganAt) / 1000), 0xffff);
    }
    const { state, lease } = this;
    this.transport.send(this.#message(), state === "RENEWING" ? lease!.serverId : undefined);
    if (state !== "RENEWING" && state !== "REBINDING") {
      this.#retryTimer.start(this.#backoff.nextMs());
      return;
    }
    const until = lease!.grantedAt + (state === "RENEWING" ? lease!.t2Ms : lease!.leaseMs);
    armAt(this.#retryTimer, extensionRetryAt(now, until, this.#options.extensionRetryMsMin ?? 60_000));
  }

  /** The message of the state (RFC 2131 §4.3.2, §4.3.6). */
  #message(): DhcpMessage {
    const facts = this.#facts();
    switch (this.state) {
      case "REQUESTING": {
        const offer = this.#offer!;
        return this.#messages.make("REQUEST", {
          ...facts,
          requested: offer.yiaddr,
          serverId: serverOf(offer),
        });
      }
      case "REBOOTING":
        return this.#messages.make("REQUEST", { ...facts, requested: this.#wanted });
      case "RENEWING":
      case "REBINDING":
        return this.#messages.make("REQUEST", { ...facts, isBroadcast: false, ciaddr: this.lease!.address });
      case "INFORMING":
        return this.#messages.make("INFORM", { ...facts, isBroadcast: false, ciaddr: this.#informAddress });
      default:
        return this.#messages.make("DISCOVER", { ...facts, requested: this.#wanted });
    }
  }

  #facts(): ClientMessageFacts {
    const flag = this.#options.broadcastFlag ?? "auto";
    const hasAddress = this.#ip.interfaces.of(this.#netif)?.hasAddress(4) === true;
    return {
      state: this.state,
      xid: this.#xid,
      secs: this.#secs,
      isBroadcast: flag === "auto" ? hasAddress : flag,
    };
  }
}

/** The server that a message names (option 54). */
function serverOf(message: DhcpMessage): IpAddress | undefined {
  return message.options.address(DHCP_OPTION.SERVER_ID);
}
