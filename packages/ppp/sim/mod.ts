/** A simulated modem with a mobile network behind it: the test double for everything that dials, in virtual or in real time.
 *
 * - {@linkcode SimulatedModem} is a modem on the end of a serial cable: {@linkcode SimulatedModem.port} is the computer's end. Octets
 *   take the time that the speed gives them, ten bits each, in both directions; at another speed they are noise. It speaks
 *   AT by an interpreter of its own (V.250, 3GPP TS 27.007 and 27.005), which shares nothing with the library's client side, so that the
 *   two check each other: echo, results, S registers, registration, contexts, `+++`, DTR and DCD, the multiplexer of 3GPP TS 27.010,
 *   messages.
 * - {@linkcode SimulatedOperator} is the network: access points, who may come in, and the PPP side of each call, which
 *   {@linkcode SimulatedModemOptions.answer} gets, to put it behind an IP stack.
 * - {@linkcode SimulatedModemOptions.fault} is what is wrong: each cause that a diagnosis knows, by its name.
 *   {@linkcode openSimulatedPort} throws those of ports.
 * - {@linkcode MODEM_MODELS} are makes of modems: names, what they say at the start, where they differ.
 * - With {@linkcode SimulatedModemOptions.line} the modem is on a port of yours, such as a pty, and real diallers can try it.
 *
 * Deviation: a modem has one SIM, one operator and text mode messages only; calls for voice are refused.
 *
 * @example A dial in virtual time, at 9600 baud, and how long it takes
 * ```ts
 * import { PppLink } from "@lightwire/ppp";
 * import { AtEngine } from "@lightwire/ppp/modem";
 * import { SimulatedModem } from "@lightwire/ppp/sim";
 * import { Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const credentials = { name: "alice", secret: "wonderland" };
 * const modem = new SimulatedModem(sim.host("modem"), { baudRate: 9600, apn: "internet", credentials });
 *
 * const engine = new AtEngine(modem.port, sim.timers);
 * const told: string[] = [];
 * const link = new PppLink(sim.host("computer"), engine.dataPort, { credentials }, {
 *   phaseChanged: (phase) => told.push(phase),
 *   up: ({ ipv4 }) => told.push(`${ipv4?.localAddress} dns ${ipv4?.dnsServers.join(" ")}`),
 * });
 *
 * sim.advance(2000); // the modem finds its network meanwhile
 * engine.send("AT+CEREG?", ({ lines }) => told.push(...lines));
 * engine.send('AT+CGDCONT=1,"IP","internet"');
 * engine.send({ text: "ATD*99***1#", timeoutMs: 5000 }, ({ status }) => {
 *   told.push(status);
 *   if (status === "connect") link.start();
 * });
 * assert.ok(sim.runUntil(() => link.session.isNetworkUp, 5000));
 * assert.deepEqual(told, [
 *   "+CEREG: 0,1",
 *   "connect",
 *   "Establish",
 *   "Authenticate",
 *   "Network",
 *   "10.64.64.100 dns 10.64.64.53 10.64.64.54",
 * ]);
 * assert.ok(sim.clock.now() > 2500 && sim.clock.now() < 3500);
 *
 * modem.loseCarrier();
 * sim.advance(100);
 * assert.equal(link.session.phase, "Dead");
 * ```
 *
 * @example What goes wrong with the wrong access point name
 * ```ts
 * import { AtEngine } from "@lightwire/ppp/modem";
 * import { SimulatedModem } from "@lightwire/ppp/sim";
 * import { Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const modem = new SimulatedModem(sim.host("modem"), { fault: "wrong-apn", model: "SIM7600" });
 * const engine = new AtEngine(modem.port, sim.timers);
 * const told: string[] = [];
 * sim.advance(2000);
 * engine.send({ text: "ATD*99#", timeoutMs: 5000 }, ({ result }) => told.push(result?.code ?? ""));
 * engine.send("AT+CEER", ({ lines }) => told.push(...lines));
 * sim.advance(5000);
 * assert.deepEqual(told, ["NO_CARRIER", '+CEER: "Missing or unknown APN"']);
 * ```
 *
 * @module
 */
export * from "./at_outcome.ts";
export * from "./at_session.ts";
export * from "./data_call.ts";
export * from "./leftover_peer.ts";
export * from "./line_faults.ts";
export * from "./modem_behaviour.ts";
export * from "./modem_core.ts";
export * from "./modem_model.ts";
export * from "./modem_radio.ts";
export * from "./mux_frame.ts";
export * from "./mux_responder.ts";
export * from "./open_simulated_port.ts";
export * from "./packet_contexts.ts";
export * from "./packet_filter_port.ts";
export * from "./ppp_fault.ts";
export * from "./serial_cable.ts";
export * from "./paced_pipe.ts";
export * from "./sim_card.ts";
export * from "./simulated_modem.ts";
export * from "./simulated_modem_options.ts";
export * from "./simulated_operator.ts";
export * from "./sms_store.ts";
