/** Checks of what can be reached: the other end, name servers, a name, a server.
 *
 * @module
 */
import { parseIpAddress } from "@lightwire/ip/address";
import { UNKNOWN_PEER_ADDRESS } from "@lightwire/ppp";
import { type CheckOutcome, pass, skip } from "./check.ts";
import { probeEcho } from "./echo_probe.ts";
import { type NetworkContext, networkErrorText, pause, shortMs, withDeadline } from "./network_context.ts";

/** How long to wait for an LCP Echo-Reply, and how often to look, in milliseconds. */
const LCP_ECHO_MS = 1500;
const LCP_LOOK_MS = 50;

/** Who answers echo requests near: the other end of the link, else a name server, else somebody in the world. */
export async function checkPeer(c: NetworkContext): Promise<CheckOutcome> {
  const peer = c.ipv4.peerAddress.toString();
  const isMadeUp = c.ipv4.peerAddress.equals(UNKNOWN_PEER_ADDRESS);
  const servers = c.ipv4.dnsServers.map(String);
  const literal = parseIpAddress(c.target.host) === undefined ? [] : [c.target.host];
  const evidence: string[] = [];
  const echoMs = await awaitLcpEcho(c);
  evidence.push(echoMs === undefined ? "LCP: no Echo-Reply" : `LCP: Echo-Reply after ${shortMs(echoMs)}`);
  const alive = echoMs === undefined ? "" : ` (but LCP echo: ${shortMs(echoMs)})`;
  for (const host of [...(isMadeUp ? [] : [peer]), ...servers, ...literal, ...c.echoHosts]) {
    const probe = await probeEcho(c.stack, host, { count: 2, timeoutMs: c.timing.echoMs, signal: c.signal });
    evidence.push(
      `ping ${host}: ${probe.received} of ${probe.sent} answered` +
        (probe.received > 0 ? `, ${shortMs(probe.minMs)}` : "") + probe.errors.map((e) => `, ${e}`).join(""),
    );
    if (probe.received === 0) continue;
    c.findings.echoHost = host;
    c.findings.isEchoHostPeer = host === peer;
    c.findings.idleMs = probe.averageMs;
    if (host === peer) return pass(`${peer} answers after ${shortMs(probe.averageMs)}`, evidence);
    return pass(
      `${peer} answers no ping${alive}, as operators' gear often does; ${host} answers after ${
        shortMs(probe.averageMs)
      }`,
      evidence,
    );
  }
  return {
    result: "warn",
    text: `nobody answers pings, near or far${alive}`,
    evidence,
    remedy: "See what the next checks say: some networks let no ping through, others nothing at all.",
  };
}

/** Round trip of an LCP echo; the first one is due a second after the link came up. */
async function awaitLcpEcho({ stack, link, signal }: NetworkContext): Promise<number | undefined> {
  const until = stack.clock.now() + LCP_ECHO_MS;
  for (;;) {
    const { echoRoundTripMs } = link.session.lcp;
    if (echoRoundTripMs >= 0) return echoRoundTripMs;
    if (stack.clock.now() >= until) return undefined;
    await pause(stack, LCP_LOOK_MS, signal);
  }
}

/** Whether name servers are given, and which of them answer. */
export async function checkNameServers(c: NetworkContext): Promise<CheckOutcome> {
  const servers = c.networkInterface.nameServers;
  if (servers.length === 0) {
    return {
      result: "fail",
      cause: "no-dns",
      text: "the other side named no name server",
      evidence: ["IPCP: no option 129 or 131 (DNS) in what was agreed on (RFC 1877)"],
    };
  }
  const answers = await Promise.all(servers.map((server) => askServer(c, server)));
  const evidence = answers.map(({ text }) => text);
  const silent = servers.filter((_, i) => !answers[i]!.isAnswer);
  c.findings.hasNameServer = silent.length < servers.length;
  if (silent.length === 0) {
    return pass(`${servers.join(", ")} ${servers.length > 1 ? "answer" : "answers"}`, evidence);
  }
  if (silent.length < servers.length) {
    return {
      result: "warn",
      text: `${silent.join(", ")} does not answer, ${
        servers.filter((s) => !silent.includes(s)).join(", ")
      } does`,
      evidence,
      remedy: "Names resolve, but slowly each time the silent one is asked first.",
    };
  }
  return becauseOfLine(c, {
    result: "fail",
    cause: "no-dns",
    text: `${servers.join(", ")} ${servers.length > 1 ? "do" : "does"} not answer`,
    evidence,
  });
}

async function askServer(c: NetworkContext, server: string): Promise<{ isAnswer: boolean; text: string }> {
  const name = parseIpAddress(c.target.host) === undefined ? c.target.host : "example.com";
  const startedAt = c.stack.clock.now();
  try {
    const { status, records } = await withDeadline(
      c,
      c.timing.dnsMs,
      (signal) => c.stack.queryDns(name, "A", { server, signal }),
    );
    const ms = shortMs(c.stack.clock.now() - startedAt);
    const found = records.map((r) => r.text).join(" ");
    return { isAnswer: true, text: `${name} A @${server}: ${status} ${found} (${ms})`.replace("  ", " ") };
  } catch (error) {
    c.signal.throwIfAborted();
    return { isAnswer: false, text: `${name} A @${server}: ${networkErrorText(error)}` };
  }
}

/** Whether the target's name has an address. */
export async function checkResolve(c: NetworkContext): Promise<CheckOutcome> {
  const { host } = c.target;
  if (parseIpAddress(host) !== undefined) {
    c.findings.targetAddress = host;
    return skip(`${host} is an address already`);
  }
  if (!c.findings.hasNameServer) return skip("no name server to ask");
  const startedAt = c.stack.clock.now();
  try {
    const address = await withDeadline(c, c.timing.dnsMs, (signal) => c.stack.lookup(host, { signal }));
    c.findings.targetAddress = address;
    return pass(`${host} is ${address} (${shortMs(c.stack.clock.now() - startedAt)})`);
  } catch (error) {
    c.signal.throwIfAborted();
    const text = networkErrorText(error);
    return becauseOfLine(c, {
      result: "fail",
      text: `${host} does not resolve`,
      evidence: [text],
      remedy:
        "Name another host that exists for sure, `--target HOST`; if that does not resolve either, another name " +
        "server: `--dns 9.9.9.9`.",
    });
  }
}

/** Whether a TCP connection to the target comes about. */
export async function checkConnect(c: NetworkContext): Promise<CheckOutcome> {
  const { target, findings } = c;
  const hostname = findings.targetAddress;
  if (hostname === undefined) return skip(`no address of ${target.host} to connect to`);
  const where = `${target.host}:${target.port}`;
  const startedAt = c.stack.clock.now();
  try {
    const conn = await withDeadline(
      c,
      c.timing.connectMs,
      (signal) => c.stack.connect({ hostname, port: target.port, signal }),
    );
    conn.close();
    findings.isTargetReached = true;
    return pass(`${where} connected after ${shortMs(c.stack.clock.now() - startedAt)}`);
  } catch (error) {
    c.signal.throwIfAborted();
    const text = networkErrorText(error);
    if (/refused/.test(text)) {
      return {
        result: "warn",
        text: `${where} refuses connections, so packets do go there and back`,
        evidence: [text],
        remedy: "Name a host with a web server: `--target HOST`.",
      };
    }
    return becauseOfLine(c, {
      result: "fail",
      text: `no connection to ${where}`,
      evidence: [text],
      remedy: findings.echoHost === undefined
        ? "Packets go into the network and nothing comes back: ask the operator whether the contract has data and volume " +
          "left, and check the APN."
        : "Ping passes and TCP does not: a firewall or a portal of the operator is in between; open a page to see whether " +
          "it wants a login, or name another host: `--target HOST`.",
    });
  }
}

/** A failure on a line that swallows characters is a consequence, no finding of its own. */
export function becauseOfLine(c: NetworkContext, outcome: CheckOutcome): CheckOutcome {
  if (c.findings.unclean === undefined) return outcome;
  const { text, evidence = [] } = outcome;
  return { result: "skip", text: `${text}: no wonder on this line`, evidence };
}
