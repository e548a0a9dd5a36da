/** What a stack does that nobody has asked anything else of: Linux's values, where the RFCs leave a choice. */
import { assert, assertEquals } from "@std/assert";
import { giveUpTime } from "../timeouts.ts";
import { DEFAULT_KEEP_ALIVE, resolveTcpOptions } from "../tcp_config.ts";

const MIB = 1024 * 1024;

/** [option, value, Linux's name]. */
const DEFAULTS: readonly (readonly [string, unknown, string])[] = [
  ["initialRtoMs", 1000, "TCP_TIMEOUT_INIT"],
  ["minRtoMs", 200, "TCP_RTO_MIN"],
  ["maxRtoMs", 120_000, "TCP_RTO_MAX"],
  ["synRetries", 6, "tcp_syn_retries"],
  ["synAckRetries", 5, "tcp_synack_retries"],
  ["r1Retries", 3, "tcp_retries1"],
  ["dataRetries", 15, "tcp_retries2"],
  ["orphanRetries", 8, "tcp_orphan_retries"],
  ["delayedAckMs", 40, "TCP_DELACK_MIN"],
  ["delayedAckMaxMs", 200, "TCP_DELACK_MAX"],
  ["delayFinAck", true, ""],
  ["quickAckCount", 16, "TCP_MAX_QUICKACKS"],
  ["mslMs", 30_000, "half of TCP_TIMEWAIT_LEN"],
  ["finWait2Ms", 60_000, "tcp_fin_timeout"],
  ["keepAlive", undefined, "SO_KEEPALIVE"],
  ["userTimeoutMs", 0, "TCP_USER_TIMEOUT"],
  ["lingerMs", -1, "SO_LINGER"],
  ["noDelay", false, "TCP_NODELAY"],
  ["minshall", true, ""],
  ["zeroWindowProbe", "empty", ""],
  ["pacing", false, ""],
  ["windowScaling", true, "tcp_window_scaling"],
  ["windowShift", 7, ""],
  ["timestamps", true, "tcp_timestamps"],
  ["requireTimestamps", false, ""],
  ["sack", true, "tcp_sack"],
  ["idleRestart", true, "tcp_slow_start_after_idle"],
  ["ecn", "passive", "tcp_ecn 2"],
  ["ecnPlus", false, ""],
  ["ecnAlternativeBackoff", false, ""],
  ["tailLossProbe", true, "tcp_early_retrans"],
  ["pathMtuDiscovery", true, "ip_no_pmtu_disc"],
  ["mtuProbing", "blackhole", "tcp_mtu_probing 1"],
  ["minSegmentBytes", 48, "tcp_min_snd_mss"],
  ["maxSegmentBytes", 0, "TCP_MAXSEG"],
  ["synCookies", "auto", "tcp_syncookies"],
  ["abortOnOverflow", false, "tcp_abort_on_overflow"],
  ["abortConnectOnIcmp", true, ""],
  ["fastOpenKeys", [], "tcp_fastopen_key"],
  ["challengeAcksPerSecond", 1000, "tcp_challenge_ack_limit"],
  ["invalidAckIntervalMs", 500, "tcp_invalid_ratelimit"],
  ["sendBufferBytes", 4 * MIB, "tcp_wmem"],
  ["initialSendBufferBytes", MIB, ""],
  ["notSentLowWaterBytes", 0, "TCP_NOTSENT_LOWAT"],
  ["receiveBufferBytes", 6 * MIB, "tcp_rmem"],
  ["initialReceiveWindowBytes", 65_536, ""],
  ["reassemblyBytes", 0, ""],
  ["reassemblyNodes", 0, ""],
  ["maxBufferedBytes", 1024 * MIB, "tcp_mem"],
  ["maxSendBytes", 1024 * MIB, "tcp_mem"],
  ["maxConnections", 262_144, ""],
  ["maxTimeWait", 65_536, "tcp_max_tw_buckets"],
  ["maxOrphans", 65_536, "tcp_max_orphans"],
  ["maxOrphanBytes", 64 * MIB, ""],
  ["ttl", 64, "ip_default_ttl"],
  ["tos", 0, ""],
  ["priority", 64, ""],
];

Deno.test("CLOSED: each option that nobody has chosen has Linux's value, or the one that is documented", () => {
  const { defaults, congestionControl, ...config } = resolveTcpOptions();
  assertEquals(defaults, "linux");
  assertEquals(congestionControl(1000).name, "cubic");
  assertEquals(config, Object.fromEntries(DEFAULTS) as unknown as typeof config);
  assertEquals(DEFAULT_KEEP_ALIVE, { idleMs: 7_200_000, intervalMs: 75_000, count: 9 });
});

Deno.test("ESTABLISHED: R2 is 924.6 s, that of a connection which the user has closed 102.2 s (RFC 9293 §3.8.3)", () => {
  assertEquals(giveUpTime(15, 200, 120_000), 924_600);
  assertEquals(giveUpTime(8, 200, 120_000), 102_200);
});

Deno.test("CLOSED: each option is in docs/tcp_options.md, with the name that it has in Linux", () => {
  const text = Deno.readTextFileSync(new URL("../../../docs/tcp_options.md", import.meta.url));
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  for (const [option, _, linux] of DEFAULTS) {
    const found = rows.filter((row) => row.includes(`\`${option}\``));
    assert(found.length > 0, `no row for ${option}`);
    const name = linux.match(/\w*[a-z]+_\w+|TCP_\w+|SO_\w+/)?.[0];
    if (name !== undefined) assert(found.some((row) => row.includes(name)), `${option} without ${name}`);
  }
});
