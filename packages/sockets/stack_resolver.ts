/** {@linkcode StackResolver}: the names of a stack, with promises.
 *
 * @module
 */
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import {
  absoluteDnsName,
  type DnsAddressResult,
  type DnsFailure,
  type DnsHost,
  type DnsRequest,
  type DnsRequestOptions,
  type DnsResult,
  type DnsStream,
  type DnsStreamHandlers,
  type DnsTypeName,
  dnsTypeName,
  formatDnsFailure,
  formatDnsRecordData,
  reverseDnsName,
  StubResolver,
  type StubResolverOptions,
} from "@lightwire/dns";
import type { TcpLayer } from "@lightwire/tcp";
import type { UdpLayer } from "@lightwire/udp";
import { type ResolvableType, type ResolvedRecords, toResolvedRecords } from "./dns_records.ts";
import { netError } from "./errors.ts";
import type { Pump } from "./pump.ts";
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

/** What a {@linkcode StackResolver} works on. */
export interface ResolverHost extends DnsHost {
  /** Carries queries. */
  readonly udp: UdpLayer;
  /** Carries what is too long for a datagram. */
  readonly tcp: TcpLayer;
  /** Flushes; keeps the process alive. */
  readonly pump: Pump;
}

/** Options of `Stack.resolveDns`; a superset of `Deno.ResolveDnsOptions`. */
export interface ResolveDnsOptions extends AbortOptions {
  /** Ask this server instead of those of the stack. */
  readonly nameServer?: {
    /** Its address. */
    readonly ipAddr: string;
    /** Only 53. */
    readonly port?: number;
  };
}

/** Options of `Stack.queryDns`. */
export interface QueryDnsOptions extends AbortOptions {
  /** Address of the server to ask; default: those of the stack. */
  readonly server?: string | undefined;
}

/** One record of a {@linkcode DnsQueryAnswer}, as text. */
export interface DnsQueryRecord {
  /** Whom it is about, with a dot at the end. */
  readonly name: string;
  /** Seconds for which it may be remembered. */
  readonly ttl: number;
  /** Name of its type. */
  readonly type: string;
  /** What it says, like a master file has it (RFC 1035 §5.1). */
  readonly text: string;
}

/** What a server answered. */
export interface DnsQueryAnswer {
  /** "NOERROR", also when there are no records; "NXDOMAIN", "SERVFAIL", "REFUSED". */
  readonly status: string;
  /** The server. */
  readonly server: string;
  /** The records found, aliases first. */
  readonly records: readonly DnsQueryRecord[];
}

/** Asks name servers, and waits for what they say. */
export class StackResolver {
  /** The resolver, with a callback API. */
  readonly stub: StubResolver;
  readonly #host: ResolverHost;

  /** Knows no servers yet. */
  constructor(host: ResolverHost, options: StubResolverOptions = {}) {
    this.#host = host;
    this.stub = new StubResolver({
      udp: host.udp,
      host,
      options,
      connectTcp: (server, port, handlers) => openDnsStream(host.tcp, server, port, handlers),
    });
  }

  /** The IPv4 addresses of a host, at least one.
   *
   * @throws {NetError} `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`, `NO_BUFFERS`, `CLOSED`.
   */
  async addresses(hostname: string, options: AbortOptions = {}): Promise<readonly IpAddress[]> {
    const result = await this.#wait<DnsAddressResult>(options.signal, (done) => {
      return this.stub.lookup(hostname, 4, done);
    });
    if (!result.isOk) throw failureError(result);
    return result.addresses;
  }

  /** See `Stack.resolveDns`. */
  async resolve<T extends ResolvableType>(
    name: string,
    type: T,
    options: ResolveDnsOptions,
  ): Promise<ResolvedRecords[T]> {
    const { nameServer, signal } = options;
    if (nameServer?.port !== undefined && nameServer.port !== 53) {
      throw new RangeError(`Cannot ask port ${nameServer.port} of a name server: only 53`);
    }
    const result = await this.#ask(name, type, signal, serversOf(nameServer?.ipAddr));
    if (!result.isOk) throw failureError(result);
    return toResolvedRecords(type, result.records);
  }

  /** See `Stack.queryDns`. */
  async query(name: string, type: string, options: QueryDnsOptions): Promise<DnsQueryAnswer> {
    const result = await this.#ask(name, type.toUpperCase() as DnsTypeName, options.signal, {
      ...serversOf(options.server),
      search: false,
      bypassCache: true,
    });
    const server = result.server?.toString() ?? "";
    if (!result.isOk) {
      if (result.server === undefined || statusOf(result) === undefined) throw failureError(result);
      return { status: statusOf(result)!, server, records: [] };
    }
    const records = [...result.aliases, ...result.records].map((record) => ({
      name: absoluteDnsName(record.name),
      ttl: record.ttl,
      type: dnsTypeName(record.typeNumber),
      text: formatDnsRecordData(record),
    }));
    return { status: "NOERROR", server, records };
  }

  #ask(
    name: string,
    type: DnsTypeName,
    signal: AbortSignal | undefined,
    options: DnsRequestOptions,
  ): Promise<DnsResult> {
    const literal = type === "PTR" ? parseIpAddress(name) : undefined;
    const asked = literal === undefined ? name : absoluteDnsName(reverseDnsName(literal));
    return this.#wait(signal, (done) => this.stub.resolve(asked, type, done, options));
  }

  async #wait<Result>(
    signal: AbortSignal | undefined,
    start: (done: (result: Result) => void) => DnsRequest,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const waiter = new Waiter<Result>();
    const { pump } = this.#host;
    const request = start((result) => waiter.resolve(result));
    pump.hold();
    pump.requestFlush();
    try {
      return await new WaiterQueue<Result>().add(waiter, signal);
    } finally {
      request.cancel();
      pump.release();
    }
  }
}

/** The response code behind a failure; `undefined`: there was no response. */
function statusOf(failure: DnsFailure): string | undefined {
  switch (failure.reason) {
    case "NODATA":
      return "NOERROR";
    case "NXDOMAIN":
    case "SERVFAIL":
    case "REFUSED":
      return failure.reason;
    default:
      return undefined;
  }
}

function failureError(failure: DnsFailure): Error {
  return netError(failure.code, formatDnsFailure(failure));
}

function serversOf(server: string | undefined): DnsRequestOptions {
  if (server === undefined) return {};
  const address = parseIpAddress(server);
  if (address === undefined) throw new TypeError(`Cannot ask "${server}": not an IP address`);
  return { servers: [address] };
}

/** A TCP connection as the byte stream that the resolver wants (RFC 7766). */
function openDnsStream(
  tcp: TcpLayer,
  remoteAddress: IpAddress,
  remotePort: number,
  handlers: DnsStreamHandlers,
): DnsStream | undefined {
  const buffer = new Uint8Array(4096);
  let isOver = false;
  const drain = (): void => {
    for (;;) {
      const count = isOver ? 0 : connection.read(buffer);
      if (count === 0) break;
      handlers.data(buffer.subarray(0, count));
    }
    if (!isOver && connection.isReadEof) finish();
  };
  const finish = (): void => {
    if (isOver) return;
    isOver = true; // before abort(), whose upcall comes here again
    connection.abort();
    handlers.closed();
  };
  let connection: ReturnType<TcpLayer["connect"]>;
  try {
    connection = tcp.connect({ remoteAddress, remotePort }, {
      readable: drain,
      closed: () => {
        drain();
        finish();
      },
    });
  } catch {
    return undefined;
  }
  return {
    send: (bytes) => connection.send(bytes) === bytes.length,
    close: () => {
      isOver = true;
      connection.close();
    },
  };
}
