/** {@linkcode SocketSettings}: what `setsockopt` and `getsockopt` mean, in terms of {@linkcode TcpConnectionOptions}.
 *
 * @module
 */
import { congestionControlFactory, type CongestionControlName } from "../congestion_controls.ts";
import type { TcpConnection } from "../connection.ts";
import type { FastOpenKeys } from "../fast_open_cookies.ts";
import {
  DEFAULT_KEEP_ALIVE,
  type KeepAlive,
  type TcpConfig,
  type TcpConnectionOptions,
} from "../tcp_config.ts";
import { attempt, type Errno } from "./errno.ts";

/** Options of a {@linkcode HarnessSocket}, by the names of the C headers. Times are in the units of these: SO_LINGER,
 * TCP_KEEPIDLE and TCP_KEEPINTVL in seconds, TCP_USER_TIMEOUT in milliseconds. */
export type SocketOptionName =
  | "SO_ACCEPTCONN"
  | "SO_ERROR"
  | "SO_KEEPALIVE"
  | "SO_LINGER"
  | "SO_RCVBUF"
  | "SO_REUSEADDR"
  | "SO_REUSEPORT"
  | "SO_SNDBUF"
  | "TCP_CONGESTION"
  | "TCP_CORK"
  | "TCP_FASTOPEN"
  | "TCP_FASTOPEN_CONNECT"
  | "TCP_FASTOPEN_KEY"
  | "TCP_FASTOPEN_NO_COOKIE"
  | "TCP_KEEPCNT"
  | "TCP_KEEPIDLE"
  | "TCP_KEEPINTVL"
  | "TCP_MAXSEG"
  | "TCP_NODELAY"
  | "TCP_NOTSENT_LOWAT"
  | "TCP_USER_TIMEOUT"
  | "IP_MTU"
  | "IP_TOS"
  | "IP_TTL";

/** Value of SO_LINGER. */
export interface Linger {
  /** 0: `close()` lets the connection end as it does by itself. */
  readonly onOff: number;
  /** 0: `close()` resets; more: what is not acknowledged by then is reset. */
  readonly seconds: number;
}

/** Value of an option: a number, for TCP_CONGESTION a name, for TCP_FASTOPEN_KEY one or two keys of 16 octets, a character each, for
 * SO_LINGER a {@linkcode Linger}. */
export type SocketOptionValue = number | string | Linger;

interface Rule {
  /** Whether the value was taken. */
  set?(settings: SocketSettings, value: SocketOptionValue): boolean;
  get(settings: SocketSettings, connection: TcpConnection | undefined): SocketOptionValue;
}

function flag(
  name: "noDelay" | "reuseAddress" | "reusePort" | "isKeepAlive" | "isCorked" | "isFastOpen" | "isCookieless",
): Rule {
  return {
    set: (s, value) => {
      if (!isInteger(value)) return false;
      s[name] = value !== 0;
      return true;
    },
    get: (s) => s[name] ? 1 : 0,
  };
}

/** What an `int` of C may hold. */
function isInteger(value: SocketOptionValue): value is number {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}

/** A number that is kept as it is, if `allows` says so. */
function quantity(
  name: "maxSegmentBytes" | "tos" | "ttl" | "userTimeoutMs" | "notSentLowWaterBytes" | "fastOpenQueue",
  allows: (value: number) => boolean,
  read: (s: SocketSettings, connection: TcpConnection | undefined) => number = (s) => s[name],
): Rule {
  return {
    set: (s, value) => {
      if (!isInteger(value) || !allows(value)) return false;
      s[name] = value;
      return true;
    },
    get: read,
  };
}

function keepAlive(name: "idleMs" | "intervalMs" | "count", unit: number, most: number): Rule {
  return {
    set: (s, value) => {
      if (!isInteger(value) || value < 1 || value > most) return false;
      s.probes = { ...s.probes, [name]: value * unit };
      return true;
    },
    get: (s) => s.probes[name] / unit,
  };
}

/** What `getsockopt` gives at least for the sizes of the buffers, as on Linux. */
const LEAST_SNDBUF = 4608;
const LEAST_RCVBUF = 2304;
/** Linux's `rmem_max` and `wmem_max`, for which a negative size stands. */
const BUFFER_LIMIT = 212_992;

/** The size of a buffer that is meant. */
function bufferSize(value: number, least: number): number {
  return value < 0 ? BUFFER_LIMIT : Math.min(Math.max(value, least / 2), 2 ** 30);
}

/** What is left of IP_TOS: the ECN field is TCP's own. */
const TOS_MASK = 0xfc;

/** The size of a buffer that was chosen, as `getsockopt` gives it on Linux: twice as much, for what the kernel needs beside the octets. */
function doubled(bytes: number, least: number): number {
  return bytes * 2 > least ? bytes * 2 : least;
}

/** TCP_MIN_MSS and MAX_TCP_WINDOW. */
const LEAST_MAXSEG = 88;
const MOST_MAXSEG = 32_767;

const RULES: Readonly<Partial<Record<SocketOptionName, Rule>>> = {
  SO_KEEPALIVE: flag("isKeepAlive"),
  SO_REUSEADDR: flag("reuseAddress"),
  SO_REUSEPORT: flag("reusePort"),
  TCP_NODELAY: flag("noDelay"),
  TCP_CORK: flag("isCorked"),
  TCP_FASTOPEN_CONNECT: flag("isFastOpen"),
  TCP_FASTOPEN_NO_COOKIE: flag("isCookieless"),
  TCP_FASTOPEN: quantity("fastOpenQueue", (n) => n >= 0),
  TCP_FASTOPEN_KEY: {
    set: (s, value) => {
      if (typeof value !== "string" || (value.length !== 16 && value.length !== 32)) return false;
      const octets = Uint8Array.from(value, (c) => c.charCodeAt(0));
      s.fastOpenKeys = [octets.subarray(0, 16), octets.subarray(16)].filter((key) => key.length > 0);
      return true;
    },
    get: (s) => (s.fastOpenKeys ?? []).map((key) => String.fromCharCode(...key)).join(""),
  },
  TCP_NOTSENT_LOWAT: {
    set: (s, value) => {
      if (!isInteger(value)) return false;
      // All ones, as of no sign: no limit.
      s.notSentLowWaterBytes = value < 0 ? 0 : Math.min(value, 2 ** 30);
      return true;
    },
    get: (s) => s.notSentLowWaterBytes,
  },
  SO_LINGER: {
    set: (s, value) => {
      if (typeof value !== "object" || !isInteger(value.onOff) || !isInteger(value.seconds)) return false;
      s.lingerMs = value.onOff === 0 ? -1 : Math.max(value.seconds, 0) * 1000;
      return true;
    },
    get: (s) => s.lingerMs < 0 ? { onOff: 0, seconds: 0 } : { onOff: 1, seconds: s.lingerMs / 1000 },
  },
  SO_SNDBUF: {
    set: (s, value) => {
      if (!isInteger(value)) return false;
      s.sendBufferBytes = bufferSize(value, LEAST_SNDBUF);
      return true;
    },
    get: (s, connection) =>
      s.sendBufferBytes === undefined
        ? connection?.sendBufferBytes ?? s.defaultSendBufferBytes
        : doubled(s.sendBufferBytes, LEAST_SNDBUF),
  },
  SO_RCVBUF: {
    set: (s, value) => {
      if (!isInteger(value)) return false;
      s.receiveBufferBytes = bufferSize(value, LEAST_RCVBUF);
      s.isReceiveBufferChosen = true;
      return true;
    },
    get: (s, connection) =>
      s.isReceiveBufferChosen
        ? doubled(s.receiveBufferBytes, LEAST_RCVBUF)
        : connection?.info().receiveBufferBytes ?? s.receiveBufferBytes,
  },
  TCP_KEEPIDLE: keepAlive("idleMs", 1000, 32_767),
  TCP_KEEPINTVL: keepAlive("intervalMs", 1000, 32_767),
  TCP_KEEPCNT: keepAlive("count", 1, 127),
  TCP_USER_TIMEOUT: quantity("userTimeoutMs", (n) => n >= 0),
  TCP_MAXSEG: quantity(
    "maxSegmentBytes",
    (n) => n === 0 || (n >= LEAST_MAXSEG && n <= MOST_MAXSEG),
    (s, connection) => connection?.info().sndMss ?? s.maxSegmentBytes,
  ),
  TCP_CONGESTION: {
    set: (s, value) => {
      if (typeof value !== "string") return false;
      congestionControlFactory(value as CongestionControlName);
      s.congestionControl = value;
      return true;
    },
    get: (s, connection) => connection?.info().congestionControl ?? s.congestionControl ?? "",
  },
  IP_TOS: {
    set: (s, value) => {
      if (!isInteger(value)) return false;
      s.tos = value & TOS_MASK;
      return true;
    },
    get: (s) => s.tos,
  },
  IP_TTL: {
    set: (s, value) => {
      if (!isInteger(value) || value === 0 || value < -1 || value > 255) return false;
      s.ttl = value < 0 ? s.defaultTtl : value;
      return true;
    },
    get: (s) => s.ttl,
  },
  IP_MTU: { get: (_, connection) => connection?.info().pathMtu ?? 0 },
};

/** What was chosen on one socket so far; a socket that accepts hands a copy on. */
export class SocketSettings {
  /** SO_KEEPALIVE. */
  isKeepAlive: boolean;
  /** TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. */
  probes: KeepAlive;
  /** SO_REUSEADDR. Default false, as with BSD, and unlike `TcpListenOptions`. */
  reuseAddress: boolean = false;
  /** SO_REUSEPORT. */
  reusePort: boolean = false;
  /** TCP_NODELAY. */
  noDelay: boolean;
  /** SO_LINGER: −1 off. */
  lingerMs: number;
  /** SO_SNDBUF; `undefined`: not chosen, the buffer tunes itself. */
  sendBufferBytes: number | undefined = undefined;
  /** Its limit then. */
  readonly defaultSendBufferBytes: number;
  /** TCP_CORK. */
  isCorked: boolean = false;
  /** TCP_NOTSENT_LOWAT. */
  notSentLowWaterBytes: number;
  /** TCP_FASTOPEN, of a listener. */
  fastOpenQueue: number = 0;
  /** TCP_FASTOPEN_KEY, of a listener; `undefined`: the layer's. */
  fastOpenKeys: FastOpenKeys | undefined = undefined;
  /** TCP_FASTOPEN_NO_COOKIE, before `connect` or `listen`. */
  isCookieless: boolean = false;
  /** TCP_FASTOPEN_CONNECT. */
  isFastOpen: boolean = false;
  /** SO_RCVBUF. */
  receiveBufferBytes: number;
  /** Whether the user has chosen that. */
  isReceiveBufferChosen: boolean = false;
  /** TCP_MAXSEG. */
  maxSegmentBytes: number;
  /** TCP_USER_TIMEOUT. */
  userTimeoutMs: number;
  /** IP_TOS. */
  tos: number;
  /** IP_TTL. */
  ttl: number;
  /** What −1 means for it. */
  readonly defaultTtl: number;
  /** TCP_CONGESTION; `undefined`: the layer's. */
  congestionControl: string | undefined = undefined;

  /** The defaults of a layer. */
  constructor(config: TcpConfig) {
    this.isKeepAlive = config.keepAlive !== undefined;
    this.probes = config.keepAlive ?? DEFAULT_KEEP_ALIVE;
    this.noDelay = config.noDelay;
    this.lingerMs = config.lingerMs;
    this.defaultSendBufferBytes = config.sendBufferBytes;
    this.notSentLowWaterBytes = config.notSentLowWaterBytes;
    this.receiveBufferBytes = config.receiveBufferBytes;
    this.maxSegmentBytes = config.maxSegmentBytes;
    this.userTimeoutMs = config.userTimeoutMs;
    this.tos = config.tos;
    this.ttl = config.ttl;
    this.defaultTtl = config.ttl;
  }

  /** A copy, for a connection that inherits. */
  clone(config: TcpConfig): SocketSettings {
    return Object.assign(new SocketSettings(config), this);
  }

  /** As OPEN takes them. */
  connectionOptions(): TcpConnectionOptions {
    return {
      noDelay: this.noDelay,
      keepAlive: this.isKeepAlive ? this.probes : false,
      userTimeoutMs: this.userTimeoutMs,
      lingerMs: this.lingerMs,
      tos: this.tos,
      ttl: this.ttl,
      sendBufferBytes: this.sendBufferBytes === undefined
        ? undefined
        : doubled(this.sendBufferBytes, LEAST_SNDBUF),
      notSentLowWaterBytes: this.notSentLowWaterBytes,
      receiveBufferBytes: this.receiveBufferBytes,
      maxSegmentBytes: this.maxSegmentBytes,
      congestionControl: this.congestionControl as CongestionControlName | undefined,
    };
  }

  /** Notes a value, and tells it the connection if there is one.
   *
   * @returns 0, EINVAL for a value that is none, ENOPROTOOPT for an option that is none or cannot be set.
   */
  set(name: SocketOptionName, value: SocketOptionValue, connection: TcpConnection | undefined): 0 | Errno {
    const rule = RULES[name];
    if (rule?.set === undefined) return "ENOPROTOOPT";
    return attempt(() => {
      if (!rule.set!(this, value)) return "EINVAL";
      if (connection !== undefined) this.#apply(connection, name);
      return 0;
    });
  }

  /** The value in force, ENOPROTOOPT for an option that is none. */
  get(name: SocketOptionName, connection: TcpConnection | undefined): SocketOptionValue {
    return RULES[name]?.get(this, connection) ?? "ENOPROTOOPT";
  }

  #apply(connection: TcpConnection, name: SocketOptionName): void {
    // It sends what waits, which other options do not.
    if (name === "TCP_NODELAY") connection.noDelay = this.noDelay;
    connection.userTimeoutMs = this.userTimeoutMs;
    connection.lingerMs = this.lingerMs;
    connection.tos = this.tos;
    connection.ttl = this.ttl;
    const { sendBufferBytes } = this.connectionOptions();
    if (sendBufferBytes !== undefined && connection.sendBufferBytes !== sendBufferBytes) {
      connection.sendBufferBytes = sendBufferBytes;
    }
    if (connection.isCorked !== this.isCorked) connection.isCorked = this.isCorked;
    if (connection.notSentLowWaterBytes !== this.notSentLowWaterBytes) {
      connection.notSentLowWaterBytes = this.notSentLowWaterBytes;
    }
    connection.keepAlive = this.isKeepAlive ? this.probes : false;
    if (connection.maxSegmentBytes !== this.maxSegmentBytes) {
      connection.maxSegmentBytes = this.maxSegmentBytes;
    }
    if (connection.receiveBufferBytes !== this.receiveBufferBytes) {
      connection.receiveBufferBytes = this.receiveBufferBytes;
    }
    const { congestionControl } = this;
    if (congestionControl !== undefined && congestionControl !== connection.congestionControl) {
      connection.setCongestionControl(congestionControl as CongestionControlName);
    }
  }
}
