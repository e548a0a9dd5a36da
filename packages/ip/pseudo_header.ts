/** Data plane. {@linkcode pseudoHeaderSum}: what the checksum of a transport covers of the IP header.
 *
 * @module
 */
import { pseudoHeaderSumV4, pseudoHeaderSumV6 } from "@lightwire/pbuf";
import type { IpAddress } from "./address.ts";

/** The partial sum of the pseudo header of either family (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1).
 *
 * @param length bytes of the transport's packet, its header included.
 */
export function pseudoHeaderSum(
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  length: number,
): number {
  if (source.family === 4) return pseudoHeaderSumV4(source.w3, destination.w3, protocol, length);
  return pseudoHeaderSumV6(
    source.w0,
    source.w1,
    source.w2,
    source.w3,
    destination.w0,
    destination.w1,
    destination.w2,
    destination.w3,
    protocol,
    length,
  );
}
