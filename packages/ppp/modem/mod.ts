/** Modems below PPP: AT commands.
 *
 * Everything here is pure or callback-driven over a serial port and a timer queue; nothing waits.
 *
 * @example A reply with an unsolicited code inside
 * ```ts
 * import { type AtEvent, AtParser } from "@lightwire/ppp/modem";
 * import assert from "node:assert/strict";
 *
 * const events: AtEvent[] = [];
 * const parser = new AtParser((event) => events.push(event));
 * parser.setCommand("AT+CSQ");
 * parser.push(new TextEncoder().encode("AT+CSQ\r\r\n+CREG: 5\r\n+CSQ: 17,99\r\n\r\nOK\r\n"));
 * assert.deepEqual(events.map((event) => event.type), ["echo", "unsolicited", "line", "result"]);
 * ```
 *
 * @module
 */
export type * from "../serial_port.ts";
export * from "./at_parser.ts";
export * from "./at_result.ts";
export * from "./at_error_codes.ts";
export { commandPrefix, isUnsolicited, linePrefix } from "./urc_table.ts";
export * from "./at_command.ts";
export * from "./at_engine.ts";
export * from "./at_engine_options.ts";
export * from "./auto_baud.ts";
export * from "./carrier_watch.ts";
export * from "./data_port.ts";
export * from "./escape_ladder.ts";
export * from "./at_commands.ts";
export * from "./at_network.ts";
export * from "./at_packet_data.ts";
export * from "./at_sim.ts";
export * from "./chat_runner.ts";
export * from "./chat_script.ts";
export * from "./cmux.ts";
export * from "./cmux_message.ts";
