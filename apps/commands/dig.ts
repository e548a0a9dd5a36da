/** `dig NAME [TYPE] [@SERVER]`.
 *
 * @module
 */
import type { Command } from "./context.ts";
import { parseOptions, UsageError } from "./usage.ts";

const TYPES = [
  "A",
  "AAAA",
  "ANY",
  "CNAME",
  "MX",
  "NS",
  "PTR",
  "SOA",
  "SRV",
  "TXT",
] as const;

/** The `dig` command. */
export const digCommand: Command = {
  name: "dig",
  usage: "dig NAME [TYPE] [@SERVER] [-x]",
  summary: "ask the name servers; -x turns an address around",
  prepare(args) {
    const o = parseOptions(args, { boolean: ["x"] });
    const server = o.words.find((word) => word.startsWith("@"))?.slice(1);
    const [name, typeWord = o.has("x") ? "PTR" : "A", ...rest] = o.words.filter(
      (word) => !word.startsWith("@"),
    );
    if (name === undefined || rest.length > 0) {
      throw new UsageError(`Usage: ${digCommand.usage}`);
    }
    const type = typeWord.toUpperCase();
    if (!(TYPES as readonly string[]).includes(type)) {
      throw new UsageError(
        `Unknown record type "${typeWord}"; known are ${TYPES.join(", ")}.`,
      );
    }
    return async ({ stack, output, signal }) => {
      const startedAt = performance.now();
      const answer = await stack.queryDns(name, type, { server, signal });
      for (const record of answer.records) {
        output.event(
          "record",
          {
            name: record.name,
            ttl: record.ttl,
            type: record.type,
            data: record.text,
          },
          `${record.name.padEnd(32)} ${String(record.ttl).padStart(6)}  ${
            record.type.padEnd(6)
          } ${record.text}`,
        );
      }
      const rttMs = Math.round((performance.now() - startedAt) * 10) / 10;
      output.event(
        "answer",
        {
          name,
          type,
          status: answer.status,
          records: answer.records.length,
          server: answer.server,
          rttMs,
        },
        output.dim(
          `; ${answer.status}, ${answer.records.length} records from ${answer.server} in ${rttMs} ms`,
        ),
      );
      return answer.records.length > 0 ? 0 : 1;
    };
  },
};
