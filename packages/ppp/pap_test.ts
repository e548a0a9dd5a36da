import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PapClient, PapServer } from "./pap.ts";
import { authenticationHarness, packetOf } from "./testdata/authentication_harness.ts";
import { hex, text } from "./testdata/hex.ts";

const ALICE = { name: "alice", secret: "wonderland" };
// Laid out by hand from RFC 1334 §2.2.1: code, identifier, length, then name and password with a length octet each.
const request = (id: string) =>
  `01${id}0015 05 ${hex(text("alice"))} 0a ${hex(text("wonderland"))}`.replaceAll(" ", "");

Deno.test("PAP client: a request every three seconds, ten times, with a new identifier each (RFC 1334 §2.2.1)", () => {
  const { context, sent, outcomes, pass, timers } = authenticationHarness();
  new PapClient(context, ALICE).start();
  pass(29_900);
  assertEquals(sent.length, 10);
  assertEquals(sent.slice(0, 2), [request("01"), request("02")]);
  assertEquals(outcomes, []);
  pass(100);
  assertEquals(outcomes, [{ isAccepted: false, name: "", message: "no answer" }]);
  assertEquals(timers.size, 0);
});

Deno.test("PAP client: only an answer to its last request counts, and only the first (RFC 1334 §2.2.2)", () => {
  const { context, outcomes, pass, timers } = authenticationHarness();
  const client = new PapClient(context, ALICE);
  client.start();
  pass(3000);
  for (const stray of ["02010005 00", "04020004", "01020004", "02030005 00"]) client.input(packetOf(stray));
  assertEquals(outcomes, []);
  client.input(packetOf(`0202000c 07 ${hex(text("Welcome"))}`));
  client.input(packetOf("03020005 00"));
  assertEquals(outcomes, [{ isAccepted: true, name: "alice", message: "Welcome" }]);
  assertEquals(timers.size, 0);
});

Deno.test("PAP client: a refusal is told with the peer's words, control characters taken out (RFC 1334 §2.2.2)", () => {
  for (
    const [packet, message] of [["0301000a 05 6e6f1b6e6f", "no?no"], ["03010004", ""], [
      "03010006 05 6e",
      "n",
    ]] as const
  ) {
    const { context, outcomes } = authenticationHarness();
    const client = new PapClient(context, ALICE);
    client.start();
    client.input(packetOf(packet));
    assertEquals(outcomes, [{ isAccepted: false, name: "alice", message }]);
  }
});

Deno.test("PAP server: the right password is let in, and a repeated request gets the same answer (RFC 1334 §2.2.1)", () => {
  const { context, sent, outcomes, timers } = authenticationHarness();
  const server = new PapServer(context, (name) => name === "alice" ? "wonderland" : undefined);
  server.start();
  server.input(packetOf(request("09")));
  server.input(packetOf(request("0a").replace("6e64", "6e65"))); // wrong now, but the verdict stands
  assertEquals(sent, [`0209000c07${hex(text("Welcome"))}`, `020a000c07${hex(text("Welcome"))}`]);
  assertEquals(outcomes, [{ isAccepted: true, name: "alice", message: "" }]);
  assertEquals(timers.size, 0);
});

Deno.test("PAP server: wrong passwords and unknown names are refused in the same words (RFC 1334 §2.2.2)", () => {
  for (const known of ["looking-glass", undefined]) {
    const { context, sent, outcomes } = authenticationHarness();
    const server = new PapServer(context, () => known);
    server.start();
    server.input(packetOf(request("01")));
    assertEquals(sent, [`030100140f${hex(text("Login incorrect"))}`]);
    assertEquals(outcomes, [{ isAccepted: false, name: "alice", message: "wrong name or password" }]);
  }
});

Deno.test("PAP server: a client that says nothing in thirty seconds is out; a stopped server says nothing (RFC 1334 §2)", () => {
  const { context, outcomes, pass, timers } = authenticationHarness();
  const server = new PapServer(context, () => "x");
  server.start();
  pass(30_000);
  assertEquals(outcomes, [{ isAccepted: false, name: "", message: "no answer" }]);
  server.start();
  server.stop();
  server.input(packetOf(request("01")));
  assertEquals([outcomes.length, timers.size], [1, 0]);
});

Deno.test("PAP server: what does not fit its lengths is dropped, and nothing throws (RFC 1334 §2.2.1)", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (data) => {
    const { context, sent } = authenticationHarness();
    const server = new PapServer(context, () => "");
    server.start();
    server.input({ code: 1, id: 1, data });
    const secretAt = 1 + (data[0] ?? 0);
    const fits = secretAt < data.length && secretAt + 1 + data[secretAt]! <= data.length;
    assertEquals(sent.length, fits ? 1 : 0);
    server.stop();
  }));
});
