/** PPP, and the modems below it.
 *
 * In this version the package holds one contract, {@linkcode SerialPort}, which drivers can already be written against.
 * **There is no PPP yet**: no LCP, no authentication, no IPCP, no AT commands. They come with a later version and will be a
 * link driver of `@lightwire/netif` over a serial port.
 *
 * @example A port that echoes
 * ```ts
 * import type { SerialPort, SerialSink } from "@lightwire/ppp";
 * import assert from "node:assert/strict";
 *
 * let sink: SerialSink | undefined;
 * const port: SerialPort = {
 *   name: "echo",
 *   inputLines: undefined,
 *   attach: (newSink) => void (sink = newSink),
 *   write(bytes, start = 0, end = bytes.length) {
 *     sink?.serialInput(bytes.subarray(start, end));
 *     return end - start;
 *   },
 *   setBaudRate: () => {},
 *   setOutputLines: () => {},
 *   discardOutput: () => {},
 *   close: () => {},
 * };
 *
 * const received: number[] = [];
 * port.attach({
 *   serialInput: (bytes) => void received.push(...bytes),
 *   serialWritable: () => {},
 *   serialLinesChanged: () => {},
 *   serialClosed: () => {},
 * });
 * assert.equal(port.write(new TextEncoder().encode("AT\r")), 3);
 * assert.deepEqual(received, [0x41, 0x54, 0x0d]);
 * ```
 *
 * @module
 */
export type * from "./serial_port.ts";
export * from "./hdlc.ts";
export * from "./negotiation_automaton.ts";
export * from "./negotiation_state.ts";
export * from "./ppp_header.ts";
export * from "./ppp_protocol_number.ts";
