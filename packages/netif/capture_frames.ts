/** What captures hold of links that are neither Ethernet nor plain IP: PPP packets with their direction, and text of a protocol
 * that has no link type of its own, such as the dialogue with a modem.
 *
 * ```text
 *   LINKTYPE_PPP_WITH_DIR (204):         direction (1): 0 received, 1 sent | ff 03 | protocol (2) | packet
 *   LINKTYPE_WIRESHARK_UPPER_PDU (252):  tag (2) | length (2) | value, padded to 4 … | 0 (4) | text
 * ```
 *
 * @module
 */
import type { FrameDirection } from "./tracer_link.ts";

/** Octets in front of the packet in a {@linkcode pppCaptureFrame}. */
export const PPP_CAPTURE_HEADER_LENGTH = 5;

/** Tag of the name of a dissector, in an exported PDU. */
const TAG_DISSECTOR_NAME = 12;

/** A PPP packet for an interface of medium "ppp". Address, control and protocol field are written in full, whatever was
 * compressed on the line (RFC 1661 §6.5, §6.6), and there is no FCS.
 *
 * @param protocol the protocol number, like 0xc021.
 * @param bytes holds the packet behind the protocol field from `start` up to `end`; copied.
 */
export function pppCaptureFrame(
  direction: FrameDirection,
  protocol: number,
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(PPP_CAPTURE_HEADER_LENGTH + end - start);
  frame[0] = direction === "outbound" ? 1 : 0;
  frame[1] = 0xff;
  frame[2] = 0x03;
  frame[3] = protocol >>> 8;
  frame[4] = protocol;
  frame.set(bytes.subarray(start, end), PPP_CAPTURE_HEADER_LENGTH);
  return frame;
}

/** Bytes for an interface of medium "upper-pdu": whoever reads the capture hands them to the dissector of this name.
 *
 * @param dissector its name in Wireshark: "at" for AT commands, "data-text-lines" for any text.
 * @param bytes what it is given; copied.
 *
 * @example An AT command
 * ```ts
 * import { upperPduFrame } from "@lightwire/netif";
 * import assert from "node:assert/strict";
 *
 * const frame = upperPduFrame("at", new TextEncoder().encode("ATZ"));
 * assert.deepEqual([...frame], [0, 12, 0, 4, 0x61, 0x74, 0, 0, 0, 0, 0, 0, 0x41, 0x54, 0x5a]);
 * ```
 */
export function upperPduFrame(dissector: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(dissector);
  const padded = (name.length + 3) & ~3;
  const frame = new Uint8Array(4 + padded + 4 + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint16(0, TAG_DISSECTOR_NAME);
  view.setUint16(2, padded); // the name is padded with zeros inside of its tag
  frame.set(name, 4);
  frame.set(bytes, 4 + padded + 4); // behind the tag that ends the list: four zeros
  return frame;
}
