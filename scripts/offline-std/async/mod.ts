/**
 * The part of `@std/async` that lightwire uses, with the same names and signatures.
 *
 * @module
 */

export * from "./abortable.ts";
export * from "./deadline.ts";
export * from "./delay.ts";
export * from "./pool.ts";
export * from "./retry.ts";
