/**
 * The lint rules of this repository, for `deno lint`.
 *
 * @module
 */
import { dataPlane } from "./data_plane.ts";
import { functionLength } from "./function_length.ts";
import { noAmbient } from "./no_ambient.ts";
import { noSeqCompare } from "./no_seq_compare.ts";
import { rfcCitation } from "./rfc_citation.ts";

const plugin: Deno.lint.Plugin = {
  name: "lightwire",
  rules: {
    "no-ambient": noAmbient,
    "no-seq-compare": noSeqCompare,
    "rfc-citation": rfcCitation,
    "data-plane": dataPlane,
    "function-length": functionLength,
  },
};

export default plugin;
