import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { chapMd5Response } from "./chap_algorithm.ts";
import { EapClient } from "./eap_client.ts";
import { eapTypeName } from "./eap_packet.ts";
import { MSCHAPV2 } from "./mschapv2.ts";
import { EapServer, type EapServerOptions } from "./eap_server.ts";
import { authenticationHarness, packetOf } from "./testdata/authentication_harness.ts";
import { bytes, hex, text } from "./testdata/hex.ts";

const ALICE = { name: "alice", secret: "wonderland" };
const NAME = hex(text("alice"));
const SERVER: EapServerOptions = {
  name: "isp",
  lookup: (name) => name === "alice" ? "wonderland" : undefined,
};

function startedClient(methods?: ("mschapv2" | "md5")[]) {
  const harness = authenticationHarness();
  const client = new EapClient(harness.context, ALICE, methods && { methods });
  client.start();
  return { ...harness, client, input: (digits: string) => client.input(packetOf(digits)) };
}

function startedServer(options: Partial<EapServerOptions> = {}) {
  const harness = authenticationHarness();
  const server = new EapServer(harness.context, { ...SERVER, ...options });
  server.start();
  const idOf = () => Number.parseInt(harness.sent.at(-1)!.slice(2, 4), 16);
  const respond = (data: Uint8Array) => server.input({ code: 2, id: idOf(), data });
  return { ...harness, server, respond, idOf };
}

Deno.test("EAP client: tells its name, acknowledges a notification, proves itself by MD5 (RFC 3748 §5)", () => {
  const { sent, outcomes, input, timers } = startedClient();
  input("01010005 01");
  input("01020009 02 68656c6c"); // "hell"
  input("01030018 04 10 000102030405060708090a0b0c0d0e0f 6973");
  const digest = hex(chapMd5Response(3, "wonderland", bytes("000102030405060708090a0b0c0d0e0f")));
  assertEquals(sent, [`0201000a01${NAME}`, "0202000502", `0203001b0410${digest}${NAME}`]);
  input("03030004");
  assertEquals(outcomes, [{ isAccepted: true, name: "alice", message: "hell" }]);
  assertEquals(timers.size, 0);
});

Deno.test("EAP client: a repeated request gets the same response, even after the end (RFC 3748 §4.1)", () => {
  const { sent, outcomes, input } = startedClient();
  input("01010005 01");
  input("01010005 01");
  input("0107000b 04 05 0001020304");
  input("0107000b 04 05 0001020304");
  assertEquals(sent[0], sent[1]);
  assertEquals(sent[2], sent[3]);
  input("03070004");
  input("0107000b 04 05 0001020304");
  assertEquals(sent[4], sent[3]);
  assertEquals(outcomes.length, 1);
});

Deno.test("EAP client: types it does not speak get a Nak with those it does; a failure is told in a sentence (RFC 3748 §5.3)", () => {
  for (
    const [type, name] of [["0d", "EAP-TLS"], ["15", "EAP-TTLS"], ["19", "EAP-PEAP"], [
      "fe",
      "EAP-expanded type",
    ], [
      "63",
      "EAP type 99",
    ]] as const
  ) {
    const { sent, outcomes, input } = startedClient();
    input("01010005 01");
    input(`01020006 ${type} 20`);
    assertEquals(sent[1], "02020007031a04");
    input("04020004");
    const message = `the peer asks for ${name}, and this side can do EAP-MSCHAPv2, EAP-MD5 only`;
    assertEquals(outcomes, [{ isAccepted: false, name: "alice", message }]);
    assertEquals(eapTypeName(Number.parseInt(type, 16)), name);
  }
  const { sent, input } = startedClient([]);
  input("01010006 04 00");
  assertEquals(sent, ["020100060300"]); // nothing at all
});

Deno.test("EAP client: success counts only after a proof of the other side, where there is one (RFC 3748 §4.2)", () => {
  const { outcomes, input, pass } = startedClient();
  input("03010004"); // before anything was asked
  input("01010005 01");
  input("0102001d 1a 01 02 0018 10 000102030405060708090a0b0c0d0e0f 697370");
  input("03020004");
  assertEquals(outcomes, []);
  input("01030018 1a 03 02 0013 533d30303030303030303030303030"); // "S=0…": not genuine
  assertEquals(outcomes, []);
  input("03030004");
  assertEquals(outcomes, []);
  pass(3000);
  assertEquals(outcomes, [{
    isAccepted: false,
    name: "alice",
    message: "the peer does not know our secret itself",
  }]);
});

Deno.test("EAP client: identifiers inside of MSCHAPv2 do not matter, pppd 2.4.9 gives its success another one (RFC 3748 §4.1)", () => {
  const { sent, outcomes, input, client } = startedClient();
  const challenge = bytes("3485333f7b2a82955986c6aabbccddee");
  input("01010005 01");
  client.input({
    code: 1,
    id: 3,
    data: Uint8Array.of(26, 1, 2, 0, 30, 16, ...challenge, ...text("pppserver")),
  });
  const response = bytes(sent.at(-1)!.slice(20, 20 + 98));
  const exchange = { id: 0, challenge, name: "alice" };
  const success = text(MSCHAPV2.successText(exchange, "wonderland", response));
  client.input({ code: 1, id: 4, data: Uint8Array.of(26, 3, 99, 0, 4 + success.length, ...success) });
  assertEquals(sent.at(-1), "020400061a03");
  input("03040004");
  assertEquals(outcomes.map(({ isAccepted, message }) => [isAccepted, message]), [[true, "Welcome"]]);
});

Deno.test("EAP client: in the midst of one method, requests of another are dropped (RFC 3748 §2.1)", () => {
  const { sent, input } = startedClient();
  input("01010005 01");
  input("0102001d 1a 01 02 0018 10 000102030405060708090a0b0c0d0e0f 697370");
  assertEquals(sent.length, 2);
  input("01030018 04 10 000102030405060708090a0b0c0d0e0f 6973");
  input("01040006 0d 20");
  assertEquals(sent.length, 2);
  input("01050005 01"); // a conversation of its own
  input("01060018 04 10 000102030405060708090a0b0c0d0e0f 6973");
  assertEquals(sent.length, 4);
});

Deno.test("EAP client: gives up after thirty seconds of silence, and after fifty requests (RFC 3748 §4.1)", () => {
  const silent = startedClient();
  silent.pass(29_000);
  silent.input("01010005 01");
  silent.pass(29_900);
  assertEquals(silent.outcomes, []);
  silent.pass(100);
  assertEquals(silent.outcomes, [{ isAccepted: false, name: "", message: "no answer" }]);
  const endless = startedClient();
  for (let id = 0; id < 51; id++) endless.client.input({ code: 1, id, data: Uint8Array.of(2) });
  assertEquals(endless.outcomes, [{ isAccepted: false, name: "alice", message: "EAP requests without end" }]);
  assertEquals(endless.timers.size, 0);
});

Deno.test("EAP server: identity, then the best method; each request ten times (RFC 3748 §4.1)", () => {
  const { sent, outcomes, pass, respond } = startedServer();
  assert(/^01..000501$/.test(sent[0]!));
  pass(6000);
  assertEquals(new Set(sent).size, 1);
  respond(Uint8Array.of(1, ...text("alice")));
  assert(/^01..001d1a01..001810.{32}697370$/.test(sent.at(-1)!), sent.at(-1));
  pass(30_000);
  assertEquals(sent.length, 3 + 10);
  assertEquals(outcomes, [{ isAccepted: false, name: "", message: "no answer" }]);
});

Deno.test("EAP server: a Nak leads to another method, if one is common, and to a failure if not (RFC 3748 §5.3.1)", () => {
  const common = startedServer();
  common.respond(Uint8Array.of(1, ...text("alice")));
  common.respond(Uint8Array.of(3, 13, 4));
  assert(/^01..001904 10/.test(common.sent.at(-1)!.replace(/^(.{10})/, "$1 ")), common.sent.at(-1));
  const digest = chapMd5Response(common.idOf(), "wonderland", bytes(common.sent.at(-1)!.slice(12, 44)));
  common.respond(Uint8Array.of(4, 16, ...digest)); // without a name: that of the identity
  assertEquals(common.outcomes, [{ isAccepted: true, name: "alice", message: "" }]);
  assertEquals(common.sent.at(-1)!.slice(0, 2), "03");
  const none = startedServer({ methods: ["mschapv2"] });
  none.respond(Uint8Array.of(1, ...text("alice")));
  none.respond(Uint8Array.of(3, 13));
  assertEquals(none.sent.at(-1)!.slice(0, 2), "04");
  const message = "the peer can do EAP-TLS, and this side accepts EAP-MSCHAPv2 only";
  assertEquals(none.outcomes, [{ isAccepted: false, name: "alice", message }]);
  assertEquals(none.timers.size + common.timers.size, 0);
});

Deno.test("EAP server: responses to older requests, and of other types, are dropped (RFC 3748 §4.1)", () => {
  const { server, sent, respond, idOf, timers } = startedServer();
  server.input({ code: 2, id: idOf() ^ 1, data: Uint8Array.of(1, ...text("alice")) });
  server.input({ code: 1, id: idOf(), data: Uint8Array.of(1) });
  respond(new Uint8Array(0));
  respond(Uint8Array.of(4, 1, 1));
  respond(Uint8Array.of(3, 4));
  assertEquals(sent.length, 1);
  server.stop();
  assertEquals(timers.size, 0);
});

Deno.test("EAP: whatever arrives, neither side throws, and both end when stopped", () => {
  const types = fc.constantFrom(1, 2, 3, 4, 13, 26);
  const packet = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat(2), types, fc.uint8Array({ maxLength: 60 }));
  fc.assert(
    fc.property(fc.array(packet), (packets) => {
      const { client, timers } = startedClient();
      const other = startedServer();
      for (const [code, id, type, data] of packets) {
        client.input({ code, id, data: Uint8Array.of(type, ...data) });
        other.server.input({ code: 2, id: other.idOf(), data: Uint8Array.of(type, ...data) });
      }
      client.stop();
      other.server.stop();
      assertEquals(timers.size + other.timers.size, 0);
    }),
    { numRuns: 50 },
  );
});
