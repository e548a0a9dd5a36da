/** Shell lines of a script as options of the stack: `sysctl` settings by Linux's names.
 *
 * @module
 */
import type { TcpOptions } from "@lightwire/tcp";
import { readBsdSettings } from "./bsd_settings.ts";

/** Socket options that have a `sysctl` setting as their default. */
export type ProbeOption = "TCP_KEEPIDLE" | "TCP_KEEPINTVL" | "TCP_KEEPCNT";

const PROBES: Readonly<Record<string, ProbeOption>> = {
  tcp_keepalive_time: "TCP_KEEPIDLE",
  tcp_keepalive_intvl: "TCP_KEEPINTVL",
  tcp_keepalive_probes: "TCP_KEEPCNT",
};

/** What a script's shell lines ask for. */
export interface ShellSettings {
  /** Options of the layer. */
  readonly tcp: TcpOptions;
  /** What each socket is given at first. */
  readonly probes: ReadonlyMap<ProbeOption, number>;
  /** Bits of tcp_fastopen; `undefined`: it is not set. */
  readonly fastOpenBits: number | undefined;
  /** Some are FreeBSD's. */
  readonly isBsd: boolean;
  /** Settings without a counterpart here, as written. */
  readonly ignored: readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Setter = (options: Mutable<TcpOptions>, value: string) => void;

const flag = (name: "timestamps" | "sack" | "windowScaling" | "idleRestart"): Setter => (o, value) => {
  o[name] = value !== "0";
};
const count = (
  name:
    | "synRetries"
    | "synAckRetries"
    | "r1Retries"
    | "dataRetries"
    | "challengeAcksPerSecond"
    | "maxTimeWait"
    | "maxOrphans"
    | "orphanRetries",
): Setter =>
(o, value) => {
  o[name] = Number(value);
};
/** A key as `tcp_fastopen_key` has it: four words, octets of each in little-endian order. */
function fastOpenKey(text: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  text.split("-").forEach((word, i) => view.setUint32(4 * i, parseInt(word, 16), true));
  return new Uint8Array(view.buffer);
}

const last = (value: string) => Number(value.trim().split(/\s+/).at(-1));
const SETTERS: Readonly<Record<string, Setter>> = {
  tcp_timestamps: flag("timestamps"),
  tcp_sack: flag("sack"),
  tcp_window_scaling: flag("windowScaling"),
  tcp_slow_start_after_idle: flag("idleRestart"),
  tcp_ecn: (o, value) => {
    o.ecn = value === "0" ? "off" : value === "1" ? "on" : "passive";
  },
  tcp_congestion_control: (o, value) => {
    o.congestionControl = value.trim().replace(/"/g, "") as "cubic";
  },
  tcp_syn_retries: count("synRetries"),
  tcp_synack_retries: count("synAckRetries"),
  tcp_retries1: count("r1Retries"),
  tcp_retries2: count("dataRetries"),
  tcp_challenge_ack_limit: count("challengeAcksPerSecond"),
  tcp_mtu_probing: (o, value) => {
    o.mtuProbing = value === "0" ? "off" : value === "2" ? "always" : "blackhole";
  },
  tcp_max_orphans: count("maxOrphans"),
  tcp_orphan_retries: count("orphanRetries"),
  tcp_max_tw_buckets: count("maxTimeWait"),
  tcp_invalid_ratelimit: (o, value) => {
    o.invalidAckIntervalMs = Number(value);
  },
  tcp_fin_timeout: (o, value) => {
    o.finWait2Ms = Number(value) * 1000;
  },
  tcp_fastopen_key: (o, value) => {
    o.fastOpenKeys = value.split(",").map((key) => fastOpenKey(key));
  },
  tcp_syncookies: (o, value) => {
    o.synCookies = value === "0" ? "never" : value === "2" ? "always" : "auto";
  },
  tcp_abort_on_overflow: (o, value) => {
    o.abortOnOverflow = value !== "0";
  },
  tcp_notsent_lowat: (o, value) => {
    // Linux's default stands for no limit.
    o.notSentLowWaterBytes = Number(value) > 0x7fffffff ? 0 : Number(value);
  },
  tcp_early_retrans: (o, value) => {
    o.tailLossProbe = value !== "0";
  },
  tcp_rmem: (o, value) => {
    o.receiveBufferBytes = last(value);
    // Half of Linux's buffer is window, the other half is for what it needs beside the octets.
    const initial = Number(value.trim().split(/\s+/)[1] ?? 0) >>> 1;
    if (initial > 0) o.initialReceiveWindowBytes = initial;
  },
  tcp_wmem: (o, value) => {
    o.sendBufferBytes = last(value);
  },
  tcp_min_snd_mss: (o, value) => {
    o.minSegmentBytes = Number(value);
  },
  tcp_rto_min_us: (o, value) => {
    o.minRtoMs = Number(value) / 1000;
  },
  tcp_rto_max_ms: (o, value) => {
    o.maxRtoMs = Number(value);
  },
  ip_no_pmtu_disc: (o, value) => {
    o.pathMtuDiscovery = value === "0";
  },
};

/** Text of a shell file that a line runs, `undefined` when there is none: `./settings.sh`, `source ../common/settings.sh`. */
export type ShellFiles = (path: string) => string | undefined;

/** What is usually found in a file `defaults.sh` beside public scripts, for where the scripts came without it: the values
 * that such scripts count on, as far as they are not the defaults of this stack. */
const USUAL_DEFAULTS = `
net.ipv4.tcp_rmem="4096 540000 15728640" net.ipv4.tcp_wmem="4096 262144 4194304"
net.ipv4.tcp_syn_retries=5 net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_ecn=0
net.ipv4.tcp_fastopen=0x3 net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4 net.ipv4.tcp_congestion_control=cubic
`;

/** What stands for a shell file that is not there. */
function usualFile(path: string): string | undefined {
  if (!/(?:^|\/)defaults\.sh$/.test(path)) return undefined;
  // packetdrill's own scripts have it in a folder of its own, and let every listener do Fast Open.
  return /(?:^|\/)common\//.test(path) ? `${USUAL_DEFAULTS} net.ipv4.tcp_fastopen=0x403` : USUAL_DEFAULTS;
}

/** Most shell files that run each other. */
const MAX_DEPTH = 4;

/** The commands, with the text of the shell files that they run in place of these. */
function withFiles(command: string, files: ShellFiles, depth: number = 0): string {
  if (depth === MAX_DEPTH) return command;
  return command.replace(/#.*/g, "").replace(/^[^=\n]*?([\w./-]+\.sh)\b.*$/gm, (line, path: string) => {
    const text = files(path) ?? usualFile(path);
    return text === undefined ? line : withFiles(text, files, depth + 1);
  });
}

/** Numbers in place of `$((15*1024*1024))`. */
function withArithmetic(command: string): string {
  return command.replace(/\$\(\(([\d\s*+]+)\)\)/g, (_, sum: string) =>
    String(
      sum.split("+").reduce(
        (total, product) => total + product.split("*").reduce((value, factor) => value * Number(factor), 1),
        0,
      ),
    ));
}

/** What a value means: a number, a truth value, a list; any other word is meant as it stands. */
function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Reads the settings in shell lines. Lines of this project's own, `lightwire NAME=VALUE`, set an option of the layer by its
 * name, with a JSON value or a word.
 *
 * @param files reads the shell files that lines run. Default: there are none.
 */
export function readShellSettings(
  commands: readonly string[],
  files: ShellFiles = () => undefined,
): ShellSettings {
  const tcp: Mutable<TcpOptions> = {};
  const ignored: string[] = [];
  let isBsd = false;
  const probes = new Map<ProbeOption, number>();
  let fastOpenBits: number | undefined = undefined;
  for (const command of commands.map((c) => withArithmetic(withFiles(c, files)))) {
    if (readBsdSettings(command, tcp, ignored)) isBsd = true;
    for (const [, name, value] of command.matchAll(/^\s*lightwire\s+(\w+)=(\S+)/gm)) {
      Object.assign(tcp, { [name!]: jsonOrText(value!) });
    }
    for (
      const [text, name, value] of command.matchAll(
        /net[./]ipv4[./](\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s;&\\]+)/g,
      )
    ) {
      const setter = SETTERS[name!];
      const probe = PROBES[name!];
      if (setter !== undefined) setter(tcp, value!.replace(/["']/g, ""));
      else if (name === "tcp_fastopen") fastOpenBits = Number(value);
      else if (probe !== undefined) probes.set(probe, Number(value));
      else ignored.push(text);
    }
  }
  return { isBsd, tcp, probes, fastOpenBits, ignored };
}
