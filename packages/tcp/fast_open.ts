/** {@linkcode FastOpen}: TCP Fast Open (RFC 7413): text in the SYN, of a client that has shown before that its address is its own.
 *
 * ```text
 *   client                                          server
 *     | ── SYN, cookie request ───────────────────────▶ |
 *     | ◀──────────────────────── SYN-ACK, cookie ───── |   later, and as often as it likes:
 *     | ── SYN, cookie, text ─────────────────────────▶ |   delivered at once, in SYN-RECEIVED
 *     | ◀──────────── SYN-ACK of text ── text ───────── |
 *     | ── ACK ───────────────────────────────────────▶ |
 * ```
 *
 * A SYN that has to be repeated goes without cookie and text. Text of a SYN may reach the application twice, when a duplicate of
 * the SYN comes after the connection's end: it is for requests that may (§6).
 *
 * @module
 */
import type { IpAddress, IpRxInfo } from "@lightwire/ip";
import type { NetErrorCode } from "@lightwire/netif";
import { FIN, SYN } from "./control_bits.ts";
import { FastOpenCache } from "./fast_open_cache.ts";
import { FastOpenCookies } from "./fast_open_cookies.ts";
import type { TcpListener } from "./listener.ts";
import { receiveText } from "./receive_text.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqDiff } from "./seq.ts";
import { DEFAULT_MSS_V4, DEFAULT_MSS_V6, EVENT_CONNECTED, EVENT_WRITABLE, type Tcb } from "./tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { fastOpenLength, type FastOpenOption, MAX_OPTIONS_LENGTH } from "./tcp_options.ts";

/** After a day the key changes (RFC 7413 §4.1.2): a cookie that somebody has collected is worth nothing two days later. */
const KEY_LIFETIME_MS = 86_400_000;
/** Asks for a cookie. */
const REQUEST = new Uint8Array(0);

/** Timeouts in a row, without a word of the server's since the handshake, that show that what follows a SYN with text is lost on
 * the way (RFC 7413 §7.1). */
const SILENT_TIMEOUTS = 3;

/** What ICMP errors end an OPEN with. */
const UNREACHABLE: ReadonlySet<NetErrorCode> = new Set<NetErrorCode>([
  "HOST_UNREACHABLE",
  "NETWORK_UNREACHABLE",
  "PROTOCOL_UNREACHABLE",
]);

/** What a connection has to do with Fast Open until its handshake is over. */
class Opening implements FastOpenOption {
  /** What the option of our SYN or SYN-ACK holds; `undefined`: there is none. */
  cookie: Uint8Array | undefined = undefined;
  /** That option is the experimental one. */
  isExperimental: boolean = false;
  /** The client sends text without a cookie. */
  isCookieless: boolean = false;
  /** Our SYN: octets of text that go along. */
  textBytes: number = 0;
  /** Who has accepted the connection before the handshake is over. */
  listener: TcpListener | undefined = undefined;
}

/** Why a client could not use Fast Open (Linux: tcpi_fastopen_client_fail). */
export type FastOpenFailure = "NONE" | "NO_COOKIE" | "TEXT_NOT_ACKNOWLEDGED" | "SYN_RETRANSMITTED";

/** What came of it, while the connection lasts. */
export class FastOpenOutcome {
  /** Text of the SYN was taken. */
  isTextTaken: boolean = false;
  /** Why not. */
  failure: FastOpenFailure = "NONE";
}

/** Fast Open of one layer. */
export class FastOpen {
  /** What servers have told. */
  readonly cache: FastOpenCache = new FastOpenCache();
  readonly #layer: TcpLayer;
  readonly #openings = new Map<Tcb, Opening>();
  /** Users may ask after the end, too. */
  readonly #outcomes = new WeakMap<Tcb, FastOpenOutcome>();
  #cookies: FastOpenCookies | undefined = undefined;
  #key: Uint8Array | undefined = undefined;
  #keyUntilMs = -Infinity;

  /** @param layer whose. */
  constructor(layer: TcpLayer) {
    this.#layer = layer;
  }

  /** Who makes the cookies of a listener: keys that the user has chosen, or one that is drawn anew when it is old. Cookies given so
   * far count once more, until the next change, and are replaced. */
  #cookiesOf(listener: TcpListener): FastOpenCookies {
    const { fastOpenKeys } = this.#layer.config;
    if (listener.fastOpenCookies !== undefined) return listener.fastOpenCookies;
    if (fastOpenKeys.length > 0) return this.#cookies ??= new FastOpenCookies(fastOpenKeys);
    const nowMs = this.#layer.clock.now();
    if (this.#cookies !== undefined && nowMs < this.#keyUntilMs) return this.#cookies;
    const former = this.#keyUntilMs >= nowMs - KEY_LIFETIME_MS ? this.#key : undefined;
    const key = this.#key = randomKey(this.#layer);
    this.#keyUntilMs = nowMs + KEY_LIFETIME_MS;
    return this.#cookies = new FastOpenCookies(former === undefined ? [key] : [key, former]);
  }

  /** Whether text may be outstanding together with our SYN. */
  has(tcb: Tcb): boolean {
    return this.#openings.has(tcb);
  }

  /** What came of it; `undefined` for a connection that has had nothing to do with it. */
  outcome(tcb: Tcb): FastOpenOutcome | undefined {
    return this.#outcomes.get(tcb);
  }

  // Client (RFC 7413 §4.2.1).

  /** The user wants Fast Open for a connection in SYN-SENT whose SYN is not sent yet.
   *
   * @param isCookieless text goes without a cookie.
   */
  ask(tcb: Tcb, isCookieless: boolean): void {
    const opening = new Opening();
    opening.isCookieless = isCookieless;
    this.#openings.set(tcb, opening);
    this.#outcomes.set(tcb, new FastOpenOutcome());
  }

  /** Whether a SYN to `remote` may bear text now: nothing tells against it, and its cookie is known, or none is needed.
   *
   * @param isCookieless see {@linkcode ask}.
   */
  canSendText(remote: IpAddress, isCookieless: boolean): boolean {
    const server = this.cache.find(remote);
    if (server !== undefined && server.pausedUntilMs > this.#layer.clock.now()) return false;
    return isCookieless || (server !== undefined && server.cookie.length > 0);
  }

  /** Our SYN is about to be sent for the first time: decides what goes along.
   *
   * @returns octets of text.
   */
  beginSyn(tcb: Tcb): number {
    const opening = this.#openings.get(tcb);
    if (opening === undefined) return 0;
    const server = this.cache.find(tcb.remoteAddress);
    if (server !== undefined && server.pausedUntilMs > this.#layer.clock.now()) {
      this.#openings.delete(tcb);
      return 0;
    }
    if (!opening.isCookieless) {
      opening.cookie = server === undefined ? REQUEST : server.cookie;
      opening.isExperimental = server !== undefined && server.isExperimental;
      if (server === undefined || server.cookie.length === 0) {
        this.#outcomes.get(tcb)!.failure = "NO_COOKIE";
        return 0;
      }
    }
    opening.textBytes = tcb.sendBuffer.length;
    return opening.textBytes;
  }

  /** The option of a SYN or SYN-ACK; `undefined` when it has nothing of Fast Open.
   *
   * @param room bytes that there are for it: if they do not suffice, it goes without.
   */
  optionOf(tcb: Tcb, room: number): FastOpenOption | undefined {
    if (this.#openings.size === 0 || tcb.retransmitCount > 0) return undefined;
    const opening = this.#openings.get(tcb);
    if (opening === undefined || fastOpenLength(opening) <= room) return opening;
    opening.cookie = undefined;
    opening.textBytes = 0;
    return undefined;
  }

  /** Octets of text that the SYN has room for; the rest follows after the handshake.
   *
   * @param mss what our link takes in a segment, options included.
   * @param optionsLength bytes of the SYN's options.
   */
  limitText(tcb: Tcb, mss: number, optionsLength: number): number {
    const opening = this.#openings.get(tcb);
    if (opening === undefined || opening.textBytes === 0) return 0;
    const room = this.room(tcb.remoteAddress, mss, optionsLength);
    if (opening.textBytes > room) opening.textBytes = room;
    return opening.textBytes;
  }

  /** Octets of text that a SYN to `remote` can take, once it may take any: as in Linux, all the room that options can take is kept
   * free, since middleboxes insert some; and of a server whose cookie was never seen, the link's MSS is believed.
   *
   * @param mss what our link takes in a segment, options included.
   * @param optionsLength bytes of the SYN's options.
   */
  room(remote: IpAddress, mss: number, optionsLength: number): number {
    const fallback = remote.family === 4 ? DEFAULT_MSS_V4 : DEFAULT_MSS_V6;
    const server = this.cache.find(remote);
    const peerMss = server === undefined ? mss : server.mss > 0 ? server.mss : fallback;
    return Math.max(Math.min(mss, peerMss) - Math.max(optionsLength, MAX_OPTIONS_LENGTH), 0);
  }

  /** A SYN-ACK has come in SYN-SENT, which acknowledges our SYN, and perhaps its text. What it does not acknowledge was
   * never sent. */
  synAcknowledged(tcb: Tcb, seg: Segment, nowMs: number): void {
    const opening = this.#openings.get(tcb);
    if (opening === undefined) return;
    this.#openings.delete(tcb);
    const taken = seqDiff(seg.ack, seqAdd(tcb.iss, 1));
    tcb.sndNxt = seg.ack;
    if (taken > 0) {
      tcb.sendBuffer.ack(taken);
      tcb.sndHead = seg.ack;
      tcb.bytesSent += taken;
      tcb.events |= EVENT_WRITABLE;
    }
    this.#judge(tcb, opening, taken > 0, seg.fastOpenLength, nowMs);
    const outcome = this.#outcomes.get(tcb)!;
    if (taken < opening.textBytes) outcome.isTextTaken = false;
    // More of the request follows: its answer carries the acknowledgments.
    if (opening.textBytes > 0 && tcb.sendBuffer.length > opening.textBytes - taken) tcb.isPingPong = true;
    if (seg.fastOpenLength > 0 && opening.cookie !== undefined) {
      const { fastOpenOffset: offset, fastOpenLength: length } = seg;
      const cookie = seg.pbuf!.bytes.slice(offset, offset + length);
      this.cache.store(tcb.remoteAddress, cookie, tcb.peerMss, seg.isFastOpenExperimental);
    } else if (opening.textBytes > 0) this.cache.noteMss(tcb.remoteAddress, tcb.peerMss);
  }

  /** What the answer to our SYN says about Fast Open with this server (RFC 7413 §4.1.3.1).
   *
   * @param cookieLength of the cookie that came; −1 for no option.
   */
  #judge(tcb: Tcb, opening: Opening, isTaken: boolean, cookieLength: number, nowMs: number): void {
    const { counters } = this.#layer;
    const outcome = this.#outcomes.get(tcb)!;
    const { remoteAddress } = tcb;
    const isRepeated = tcb.retransmitCount > 0;
    if (isTaken) {
      counters.fastOpenActive++;
      outcome.isTextTaken = true;
    } else if (opening.textBytes > 0) {
      counters.fastOpenActiveFails++;
      outcome.failure = isRepeated ? "SYN_RETRANSMITTED" : "TEXT_NOT_ACKNOWLEDGED";
    }
    const isNegative = !isTaken && cookieLength <= 0;
    if (isNegative && (isRepeated || opening.textBytes > 0)) this.cache.failed(remoteAddress, nowMs);
    else this.cache.worked(remoteAddress);
    if (isNegative && !isRepeated && opening.textBytes === 0 && opening.cookie !== undefined) {
      this.cache.silent(remoteAddress);
    }
  }

  /** The retransmission timer of a connection has expired: where SYNs with text arrive and nothing behind them, the next ones go
   * without (RFC 7413 §7.1). */
  timeoutExpires(tcb: Tcb): void {
    if (tcb.retransmitCount !== SILENT_TIMEOUTS - 1 || tcb.bytesReceived > 0) {
      return;
    }
    const outcome = this.#outcomes.get(tcb);
    if (outcome === undefined || tcb.isPassive || outcome.failure === "NO_COOKIE") return;
    this.cache.failed(tcb.remoteAddress, this.#layer.clock.now(), true);
  }

  /** A router has told that the SYN was too large.
   *
   * @returns whether it should go again, without text and cookie.
   */
  synTooLarge(tcb: Tcb): boolean {
    const opening = this.#openings.get(tcb);
    if (opening === undefined || opening.textBytes === 0 || tcb.retransmitCount > 0) return false;
    this.#openings.delete(tcb);
    tcb.sndNxt = seqAdd(tcb.iss, 1);
    return true;
  }

  /** A SYN of the peer's crosses ours, which may have borne text: whether the peer has taken that, his acknowledgment will tell. Of text
   * in his, nothing is taken. */
  crosses(tcb: Tcb): void {
    const opening = this.#openings.get(tcb);
    if (opening === undefined) return;
    if (opening.textBytes === 0) this.#openings.delete(tcb);
    opening.cookie = undefined;
  }

  // Server (RFC 7413 §4.2.2).

  /** A SYN has made a connection in SYN-RECEIVED: gives a cookie, or takes the text at once. */
  synArrives(tcb: Tcb, listener: TcpListener, seg: Segment, rx: IpRxInfo): void {
    if (listener.fastOpenLimit === 0) return;
    const isFree = listener.fastOpenWithoutCookie;
    if (seg.fastOpenLength < 0 && !(isFree && seg.textLength > 0)) return;
    const { counters } = this.#layer;
    const cookies = this.#cookiesOf(listener);
    const origin = isFree ? "current" : cookies.check(seg, rx);
    if (origin === "unknown") {
      this.#give(tcb, seg, rx, cookies);
      if (seg.fastOpenLength > 0) counters.fastOpenPassiveFails++;
      return;
    }
    if (!listener.mayFastOpen(this.#layer.clock.now()) || (seg.ctl & FIN) !== 0) {
      counters.fastOpenOverflows++;
      return;
    }
    if (origin === "former") this.#give(tcb, seg, rx, cookies);
    counters.fastOpenPassive++;
    const outcome = new FastOpenOutcome();
    outcome.isTextTaken = seg.textLength > 0;
    this.#outcomes.set(tcb, outcome);
    const opening = this.#openings.get(tcb) ?? new Opening();
    opening.listener = listener;
    this.#openings.set(tcb, opening);
    listener.noteFastOpen(tcb);
    // Text goes before our SYN is acknowledged: the window that the peer's SYN announces is for that, not for ours (RFC 7413 §4.2.2).
    tcb.sndWnd++;
    tcb.events |= EVENT_CONNECTED;
    if (seg.textLength === 0) return;
    seg.ctl &= ~SYN;
    seg.seq = tcb.rcvNxt;
    seg.len--;
    const { textLength } = seg;
    receiveText(tcb, seg);
    // The buffer has not begun to grow: the SYN-ACK announces all of a first window. What came so early is no rhythm either.
    if (tcb.config.receiveBufferBytes > 65535) tcb.rcvWnd = Math.min(tcb.rcvWnd + textLength, 65535);
    tcb.lastTextAtMs = -1;
  }

  /** Whether the user has the connection although its handshake is not over. */
  isEarly(tcb: Tcb): boolean {
    return this.#openings.size > 0 && this.#openings.get(tcb)?.listener !== undefined;
  }

  /** The handshake is over.
   *
   * @returns whether the user has the connection already.
   */
  established(tcb: Tcb): boolean {
    if (this.#openings.size === 0) return false;
    const listener = this.#openings.get(tcb)?.listener;
    this.#openings.delete(tcb);
    listener?.endFastOpen();
    return listener !== undefined;
  }

  /** The connection is gone.
   *
   * @param isReset by a reset of the peer's.
   */
  forget(tcb: Tcb, isReset: boolean): void {
    const opening = this.#openings.size === 0 ? undefined : this.#openings.get(tcb);
    if (opening === undefined) return;
    this.#openings.delete(tcb);
    const nowMs = this.#layer.clock.now();
    if (opening.listener === undefined) {
      const isUnreachable = tcb.error !== undefined && UNREACHABLE.has(tcb.error.code);
      if (!tcb.isPassive && (tcb.retransmitCount > 0 || isUnreachable)) {
        this.cache.failed(tcb.remoteAddress, nowMs);
      }
    } else if (isReset) opening.listener.resetFastOpen(nowMs);
    else opening.listener.endFastOpen();
  }

  #give(tcb: Tcb, seg: Segment, rx: IpRxInfo, cookies: FastOpenCookies): void {
    const opening = new Opening();
    opening.isExperimental = seg.isFastOpenExperimental;
    opening.cookie = cookies.make(rx);
    this.#openings.set(tcb, opening);
    this.#layer.counters.fastOpenCookiesSent++;
  }
}

function randomKey({ random }: TcpLayer): Uint8Array {
  return new Uint8Array(
    Uint32Array.of(random.uint32(), random.uint32(), random.uint32(), random.uint32()).buffer,
  );
}
