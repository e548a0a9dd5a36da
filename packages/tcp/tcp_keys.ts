/** {@linkcode TcpKeys}: whose segments are signed, and how: TCP's MD5 option (RFC 2385) and TCP-AO (RFC 5925).
 *
 * @module
 */
import { type IpAddress, type Prefix, prefixContains } from "@lightwire/ip";
import { Authentication } from "./authentication.ts";
import type { TcpConnection } from "./connection.ts";
import { MasterKeyTuple, type TcpAoAlgorithm } from "./tcp_ao_key.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { Md5Signature } from "./tcp_md5.ts";

/** Longest key of {@linkcode TcpMd5Key}, as in Linux. */
export const MAX_MD5_KEY_LENGTH = 80;

/** Which connections a key is for. */
export interface TcpKeyScope {
  /** The peers. */
  readonly remote: Prefix;
  /** Their port. Default: any. */
  readonly remotePort?: number;
  /** Our port. Default: any. */
  readonly localPort?: number;
}

/** A key of TCP's MD5 option (TCP_MD5SIG). */
export interface TcpMd5Key extends TcpKeyScope {
  /** 1 … {@linkcode MAX_MD5_KEY_LENGTH} octets. */
  readonly key: Uint8Array;
}

/** A master key tuple of TCP-AO (RFC 5925 §3.1). */
export interface TcpAoKey extends TcpKeyScope {
  /** The master key, 1 octet at least. */
  readonly masterKey: Uint8Array;
  /** KeyID of our segments, 0 … 255. */
  readonly sendId: number;
  /** KeyID of the peer's, 0 … 255. Default: `sendId`. */
  readonly recvId?: number;
  /** Whether the MAC covers other options of TCP; false where something on the way changes them. Default true. */
  readonly coversOptions?: boolean;
  /** The MAC, and with it the function that derives keys (RFC 5926 §2.1). Default `"hmac-sha-1-96"`. */
  readonly algorithm?: TcpAoAlgorithm;
  /** Believe ICMP when it says that the host has no TCP, or nobody at the port, or that packets are too big, while a connection lasts.
   * Nobody has signed that: left out, black-hole detection finds what large packets do not pass (RFC 5925 §7.8). Default false. */
  readonly acceptsIcmp?: boolean;
}

interface Entry<K extends TcpKeyScope, S> {
  readonly key: K;
  readonly signer: S;
}

/** The keys of one stack. A connection has what its first segment found: keys that are added later are for later connections,
 * save for TCP-AO's, which connections with TCP-AO may change to. Where keys of both kinds apply, TCP-AO is used; of several
 * MD5 keys, that of the longest prefix.
 *
 * From peers with a key, segments without a signature, or with a wrong one, are dropped without a word, before anything else
 * looks at them. There is no hardware that could sign: such connections send no super-segments. A layer that never had a key takes
 * signatures for unknown options, and skips them (RFC 9293 §3.1, MUST-6; Deviation: Linux drops segments with an MD5 signature that nobody
 * expects on such hosts, too).
 *
 * @example A key for one neighbor, one for all others
 * ```ts ignore
 * stack.tcp.keys.addMd5({ remote: parsePrefix("192.0.2.1/32"), localPort: 179, key: text.encode("secret") });
 * stack.tcp.keys.addAo({ remote: parsePrefix("0.0.0.0/0"), masterKey: text.encode("other"), sendId: 1 });
 * ```
 */
export class TcpKeys {
  readonly #layer: TcpLayer;
  readonly #md5: Entry<TcpMd5Key, Md5Signature>[] = [];
  readonly #ao: Entry<TcpAoKey, MasterKeyTuple>[] = [];

  /** For the layer only. */
  constructor(layer: TcpLayer) {
    this.#layer = layer;
  }

  /** From now on new connections of that scope are signed (RFC 2385). A key of the same scope is replaced.
   *
   * @throws {RangeError} if the key is empty or too long.
   */
  addMd5(key: TcpMd5Key): void {
    if (key.key.length === 0 || key.key.length > MAX_MD5_KEY_LENGTH) {
      throw new RangeError(
        `An MD5 key must have 1 … ${MAX_MD5_KEY_LENGTH} octets: this one has ${key.key.length}`,
      );
    }
    const same = this.#md5.findIndex((entry) => isSameScope(entry.key, key));
    if (same >= 0) this.#md5.splice(same, 1);
    this.#md5.push({ key, signer: new Md5Signature(key.key) });
    this.#md5.sort((a, b) => b.key.remote.length - a.key.remote.length);
    this.#layer.authentication ??= new Authentication(this.#layer, this);
  }

  /** From now on new connections of that scope are signed (RFC 5925).
   *
   * @throws {RangeError} if the master key is empty, the algorithm unknown, or a KeyID is out of its range or in use for the same scope.
   */
  addAo(key: TcpAoKey): void {
    const recvId = key.recvId ?? key.sendId;
    const algorithm = key.algorithm ?? "hmac-sha-1-96";
    if (algorithm !== "hmac-sha-1-96" && algorithm !== "aes-128-cmac-96") {
      throw new RangeError(`TCP-AO has no algorithm ${algorithm}`);
    }
    if (key.masterKey.length === 0) throw new RangeError("A master key must have at least one octet");
    for (const id of [key.sendId, recvId]) {
      if (!Number.isInteger(id) || id < 0 || id > 255) {
        throw new RangeError(`A KeyID must be an integer in the range 0 … 255: got ${id}`);
      }
    }
    // RFC 5925 §3.1: an identifier never means two keys.
    const isTaken = this.#ao.some(({ key: other, signer }) =>
      isSameScope(other, key) && (signer.sendId === key.sendId || signer.recvId === recvId)
    );
    if (isTaken) throw new RangeError(`KeyID ${key.sendId}, or ${recvId}, is in use for these peers`);
    const signer = new MasterKeyTuple(
      key.sendId,
      recvId,
      key.masterKey,
      key.coversOptions ?? true,
      algorithm,
      key.acceptsIcmp,
    );
    this.#ao.push({ key, signer });
    this.#layer.authentication ??= new Authentication(this.#layer, this);
  }

  /** New connections do without this key, the object that was added; who uses it goes on (RFC 5925 §3.1).
   *
   * @returns whether it was there.
   */
  remove(key: TcpMd5Key | TcpAoKey): boolean {
    for (const list of [this.#md5, this.#ao]) {
      const i = list.findIndex((entry) => entry.key === key);
      if (i < 0) continue;
      list.splice(i, 1);
      return true;
    }
    return false;
  }

  /** Asks the peer of a connection with TCP-AO to sign with another key: its KeyID goes out as RNextKeyID (RFC 5925 §6.1). We
   * change when the peer asks us to.
   *
   * @param recvId KeyID of the peer's segments.
   * @returns false when the connection has no TCP-AO, or no such key is for it.
   */
  requestKey(connection: TcpConnection, recvId: number): boolean {
    const { localAddress, localPort, remoteAddress, remotePort } = connection;
    const key = this.findAo(remoteAddress, remotePort, localPort, (signer) => signer.recvId === recvId);
    const tcb = this.#layer.find(localAddress, localPort, remoteAddress, remotePort);
    if (key === undefined || tcb === undefined) return false;
    return this.#layer.authentication?.requestKey(tcb, key) ?? false;
  }

  /** The MD5 key for a peer.
   *
   * @internal */
  findMd5(remote: IpAddress, remotePort: number, localPort: number): Md5Signature | undefined {
    return this.#md5.find(({ key }) => applies(key, remote, remotePort, localPort))?.signer;
  }

  /** A TCP-AO key for a peer.
   *
   * @internal */
  findAo(
    remote: IpAddress,
    remotePort: number,
    localPort: number,
    is: (key: MasterKeyTuple) => boolean,
  ): MasterKeyTuple | undefined {
    return this.#ao.find(({ key, signer }) => applies(key, remote, remotePort, localPort) && is(signer))
      ?.signer;
  }
}

function applies(scope: TcpKeyScope, remote: IpAddress, remotePort: number, localPort: number): boolean {
  return (scope.remotePort === undefined || scope.remotePort === remotePort) &&
    (scope.localPort === undefined || scope.localPort === localPort) && prefixContains(scope.remote, remote);
}

function isSameScope(a: TcpKeyScope, b: TcpKeyScope): boolean {
  return a.remotePort === b.remotePort && a.localPort === b.localPort &&
    a.remote.length === b.remote.length && prefixContains(a.remote, b.remote.address);
}
