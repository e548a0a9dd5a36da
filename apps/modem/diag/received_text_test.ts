import { assertEquals, assertMatch } from "@std/assert";
import { adviseOnSilence, receivedText } from "./received_text.ts";

const note = (text: string) =>
  `(received: ${[...new TextEncoder().encode(text)].map((o) => o.toString(16).padStart(2, "0")).join(" ")})`;

Deno.test("receivedText() finds a login prompt, and what a modem says", () => {
  assertEquals(receivedText(["> LCP ConfReq id 1", note("\r\nraspberrypi login: ")]), "raspberrypi login:");
  assertEquals(receivedText([note("\r\nNO CARRIER\r\n")]), "NO CARRIER");
});

Deno.test("receivedText() takes frames, noise and next to nothing for no text", () => {
  assertEquals(receivedText(["(received: 7e ff 7d 23 c0 21 7d 21 7d 21)"]), undefined);
  assertEquals(receivedText(["(received: 7e 7f 7d 23 40 21 7d 21 7d 21 7d 20 7d 38 7d 22 …)"]), undefined);
  assertEquals(receivedText(["(received: f8 9c e0 41 ff c1)"]), undefined);
  assertEquals(receivedText([note("ok")]), undefined);
  assertEquals(receivedText(["> AT", "< OK"]), undefined);
});

Deno.test("adviseOnSilence(): an echo, a GNSS port, a login and a wrong speed are told apart", () => {
  assertMatch(adviseOnSilence([note("AT\rAT\rAT\r")])!, /comes back/);
  assertMatch(adviseOnSilence([note("$GPGGA,123519,4807.038,N,01131.000,E")])!, /GNSS/);
  assertMatch(adviseOnSilence([note("\r\nraspberrypi login: ")])!, /says "raspberrypi login:"/);
  assertMatch(adviseOnSilence(["(received: f8 9c e0 41 ff c1)"])!, /--baud/);
  assertEquals(adviseOnSilence(["> AT"]), undefined);
});
