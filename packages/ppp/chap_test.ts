import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { ChapClient, ChapServer } from "./chap.ts";
import { CHAP_MD5, chapMd5Response } from "./chap_algorithm.ts";
import { MSCHAP } from "./mschap.ts";
import { parseMsChapFailure } from "./mschap_failure.ts";
import { MSCHAPV2 } from "./mschapv2.ts";
import { authenticationHarness, packetOf } from "./testdata/authentication_harness.ts";
import { bytes, hex, text } from "./testdata/hex.ts";

const ALICE = { name: "alice", secret: "wonderland" };
const CHALLENGE = "000102030405060708090a0b0c0d0e0f";
// Of Python's hashlib: md5(b"\x07" + b"wonderland" + bytes(range(16))).
const DIGEST = "1303d97e4880a5fccdd7cf3725f26e18";
const NAME = hex(text("alice"));
const RESPONSE = `0207001a10${DIGEST}${NAME}`;

Deno.test("CHAP-MD5: the digest over identifier, secret and challenge (RFC 1994 §4.1)", () => {
  assertEquals(hex(chapMd5Response(7, "wonderland", bytes(CHALLENGE))), DIGEST);
});

Deno.test("CHAP client: answers a challenge, again and again until it hears what became of it (RFC 1994 §4.1)", () => {
  const { context, sent, outcomes, pass, timers } = authenticationHarness();
  const client = new ChapClient(context, CHAP_MD5, ALICE);
  client.start();
  client.input(packetOf(`01070018 10 ${CHALLENGE} 697370`));
  assertEquals(sent, [RESPONSE]);
  pass(6000);
  assertEquals(sent, [RESPONSE, RESPONSE, RESPONSE]);
  client.input(packetOf("03060004"));
  assertEquals(outcomes, []);
  client.input(packetOf(`0307000b ${hex(text("Welcome"))}`));
  assertEquals(outcomes, [{ isAccepted: true, name: "alice", message: "Welcome", isSecretChanged: false }]);
  assertEquals(timers.size, 0);
});

Deno.test("CHAP client: answers later challenges too; silence afterwards is no failure, a refusal is (RFC 1994 §2)", () => {
  const { context, sent, outcomes, pass, timers } = authenticationHarness();
  const client = new ChapClient(context, CHAP_MD5, ALICE);
  client.start();
  client.input(packetOf(`01070018 10 ${CHALLENGE} 697370`));
  client.input(packetOf("03070004"));
  client.input(packetOf("01080006 01 aa"));
  assertEquals(sent.length, 2);
  pass(40_000);
  assertEquals([outcomes.length, timers.size], [1, 0]);
  client.input(packetOf("01090006 01 ab"));
  client.input(packetOf("04090007 6f7574"));
  assertEquals(outcomes[1], { isAccepted: false, name: "alice", message: "out" });
});

Deno.test("CHAP client: challenges that do not fit are dropped, and without one it gives up (RFC 1994 §4.1)", () => {
  for (const algorithm of [CHAP_MD5, MSCHAP, MSCHAPV2]) {
    const { context, sent, outcomes, pass } = authenticationHarness();
    const client = new ChapClient(context, algorithm, ALICE);
    client.start();
    for (const bad of ["01010004", "01010005 00", "01010006 05 aa"]) client.input(packetOf(bad));
    if (algorithm === MSCHAP) client.input(packetOf(`01010015 10 ${CHALLENGE}`));
    if (algorithm === MSCHAPV2) client.input(packetOf("0101000d 08 0001020304050607"));
    assertEquals(sent, []);
    pass(30_000);
    assertEquals(outcomes, [{ isAccepted: false, name: "", message: "no answer" }]);
  }
});

Deno.test("CHAP client: challenges without a verdict are answered fifty times, and then it is over (RFC 1994 §4.1)", () => {
  const { context, sent, outcomes, pass, timers } = authenticationHarness();
  const client = new ChapClient(context, CHAP_MD5, ALICE);
  client.start();
  for (let id = 0; id < 51; id++) {
    client.input({ code: 1, id, data: Uint8Array.of(1, id) });
    pass(1000);
  }
  assertEquals(sent.length, 50);
  assertEquals(outcomes, [{ isAccepted: false, name: "alice", message: "challenges without end" }]);
  assertEquals(timers.size, 0);
});

Deno.test("MS-CHAPv2 server: who is told to change the secret and does not is told three times (RFC 2759 §7)", () => {
  const { context, sent, outcomes } = authenticationHarness();
  const secretChange = { isExpired: () => true, change: () => true };
  const server = new ChapServer(context, MSCHAPV2, { name: "isp", lookup: () => "wonderland", secretChange });
  server.start();
  let id = Number.parseInt(sent[0]!.slice(2, 4), 16);
  let challenge = bytes(sent[0]!.slice(10, 42));
  for (let i = 0; i < 4; i++) {
    const value = MSCHAPV2.respond({ id, challenge, name: "alice" }, "wonderland", context.random);
    server.input({ code: 2, id, data: Uint8Array.of(value.length, ...value, ...text("alice")) });
    const failure = parseMsChapFailure(new TextDecoder().decode(bytes(sent.at(-1)!.slice(8))))!;
    assertEquals([failure.error, failure.mayRetry], [648, i < 3]);
    challenge = new Uint8Array(failure.challenge!);
    id = (id + 1) & 0xff;
  }
  assertEquals(outcomes, [{ isAccepted: false, name: "alice", message: "the secret has expired" }]);
  server.stop();
});

Deno.test("MS-CHAPv2 client: a success without the right proof ends it (RFC 2759 §5)", () => {
  for (const digits of ["", `S=${"0".repeat(40)} M=Welcome`, "Welcome"]) {
    const { context, outcomes } = authenticationHarness();
    const client = new ChapClient(context, MSCHAPV2, ALICE);
    client.start();
    client.input(packetOf(`01010015 10 ${CHALLENGE}`));
    client.input({ code: 3, id: 1, data: text(digits) });
    assertEquals(outcomes, [{
      isAccepted: false,
      name: "alice",
      message: "the peer does not know our secret itself",
    }]);
  }
});

Deno.test("MS-CHAPv2 client: a repeated challenge gets the same response, which the peer may have judged (RFC 2759 §4)", () => {
  const { context, sent } = authenticationHarness();
  const client = new ChapClient(context, MSCHAPV2, ALICE);
  client.start();
  client.input(packetOf(`01010015 10 ${CHALLENGE}`));
  client.input(packetOf(`01010015 10 ${CHALLENGE}`));
  client.input(packetOf(`01020015 10 ${CHALLENGE}`));
  assertEquals(sent[0], sent[1]);
  assertNotEquals(sent[2]!.slice(4), sent[0]!.slice(4));
  client.stop();
});

Deno.test("CHAP server: the same challenge every three seconds, then no more (RFC 1994 §4.1)", () => {
  const { context, sent, outcomes, pass, timers } = authenticationHarness();
  new ChapServer(context, CHAP_MD5, { name: "isp", lookup: () => "x" }).start();
  pass(30_000);
  assertEquals(sent.length, 10);
  assertEquals(new Set(sent).size, 1);
  assert(/^01..001810.{32}697370$/.test(sent[0]!), sent[0]);
  assertEquals(outcomes, [{ isAccepted: false, name: "", message: "no answer" }]);
  assertEquals(timers.size, 0);
});

Deno.test("CHAP server: one verdict for each challenge, whatever comes after it (RFC 1994 §4.2)", () => {
  const { context, sent, outcomes } = authenticationHarness();
  const server = new ChapServer(context, CHAP_MD5, {
    name: "isp",
    lookup: (n) => n === "alice" ? "wonderland" : undefined,
  });
  server.start();
  const id = Number.parseInt(sent[0]!.slice(2, 4), 16);
  const challenge = bytes(sent[0]!.slice(10, 42));
  const right = chapMd5Response(id, "wonderland", challenge);
  const response = (value: Uint8Array) => ({
    code: 2,
    id,
    data: Uint8Array.of(value.length, ...value, ...text("alice")),
  });
  server.input(response(right.subarray(1))); // too short: dropped
  server.input({ ...response(right), id: id ^ 1 });
  assertEquals([sent.length, outcomes.length], [1, 0]);
  server.input(response(right));
  server.input(response(new Uint8Array(16)));
  assertEquals(sent.slice(1).map((packet) => packet.slice(0, 2)), ["03", "03"]);
  assertEquals(outcomes, [{ isAccepted: true, name: "alice", message: "" }]);
  server.stop();
});

Deno.test("CHAP server: each new challenge has another value and identifier, at times that jitter (RFC 1994 §2.3)", () => {
  const { context, sent, outcomes, pass, timers } = authenticationHarness();
  const server = new ChapServer(context, CHAP_MD5, {
    name: "isp",
    lookup: () => "wonderland",
    rechallengeMs: 10_000,
  });
  server.start();
  const seen: string[] = [];
  for (let i = 0; i < 5; i++) {
    const challenge = sent.at(-1)!;
    seen.push(challenge);
    const id = Number.parseInt(challenge.slice(2, 4), 16);
    const value = chapMd5Response(id, "wonderland", bytes(challenge.slice(10, 42)));
    server.input({ code: 2, id, data: Uint8Array.of(16, ...value, ...text("alice")) });
    const before = sent.length;
    pass(7400);
    assertEquals(sent.length, before);
    pass(5200);
    assert(sent.length > before);
  }
  assertEquals(new Set(seen.map((challenge) => challenge.slice(2, 4))).size, 5);
  assertEquals(new Set(seen.map((challenge) => challenge.slice(10))).size, 5);
  assertEquals(outcomes.filter((outcome) => outcome.isAccepted).length, 5);
  server.stop();
  assertEquals(timers.size, 0);
});

Deno.test("CHAP: whatever arrives, neither side throws, and both end when stopped", () => {
  const codes = fc.integer({ min: 0, max: 8 });
  fc.assert(
    fc.property(fc.array(fc.tuple(codes, fc.nat(3), fc.uint8Array({ maxLength: 60 }))), (packets) => {
      for (const algorithm of [CHAP_MD5, MSCHAP, MSCHAPV2]) {
        const { context, timers } = authenticationHarness();
        const sides = [
          new ChapClient(context, algorithm, ALICE),
          new ChapServer(context, algorithm, { name: "isp", lookup: () => "x", retries: 1 }),
        ];
        for (const side of sides) side.start();
        for (const [code, id, data] of packets) for (const side of sides) side.input({ code, id, data });
        for (const side of sides) side.stop();
        assertEquals(timers.size, 0);
      }
    }),
    { numRuns: 30 },
  );
});
