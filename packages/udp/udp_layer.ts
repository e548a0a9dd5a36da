/** {@linkcode UdpLayer}: UDP (RFC 768) and UDP-Lite (RFC 3828) over whatever IP offers.
 *
 * @module
 */
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import { NetError, type Netif, type Random } from "@lightwire/netif";
import {
  EphemeralPorts,
  type IpAddress,
  type IpDisposition,
  type IpErrorInfo,
  type IpProtocolHandler,
  type IpRxInfo,
} from "@lightwire/ip";
import { newUdpCounters, type UdpCounters } from "./udp_counters.ts";
import { UdpEndpoint, type UdpOpenOptions } from "./udp_endpoint.ts";
import { UdpInput } from "./udp_input.ts";
import { type UdpIp, UdpOutput } from "./udp_output.ts";

/** What UDP needs of the host. */
export interface UdpHost {
  /** Entropy for ports and the hash. */
  readonly random: Random;
  /** Where packets live. */
  readonly pool: PbufPool;
}

/** Options of a {@linkcode UdpLayer}. */
export interface UdpOptions {
  /** Most endpoints, of UDP and of UDP-Lite each; default 65,536. */
  readonly maxEndpoints?: number;
  /** Refuse broadcast from endpoints without `allowBroadcast`, as POSIX does; default true. */
  readonly enforceBroadcast?: boolean;
  /** Give every matching endpoint its copy of a broadcast or multicast datagram, as POSIX does (lwIP: with
   * SO_REUSE_RXTOALL); default true. False: the best match alone. */
  readonly copyToAll?: boolean;
  /** An endpoint bound to an address which its interface loses moves to the next one it gets, as in lwIP; default
   * false: it stays bound to the lost one and hears nothing until that returns, as in POSIX. */
  readonly followAddress?: boolean;
  /** Asked before port-unreachable is answered; true: stay silent. */
  readonly isPortQuiet?: (port: number) => boolean;
}

/** Protocol 17, and through {@linkcode lite} protocol 136.
 */
export class UdpLayer implements IpProtocolHandler {
  /** 17. */
  readonly protocol: number = 17;
  /** The handler of protocol 136, to be registered beside this one. */
  readonly lite: IpProtocolHandler;
  /** What happened so far. */
  readonly counters: UdpCounters;
  /** Whether broadcast needs permission. */
  readonly enforceBroadcast: boolean;
  /** The downward half; for endpoints. */
  readonly output: UdpOutput;
  readonly #ip: UdpIp;
  readonly #maxEndpoints: number;
  readonly #ephemeral: EphemeralPorts;
  readonly #random: Random;
  readonly #udp: UdpInput;
  readonly #lite: UdpInput;

  /** Makes a layer without endpoints.
   *
   * @param ip where packets go; register this and {@linkcode lite} with it.
   */
  constructor(ip: UdpIp, host: UdpHost, options: UdpOptions = {}) {
    this.counters = newUdpCounters();
    this.enforceBroadcast = options.enforceBroadcast ?? true;
    this.output = new UdpOutput(ip, host.pool, this.counters);
    this.#ip = ip;
    this.#maxEndpoints = options.maxEndpoints ?? 65536;
    this.#ephemeral = new EphemeralPorts(host.random);
    this.#random = host.random;
    const choices = {
      copyToAll: options.copyToAll ?? true,
      followAddress: options.followAddress ?? false,
      isPortQuiet: options.isPortQuiet,
    };
    this.#udp = new UdpInput(17, host.random, choices, this.counters, this.output);
    this.#lite = new UdpInput(136, host.random, choices, this.counters, this.output);
    this.lite = this.#lite;
  }

  /** Called when something was sent outside of an input batch: `ip.flush()` is due. The composition root sets it in
   * order to flush once per turn; while `undefined`, each datagram is flushed at once. */
  get onFlushNeeded(): (() => void) | undefined {
    return this.output.onFlushNeeded;
  }

  set onFlushNeeded(callback: (() => void) | undefined) {
    this.output.onFlushNeeded = callback;
  }

  /** Number of open endpoints, UDP-Lite included. */
  get endpointCount(): number {
    return this.#udp.table.size + this.#lite.table.size;
  }

  /** Every open endpoint, UDP before UDP-Lite. */
  endpoints(): UdpEndpoint[] {
    return [...this.#udp.table.list(), ...this.#lite.table.list()];
  }

  /** Opens an endpoint.
   *
   * @throws {NetError} ADDRESS_IN_USE when an endpoint overlaps, ADDRESS_NOT_AVAILABLE when the address is not ours,
   * NO_BUFFERS when the table is full or no ephemeral port is free.
   * @throws {RangeError} when a port or a coverage is out of range.
   */
  open(options: UdpOpenOptions = {}): UdpEndpoint {
    assertCoverage(options.sendCoverage);
    assertCoverage(options.receiveCoverage);
    const input = options.lite === true ? this.#lite : this.#udp;
    if (input.table.size >= this.#maxEndpoints) {
      this.counters.endpointsRefused++;
      throw new NetError("NO_BUFFERS", `Cannot open an endpoint: all ${this.#maxEndpoints} are in use`);
    }
    const endpoint = new UdpEndpoint(this, options, this.#choosePort(input, options.localPort ?? 0));
    this.#assertBindable(input, endpoint);
    input.table.add(endpoint);
    return endpoint;
  }

  /** {@inheritDoc IpProtocolHandler.ipInput} */
  ipInput(p: Pbuf, rx: IpRxInfo): IpDisposition {
    return this.#udp.ipInput(p, rx);
  }

  /** {@inheritDoc IpProtocolHandler.ipError} */
  ipError(error: IpErrorInfo): void {
    this.#udp.ipError(error);
  }

  /** {@inheritDoc IpProtocolHandler.ownsPacket} */
  ownsPacket(error: IpErrorInfo): boolean {
    return this.#udp.ownsPacket(error);
  }

  /** {@inheritDoc IpProtocolHandler.inputBatchEnd} */
  inputBatchEnd(): void {
    this.#udp.inputBatchEnd();
  }

  /** {@inheritDoc IpProtocolHandler.addressChanged} */
  addressChanged(address: IpAddress, netif: Netif, isPresent: boolean): void {
    this.#udp.addressChanged(address, netif, isPresent);
  }

  /** Moves an endpoint to another address and port; for endpoints. */
  rebind(endpoint: UdpEndpoint, address: IpAddress, port: number): void {
    const input = this.#inputOf(endpoint);
    const { localAddress, localPort } = endpoint;
    const chosen = this.#choosePort(input, port);
    input.table.remove(endpoint);
    endpoint.localAddress = address;
    endpoint.localPort = chosen;
    try {
      this.#assertBindable(input, endpoint);
    } catch (error) {
      endpoint.localAddress = localAddress;
      endpoint.localPort = localPort;
      throw error;
    } finally {
      input.table.add(endpoint);
    }
  }

  /** Sets or clears an endpoint's peer; for endpoints. */
  reconnect(endpoint: UdpEndpoint, address: IpAddress | undefined, port: number): void {
    const table = this.#inputOf(endpoint).table;
    table.remove(endpoint);
    endpoint.remoteAddress = address;
    endpoint.remotePort = port;
    table.add(endpoint);
  }

  /** Takes an endpoint out of the table; for endpoints. */
  forget(endpoint: UdpEndpoint): void {
    this.#inputOf(endpoint).table.remove(endpoint);
  }

  #inputOf(endpoint: UdpEndpoint): UdpInput {
    return endpoint.isLite ? this.#lite : this.#udp;
  }

  #choosePort(input: UdpInput, wanted: number): number {
    if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65535) {
      throw new RangeError(`Cannot bind port ${wanted}: it must be an integer from 0 to 65535`);
    }
    if (wanted !== 0) return wanted;
    // A fresh key each time: an endpoint has no peer yet, and whoever sees one port must not guess the next (RFC 5452 §9.2).
    const port = this.#ephemeral.next(
      (candidate) => input.table.isPortFree(candidate),
      this.#random.uint32(),
    );
    if (port !== undefined) return port;
    this.counters.endpointsRefused++;
    throw new NetError("NO_BUFFERS", "Cannot bind: no ephemeral port is free");
  }

  #assertBindable(input: UdpInput, endpoint: UdpEndpoint): void {
    const { localAddress, localPort } = endpoint;
    const facts = { localAddress: localAddress.toString(), localPort };
    const isBindable = localAddress.isUnspecified || localAddress.isMulticast ||
      localAddress.isLimitedBroadcast || this.#ip.isLocalAddress(localAddress) ||
      isDirectedBroadcast(this.#ip, localAddress);
    if (!isBindable) {
      throw new NetError(
        "ADDRESS_NOT_AVAILABLE",
        `Cannot bind ${localAddress} port ${localPort}: not an address of ours`,
        facts,
      );
    }
    if (!input.table.canAdd(endpoint)) {
      throw new NetError("ADDRESS_IN_USE", `Cannot bind ${localAddress} port ${localPort}: in use`, facts);
    }
  }
}

/** Whether an address is the directed broadcast address of a network we are in. */
function isDirectedBroadcast(ip: UdpIp, address: IpAddress): boolean {
  if (address.family !== 4) return false;
  for (const iface of ip.interfaces) if (iface.isBroadcast(address.w3)) return true;
  return false;
}

/** Refuses a coverage that is less than the header (RFC 3828 §3.1). */
function assertCoverage(bytes: number | undefined): void {
  if (bytes === undefined || bytes === 0) return;
  if (!Number.isInteger(bytes) || bytes < 8 || bytes > 65535) {
    throw new RangeError(`Cannot cover ${bytes} bytes: it must be 0 for all, or 8 to 65535`);
  }
}
