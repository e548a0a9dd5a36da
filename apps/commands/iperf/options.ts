/** The options of `iperf`.
 *
 * @module
 */
import { parseInteger, parsePort, parsePositive, parseScaled } from "../units.ts";
import { parseOptions, UsageError } from "../usage.ts";

/** What the command line asks for. */
export interface IperfOptions {
  /** The server's name, `undefined` to be the server. */
  readonly host: string | undefined;
  /** Port of the server. */
  readonly port: number;
  /** Datagrams instead of a stream. */
  readonly isUdp: boolean;
  /** Sending rate of datagrams, bits per second and stream. */
  readonly rateBps: number;
  /** How long to send. */
  readonly seconds: number;
  /** Streams side by side. */
  readonly parallel: number;
  /** The server sends. */
  readonly isReverse: boolean;
  /** Speak iperf 3's protocol instead of iperf 2's. */
  readonly isVersion3: boolean;
  /** Bytes of a datagram, or of a write. */
  readonly length: number;
  /** Seconds between interval lines, 0 for none. */
  readonly intervalSeconds: number;
  /** Serve one test, then end. */
  readonly isOnce: boolean;
}

/** How it is written. */
export const IPERF_USAGE =
  "iperf -s | -c HOST [-u] [-b RATE] [-t SEC] [-P N] [-R] [-p PORT] [-l BYTES] [-i SEC] [-1] [--iperf3]";

/** Reads the options.
 *
 * @throws {UsageError} when they make no sense.
 */
export function parseIperf(args: readonly string[]): IperfOptions {
  const o = parseOptions(args, {
    boolean: ["s", "u", "R", "1", "iperf3"],
    string: ["c", "b", "t", "P", "p", "l", "i"],
  });
  const host = o.text("c");
  if (o.words.length > 0 || o.has("s") === (host !== undefined)) {
    throw new UsageError(`Usage: ${IPERF_USAGE}`);
  }
  const isVersion3 = o.has("iperf3");
  const isUdp = o.has("u");
  if (o.has("R") && host === undefined) {
    throw new UsageError("-R belongs to the client: iperf -c HOST -R.");
  }
  return {
    host,
    port: o.text("p") === undefined ? (isVersion3 ? 5201 : 5001) : parsePort(o.text("p")!),
    isUdp,
    rateBps: parseScaled(o.text("b") ?? "1M", "-b"),
    seconds: parsePositive(o.text("t") ?? "10", "-t"),
    parallel: parseInteger(o.text("P") ?? "1", "-P", 1, 128),
    isReverse: o.has("R"),
    isVersion3,
    length: parseInteger(
      o.text("l") ?? (isUdp ? "1448" : "131072"),
      "-l",
      16,
      isUdp ? 65_507 : 1_048_576,
    ),
    intervalSeconds: o.text("i") === "0" ? 0 : parsePositive(o.text("i") ?? "1", "-i"),
    isOnce: o.has("1"),
  };
}
