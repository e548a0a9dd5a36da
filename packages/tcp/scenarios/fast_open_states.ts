/** Ways to connections with Fast Open, and the option in the notation of scripts.
 *
 * @module
 */
import type { TcpScript } from "./harness.ts";
import { pattern } from "./text_pattern.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16)).join(" ");

/** The Fast Open option of the last packet taken, as the script's notation has it; `undefined` for none. */
export function option(s: TcpScript): string | undefined {
  const packet = s.lastSent;
  const header = (packet[0]! & 15) * 4;
  const end = header + (packet[header + 12]! >>> 4) * 4;
  for (let at = header + 20; at < end;) {
    const isExperimental = packet[at] === 254 && packet[at + 2] === 0xf9 && packet[at + 3] === 0x89;
    if (packet[at] === 34 || isExperimental) return `raw ${hex(packet.subarray(at, at + packet[at + 1]!))}`;
    at += packet[at] === 1 ? 1 : packet[at + 1]!;
  }
  return undefined;
}

/** Asks for a cookie. */
export const REQUEST = "raw 22 2";
/** A cookie of the peer's. */
export const COOKIE = "raw 22 a 1 2 3 4 5 6 7 8";
/** Options of a SYN. */
export const TIMESTAMPED = "mss 1460,TS val 77 ecr 0";

/** A listener with Fast Open, and its cookie for the script's peer. */
export function cookieOf(s: TcpScript, fastOpen = 16): string {
  s.call.listen({ fastOpen });
  s.inject(`S 0:0(0) win 65535 <mss 1000,${REQUEST}>`, { port: 50999 });
  s.expect("S. 0:0(0) ack 1", { port: 50999 });
  const cookie = option(s);
  s.inject("R 1:1(0)", { port: 50999 });
  return cookie!;
}

/** Our side has a cookie of the peer's. */
export function cookieCached(s: TcpScript, mss = 1000): void {
  s.call.connect({ fastOpen: true });
  s.expect("S 0:0(0)");
  if (option(s) !== REQUEST) s.fail("The SYN asks for no cookie");
  s.inject(`S. 0:0(0) ack 1 win 65535 <mss ${mss},${COOKIE}>`).expect(". 1:1(0) ack 1").expectEvent(
    "connected",
  );
  s.call.abort();
  s.takeAll();
  s.events.length = 0;
}

/** OPEN with text of the pattern. */
export function open(s: TcpScript, bytes: number): void {
  s.call.connect({ fastOpenData: pattern(1, bytes) });
  s.writtenBytes = bytes;
}
