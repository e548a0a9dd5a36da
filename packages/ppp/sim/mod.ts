/** A simulated modem with a mobile network behind it: the test double for everything that dials.
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
