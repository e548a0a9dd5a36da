/** {@linkcode PppoeConcentrator}: the access concentrator's half of PPPoE's discovery stage (RFC 2516 §5), without a network.
 *
 * It keeps nothing for a host that only asks: the AC-Cookie of the offer is a keyed digest over the host's address, and a
 * PADR without it gets no session (RFC 2516 §8).
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { MacAddress, Random } from "@lightwire/netif";
import { equalBytes, peerText } from "../cp_packet.ts";
import { md5 } from "@lightwire/pbuf/digest";
import {
  emitPppoeDiscovery,
  findPppoeTag,
  PPPOE_CODE,
  PPPOE_MRU,
  PPPOE_TAG,
  type PppoeDiscoveryPacket,
  pppoeMaxPayload,
  pppoeMaxPayloadTag,
  type PppoeTag,
  pppoeTextTag,
} from "./pppoe_packet.ts";

/** Sessions at a time by default. */
export const DEFAULT_PPPOE_SESSIONS = 256;
/** Sessions of one station address at a time by default. */
export const DEFAULT_PPPOE_SESSIONS_PER_HOST = 4;
const SECRET_OCTETS = 16;
const MAX_SESSION_ID = 0xfffe; // 0xffff is reserved (RFC 2516 §4)

/** Options of {@linkcode PppoeConcentrator}. */
export interface PppoeConcentratorOptions {
  /** Its name; default "lightwire". */
  readonly acName?: string;
  /** Services to offer; default: any ("" alone). */
  readonly services?: readonly string[];
  /** Sessions at a time; default {@linkcode DEFAULT_PPPOE_SESSIONS}. */
  readonly maxSessions?: number;
  /** Sessions of one station address; default {@linkcode DEFAULT_PPPOE_SESSIONS_PER_HOST}. */
  readonly maxSessionsPerHost?: number;
  /** Longest payload to agree on by RFC 4638; default 1492. */
  readonly maxPayload?: number;
}

/** What a {@linkcode PppoeConcentrator} tells its owner. */
export interface PppoeConcentratorOwner {
  /** Sends a discovery packet. */
  sendDiscovery(packet: Uint8Array, to: MacAddress): void;
  /** A host has a session. */
  sessionBegun(sessionId: number, address: MacAddress, maxPayload: number): void;
  /** A host has ended its session by PADT. */
  sessionEnded(sessionId: number, message: string): void;
}

/** What a concentrator has seen. */
export interface PppoeConcentratorCounters {
  /** PADIs answered by an offer. */
  offers: number;
  /** Sessions begun. */
  sessions: number;
  /** PADIs for services not offered here. */
  otherService: number;
  /** PADRs without our cookie. */
  badCookie: number;
  /** PADRs refused because there are too many sessions. */
  full: number;
  /** Packets that make no sense here. */
  ignored: number;
}

interface Session {
  readonly id: number;
  readonly address: MacAddress;
  readonly hostUniq: Uint8Array | undefined;
  /** The PADS, for a host that did not get it and asks again. */
  readonly confirmation: Uint8Array;
}

/** Gives sessions to hosts. */
export class PppoeConcentrator {
  /** What happened so far. */
  readonly counters: PppoeConcentratorCounters = {
    offers: 0,
    sessions: 0,
    otherService: 0,
    badCookie: 0,
    full: 0,
    ignored: 0,
  };
  readonly #owner: PppoeConcentratorOwner;
  readonly #options: PppoeConcentratorOptions;
  readonly #secret: Uint8Array;
  readonly #sessions = new Map<number, Session>();
  #lastId: number;

  /** Makes a concentrator without sessions. */
  constructor(random: Random, owner: PppoeConcentratorOwner, options: PppoeConcentratorOptions = {}) {
    this.#owner = owner;
    this.#options = options;
    this.#secret = Uint8Array.from({ length: SECRET_OCTETS }, () => random.uint32() >>> 24);
    this.#lastId = random.uint32() % MAX_SESSION_ID;
  }

  /** Sessions at present. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** A discovery packet has arrived. */
  input(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    if (packet.code === PPPOE_CODE.PADI && packet.sessionId === 0) return this.#inputPadi(from, packet);
    if (packet.code === PPPOE_CODE.PADR && packet.sessionId === 0) return this.#inputPadr(from, packet);
    const session = this.#sessions.get(packet.sessionId);
    if (packet.code !== PPPOE_CODE.PADT || session?.address !== from) return void this.counters.ignored++;
    this.#sessions.delete(session.id);
    const message = findPppoeTag(packet, PPPOE_TAG.GENERIC_ERROR);
    this.#owner.sessionEnded(session.id, message === undefined ? "" : peerText(message));
  }

  /** Ends a session with a PADT; nothing when it has ended already. */
  end(sessionId: number, message = ""): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    this.#sessions.delete(sessionId);
    const tags = message === "" ? [] : [pppoeTextTag(PPPOE_TAG.GENERIC_ERROR, message)];
    this.#owner.sendDiscovery(
      emitPppoeDiscovery({ code: PPPOE_CODE.PADT, sessionId, tags }),
      session.address,
    );
  }

  /** A packet for a session that does not exist: its sender may believe in one, and hears that there is none. */
  refuse(sessionId: number, from: MacAddress): void {
    this.counters.ignored++;
    const tags = [pppoeTextTag(PPPOE_TAG.GENERIC_ERROR, "no such session")];
    this.#owner.sendDiscovery(emitPppoeDiscovery({ code: PPPOE_CODE.PADT, sessionId, tags }), from);
  }

  #serves(packet: PppoeDiscoveryPacket): boolean {
    const name = findPppoeTag(packet, PPPOE_TAG.SERVICE_NAME);
    if (name === undefined) return false; // each PADI and PADR has exactly one (RFC 2516 §5.1)
    if (name.length === 0) return true;
    return (this.#options.services ?? []).includes(new TextDecoder().decode(name));
  }

  #inputPadi(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    if (!this.#serves(packet)) return void this.counters.otherService++;
    const wanted = packet.tags.filter((tag) => tag.type === PPPOE_TAG.SERVICE_NAME).slice(0, 1);
    const wantedName = peerText(wanted[0]!.value);
    const others = (this.#options.services ?? []).filter((name) => name !== wantedName);
    const tags: PppoeTag[] = [
      pppoeTextTag(PPPOE_TAG.AC_NAME, this.#options.acName ?? "lightwire"),
      ...wanted,
      ...others.map((name) => pppoeTextTag(PPPOE_TAG.SERVICE_NAME, name)),
      { type: PPPOE_TAG.AC_COOKIE, value: this.#cookie(from) },
      ...echoedTags(packet),
      ...this.#maxPayloadTags(packet),
    ];
    this.counters.offers++;
    this.#owner.sendDiscovery(emitPppoeDiscovery({ code: PPPOE_CODE.PADO, sessionId: 0, tags }), from);
  }

  #inputPadr(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    const cookie = findPppoeTag(packet, PPPOE_TAG.AC_COOKIE);
    if (cookie === undefined || !equalsConstantTime(cookie, this.#cookie(from))) {
      return void this.counters.badCookie++;
    }
    const hostUniq = findPppoeTag(packet, PPPOE_TAG.HOST_UNIQ);
    const known = this.#sessionOf(from, hostUniq);
    if (known !== undefined) return this.#owner.sendDiscovery(known.confirmation, from);
    const service = packet.tags.filter((tag) => tag.type === PPPOE_TAG.SERVICE_NAME).slice(0, 1);
    const echoed = [...service, ...echoedTags(packet)];
    const refuse = (type: number, text: string) => {
      const tags = [...echoed, pppoeTextTag(type, text)];
      this.#owner.sendDiscovery(emitPppoeDiscovery({ code: PPPOE_CODE.PADS, sessionId: 0, tags }), from);
    };
    if (!this.#serves(packet)) {
      this.counters.otherService++;
      return refuse(PPPOE_TAG.SERVICE_NAME_ERROR, "no such service");
    }
    if (!this.#hasRoom(from)) {
      this.counters.full++;
      return refuse(PPPOE_TAG.AC_SYSTEM_ERROR, "too many sessions");
    }
    const id = this.#newId();
    const tags = [...echoed, ...this.#maxPayloadTags(packet)];
    const confirmation = emitPppoeDiscovery({ code: PPPOE_CODE.PADS, sessionId: id, tags });
    this.#sessions.set(id, { id, address: from, hostUniq, confirmation });
    this.counters.sessions++;
    this.#owner.sendDiscovery(confirmation, from);
    this.#owner.sessionBegun(id, from, this.#maxPayload(packet));
  }

  /** The session that a repeated PADR is about; a host without Host-Uniq has only one. */
  #sessionOf(from: MacAddress, hostUniq: Uint8Array | undefined): Session | undefined {
    for (const session of this.#sessions.values()) {
      if (session.address !== from) continue;
      if (hostUniq === undefined || session.hostUniq === undefined) {
        if (hostUniq === session.hostUniq) return session;
      } else if (equalBytes(hostUniq, session.hostUniq)) return session;
    }
    return undefined;
  }

  #hasRoom(from: MacAddress): boolean {
    if (this.#sessions.size >= (this.#options.maxSessions ?? DEFAULT_PPPOE_SESSIONS)) return false;
    let own = 0;
    for (const session of this.#sessions.values()) if (session.address === from) own++;
    return own < (this.#options.maxSessionsPerHost ?? DEFAULT_PPPOE_SESSIONS_PER_HOST);
  }

  #newId(): number {
    do this.#lastId = this.#lastId % MAX_SESSION_ID + 1; while (this.#sessions.has(this.#lastId));
    return this.#lastId;
  }

  #cookie(from: MacAddress): Uint8Array {
    const address = new Uint8Array(8);
    new DataView(address.buffer).setBigUint64(0, BigInt(from));
    return md5(this.#secret, address, this.#secret);
  }

  #maxPayload(packet: PppoeDiscoveryPacket): number {
    const asked = pppoeMaxPayload(packet) ?? PPPOE_MRU;
    return Math.max(PPPOE_MRU, Math.min(asked, this.#options.maxPayload ?? PPPOE_MRU));
  }

  #maxPayloadTags(packet: PppoeDiscoveryPacket): PppoeTag[] {
    const octets = this.#maxPayload(packet);
    return octets > PPPOE_MRU ? [pppoeMaxPayloadTag(octets)] : [];
  }
}

/** Host-Uniq and Relay-Session-Id go back unchanged (RFC 2516 §5.2). */
function echoedTags(packet: PppoeDiscoveryPacket): PppoeTag[] {
  return packet.tags.filter((tag) =>
    tag.type === PPPOE_TAG.HOST_UNIQ || tag.type === PPPOE_TAG.RELAY_SESSION_ID
  );
}
