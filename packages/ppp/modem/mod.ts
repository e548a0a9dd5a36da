/** Modems below PPP: AT commands, chat scripts, and the multiplexer of 3GPP TS 27.010.
 *
 * Everything here is pure, or driven by callbacks over a serial port and a timer queue; nothing waits.
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
 * @example A command, and what its reply means
 * ```ts
 * import { TimerQueue } from "@lightwire/netif/timers";
 * import { AtEngine, QUERY_SIGNAL, readReply, type SerialPort, type SerialSink } from "@lightwire/ppp/modem";
 * import assert from "node:assert/strict";
 *
 * let sink: SerialSink | undefined;
 * const port: SerialPort = {
 *   name: "a modem with one sentence",
 *   inputLines: undefined,
 *   attach: (newSink) => void (sink = newSink),
 *   write: (bytes, start = 0, end = bytes.length) => end - start,
 *   setBaudRate: () => {},
 *   setOutputLines: () => {},
 *   discardOutput: () => {},
 *   close: () => {},
 * };
 *
 * const engine = new AtEngine(port, new TimerQueue({ now: () => 0 }));
 * let bars: number | undefined;
 * engine.send(QUERY_SIGNAL.command, (reply) => {
 *   bars = readReply(QUERY_SIGNAL, reply)?.bars;
 * });
 * sink!.serialInput(new TextEncoder().encode("AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n"));
 * assert.equal(bars, 4);
 * ```
 *
 * @example From a port to addresses, step by step; here the simulated modem stands for one
 * ```ts
 * import { Simulation } from "@lightwire/netif/sim";
 * import { ModemBringUp } from "@lightwire/ppp/modem";
 * import { SimulatedModem } from "@lightwire/ppp/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const modem = new SimulatedModem(sim.host("modem"));
 * const steps: string[] = [];
 * let address = "";
 * const bringUp = new ModemBringUp(sim.host("computer"), modem.port, { apn: "internet" }, {
 *   event: ({ step, state }) => {
 *     if (state === "done") steps.push(step);
 *   },
 *   up: (_link, { ipv4 }) => address = String(ipv4?.localAddress),
 *   ended: (cause, message) => steps.push(`${cause}: ${message}`),
 * });
 * bringUp.start();
 * sim.advance(10_000);
 * assert.equal(address, "10.64.64.100");
 * bringUp.stop();
 * sim.advance(10_000);
 * assert.deepEqual(steps, [
 *   ...["port", "modem", "sim", "signal", "registration", "attach", "context", "dial"],
 *   ...["establish", "authenticate", "network"],
 *   "closed: Disconnected",
 * ]);
 * modem.close();
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
export * from "./at_settings.ts";
export * from "./at_radio.ts";
export * from "./at_sms.ts";
export * from "./mode_detector.ts";
export * from "./modem_modes.ts";
export * from "./modem_reset.ts";
export * from "./pause_data.ts";
export * from "./urc_subscriptions.ts";
export * from "./chat_runner.ts";
export * from "./chat_script.ts";
export * from "./cmux.ts";
export * from "./cmux_message.ts";
export * from "./cmux_channel.ts";
export * from "./cmux_session.ts";
export * from "./modem_profile.ts";
export * from "./link_cause.ts";
export * from "./bring_up_options.ts";
export * from "./bring_up.ts";
export { signalText } from "./bring_up_network.ts";
export { makeGoodbye } from "./bring_up_modem.ts";
export * from "./line_tap.ts";
export * from "./carrier_bring_up.ts";
