/** Data plane, but for changes of the key. {@linkcode MppeEncryptor} and {@linkcode MppeDecryptor}: Microsoft Point-to-Point
 * Encryption (RFC 3078), one direction each.
 *
 * ```text
 *   protocol 00fd:
 *    0 1 2 3 4                      15
 *   +-+-+-+-+------------------------+---------------------------------------
 *   |A|B|C|D| coherency count        | encrypted: protocol number, information
 *   +-+-+-+-+------------------------+---------------------------------------
 *    A: the tables are new; B, C: compression, never; D: encrypted, always
 * ```
 *
 * **Insecure**: RC4 with keys from a password that MS-CHAP has shown to whoever listened. It keeps out nobody who wants to come
 * in, has no integrity, and is here for peers that insist on it.
 *
 * Stateless: the key changes with each packet. Stateful: with each 256th, and after a loss the receiver asks for new tables by
 * CCP. After such a request the session key stays and only the tables begin anew (RFC 3078 §8.2); but Linux changes the key as
 * well, so the decryptor looks which key fits, and the encryptor does as the peer was seen to do.
 *
 * @module
 */
import { PPP_IPV4, PPP_IPV6, PPP_VJ_COMPRESSED, PPP_VJ_UNCOMPRESSED } from "./ppp_protocol_number.ts";
import { Rc4 } from "./rc4.ts";
import { sha1 } from "@lightwire/pbuf/digest";

/** Lengths of keys spoken here, in bits. 56 is refused. */
export type MppeKeyBits = 40 | 128;

/** How one direction is encrypted. */
export interface MppeSettings {
  /** Length of the key. */
  readonly keyBits: MppeKeyBits;
  /** Whether the key stays for 256 packets. */
  readonly isStateful: boolean;
}

/** Bit A: the sender's tables are new. */
export const MPPE_FLUSHED = 0x8000;
/** Bit D: encrypted. */
export const MPPE_ENCRYPTED = 0x1000;
/** Octets in front of what is encrypted. */
export const MPPE_HEADER_LENGTH = 2;
/** Octets that a packet grows by: the header, and a protocol number in front of it. */
export const MPPE_OVERHEAD = 4;
/** Points against a peer whose packets make no sense, 100 for each of them and one for each that is late; with so many the link is
 * given up. */
export const MPPE_MAX_INSANITY = 1600;

/** Keys tried after the peer has made new tables: how many of its answers can have been lost on the way. */
const KEYS_TRIED = 8;
const COUNTS = 0x1000;
const BITS_BC = 0x6000;
const FLAG = 0xff;
const PAD1 = new Uint8Array(40);
const PAD2 = new Uint8Array(40).fill(0xf2);
/** What the first octets of a key of 40 bits are replaced by (RFC 3079 §2.4). */
const REDUCTION_40 = Uint8Array.of(0xd1, 0x26, 0x9e);

/** GetNewKeyFromSHA (RFC 3079 §4): as many octets as the start key has. */
function newKey(start: Uint8Array, current: Uint8Array): Uint8Array {
  return sha1(start, PAD1, current, PAD2).slice(0, start.length);
}

function reduced(key: Uint8Array): Uint8Array {
  if (key.length === 8) key.set(REDUCTION_40);
  return key;
}

/** The first session key (RFC 3079 §2.4 and §3.4): 8 octets for 40 bits, 16 for 128.
 *
 * @param start Start key, of the same length.
 */
export function mppeSessionKey(start: Uint8Array): Uint8Array {
  return reduced(newKey(start, start));
}

/** The session key behind `current` (RFC 3078 §7.3). */
function nextSessionKey(start: Uint8Array, current: Uint8Array): Uint8Array {
  const key = newKey(start, current);
  new Rc4(key).apply(key, 0, key.length);
  return reduced(key);
}

/** Whether 00 and this octet are the number of a protocol that carries IP. */
function isIpProtocol(octet: number): boolean {
  return octet === PPP_IPV4 || octet === PPP_IPV6 || octet === PPP_VJ_COMPRESSED ||
    octet === PPP_VJ_UNCOMPRESSED;
}

/** Encrypts what we send. */
export class MppeEncryptor {
  readonly #start: Uint8Array;
  readonly #isStateful: boolean;
  readonly #cipher: Rc4;
  #key: Uint8Array;
  #count: number;
  #isFlushWanted: boolean;
  #isKeyChangeWanted: boolean;

  /** Makes an encryptor that has sent nothing.
   *
   * @param start Start key, 8 or 16 octets.
   */
  constructor(start: Uint8Array, isStateful: boolean) {
    this.#start = start;
    this.#isStateful = isStateful;
    this.#key = mppeSessionKey(start);
    this.#cipher = new Rc4(this.#key);
    this.#count = COUNTS - 1;
    this.#isFlushWanted = false;
    this.#isKeyChangeWanted = false;
  }

  /** Begins a packet; {@linkcode apply} follows for each of its pieces.
   *
   * @returns The two octets that go in front, as a number.
   */
  begin(): number {
    this.#count = (this.#count + 1) % COUNTS;
    const isKeyChange = !this.#isStateful || (this.#count & FLAG) === FLAG;
    if (!isKeyChange && !this.#isFlushWanted) return MPPE_ENCRYPTED | this.#count;
    this.#isFlushWanted = false;
    if (isKeyChange || this.#isKeyChangeWanted) this.#key = nextSessionKey(this.#start, this.#key);
    this.#isKeyChangeWanted = false;
    this.#cipher.setKey(this.#key);
    return MPPE_FLUSHED | MPPE_ENCRYPTED | this.#count;
  }

  /** Encrypts a piece; see {@linkcode Rc4.apply}. */
  apply(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
    return this.#cipher.apply(bytes, start, end, into, at);
  }

  /** The peer has lost a packet and asks for new tables (Reset-Request).
   *
   * @param changesKey Whether it expects a new key as well, see {@linkcode MppeDecryptor.changesKeyOnFlush}.
   */
  flush(changesKey: boolean = false): void {
    this.#isFlushWanted = true;
    this.#isKeyChangeWanted = changesKey;
  }
}

/** What a {@linkcode MppeDecryptor} has seen. */
export interface MppeDecryptorCounters {
  /** Packets decrypted. */
  decrypted: number;
  /** Packets dropped while new tables are waited for. */
  waiting: number;
  /** Packets dropped because they are older than what was seen, or the same. */
  late: number;
  /** Packets dropped because their bits make no sense. */
  insane: number;
}

/** What to do with a packet: decrypt it, drop it, or drop it and ask the peer for new tables. */
export type MppeVerdict = "decrypt" | "drop" | "reset";

/** Decrypts what we receive. */
export class MppeDecryptor {
  /** What was seen. */
  readonly counters: MppeDecryptorCounters;
  /** Whether the peer was seen to change its key when it makes new tables. */
  changesKeyOnFlush: boolean;
  readonly #start: Uint8Array;
  readonly #isStateful: boolean;
  readonly #cipher: Rc4;
  #key: Uint8Array;
  #count: number;
  #isDiscarding: boolean;
  #isKeyOpen: boolean;
  #insanity: number;
  readonly #probe: Uint8Array;

  /** Makes a decryptor that has received nothing.
   *
   * @param start Start key, 8 or 16 octets.
   */
  constructor(start: Uint8Array, isStateful: boolean) {
    this.counters = { decrypted: 0, waiting: 0, late: 0, insane: 0 };
    this.#start = start;
    this.#isStateful = isStateful;
    this.#key = mppeSessionKey(start);
    this.#cipher = new Rc4(this.#key);
    this.#count = COUNTS - 1;
    this.#isDiscarding = false;
    this.#isKeyOpen = false;
    this.#insanity = 0;
    this.#probe = new Uint8Array(2);
    this.changesKeyOnFlush = false;
  }

  /** Whether the peer has sent so much nonsense that the link is of no use. */
  get isHopeless(): boolean {
    return this.#insanity >= MPPE_MAX_INSANITY;
  }

  /** A packet has arrived; if it is to be decrypted, {@linkcode settle} and {@linkcode apply} follow.
   *
   * @param header Its first two octets.
   */
  begin(header: number): MppeVerdict {
    const isFlushed = (header & MPPE_FLUSHED) !== 0;
    const count = header % COUNTS;
    const mustBeFlushed = !this.#isStateful || (count & FLAG) === FLAG;
    if ((header & MPPE_ENCRYPTED) === 0 || (header & BITS_BC) !== 0 || (mustBeFlushed && !isFlushed)) {
      this.counters.insane++;
      this.#insanity += 100;
      return "drop";
    }
    const ahead = (count - this.#count + COUNTS) % COUNTS;
    // Half of the numbers ahead are lost packets; the other half must be late ones, and would cost thousands of keys.
    if (ahead === 0 || ahead > COUNTS / 2) {
      this.counters.late++;
      this.#insanity++;
      return "drop";
    }
    if (this.#isStateful && !isFlushed && (this.#isDiscarding || ahead !== 1)) {
      this.#isDiscarding = true;
      this.counters.waiting++;
      return "reset";
    }
    this.#catchUp(count, ahead);
    if (isFlushed) this.#cipher.setKey(this.#key);
    this.#isKeyOpen = isFlushed && !mustBeFlushed;
    this.#isDiscarding = false;
    this.#count = count;
    this.counters.decrypted++;
    return "decrypt";
  }

  /** Finds the key, if new tables leave it open: the one with which an IP packet's protocol number comes out.
   *
   * @param bytes The packet behind its first two octets is `bytes[start … end]`; not changed.
   */
  settle(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isKeyOpen || end - start < 2) return;
    this.#isKeyOpen = false;
    let key = this.#key;
    for (let i = 0; i <= KEYS_TRIED; i++) {
      this.#cipher.setKey(key);
      this.#cipher.apply(bytes, start, start + 2, this.#probe, 0);
      if (this.#probe[0] === 0 && isIpProtocol(this.#probe[1]!)) {
        this.#key = key;
        this.changesKeyOnFlush = i > 0;
        break;
      }
      key = nextSessionKey(this.#start, key);
    }
    this.#cipher.setKey(this.#key);
  }

  /** Decrypts a piece; see {@linkcode Rc4.apply}. */
  apply(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
    return this.#cipher.apply(bytes, start, end, into, at);
  }

  /** What came out was no IP packet: out of step.
   *
   * @returns Whether new tables help, and have to be asked for.
   */
  garbled(): boolean {
    this.#isDiscarding = this.#isStateful;
    return this.#isStateful;
  }

  /** Makes the keys of the packets up to this one: of all of them, or of each 256th. */
  #catchUp(count: number, ahead: number): void {
    const from = count - ahead; // may be negative: it went around
    const changes = this.#isStateful ? Math.floor((count + 1) / 256) - Math.floor((from + 1) / 256) : ahead;
    for (let i = 0; i < changes; i++) this.#key = nextSessionKey(this.#start, this.#key);
  }
}
