/** What the programs of `apps/` share on Linux: system calls by FFI, the structs that cross, and a way to sleep on a descriptor.
 *
 * @module
 */
export * from "./files.ts";
export * from "./libc.ts";
export * from "./network_structs.ts";
export * from "./readiness.ts";
export * from "./serial_structs.ts";
export * from "./pty.ts";
