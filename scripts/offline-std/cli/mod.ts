/**
 * The part of `@std/cli` that lightwire uses, with the same names and signatures.
 *
 * @module
 */

export * from "./parse_args.ts";
export * from "./unicode_width.ts";
