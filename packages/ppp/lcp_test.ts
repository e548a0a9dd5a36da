import { assert, assertEquals } from "@std/assert";
import { TimerQueue } from "@lightwire/netif";
import { seededRandom } from "@lightwire/netif/random";
import { VirtualClock } from "@lightwire/netif/sim";
import {
  CP_CODE,
  type CpPacket,
  emitCpOptions,
  emitCpPacket,
  parseCpOptions,
  parseCpPacket,
} from "./cp_packet.ts";
import { Lcp, type LcpOptions } from "./lcp.ts";
import { bytes, hex, text } from "./testdata/hex.ts";

const OTHER_MAGIC = "0badcafe";

/** LCP alone, with a hand that plays the peer. */
function createLcp(options: LcpOptions = {}) {
  const clock = new VirtualClock();
  const timers = new TimerQueue(clock);
  const sent: CpPacket[] = [];
  const log: string[] = [];
  const lcp: Lcp = new Lcp(timers, seededRandom("lcp"), {
    lcpSend: (packet) => void sent.push(parseCpPacket(packet, 0, packet.length)!),
    lcpUp: () => void log.push("up"),
    lcpDown: () => void log.push("down"),
    lcpFinished: (end) => void log.push(`finished: ${end}`),
    protocolRejected: (protocol) => void log.push(`rejected: ${protocol.toString(16)}`),
  }, options);
  const input = (code: number, id: number, digits = "") =>
    lcp.protocol.input({ code, id, data: bytes(digits) });
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      timers.runDue();
    }
  };
  const last = (code: number) => sent.findLast((packet) => packet.code === code)!;
  const open = () => {
    lcp.protocol.open();
    lcp.protocol.lowerUp();
    const request = last(CP_CODE.CONFIGURE_REQUEST);
    input(CP_CODE.CONFIGURE_REQUEST, 1, `0506${OTHER_MAGIC}`);
    input(CP_CODE.CONFIGURE_ACK, request.id, hex(request.data));
    assertEquals([lcp.state, log.at(-1)], ["Opened", "up"]);
    sent.length = 0;
    log.length = 0;
  };
  return { lcp, sent, log, input, pass, last, open, timers };
}

Deno.test("Opened: an Echo-Request is answered with its data and our magic number (RFC 1661 §5.8)", () => {
  const { lcp, sent, input, open } = createLcp();
  open();
  input(CP_CODE.ECHO_REQUEST, 77, `${OTHER_MAGIC}010203`);
  const magic = lcp.local.magic.toString(16).padStart(8, "0");
  assertEquals(sent.map(({ code, id, data }) => [code, id, hex(data)]), [[
    CP_CODE.ECHO_REPLY,
    77,
    `${magic}010203`,
  ]]);
  input(CP_CODE.ECHO_REQUEST, 78, "010203"); // no room for a magic number
  assertEquals(sent.length, 1);
});

Deno.test("Opened: echoes go out by the clock, measure the way, and three unanswered end it (RFC 1661 §5.8)", () => {
  const { lcp, sent, log, input, pass, open } = createLcp({ echoIntervalMs: 1000, echoFailures: 3 });
  open();
  pass(1000);
  assertEquals(sent.map(({ code }) => code), [CP_CODE.ECHO_REQUEST]);
  pass(200);
  input(CP_CODE.ECHO_REPLY, sent[0]!.id ^ 1, OTHER_MAGIC);
  assertEquals(lcp.echoReplies, 0);
  input(CP_CODE.ECHO_REPLY, sent[0]!.id, OTHER_MAGIC);
  input(CP_CODE.ECHO_REPLY, sent[0]!.id, OTHER_MAGIC);
  assertEquals([lcp.echoReplies, lcp.echoRoundTripMs], [1, 200]);
  pass(3800);
  assertEquals(log, ["down"]);
  assertEquals(sent.at(-1)!.code, CP_CODE.TERMINATE_REQUEST);
  pass(6000);
  assertEquals(log, ["down", "finished: peer-dead"]);
});

Deno.test("Opened: echoes with our own magic number are a line that turned back on itself (RFC 1661 §6.4)", () => {
  const { lcp, sent, log, input, pass, open } = createLcp({ echoIntervalMs: 1000 });
  open();
  for (let i = 0; i < 4; i++) {
    pass(1000);
    const echo = sent.at(-1)!;
    if (echo.code === CP_CODE.ECHO_REQUEST) input(CP_CODE.ECHO_REQUEST, echo.id, hex(echo.data));
  }
  assert(!sent.some(({ code }) => code === CP_CODE.ECHO_REPLY));
  pass(6000);
  assertEquals([log.at(-1), lcp.echo.looped], ["finished: loopback", 3]);
});

Deno.test("Opened: an adaptive side does not ask while packets come in (RFC 1661 §5.8)", () => {
  const { lcp, sent, log, pass, open } = createLcp({ echoIntervalMs: 1000, echoAdaptive: true });
  open();
  for (let i = 0; i < 10; i++) {
    lcp.echo.packetsSeen++;
    pass(1000);
  }
  assertEquals(sent, []);
  pass(1000);
  assertEquals(sent.map(({ code }) => code), [CP_CODE.ECHO_REQUEST]);
  lcp.echo.packetsSeen++;
  pass(3000);
  assertEquals(log, []); // the count began anew
});

Deno.test("Opened: a peer that does not know Echo-Request is not asked again, and stays (RFC 1661 §5.6)", () => {
  const { lcp, sent, input, pass, open } = createLcp({ echoIntervalMs: 1000 });
  open();
  pass(1000);
  input(CP_CODE.CODE_REJECT, 1, hex(emitCpPacket(CP_CODE.ECHO_REQUEST, sent[0]!.id, sent[0]!.data)));
  pass(60_000);
  assertEquals([sent.length, lcp.state], [1, "Opened"]);
});

Deno.test("Opened: who we are is told if wished; what the peer says about itself is kept (RFC 1570 §2)", () => {
  const { lcp, last, sent, log, input } = createLcp({ identification: "lightwire" });
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  const request = last(CP_CODE.CONFIGURE_REQUEST);
  input(CP_CODE.CONFIGURE_REQUEST, 1);
  input(CP_CODE.CONFIGURE_ACK, request.id, hex(request.data));
  const magic = lcp.local.magic.toString(16).padStart(8, "0");
  assertEquals(hex(sent.at(-1)!.data), `${magic}${hex(text("lightwire"))}`);
  assertEquals(sent.at(-1)!.code, CP_CODE.IDENTIFICATION);
  sent.length = 0;
  input(CP_CODE.IDENTIFICATION, 1, `${OTHER_MAGIC}${hex(text("modem\u001b[31m"))}`);
  input(CP_CODE.TIME_REMAINING, 2, `${OTHER_MAGIC}00000e10${hex(text("soon"))}`);
  input(CP_CODE.DISCARD_REQUEST, 3, `${OTHER_MAGIC}00`);
  input(CP_CODE.TIME_REMAINING, 4, "00");
  assertEquals([lcp.peerIdentification, lcp.timeRemainingSeconds], ["modem?[31m", 3600]);
  assertEquals([sent.length, log.join()], [0, "up"]);
});

Deno.test("Opened: a code that nobody knows is rejected, cut to the peer's MRU (RFC 1661 §5.6)", () => {
  const { lcp, sent, input, open } = createLcp();
  open();
  input(42, 9, "aabb");
  assertEquals([sent[0]!.code, hex(sent[0]!.data)], [CP_CODE.CODE_REJECT, "2a090006aabb"]);
  input(42, 9, "00".repeat(1600));
  assertEquals(sent[1]!.data.length, 1496);
  lcp.rejectProtocol(0x8057, bytes("00".repeat(1600)), 0, 1600);
  assertEquals([sent[2]!.code, sent[2]!.data.length, hex(sent[2]!.data.subarray(0, 2))], [
    CP_CODE.PROTOCOL_REJECT,
    1496,
    "8057",
  ]);
});

Deno.test("Opened: a Protocol-Reject shuts that protocol, that of LCP itself is fatal; before, both are nothing (RFC 1661 §5.7)", () => {
  const early = createLcp();
  early.lcp.protocol.open();
  early.lcp.protocol.lowerUp();
  early.input(CP_CODE.PROTOCOL_REJECT, 1, "c021");
  assertEquals([early.lcp.state, early.log.length], ["Req-Sent", 0]);
  early.lcp.rejectProtocol(0x8057, new Uint8Array(4), 0, 4);
  assertEquals(early.sent.length, 1);
  const { lcp, log, input, pass, open } = createLcp();
  open();
  input(CP_CODE.PROTOCOL_REJECT, 1, "80");
  input(CP_CODE.PROTOCOL_REJECT, 1, "8057aabb");
  assertEquals([log.join(), lcp.state], ["rejected: 8057", "Opened"]);
  input(CP_CODE.PROTOCOL_REJECT, 1, "c021");
  pass(10_000);
  assertEquals(log.slice(1), ["down", "finished: rejected-by-peer"]);
});

Deno.test("Opened: what the peer wanted and we cannot do is remembered, until a negotiation begins anew (RFC 1661 §6.2)", () => {
  const { lcp, input, last } = createLcp({ offer: ["mschapv2"] });
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  input(CP_CODE.CONFIGURE_REQUEST, 1, "0305c22305");
  assertEquals(hex(last(CP_CODE.CONFIGURE_NAK).data), "0305c22381");
  input(CP_CODE.CONFIGURE_REQUEST, 2); // pppd gives in first, and puts us out afterwards
  const request = last(CP_CODE.CONFIGURE_REQUEST);
  input(CP_CODE.CONFIGURE_ACK, request.id, hex(request.data));
  assertEquals(lcp.state, "Opened");
  input(CP_CODE.TERMINATE_REQUEST, 3, hex(text("peer refused to authenticate")));
  assertEquals([lcp.isAuthRefusedByUs, lcp.protocol.terminateText], [true, "peer refused to authenticate"]);
  lcp.protocol.lowerDown();
  lcp.protocol.lowerUp();
  assertEquals(lcp.isAuthRefusedByUs, false);
});

Deno.test("Req-Sent: the sixth Nak in a row is a Reject, and twenty refusals of ours are the end (RFC 1661 §4.6)", () => {
  const { lcp, sent, log, input } = createLcp({ maxRefusals: 20 });
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  for (let id = 0; id < 30; id++) input(CP_CODE.CONFIGURE_REQUEST, id, "01040040"); // an MRU of 64, insistently
  const codes = sent.filter(({ code }) =>
    code === CP_CODE.CONFIGURE_NAK || code === CP_CODE.CONFIGURE_REJECT
  );
  assertEquals(codes.slice(0, 7).map(({ code }) => code), [3, 3, 3, 3, 3, 4, 4]);
  assertEquals(hex(codes[0]!.data), "01040080");
  assertEquals(hex(codes[5]!.data), "01040040");
  assertEquals(codes.length, 20);
  assertEquals(sent.at(-1)!.code, CP_CODE.TERMINATE_REQUEST);
  input(CP_CODE.TERMINATE_ACK, sent.at(-1)!.id);
  assertEquals(log, ["finished: not-converging"]);
});

Deno.test("Req-Sent: Naks and Rejects without end are the end (RFC 1661 §4.6)", () => {
  const { lcp, sent, log, input, last } = createLcp();
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  for (let i = 0; i < 40 && lcp.state === "Req-Sent"; i++) {
    input(CP_CODE.CONFIGURE_NAK, last(1).id, "020600000001");
  }
  assertEquals(sent.filter(({ code }) => code === CP_CODE.CONFIGURE_REQUEST).length, 21);
  input(CP_CODE.TERMINATE_ACK, 0);
  assertEquals(log, ["finished: not-converging"]);
});

Deno.test("Req-Sent: answers with another identifier, other contents or foreign options are dropped (RFC 1661 §5.2, §5.4)", () => {
  const { lcp, sent, input } = createLcp();
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  const { id, data } = sent[0]!;
  input(CP_CODE.CONFIGURE_ACK, id ^ 1, hex(data));
  input(CP_CODE.CONFIGURE_ACK, id, hex(data).slice(0, -4));
  input(CP_CODE.CONFIGURE_NAK, id ^ 1, "01040240");
  input(CP_CODE.CONFIGURE_REJECT, id, "01040240"); // no MRU was asked for
  assertEquals([lcp.protocol.unmatched, lcp.state, sent.length], [4, "Req-Sent", 1]);
  input(CP_CODE.CONFIGURE_NAK, id, "0104");
  input(CP_CODE.CONFIGURE_REQUEST, 1, "0001");
  assertEquals([lcp.protocol.malformed, sent.length], [2, 1]);
  input(CP_CODE.CONFIGURE_REJECT, id, emitHex(data, 7));
  assertEquals(parseCpOptions(sent[1]!.data)!.map(({ type }) => type), [2, 5, 8]);
  assert(sent[1]!.id !== id);
});

/** One option of a request, as digits. */
function emitHex(data: Uint8Array, type: number): string {
  return hex(emitCpOptions(parseCpOptions(data)!.filter((option) => option.type === type)));
}

Deno.test("Stopped: a passive side that gave up still answers the peer, with everything anew (RFC 1661 §4.1)", () => {
  const { lcp, sent, log, input, pass, last } = createLcp({ isPassive: true });
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  pass(31_000);
  assertEquals([lcp.state, log.length, sent.length], ["Stopped", 0, 10]);
  input(CP_CODE.CONFIGURE_REQUEST, 1, `0506${OTHER_MAGIC}`);
  const request = last(CP_CODE.CONFIGURE_REQUEST);
  input(CP_CODE.CONFIGURE_ACK, request.id, hex(request.data));
  assertEquals([lcp.state, log.join()], ["Opened", "up"]);
});

Deno.test("Req-Sent: the restart timer and the three counters are as the RFC has them, and can be set (RFC 1661 §4.6)", () => {
  const { lcp, sent, log, pass, open, timers } = createLcp({ echoIntervalMs: 0 });
  lcp.protocol.open();
  lcp.protocol.lowerUp();
  pass(2900);
  assertEquals(sent.length, 1);
  pass(100);
  assertEquals(sent.length, 2);
  const other = createLcp({ restartMs: 500, maxConfigure: 2, maxTerminate: 3 });
  other.lcp.protocol.open();
  other.lcp.protocol.lowerUp();
  other.pass(1000);
  assertEquals([other.sent.length, other.log.join()], [2, "finished: timeout"]);
  lcp.protocol.lowerDown();
  lcp.protocol.close();
  log.length = 0;
  open();
  lcp.protocol.close();
  pass(5900);
  assertEquals(sent.filter(({ code }) => code === CP_CODE.TERMINATE_REQUEST).length, 2);
  assertEquals(log, ["down"]);
  pass(100);
  assertEquals([log.join(), timers.size], ["down,finished: closed", 0]);
});
