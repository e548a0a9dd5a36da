/** DNS: the message codec, and a stub resolver.
 *
 * @module
 */
export * from "./dns_cache.ts";
export * from "./dns_message.ts";
export * from "./dns_name.ts";
export * from "./dns_result.ts";
export * from "./dns_writer.ts";
export * from "./local_hosts.ts";
export * from "./record_type.ts";
export * from "./resource_record.ts";
export * from "./reverse_name.ts";
export * from "./special_names.ts";
export * from "./dns_answer.ts";
export * from "./resolver_options.ts";
export * from "./search_list.ts";
export * from "./server_list.ts";
export * from "./stub_resolver.ts";
