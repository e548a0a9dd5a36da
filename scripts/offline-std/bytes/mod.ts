/**
 * The part of `@std/bytes` that lightwire uses, with the same names and signatures.
 *
 * @module
 */

export * from "./concat.ts";
export * from "./copy.ts";
export * from "./ends_with.ts";
export * from "./equals.ts";
export * from "./includes_needle.ts";
export * from "./index_of_needle.ts";
export * from "./starts_with.ts";
