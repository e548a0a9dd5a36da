/** Settings of FreeBSD in shell lines of a script (`sysctl net.inet.tcp.…`) as options of the stack. A script that has one counts on
 * FreeBSD's defaults in all else.
 *
 * @module
 */
import type { TcpOptions } from "@lightwire/tcp";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Defaults of FreeBSD that show in segments. */
const BSD_DEFAULTS: TcpOptions = { receiveBufferBytes: 65_536, windowShift: 6 };

const SETTERS: Readonly<Record<string, (options: Mutable<TcpOptions>, value: number) => void>> = {
  "rfc1323": (o, value) => {
    o.timestamps = value === 1 || value === 3;
    o.windowScaling = value === 1 || value === 2;
  },
  "sack.enable": (o, value) => {
    o.sack = value !== 0;
  },
  "ecn.enable": (o, value) => {
    o.ecn = value === 0 ? "off" : value === 1 ? "on" : "passive";
  },
  "recvspace": (o, value) => {
    o.receiveBufferBytes = value;
  },
  "sendspace": (o, value) => {
    o.sendBufferBytes = value;
  },
  "rexmit_initial": (o, value) => {
    o.initialRtoMs = value;
  },
  "rexmit_min": (o, value) => {
    o.minRtoMs = value;
  },
  "msl": (o, value) => {
    o.mslMs = value;
  },
  "delacktime": (o, value) => {
    o.delayedAckMs = value;
  },
  "finwait2_timeout": (o, value) => {
    o.finWait2Ms = value;
  },
  "path_mtu_discovery": (o, value) => {
    o.pathMtuDiscovery = value !== 0;
  },
  "minmss": (o, value) => {
    o.minSegmentBytes = value;
  },
};

/** Takes what a shell line sets.
 *
 * @param tcp where it goes.
 * @param ignored gets what has no counterpart, as written.
 * @returns whether there was anything of FreeBSD's.
 */
export function readBsdSettings(command: string, tcp: Mutable<TcpOptions>, ignored: string[]): boolean {
  let isBsd = false;
  for (const [text, name, value] of command.matchAll(/net\.inet\.tcp\.([\w.]+)\s*=\s*([\w.]+)/g)) {
    isBsd = true;
    for (const [key, usual] of Object.entries(BSD_DEFAULTS)) {
      if (!Object.hasOwn(tcp, key)) Object.assign(tcp, { [key]: usual });
    }
    if (name === "cc.algorithm") tcp.congestionControl = value === "cubic" ? "cubic" : "reno";
    else if (SETTERS[name!] !== undefined) SETTERS[name!]!(tcp, Number(value));
    else ignored.push(text);
  }
  return isBsd;
}
