/** {@linkcode queryTime}: the time from the network, with promises.
 *
 * @module
 */
import type { WallClock } from "@lightwire/netif/clock";
import type { IpAddress } from "@lightwire/ip/address";
import {
  formatSntpFailure,
  type SntpFailure,
  type SntpFailureReason,
  type SntpHost,
  SntpQuery,
  type SntpQueryOptions,
  type SntpResult,
} from "@lightwire/sntp";
import type { UdpLayer } from "@lightwire/udp";
import { netError, type NetErrorCode } from "./errors.ts";
import type { Pump } from "./pump.ts";
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

export type { SntpResult } from "@lightwire/sntp";

/** Options of `Stack.sntp`. */
export interface SntpOptions extends AbortOptions, SntpQueryOptions {}

/** What {@linkcode queryTime} needs of a stack. */
export interface TimeHost extends SntpHost {
  /** Carries the requests. */
  readonly udp: UdpLayer;
  /** The clock that is compared. */
  readonly wallClock: WallClock;
  /** Flushes; keeps the process alive. */
  readonly pump: Pump;
}

/** Queries under way, which closing the stack ends. */
interface OpenQueries {
  add(query: { close(): void }): void;
  delete(query: { close(): void }): void;
}

/** Asks one server after the other until one knows the time; see `Stack.sntp`.
 *
 * @param resolve finds the addresses of a name.
 * @param open is told of the query as long as it lasts.
 */
export async function queryTime(
  host: TimeHost,
  servers: string | readonly string[],
  options: SntpOptions,
  resolve: (name: string) => Promise<readonly IpAddress[]>,
  open: OpenQueries,
): Promise<SntpResult> {
  const names = typeof servers === "string" ? [servers] : servers;
  const addresses = await resolveAll(names, resolve, options.signal);
  const waiter = new Waiter<SntpResult | SntpFailure>();
  const query = new SntpQuery({
    udp: host.udp,
    host,
    servers: addresses,
    options,
    onDone: (outcome) => waiter.resolve(outcome),
  });
  const closable = {
    close: () => waiter.reject(netError("CLOSED", "Cannot ask for the time: the stack was closed")),
  };
  options.signal?.throwIfAborted();
  open.add(closable);
  host.pump.hold();
  try {
    query.start();
    host.pump.requestFlush();
    const outcome = await new WaiterQueue<SntpResult | SntpFailure>().add(waiter, options.signal);
    if (outcome.isOk) return outcome;
    throw failureError(names, outcome);
  } finally {
    query.cancel();
    open.delete(closable);
    host.pump.release();
  }
}

/** The addresses of all names. One that does not exist is no reason not to ask the others.
 *
 * @throws {NetError} of the first name, when none has an address.
 */
async function resolveAll(
  names: readonly string[],
  resolve: (name: string) => Promise<readonly IpAddress[]>,
  signal: AbortSignal | undefined,
): Promise<IpAddress[]> {
  const addresses: IpAddress[] = [];
  let firstError: unknown;
  for (const name of names) {
    signal?.throwIfAborted();
    try {
      addresses.push(...await resolve(name));
    } catch (error) {
      firstError ??= error;
    }
  }
  signal?.throwIfAborted();
  if (addresses.length === 0 && firstError !== undefined) throw firstError;
  return addresses;
}

function failureError(names: readonly string[], failure: SntpFailure): Error {
  const remote = failure.server === undefined ? {} : { remoteAddress: failure.server.toString() };
  const whom = names.length === 0 ? "nobody" : names.join(", ");
  return netError(
    CODES[failure.reason],
    `Cannot get the time from ${whom}: ${formatSntpFailure(failure)}`,
    remote,
  );
}

const CODES: Readonly<Record<SntpFailureReason, NetErrorCode>> = {
  TIMED_OUT: "TIMED_OUT",
  UNREACHABLE: "HOST_UNREACHABLE",
  KISS_OF_DEATH: "ACCESS_DENIED",
  REFUSED: "INVALID_STATE",
  NAME_NOT_FOUND: "NAME_NOT_FOUND",
  NO_SERVERS: "NETWORK_UNREACHABLE",
  CLOSED: "CLOSED",
};
