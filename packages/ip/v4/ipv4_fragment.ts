/** {@linkcode fragmentIpv4}: one packet becomes several (RFC 791 §3.2).
 *
 * @module
 */
import { completeChecksum, concatenate, DEFAULT_HEADROOM, type Pbuf } from "@lightwire/pbuf";
import {
  IPV4_HEADER_LENGTH,
  IPV4_MORE_FRAGMENTS,
  IPV4_OFFSET,
  IPV4_OFFSET_MASK,
  writeIpv4Checksum,
} from "./ipv4_header.ts";
import { copiedOptions } from "./ipv4_options.ts";

/** Cuts a finished packet into fragments of at most `mtu` bytes, each but the last with a payload of a multiple of
 * 8. The payload is not copied: fragments refer to it, behind headers of their own. Takes ownership of `p` on success.
 *
 * @returns the fragments, first to last; `undefined`, with `p` untouched, when memory is short or `mtu` leaves no room
 * for 8 bytes behind the header.
 */
export function fragmentIpv4(p: Pbuf, mtu: number): Pbuf[] | undefined {
  const view = p.view;
  const start = p.start;
  const headerLength = (view.getUint8(start) & 0x0f) * 4;
  const perFragment = (mtu - headerLength) & ~7;
  if (perFragment < 8) return undefined;
  completeChecksum(p);
  const word = view.getUint16(start + IPV4_OFFSET.flagsFragment);
  const payloadLength = p.totalLength - headerLength;
  const laterOptions = headerLength > IPV4_HEADER_LENGTH
    ? copiedOptions(p.bytes, start, headerLength)
    : undefined;
  const fragments: Pbuf[] = [];
  for (let offset = 0; offset < payloadLength; offset += perFragment) {
    const length = Math.min(perFragment, payloadLength - offset);
    const options = offset === 0
      ? p.bytes.subarray(start + IPV4_HEADER_LENGTH, start + headerLength)
      : laterOptions;
    const fragment = fragmentOf(p, headerLength, offset, length, options);
    if (fragment === undefined) {
      for (const made of fragments) made.release();
      return undefined;
    }
    const more = offset + length < payloadLength ? IPV4_MORE_FRAGMENTS : 0;
    const position = ((word & IPV4_OFFSET_MASK) + offset / 8) & IPV4_OFFSET_MASK;
    fragment.view.setUint16(
      fragment.start + IPV4_OFFSET.flagsFragment,
      (word & ~IPV4_OFFSET_MASK) | more | position,
    );
    writeIpv4Checksum(fragment.view, fragment.start, (fragment.view.getUint8(fragment.start) & 0x0f) * 4);
    fragments.push(fragment);
  }
  p.release();
  return fragments;
}

/** A header and a reference to `length` bytes of the payload from `offset` on. */
function fragmentOf(
  p: Pbuf,
  headerLength: number,
  offset: number,
  length: number,
  options: Uint8Array | undefined,
): Pbuf | undefined {
  const ownHeader = IPV4_HEADER_LENGTH + (options?.length ?? 0);
  const head = p.pool.acquire(ownHeader, DEFAULT_HEADROOM);
  if (head === undefined) return undefined;
  head.bytes.set(p.bytes.subarray(p.start, p.start + IPV4_HEADER_LENGTH), head.start);
  if (options !== undefined) head.bytes.set(options, head.start + IPV4_HEADER_LENGTH);
  head.view.setUint8(head.start, 0x40 | (ownHeader >> 2));
  head.view.setUint16(head.start + IPV4_OFFSET.totalLength, ownHeader + length);
  head.netifIndex = p.netifIndex;
  head.flags = p.flags;
  let skip = headerLength + offset;
  let rest = length;
  for (let node: Pbuf | undefined = p; node !== undefined && rest > 0; node = node.next) {
    const here: number = node.end - node.start;
    if (skip >= here) {
      skip -= here;
      continue;
    }
    const part = Math.min(here - skip, rest);
    const body = p.pool.reference(node, skip, part);
    if (body === undefined) {
      head.release();
      return undefined;
    }
    concatenate(head, body);
    rest -= part;
    skip = 0;
  }
  return head;
}
