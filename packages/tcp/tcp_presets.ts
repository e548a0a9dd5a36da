/** {@linkcode TCP_PRESETS}: defaults of other stacks, for whoever comes from there and wants what he is used to.
 *
 * What a preset is made of can be seen, option by option with the names it has there, in `docs/tcp_options.md`. Our timers are exact:
 * lwIP's run in steps of 250 and 500 ms. Deviation: lwIP does not double the timeout of a SYN; we do, as RFC 6298 §5.5 says.
 *
 * @module
 */
import { Reno } from "./reno.ts";
import type { TcpOptions } from "./tcp_config.ts";

/** Whose defaults: ours, which are Linux's; lwIP 2.2's; those of lwIP in ESP-IDF. */
export type TcpDefaults = "linux" | "lwip" | "esp-idf";

/** lwIP's TCP_MSS. */
const LWIP_MSS = 536;
/** CONFIG_LWIP_TCP_MSS. */
const IDF_MSS = 1440;

/** What lwIP and ESP-IDF have in common. */
const LWIP_COMMON: TcpOptions = {
  // rto << backoff, seven times at most, from one tick of 500 ms.
  minRtoMs: 500,
  maxRtoMs: 64_000,
  dataRetries: 12,
  delayedAckMs: 250,
  delayedAckMaxMs: 250,
  quickAckCount: 0,
  delayFinAck: false,
  mslMs: 60_000,
  finWait2Ms: 20_000,
  windowScaling: false,
  windowShift: 0,
  timestamps: false,
  sack: false,
  ecn: "off",
  tailLossProbe: false,
  idleRestart: false,
  minshall: false,
  zeroWindowProbe: "octet",
  pathMtuDiscovery: false,
  mtuProbing: "off",
  abortConnectOnIcmp: false,
  synCookies: "never",
  challengeAcksPerSecond: 1_000_000,
  invalidAckIntervalMs: 0,
};

/** The presets, by name. */
export const TCP_PRESETS: Readonly<Record<TcpDefaults, TcpOptions>> = {
  linux: {},
  lwip: {
    ...LWIP_COMMON,
    ttl: 255,
    maxSegmentBytes: LWIP_MSS,
    sendBufferBytes: 2 * LWIP_MSS,
    receiveBufferBytes: 4 * LWIP_MSS,
    initialReceiveWindowBytes: 4 * LWIP_MSS,
    // min(4·MSS, max(2·MSS, 4380)).
    congestionControl: (smss) => new Reno(smss, { initialWindowSegments: 4 }),
    initialRtoMs: 3000,
    synRetries: 6,
    synAckRetries: 2,
    maxConnections: 5,
    maxTimeWait: 5,
  },
  "esp-idf": {
    ...LWIP_COMMON,
    ttl: 64,
    maxSegmentBytes: IDF_MSS,
    sendBufferBytes: 5760,
    receiveBufferBytes: 5760,
    initialReceiveWindowBytes: 5760,
    congestionControl: (smss) => new Reno(smss, { initialWindowSegments: 3 }),
    initialRtoMs: 1500,
    synRetries: 12,
    synAckRetries: 3,
    maxConnections: 16,
    maxTimeWait: 16,
    reassemblyNodes: 4,
  },
};
