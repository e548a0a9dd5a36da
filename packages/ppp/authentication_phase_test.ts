import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TimerQueue } from "@lightwire/netif";
import { seededRandom } from "@lightwire/netif/random";
import { VirtualClock } from "@lightwire/netif/sim";
import {
  AuthenticationPhase,
  type AuthenticationPhaseOptions,
  authenticationWishes,
} from "./authentication_phase.ts";
import { emitCpPacket, parseCpPacket } from "./cp_packet.ts";
import type { PppAuthMethod } from "./lcp_options.ts";
import { PPP_CHAP, PPP_EAP, PPP_PAP } from "./ppp_protocol_number.ts";

const ALICE = { name: "alice", secret: "wonderland" };
const secrets = (name: string) => name === "alice" ? "wonderland" : undefined;

function createPhase(options: AuthenticationPhaseOptions, seed = "phase") {
  const clock = new VirtualClock();
  const timers = new TimerQueue(clock);
  const log: string[] = [];
  const sent: { protocol: number; packet: Uint8Array }[] = [];
  const phase = new AuthenticationPhase({ timers, random: seededRandom(seed) }, {
    send: (protocol, packet) => void sent.push({ protocol, packet }),
    done: () => void log.push("done"),
    failed: (end, message) => void log.push(`${end}: ${message}`),
  }, options);
  const input = (protocol: number, packet: Uint8Array) =>
    phase.input(protocol, parseCpPacket(packet, 0, packet.length)!);
  return { phase, log, sent, input, timers, clock };
}

/** Carries packets between two phases until neither has any more. */
function converse(a: ReturnType<typeof createPhase>, b: ReturnType<typeof createPhase>): void {
  for (let more = true; more;) {
    more = false;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      for (const { protocol, packet } of from.sent.splice(0)) {
        to.input(protocol, packet);
        more = true;
      }
    }
  }
}

Deno.test("Authenticate: what LCP asks for follows from who has credentials and who knows secrets (RFC 1661 §6.2)", () => {
  const all: PppAuthMethod[] = ["eap", "mschapv2", "chap-md5", "mschap", "pap"];
  assertEquals(authenticationWishes({}), { offer: [], demand: [] });
  assertEquals(authenticationWishes({ credentials: ALICE }), { offer: all, demand: [] });
  assertEquals(authenticationWishes({ peerSecrets: secrets, authMethods: ["pap"] }), {
    offer: [],
    demand: ["pap"],
  });
});

Deno.test("Authenticate: nothing to prove is done at once; a demand that LCP did not agree on fails (RFC 1661 §3.5)", () => {
  const free = createPhase({});
  free.phase.start(undefined, undefined);
  assertEquals(free.log, ["done"]);
  const strict = createPhase({ peerSecrets: secrets });
  strict.phase.start(undefined, undefined);
  assertEquals(strict.log, ["authentication-refused: "]);
});

Deno.test("Authenticate: both directions, each in its own method, and done is told once (RFC 1661 §6.2)", () => {
  for (const there of ["eap", "mschapv2", "chap-md5", "mschap", "pap"] as const) {
    for (const back of ["eap", "mschapv2", "chap-md5", "mschap", "pap"] as const) {
      const both = { credentials: ALICE, peerSecrets: secrets };
      const a = createPhase(both, "a");
      const b = createPhase(both, "b");
      a.phase.start(there, back);
      b.phase.start(back, there);
      converse(a, b);
      assertEquals([a.log, b.log], [["done"], ["done"]], `${there} and ${back}`);
      assertEquals([a.phase.peerName, b.phase.peerName], ["alice", "alice"]);
      a.phase.stop();
      b.phase.stop();
      assertEquals(a.timers.size + b.timers.size, 0);
    }
  }
});

Deno.test("Authenticate: MPPE keys come of MS-CHAP in one direction, the same on both sides, and of nothing else (RFC 3079 §2, §3)", () => {
  for (
    const [method, eapMethods, hasKeys] of [
      ["mschap", undefined, true],
      ["mschapv2", undefined, true],
      ["eap", ["mschapv2"], true],
      ["eap", ["md5"], false],
      ["chap-md5", undefined, false],
      ["pap", undefined, false],
    ] as const
  ) {
    const only = eapMethods === undefined ? {} : { eapMethods };
    const client = createPhase({ credentials: ALICE, ...only }, "client");
    const server = createPhase({ peerSecrets: secrets, ...only }, "server");
    client.phase.start(undefined, method);
    server.phase.start(method, undefined);
    converse(client, server);
    const here = client.phase.mppeKeys;
    const there = server.phase.mppeKeys;
    assertEquals(here !== undefined, hasKeys, `${method} ${eapMethods}`);
    assertEquals(here?.sendStart, there?.receiveStart);
    assertEquals(here?.receiveStart, there?.sendStart);
    assertEquals(here?.sendStartShort, there?.receiveStartShort);
    server.phase.stop();
  }
  const both = { credentials: ALICE, peerSecrets: secrets };
  const a = createPhase(both, "a");
  const b = createPhase(both, "b");
  a.phase.start("mschapv2", "mschapv2");
  b.phase.start("mschapv2", "mschapv2");
  converse(a, b);
  assertEquals([a.log, a.phase.mppeKeys], [["done"], undefined]);
});

Deno.test("Authenticate: a challenge of ours that comes back as the peer's is not answered (RFC 1994 §2.3)", () => {
  for (const method of ["chap-md5", "mschap", "mschapv2"] as const) {
    const { phase, log, sent, input } = createPhase({ credentials: ALICE, peerSecrets: secrets });
    phase.start(method, method);
    input(PPP_CHAP, sent[0]!.packet);
    assertEquals(sent.length, 1);
    assertEquals(log, ["authentication-failed: the peer sends our own challenge back"]);
    phase.stop();
  }
});

Deno.test("Authenticate: packets of protocols that were not agreed on are dropped (RFC 1661 §3.5)", () => {
  const { phase, log, sent, input } = createPhase({ credentials: ALICE, peerSecrets: secrets });
  phase.start("chap-md5", "pap");
  sent.length = 0;
  assertEquals(input(PPP_PAP, emitCpPacket(1, 1, Uint8Array.of(1, 65, 1, 65))), false);
  assertEquals(input(PPP_CHAP, emitCpPacket(1, 1, Uint8Array.of(1, 65))), false);
  for (const code of [1, 2, 3, 4]) {
    assertEquals(input(PPP_EAP, emitCpPacket(code, 1, Uint8Array.of(1))), false);
  }
  assertEquals(input(PPP_CHAP, emitCpPacket(2, 0, new Uint8Array(0))), true);
  assertEquals([sent.length, log.length], [0, 0]);
  phase.stop();
  assertEquals(input(PPP_PAP, emitCpPacket(2, 1, new Uint8Array(0))), false);
});

Deno.test("Authenticate: a peer that rejects the protocol it agreed on has refused (RFC 1661 §5.7)", () => {
  const { phase, log } = createPhase({ credentials: ALICE });
  phase.start(undefined, "eap");
  phase.protocolRejected(PPP_EAP);
  assertEquals(log, ["authentication-failed: EAP rejected by the peer"]);
  phase.stop();
});

Deno.test("Authenticate: a network packet stands for a lost success only where the proof has been given (RFC 3748 §4.2)", () => {
  for (const [method, isProof] of [["eap", true], ["chap-md5", false], ["pap", false]] as const) {
    const client = createPhase({ credentials: ALICE, eapMethods: ["md5"] }, "client");
    const server = createPhase({ peerSecrets: secrets, eapMethods: ["md5"] }, "server");
    client.phase.start(undefined, method);
    server.phase.start(method, undefined);
    client.phase.networkInput();
    assertEquals(client.log, []);
    for (let i = 0; i < 6 && server.log.length === 0; i++) {
      for (const { protocol, packet } of server.sent.splice(0)) client.input(protocol, packet);
      for (const { protocol, packet } of client.sent.splice(0)) server.input(protocol, packet);
    }
    assertEquals(server.log, ["done"]); // its success is lost from here on
    client.phase.networkInput();
    assertEquals(client.log, isProof ? ["done"] : []);
    client.phase.stop();
  }
});

Deno.test("Authenticate: whatever a peer does, it is decided once the peer is silent, and no timer is left (RFC 1661 §3.5)", () => {
  const method = fc.constantFrom<PppAuthMethod>("eap", "mschapv2", "chap-md5", "mschap", "pap");
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(1, 2, 3, 4, 13, 26).chain((type) =>
      fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.of(type, ...rest))
    ),
  );
  const packet = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.nat(3), body, fc.nat(4000), fc.boolean());
  fc.assert(fc.property(method, method, fc.array(packet, { maxLength: 30 }), (here, there, packets) => {
    const one = createPhase({ credentials: ALICE, peerSecrets: secrets, authRetries: 1 });
    one.phase.start(here, there);
    const pass = (ms: number) => {
      one.clock.advance(ms);
      one.timers.runDue();
    };
    for (const [code, id, data, ms, isEcho] of packets) {
      if (one.log.some((line) => line !== "done")) break; // the session stops it at the first failure
      const sent = one.sent.at(-1);
      if (isEcho && sent !== undefined) one.input(sent.protocol, sent.packet);
      for (const protocol of [PPP_PAP, PPP_CHAP, PPP_EAP]) one.input(protocol, emitCpPacket(code, id, data));
      pass(ms);
    }
    for (let i = 0; i < 100 && one.timers.size > 0; i++) pass(1000);
    assertEquals([one.log.length > 0, one.timers.size], [true, 0]);
  }));
});
