/** {@linkcode QlogWriter}: trace events of a connection as lines of JSON that qlog viewers read
 * (draft-ietf-quic-qlog-main-schema §5, sequential traces).
 *
 * @module
 */
import type { TcpTraceEvent, TcpTraceListener } from "./trace.ts";

/** Options of a {@linkcode QlogWriter}. */
export interface QlogOptions {
  /** Title of the trace. */
  readonly title?: string;
  /** Which side this is. Default `"client"`. */
  readonly vantagePoint?: "client" | "server";
  /** What sets this connection apart from others in the same file, like its four numbers. */
  readonly groupId?: string;
  /** Clock reading that counts as 0. Default: that of the first event. */
  readonly referenceMs?: number;
  /** Put the record separator of RFC 7464 before each line, as `application/qlog+json-seq` wants; without it the lines are
   * JSON lines. Default false. */
  readonly hasSeparators?: boolean;
}

/** Turns events into lines.
 *
 * @example
 * ```ts
 * import { QlogWriter } from "@lightwire/tcp";
 * import assert from "node:assert/strict";
 *
 * const lines: string[] = [];
 * const qlog = new QlogWriter((line) => lines.push(line), { title: "download" });
 * // connection.trace(qlog.listener), or tcp.hooks.trace = () => qlog.listener
 * qlog.listener({ time: 5, name: "recovery:metrics_updated", data: { congestion_window: 14_480 } });
 * assert.equal(JSON.parse(lines[0]!).trace.title, "download");
 * assert.deepEqual(JSON.parse(lines[1]!).data, { congestion_window: 14_480 });
 * ```
 */
export class QlogWriter {
  /** To be given to a connection. */
  readonly listener: TcpTraceListener;
  readonly #write: (line: string) => void;
  readonly #prefix: string;
  readonly #options: QlogOptions;
  #referenceMs: number | undefined;
  #hasHeader: boolean;

  /** A trace without events.
   *
   * @param write gets each line, with its line feed.
   */
  constructor(write: (line: string) => void, options: QlogOptions = {}) {
    this.#write = write;
    this.#options = options;
    this.#prefix = options.hasSeparators === true ? "\x1e" : "";
    this.#referenceMs = options.referenceMs;
    this.#hasHeader = false;
    this.listener = (event) => this.#event(event);
  }

  #event(event: TcpTraceEvent): void {
    this.#referenceMs ??= event.time;
    if (!this.#hasHeader) this.#header();
    const time = Math.round((event.time - this.#referenceMs) * 1000) / 1000;
    this.#line({ time, name: event.name, data: event.data });
  }

  #header(): void {
    const { title, vantagePoint, groupId } = this.#options;
    this.#hasHeader = true;
    this.#line({
      file_schema: "urn:ietf:params:qlog:file:sequential",
      serialization_format: "application/qlog+json-seq",
      trace: {
        title,
        common_fields: {
          group_id: groupId,
          time_format: "relative_to_epoch",
          reference_time: { clock_type: "monotonic", epoch: "unknown" },
        },
        vantage_point: { type: vantagePoint ?? "client" },
        event_schemas: ["urn:lightwire:qlog:events:tcp"],
      },
    });
  }

  #line(value: unknown): void {
    this.#write(`${this.#prefix}${JSON.stringify(value)}\n`);
  }
}
