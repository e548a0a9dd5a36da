/** Check of large packets: do those of the link's MTU pass, and if they vanish, up to which size do they not.
 *
 * A router that cannot pass a packet on has to say so (RFC 1191 §3); where such messages are filtered, full-size packets vanish
 * without a word (RFC 2923 §2.1), and connections stand still after their first long segment.
 *
 * @module
 */
import { type CheckOutcome, pass, skip } from "./check.ts";
import { type EchoProbe, probeEcho } from "./echo_probe.ts";
import { exchangeHttp } from "./http_exchange.ts";
import { type NetworkContext, networkErrorText, onLineMs, shortMs } from "./network_context.ts";

/** IPv4 and ICMP headers. */
const HEADERS = 28;
/** An ordinary echo request. */
const ORDINARY = 84;
/** Every host takes a datagram of that size (RFC 791 §3.1). */
const EVERYBODYS = 576;
/** A line on which a packet takes longer, there and back, is kept clear of transfers: signs of life would wait too long. */
const SLOW_MS = 5000;
/** A transfer that has not moved for so long, three retransmissions, stands still. */
const STALL_MS = 7000;
/** Packets that prove that size is what matters. */
const AGAIN = 6;
/** Small packets sent at once, their size, and the share of them that has to be answered. */
const BURST = 16;
const BURST_BYTES = 200;
const BURST_LEAST = 0.75;
const ATTEMPTS = 2;

/** Sends packets as large as the link's MTU to the target. */
export async function checkMtu(c: NetworkContext): Promise<CheckOutcome> {
  const { mtu } = c.networkInterface;
  const { targetAddress, echoHost } = c.findings;
  const evidence: string[] = [];
  if (c.findings.unclean !== undefined) return skip("no use on a line that swallows characters");
  const badBefore = c.link.decoder.counters.badFcs;
  const host = await firstThatAnswers(c, [targetAddress, echoHost], evidence);
  if (host === undefined) return await checkByTcp(c, mtu, evidence, undefined);
  const full = await probeSize(c, host, mtu, evidence);
  if (full.received > 0) {
    c.findings.passingBytes = mtu;
    return await checkByTcp(c, mtu, evidence, `${mtu}-byte packets pass to ${host}`);
  }
  const told = full.errors.map((error) => /MTU (\d+)/.exec(error)?.[1]).find((size) => size !== undefined);
  if (told !== undefined) {
    c.findings.passingBytes = Number(told);
    return pass(
      `${mtu}-byte packets are too long for the path, and a router says so: ${told} pass`,
      evidence,
    );
  }
  if (c.link.decoder.counters.badFcs > badBefore) {
    return {
      result: "warn",
      text: `${mtu}-byte packets get lost, but the line damages frames`,
      evidence,
      remedy: "See the check of damaged frames first.",
    };
  }
  return await blackHole(c, host, mtu, evidence);
}

/** Full-size packets got no answer: up to which size there is one, and whether it is size that matters. */
async function blackHole(
  c: NetworkContext,
  host: string,
  mtu: number,
  evidence: string[],
): Promise<CheckOutcome> {
  const { findings, target } = c;
  const passing = await findPassing(c, host, mtu, evidence);
  findings.passingBytes = passing;
  if (await losesBursts(c, evidence)) {
    findings.passingBytes = Math.min(passing, BURST_BYTES);
    return skip(
      `packets of more than ${passing} bytes get lost, and so do many small ones at once: no matter of size`,
      evidence,
    );
  }
  if (!await isSharp(c, host, passing, mtu, evidence)) {
    return skip(
      "long packets get lost more often than short ones, but not always: no matter of size",
      evidence,
    );
  }
  // Some hosts answer no long echo requests at all, and yet take long segments.
  if (findings.isTargetReached && await transfer(c, mtu, evidence) === undefined) {
    findings.passingBytes = mtu;
    return pass(`${mtu}-byte segments pass to ${target.host}, only long echo requests do not`, evidence);
  }
  return {
    result: "fail",
    cause: "mtu-black-hole",
    text: `packets of ${mtu} bytes vanish on the way to ${host}, those of ${passing} pass`,
    evidence,
    facts: { size: String(passing) },
  };
}

/** Between the size of an ordinary echo request, which is answered, and the MTU, which is not. */
async function findPassing(
  c: NetworkContext,
  host: string,
  mtu: number,
  evidence: string[],
): Promise<number> {
  let passing = ORDINARY;
  let failing = mtu;
  let size = Math.min(EVERYBODYS, (passing + failing) >>> 1);
  while (failing - passing > 1) {
    if ((await probeSize(c, host, size, evidence)).received > 0) passing = size;
    else failing = size;
    size = (passing + failing) >>> 1;
  }
  return passing;
}

/** Whether packets of the size that passes always do, and those of the MTU never: damage by chance is not so sure. */
async function isSharp(
  c: NetworkContext,
  host: string,
  passing: number,
  mtu: number,
  evidence: string[],
): Promise<boolean> {
  const answers = async (bytes: number): Promise<number> => {
    const { sent, received } = await probeEcho(c.stack, host, {
      count: AGAIN,
      size: bytes - HEADERS,
      dontFragment: true,
      timeoutMs: patienceMs(c, bytes) + onLineMs(c, 2 * bytes),
      window: 3,
      signal: c.signal,
    });
    evidence.push(`ping ${host}, ${bytes} bytes, again: ${received} of ${sent} answered`);
    return received;
  };
  return await answers(passing) >= AGAIN - 1 && await answers(mtu) === 0;
}

/** Whether small packets get lost too, if only there are many at once: then a buffer overflows on the line. */
async function losesBursts(c: NetworkContext, evidence: string[]): Promise<boolean> {
  const host = c.findings.echoHost;
  if (host === undefined) return false;
  const { sent, received } = await probeEcho(c.stack, host, {
    count: BURST,
    window: BURST,
    size: BURST_BYTES - HEADERS,
    timeoutMs: c.timing.echoMs + onLineMs(c, BURST * BURST_BYTES),
    signal: c.signal,
  });
  evidence.push(`ping ${host}, ${BURST} times ${BURST_BYTES} bytes at once: ${received} of ${sent} answered`);
  return received < BURST_LEAST * sent;
}

/** A request and an answer over TCP, both longer than a packet.
 *
 * @param soFar what is known from echo requests, to go on with.
 */
async function checkByTcp(
  c: NetworkContext,
  mtu: number,
  evidence: string[],
  soFar: string | undefined,
): Promise<CheckOutcome> {
  const badBefore = c.link.decoder.counters.badFcs;
  if (!c.findings.isTargetReached || onLineMs(c, mtu) > SLOW_MS) {
    return soFar === undefined ? skip("nothing to send long packets to", evidence) : pass(soFar, evidence);
  }
  const stalled = await transfer(c, mtu, evidence);
  if (stalled === undefined) return pass(soFar ?? `${mtu}-byte segments pass to ${c.target.host}`, evidence);
  if (soFar !== undefined || c.link.decoder.counters.badFcs > badBefore) {
    return skip(
      `a transfer from ${c.target.host} stands still, but not for the size of its packets`,
      evidence,
    );
  }
  return {
    result: "fail",
    cause: "mtu-black-hole",
    text: `a short connection to ${c.target.host} works, one with ${mtu}-byte packets stands still`,
    evidence,
    remedy: "Use smaller packets: `--mru 1280`, and if that helps, look for the largest size that works.",
  };
}

/** @returns why it came to a stop; `undefined`: it did not, or not before long segments had passed both ways. */
async function transfer(c: NetworkContext, mtu: number, evidence: string[]): Promise<string | undefined> {
  const startedAt = c.stack.clock.now();
  const { target } = c;
  const what = `GET http://${target.host}${target.path} with a ${2 * mtu}-byte request`;
  try {
    const { status, bytes, isStalled } = await exchangeHttp(c, target, c.findings.targetAddress!, {
      requestBytes: 2 * mtu,
      answerBytes: 4 * mtu,
      timeoutMs: Math.min(c.timing.connectMs, STALL_MS) + 2 * onLineMs(c, 4 * mtu),
    });
    const ms = shortMs(c.stack.clock.now() - startedAt);
    evidence.push(
      `${what}: ${status || "no status"}, ${bytes} bytes in ${ms}${isStalled ? ", and then no more" : ""}`,
    );
    return isStalled && bytes < mtu ? "the answer stops in its begin" : undefined;
  } catch (error) {
    c.signal.throwIfAborted();
    const text = networkErrorText(error);
    evidence.push(`${what}: ${text}`);
    // A server that does not like the request has taken it.
    return /reset|refused/.test(text) ? undefined : text;
  }
}

async function firstThatAnswers(
  c: NetworkContext,
  hosts: readonly (string | undefined)[],
  evidence: string[],
): Promise<string | undefined> {
  for (const host of hosts) {
    if (host === undefined) continue;
    if (host === c.findings.echoHost) return host;
    const { received } = await probeEcho(c.stack, host, {
      count: ATTEMPTS,
      isFirstEnough: true,
      timeoutMs: c.timing.echoMs,
      signal: c.signal,
    });
    if (received > 0) return host;
    evidence.push(`ping ${host}: no answer`);
  }
  return undefined;
}

/** How long an answer to a packet of so many bytes may take: long enough for a round trip seen before, and for the line. */
function patienceMs(c: NetworkContext, bytes: number): number {
  const lineMs = onLineMs(c, bytes);
  return Math.min(c.timing.echoMs + lineMs, 500 + 4 * (c.findings.idleMs ?? 500) + 2 * lineMs);
}

async function probeSize(
  c: NetworkContext,
  host: string,
  bytes: number,
  evidence: string[],
): Promise<EchoProbe> {
  const probe = await probeEcho(c.stack, host, {
    count: ATTEMPTS,
    size: bytes - HEADERS,
    isFirstEnough: true,
    dontFragment: true,
    timeoutMs: patienceMs(c, bytes),
    signal: c.signal,
  });
  evidence.push(
    `ping ${host}, ${bytes} bytes, DF: ${
      probe.received > 0
        ? `answered after ${shortMs(probe.minMs)}`
        : probe.errors.join(", ") || `no answer to ${probe.sent}`
    }`,
  );
  return probe;
}
