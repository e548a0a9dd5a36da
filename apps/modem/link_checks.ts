/** {@linkcode checkLink}: whether a link that is up is of use: name servers answer, the peer answers.
 *
 * @module
 */
import type { CommandContext } from "@lightwire/app-commands";
import { NetError } from "@lightwire/netif/error";
import type { ConnectionUp } from "./connection.ts";
import { formatSeconds, type PhasePrinter } from "./phase_printer.ts";

/** A name that is there or not; that a server says either is what counts (RFC 2606 §3). */
const NAME = "example.com";
const DNS_MS = 8000;
const PING_MS = 2000;

/** What was found. */
export interface LinkCheck {
  /** Milliseconds until a name server answered; `undefined`: none did, or there is none. */
  readonly dnsMs: number | undefined;
  /** Milliseconds until the peer answered an echo request. */
  readonly peerMs: number | undefined;
}

/** Asks a name server and the peer, and prints a line about each. */
export async function checkLink(
  context: CommandContext,
  { link, up }: ConnectionUp,
  printer: PhasePrinter,
): Promise<LinkCheck> {
  if (up.ipv4 === undefined) return { dnsMs: undefined, peerMs: undefined };
  const dnsMs = await askNameServer(context, printer);
  const peer = up.ipv4.peerAddress.toString();
  printer.begin("round trip", `Waiting for ${peer}`);
  const peerMs = await pingPeer(context, peer);
  const { echoRoundTripMs } = link.session.lcp;
  const echo = echoRoundTripMs < 0 ? "" : `, LCP echo ${formatSeconds(echoRoundTripMs)}`;
  if (peerMs === undefined) printer.line("done", "round trip", `${peer} does not answer pings${echo}`);
  else printer.line("done", "round trip", `${peer} answers in ${formatSeconds(peerMs)}${echo}`);
  context.output.event("check", { dnsMs, peerMs });
  return { dnsMs, peerMs };
}

async function askNameServer(
  { stack, signal }: CommandContext,
  printer: PhasePrinter,
): Promise<number | undefined> {
  const [server] = stack.nameServers;
  if (server === undefined) return undefined;
  printer.begin("name server", `Asking ${server}`);
  const startedAt = performance.now();
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(DNS_MS)]);
    await stack.queryDns(NAME, "A", { signal: deadline });
  } catch (error) {
    signal.throwIfAborted();
    // That the name does not exist is an answer, too.
    if (!(error instanceof NetError && error.code === "NAME_NOT_FOUND")) {
      const names = stack.nameServers.join(" and ");
      printer.line("warning", "name server", `no answer from ${names}: try --dns 9.9.9.9, or diag`);
      return undefined;
    }
  }
  const elapsedMs = performance.now() - startedAt;
  const others = stack.nameServers.length > 1
    ? ` (there is ${stack.nameServers.slice(1).join(" ")}, too)`
    : "";
  printer.line("done", "name server", `${server} answers${others}`, elapsedMs);
  return elapsedMs;
}

async function pingPeer({ stack, signal }: CommandContext, peer: string): Promise<number | undefined> {
  for await (const reply of stack.ping(peer, { count: 1, timeoutMs: PING_MS, signal })) {
    if (reply.type === "reply") return reply.rttMs;
  }
  return undefined;
}
