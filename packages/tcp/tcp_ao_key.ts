/** Data plane. {@linkcode MasterKeyTuple}: a key of TCP-AO (RFC 5925 §3.1), and the traffic keys that follow from it
 * (RFC 5925 §5.2, RFC 5926 §3.1).
 *
 * @module
 */
import { AesCmac, aesCmac, HmacSha1 } from "@lightwire/pbuf/digest";
import type { IpAddress } from "@lightwire/ip";
import { putAddress, type SegmentMac } from "./signed_segment.ts";

/** The pairs of MAC and key derivation function that every TCP-AO has (RFC 5926 §2.1). */
export type TcpAoAlgorithm = "hmac-sha-1-96" | "aes-128-cmac-96";

const AES_KEY_BYTES = 16;
const SHA1_KEY_BYTES = 20;
const CONTEXT_OFFSET = 7;
const context = new Uint8Array(CONTEXT_OFFSET + 2 * 16 + 2 * 2 + 2 * 4 + 2);
const contextView = new DataView(context.buffer);
// i = 1, and the label (RFC 5926 §3.1.1).
context.set([1, 0x54, 0x43, 0x50, 0x2d, 0x41, 0x4f]);

/** One key: KDF_HMAC_SHA1 with HMAC-SHA-1-96, or KDF_AES_128_CMAC with AES-128-CMAC-96. */
export class MasterKeyTuple {
  /** KeyID of segments that we sign with it. */
  readonly sendId: number;
  /** KeyID of segments that the peer has signed with it. */
  readonly recvId: number;
  /** The MAC covers TCP's other options. */
  readonly coversOptions: boolean;
  /** ICMP's hard errors about connections that use it are believed. */
  readonly acceptsIcmp: boolean;
  readonly #isAes: boolean;
  readonly #kdf: SegmentMac;

  /** @param key the master key, of any length; not kept. */
  constructor(
    sendId: number,
    recvId: number,
    key: Uint8Array,
    coversOptions: boolean,
    algorithm: TcpAoAlgorithm = "hmac-sha-1-96",
    acceptsIcmp: boolean = false,
  ) {
    this.sendId = sendId;
    this.recvId = recvId;
    this.coversOptions = coversOptions;
    this.acceptsIcmp = acceptsIcmp;
    this.#isAes = algorithm === "aes-128-cmac-96";
    if (!this.#isAes) this.#kdf = new HmacSha1(key);
    // A key of another length is drawn to size first, under a key of zeros (RFC 5926 §3.1.1.2).
    else this.#kdf = new AesCmac(key.length === AES_KEY_BYTES ? key : aesCmac(new Uint8Array(16), key));
  }

  /** The MAC for segments of one direction (RFC 5925 §5.2).
   *
   * @param sourceIsn ISN of the sender.
   * @param destinationIsn ISN of the receiver; 0 for a SYN without ACK.
   */
  derive(
    source: IpAddress,
    sourcePort: number,
    sourceIsn: number,
    destination: IpAddress,
    destinationPort: number,
    destinationIsn: number,
  ): SegmentMac {
    const key = this.trafficKey(
      source,
      sourcePort,
      sourceIsn,
      destination,
      destinationPort,
      destinationIsn,
    );
    return this.#isAes ? new AesCmac(key) : new HmacSha1(key);
  }

  /** The octets of its key: KDF_HMAC_SHA1 (RFC 5926 §3.1.1.1) or KDF_AES_128_CMAC (§3.1.1.2). */
  trafficKey(
    source: IpAddress,
    sourcePort: number,
    sourceIsn: number,
    destination: IpAddress,
    destinationPort: number,
    destinationIsn: number,
  ): Uint8Array {
    const key = new Uint8Array(this.#isAes ? AES_KEY_BYTES : SHA1_KEY_BYTES);
    let at = putAddress(contextView, CONTEXT_OFFSET, source);
    at = putAddress(contextView, at, destination);
    contextView.setUint16(at, sourcePort);
    contextView.setUint16(at + 2, destinationPort);
    contextView.setUint32(at + 4, sourceIsn);
    contextView.setUint32(at + 8, destinationIsn);
    contextView.setUint16(at + 12, 8 * key.length);
    this.#kdf.reset();
    this.#kdf.update(context, 0, at + 14);
    this.#kdf.digestInto(key, 0);
    return key;
  }
}
