/** {@linkcode L2tpTunnel}: one L2TP tunnel and its calls (RFC 2661 §5), from either end: the access concentrator's (LAC), which
 * places calls, and the network server's (LNS), which takes them.
 *
 * ```text
 *   LAC  SCCRQ ->   <- SCCRP   SCCCN ->      the tunnel; each end may prove that it knows the secret
 *        ICRQ  ->   <- ICRP    ICCN  ->      a call
 *        HELLO ->                            when nothing has been heard for a while
 *        CDN, StopCCN                        the end of a call, of the tunnel
 * ```
 *
 * Outgoing calls (OCRQ), which a server asks a concentrator to place on a telephone line, are refused: there is no such line.
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { Random, Timer, TimerQueue } from "@lightwire/netif";
import { peerText } from "../cp_packet.ts";
import type {
  L2tpCall,
  L2tpCallOwner,
  L2tpTunnelOptions,
  L2tpTunnelOwner,
  L2tpTunnelState,
} from "./l2tp_call.ts";
import { L2tpControlChannel } from "./l2tp_control_channel.ts";
import {
  findL2tpAvp,
  L2TP_AVP,
  L2TP_MESSAGE,
  L2TP_RESULT,
  type L2tpAvp,
  l2tpAvp,
  l2tpChallengeResponse,
  type L2tpControl,
  l2tpLongAvp,
  l2tpResult,
  l2tpResultText,
  l2tpWord,
  l2tpWordAvp,
  parseL2tpControl,
} from "./l2tp_message.ts";

/** Time without a message until a HELLO asks, by default (RFC 2661 §5.5). */
export const DEFAULT_L2TP_HELLO_MS = 60_000;
/** Calls of one tunnel at most, by default. */
export const DEFAULT_L2TP_CALLS = 64;
/** How long an end that was told of its tunnel's end still answers, for messages that were lost (RFC 2661 §5.7). */
const LINGER_MS = 31_000;
const CHALLENGE_LENGTH = 16;

interface Call extends L2tpCall {
  peerId: number;
  isConnected: boolean;
  readonly owner: L2tpCallOwner;
}

/** One tunnel. */
export class L2tpTunnel {
  /** Messages that do not parse, or make no sense. */
  malformed: number = 0;
  readonly #owner: L2tpTunnelOwner;
  readonly #options: L2tpTunnelOptions;
  readonly #random: Random;
  readonly #channel: L2tpControlChannel;
  readonly #helloTimer: Timer;
  readonly #lingerTimer: Timer;
  readonly #calls = new Map<number, Call>();
  readonly #localId: number;
  readonly #challenge: Uint8Array;
  #state: L2tpTunnelState = "Idle";
  #peerName = "";
  #serial = 0;
  #isEndedByPeer = false;

  /** Makes a tunnel; a LAC's begins with {@linkcode open}, an LNS's with its first message. */
  constructor(timers: TimerQueue, random: Random, owner: L2tpTunnelOwner, options: L2tpTunnelOptions = {}) {
    this.#owner = owner;
    this.#options = options;
    this.#random = random;
    this.#localId = nonZero(random);
    this.#challenge = Uint8Array.from({ length: CHALLENGE_LENGTH }, () => random.uint32() >>> 24);
    this.#helloTimer = timers.create(() => this.#hello());
    this.#lingerTimer = timers.create(() => this.#release());
    this.#channel = new L2tpControlChannel(timers, {
      sendDatagram: (bytes) => owner.sendDatagram(bytes),
      controlInput: (message) => this.#controlInput(message),
      peerGone: () => this.#finish("the other end does not answer"),
    }, options);
  }

  /** Where it stands. */
  get state(): L2tpTunnelState {
    return this.#state;
  }

  /** Our id of it: in what arrives. */
  get localId(): number {
    return this.#localId;
  }

  /** The peer's id of it: in what we send; 0 before it has told. */
  get peerId(): number {
    return this.#channel.peerTunnelId;
  }

  /** Opens the tunnel from the LAC's end. Does nothing unless Idle. */
  open(): void {
    if (this.#state !== "Idle") return;
    this.#state = "WaitReply";
    this.#channel.send(L2TP_MESSAGE.SCCRQ, 0, [...this.#greeting(), ...this.#challengeAvps()]);
  }

  /** Places a call; the tunnel must be Established.
   *
   * @returns `undefined` when it is not, or there are too many calls.
   */
  call(owner: L2tpCallOwner): L2tpCall | undefined {
    const call = this.#state === "Established" ? this.#newCall(owner) : undefined;
    if (call === undefined) return undefined;
    this.#channel.send(L2TP_MESSAGE.ICRQ, 0, [
      l2tpWordAvp(L2TP_AVP.ASSIGNED_SESSION_ID, call.localId),
      l2tpLongAvp(L2TP_AVP.CALL_SERIAL_NUMBER, ++this.#serial),
    ]);
    return call;
  }

  /** Ends a call by CDN; its owner hears nothing. */
  hangUp(call: L2tpCall, message = ""): void {
    if (!this.#calls.delete(call.localId)) return;
    this.#channel.send(L2TP_MESSAGE.CDN, call.peerId, [
      l2tpResult(L2TP_RESULT.ADMINISTRATIVE, message),
      l2tpWordAvp(L2TP_AVP.ASSIGNED_SESSION_ID, call.localId),
    ]);
  }

  /** Ends the tunnel by StopCCN; the owners of its calls and of the tunnel are told. */
  close(message = ""): void {
    if (this.#state === "Closed") return;
    const wasOpen = this.#state !== "Idle";
    if (wasOpen) this.#stopConnection(L2TP_RESULT.GENERAL, message);
    this.#finish(message);
  }

  /** A control message has arrived: the datagram `bytes[start … end]`. */
  input(bytes: Uint8Array, start: number, end: number): void {
    const message = parseL2tpControl(bytes, start, end, this.#options.secret);
    if (message === undefined) return void this.malformed++;
    const isFirst = message.type === L2TP_MESSAGE.SCCRQ && message.tunnelId === 0;
    if (message.tunnelId !== this.#localId && !isFirst) return void this.malformed++;
    if (this.#state === "Established") this.#helloTimer.start(this.#helloMs());
    this.#channel.input(message);
    if (this.#state === "Closed" && !this.#isEndedByPeer && this.#channel.isIdle) this.#release();
  }

  /** The call to which a data message belongs. */
  callOf(sessionId: number): L2tpCall | undefined {
    const call = this.#calls.get(sessionId);
    return call?.isConnected === true ? call : undefined;
  }

  #controlInput(message: L2tpControl): void {
    if (this.#state === "Closed") return; // acknowledged all the same
    switch (message.type) {
      case L2TP_MESSAGE.SCCRQ:
        return this.#inputRequest(message);
      case L2TP_MESSAGE.SCCRP:
        return this.#inputReply(message);
      case L2TP_MESSAGE.SCCCN:
        return this.#inputConnected(message);
      case L2TP_MESSAGE.STOP_CCN:
        return this.#finish(l2tpResultText(message) || "ended by the other end", true);
      case L2TP_MESSAGE.HELLO:
        return;
      default:
        if (this.#state === "Established") this.#callInput(message);
        else this.malformed++;
    }
  }

  #inputRequest(message: L2tpControl): void {
    if (this.#state !== "Idle" || this.#options.role !== "lns") return void this.malformed++;
    if (!this.#greeted(message)) return;
    this.#state = "WaitConnected";
    this.#channel.send(L2TP_MESSAGE.SCCRP, 0, [
      ...this.#greeting(),
      ...this.#challengeAvps(),
      ...this.#proofAvps(message, L2TP_MESSAGE.SCCRP),
    ]);
  }

  #inputReply(message: L2tpControl): void {
    if (this.#state !== "WaitReply") return void this.malformed++;
    if (!this.#greeted(message) || !this.#isProved(message, L2TP_MESSAGE.SCCRP)) return;
    this.#channel.send(L2TP_MESSAGE.SCCCN, 0, this.#proofAvps(message, L2TP_MESSAGE.SCCCN));
    this.#established();
  }

  #inputConnected(message: L2tpControl): void {
    if (this.#state !== "WaitConnected") return void this.malformed++;
    if (this.#isProved(message, L2TP_MESSAGE.SCCCN)) this.#established();
  }

  /** Takes over what the other end says of itself. @returns false when it cannot be spoken with. */
  #greeted(message: L2tpControl): boolean {
    const tunnelId = l2tpWord(message, L2TP_AVP.ASSIGNED_TUNNEL_ID);
    if (tunnelId === 0) {
      this.malformed++;
      return false;
    }
    this.#channel.peerTunnelId = tunnelId;
    this.#channel.peerWindow = l2tpWord(message, L2TP_AVP.RECEIVE_WINDOW_SIZE) || this.#channel.peerWindow;
    this.#peerName = peerText(findL2tpAvp(message, L2TP_AVP.HOST_NAME) ?? new Uint8Array(0));
    if (findL2tpAvp(message, L2TP_AVP.CHALLENGE) === undefined || this.#options.secret !== undefined) {
      return true;
    }
    this.#refuse("the other end wants a tunnel secret, and there is none");
    return false;
  }

  #isProved(message: L2tpControl, type: number): boolean {
    const { secret } = this.#options;
    if (secret === undefined) return true;
    const proof = findL2tpAvp(message, L2TP_AVP.CHALLENGE_RESPONSE);
    const wanted = l2tpChallengeResponse(type, secret, this.#challenge);
    if (proof !== undefined && equalsConstantTime(proof, wanted)) return true;
    this.#refuse("the other end does not know the tunnel secret");
    return false;
  }

  #refuse(message: string): void {
    this.#stopConnection(L2TP_RESULT.NOT_AUTHORIZED, message);
    this.#finish(message);
  }

  #stopConnection(code: number, message: string): void {
    this.#channel.send(L2TP_MESSAGE.STOP_CCN, 0, [
      l2tpWordAvp(L2TP_AVP.ASSIGNED_TUNNEL_ID, this.#localId),
      l2tpResult(code, message),
    ]);
  }

  #established(): void {
    this.#state = "Established";
    if (this.#helloMs() > 0) this.#helloTimer.start(this.#helloMs());
    this.#owner.tunnelUp?.(this.#peerName);
  }

  #callInput(message: L2tpControl): void {
    const call = this.#calls.get(message.sessionId);
    switch (message.type) {
      case L2TP_MESSAGE.ICRQ:
        return this.#called(message);
      case L2TP_MESSAGE.ICRP:
        if (call === undefined || call.isConnected) break;
        call.peerId = l2tpWord(message, L2TP_AVP.ASSIGNED_SESSION_ID);
        this.#channel.send(L2TP_MESSAGE.ICCN, call.peerId, [
          l2tpLongAvp(L2TP_AVP.CONNECT_SPEED, 100_000_000),
          l2tpLongAvp(L2TP_AVP.FRAMING_TYPE, 1),
        ]);
        return this.#connected(call);
      case L2TP_MESSAGE.ICCN:
        if (call === undefined || call.isConnected) break;
        return this.#connected(call);
      case L2TP_MESSAGE.CDN:
        return this.#disconnected(call, message);
      case L2TP_MESSAGE.OCRQ:
        return this.#refuseCall(message, "no outgoing calls here");
      case L2TP_MESSAGE.WEN:
      case L2TP_MESSAGE.SLI:
        return;
    }
    this.malformed++;
  }

  #called(message: L2tpControl): void {
    const owner = this.#options.role === "lns" ? this.#owner.incomingCall?.() : undefined;
    const call = owner === undefined ? undefined : this.#newCall(owner);
    if (call === undefined) return this.#refuseCall(message, "no calls are taken here");
    call.peerId = l2tpWord(message, L2TP_AVP.ASSIGNED_SESSION_ID);
    this.#channel.send(L2TP_MESSAGE.ICRP, call.peerId, [
      l2tpWordAvp(L2TP_AVP.ASSIGNED_SESSION_ID, call.localId),
    ]);
  }

  #refuseCall(message: L2tpControl, text: string): void {
    const peerId = l2tpWord(message, L2TP_AVP.ASSIGNED_SESSION_ID);
    this.#channel.send(L2TP_MESSAGE.CDN, peerId, [
      l2tpResult(L2TP_RESULT.ERROR, text),
      l2tpWordAvp(L2TP_AVP.ASSIGNED_SESSION_ID, 0),
    ]);
  }

  /** CDN names the session from its sender's side too, for a call whose other id is not known yet (RFC 2661 §6.12). */
  #disconnected(known: Call | undefined, message: L2tpControl): void {
    let call = known;
    const peerId = l2tpWord(message, L2TP_AVP.ASSIGNED_SESSION_ID);
    for (const other of this.#calls.values()) if (call === undefined && other.peerId === peerId) call = other;
    if (call === undefined) return;
    this.#calls.delete(call.localId);
    call.owner.callEnded(call, l2tpResultText(message));
  }

  #connected(call: Call): void {
    call.isConnected = true;
    call.owner.callConnected(call);
  }

  #newCall(owner: L2tpCallOwner): Call | undefined {
    if (this.#calls.size >= (this.#options.maxCalls ?? DEFAULT_L2TP_CALLS)) return undefined;
    let localId: number;
    do localId = nonZero(this.#random); while (this.#calls.has(localId));
    const call: Call = { localId, peerId: 0, isConnected: false, owner };
    this.#calls.set(localId, call);
    return call;
  }

  #hello(): void {
    this.#channel.send(L2TP_MESSAGE.HELLO, 0, []);
    this.#helloTimer.start(this.#helloMs());
  }

  #helloMs(): number {
    return this.#options.helloMs ?? DEFAULT_L2TP_HELLO_MS;
  }

  /** Tells everybody, and lingers so that the last messages are delivered and acknowledged. */
  #finish(message: string, isByPeer = false): void {
    if (this.#state === "Closed") return;
    this.#state = "Closed";
    this.#helloTimer.stop();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.owner.callEnded(call, message);
    this.#isEndedByPeer = isByPeer;
    const isNeeded = isByPeer || !this.#channel.isIdle;
    if (isNeeded) this.#lingerTimer.start(LINGER_MS);
    this.#owner.tunnelClosed?.(message);
    if (!isNeeded) this.#release();
  }

  #release(): void {
    this.#lingerTimer.stop();
    this.#channel.stop();
    this.#owner.tunnelReleased?.();
  }

  #greeting(): L2tpAvp[] {
    return [
      l2tpAvp(L2TP_AVP.PROTOCOL_VERSION, Uint8Array.of(1, 0)),
      l2tpAvp(L2TP_AVP.HOST_NAME, new TextEncoder().encode(this.#options.hostName ?? "lightwire")),
      l2tpLongAvp(L2TP_AVP.FRAMING_CAPABILITIES, 3),
      l2tpWordAvp(L2TP_AVP.ASSIGNED_TUNNEL_ID, this.#localId),
      l2tpWordAvp(L2TP_AVP.RECEIVE_WINDOW_SIZE, 4),
    ];
  }

  #challengeAvps(): L2tpAvp[] {
    return this.#options.secret === undefined ? [] : [l2tpAvp(L2TP_AVP.CHALLENGE, this.#challenge)];
  }

  #proofAvps(message: L2tpControl, type: number): L2tpAvp[] {
    const { secret } = this.#options;
    const challenge = findL2tpAvp(message, L2TP_AVP.CHALLENGE);
    if (challenge === undefined || secret === undefined) return [];
    return [l2tpAvp(L2TP_AVP.CHALLENGE_RESPONSE, l2tpChallengeResponse(type, secret, challenge))];
  }
}

function nonZero(random: Random): number {
  return random.uint32() % 0xffff + 1;
}
