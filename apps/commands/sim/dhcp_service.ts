/** The DHCP server of the simulated LAN: one address for one client (RFC 2131 §4.3). Written apart from the `dhcp` package, so
 * that the two check each other.
 *
 * @module
 */
import type { Stack } from "@lightwire/sockets";

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const MAGIC_COOKIE = 0x63825363;
const DISCOVER = 1;
const OFFER = 2;
const REQUEST = 3;
const ACK = 5;
const NAK = 6;

/** What is leased. */
export interface DhcpOffer {
  /** The server's own address. */
  readonly server: string;
  /** The client's. */
  readonly client: string;
  /** Its network mask. */
  readonly mask: string;
  /** Router. */
  readonly router: string;
  /** Name server. */
  readonly nameServer: string;
  /** Time server. */
  readonly timeServer: string;
  /** Domain for short names. */
  readonly domain: string;
  /** Seconds. */
  readonly leaseSeconds: number;
}

/** Answers DHCP clients until the stack is closed.
 *
 * @param networkInterface name of the interface towards them.
 */
export async function serveDhcp(stack: Stack, networkInterface: string, offer: DhcpOffer): Promise<void> {
  const conn = stack.listenDatagram({ port: SERVER_PORT, transport: "udp", networkInterface });
  for await (const [message] of conn) {
    const reply = answer(message, offer);
    if (reply === undefined) continue;
    await conn.send(reply, { transport: "udp", hostname: "255.255.255.255", port: CLIENT_PORT });
  }
}

function answer(message: Uint8Array, offer: DhcpOffer): Uint8Array | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < 241 || message[0] !== 1 || view.getUint32(236) !== MAGIC_COOKIE) return undefined;
  const options = readOptions(message);
  const type = options.get(53)?.[0];
  if (type !== DISCOVER && type !== REQUEST) return undefined;
  const server = options.get(54);
  if (server !== undefined && join(server) !== offer.server) return undefined;
  const wanted = options.get(50) ?? message.subarray(12, 16);
  const isRefused = type === REQUEST && join(wanted) !== offer.client;
  const kind = type === DISCOVER ? OFFER : isRefused ? NAK : ACK;
  const reply = new Uint8Array(400);
  reply.set(message.subarray(0, 44));
  reply[0] = 2;
  reply.fill(0, 12, 28);
  if (!isRefused) reply.set(address(offer.client), 16);
  reply.set(address(offer.server), 20);
  new DataView(reply.buffer).setUint32(236, MAGIC_COOKIE);
  const lease = new Uint8Array(4);
  new DataView(lease.buffer).setUint32(0, offer.leaseSeconds);
  const list: readonly (readonly [number, Uint8Array])[] = isRefused
    ? [[53, Uint8Array.of(kind)], [54, address(offer.server)]]
    : [
      [53, Uint8Array.of(kind)],
      [54, address(offer.server)],
      [51, lease],
      [1, address(offer.mask)],
      [3, address(offer.router)],
      [6, address(offer.nameServer)],
      [42, address(offer.timeServer)],
      [15, new TextEncoder().encode(offer.domain)],
    ];
  let at = 240;
  for (const [code, value] of list) {
    reply.set([code, value.length, ...value], at);
    at += 2 + value.length;
  }
  reply[at++] = 255;
  return reply.subarray(0, Math.max(at, 300));
}

function readOptions(message: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 240; at < message.length && message[at] !== 255;) {
    if (message[at] === 0) {
      at++;
      continue;
    }
    const length = message[at + 1] ?? 0;
    options.set(message[at]!, message.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}

function address(text: string): Uint8Array {
  return Uint8Array.from(text.split("."), Number);
}

function join(bytes: Uint8Array): string {
  return bytes.join(".");
}
