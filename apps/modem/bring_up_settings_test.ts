import { assertEquals } from "@std/assert";
import { bringUpSettings, sessionSettings, SIM_CREDENTIALS } from "./bring_up_settings.ts";
import { parsePppup, type PppupOptions } from "./options.ts";

function parse(...args: string[]): PppupOptions {
  const options = parsePppup(args);
  if (options === "help") throw new Error("help?");
  return options;
}

Deno.test("bringUpSettings(): what the command line says of modem and network", () => {
  const line = ["--device", "/dev/ttyUSB2", "--apn", "internet", "--pin", "1234", "--number", "*98*1#"];
  const o = bringUpSettings(parse(...line, "--init", "ATZ", "--cmux", "--ipv6", "--baud", "9600"));
  assertEquals([o.apn, o.pin, o.number, o.init, o.cmux], ["internet", "1234", "*98*1#", ["ATZ"], true]);
  assertEquals([o.baudRate, o.findsBaudRate, o.pdpType, o.direct, o.answer], [
    9600,
    false,
    "IPV4V6",
    false,
    false,
  ]);
  assertEquals(bringUpSettings(parse("--device", "x")).findsBaudRate, true);
  assertEquals(bringUpSettings(parse("--device", "x", "--ipv6", "--no-ipv4")).pdpType, "IPV6");
});

Deno.test("sessionSettings(): credentials, methods, options of LCP and IPCP", () => {
  const line = ["--device", "x", "--direct", "--user", "u", "--password", "p"];
  const o = sessionSettings(
    parse(...line, "--auth", "chap,pap", "--mru", "296", "--accm", "ffffffff", "--no-vj"),
  );
  assertEquals([o.credentials, o.authMethods], [{ name: "u", secret: "p" }, ["chap-md5", "pap"]]);
  assertEquals([o.lcp?.mru, o.lcp?.accm], [296, 0xffffffff]);
  assertEquals(o.ipcp === false ? undefined : o.ipcp?.vj, false);
  assertEquals([o.ipv6cp, o.ccp], [false, undefined]);
  const none = sessionSettings(
    parse(...line, "--auth", "none", "--no-ipv4", "--ipv6", "--lcp-echo-interval", "0"),
  );
  assertEquals([none.credentials, none.ipcp, none.ipv6cp, none.lcp?.echoIntervalMs], [
    undefined,
    false,
    {},
    0,
  ]);
  const encrypted = sessionSettings(parse(...line, "--mppe"));
  assertEquals([encrypted.ccp?.mppe, encrypted.authMethods], ["required", ["mschapv2", "mschap"]]);
  assertEquals(sessionSettings(parse("--sim")).credentials, SIM_CREDENTIALS);
  assertEquals(sessionSettings(parse("--sim", "--idle", "60", "--max-session", "600")).idleMs, 60_000);
});

Deno.test("sessionSettings(): a server asks who calls, and gives addresses", () => {
  const line = ["--device", "x", "--direct", "--server", "--local", "10.0.0.1", "--remote", "10.0.0.2"];
  const o = sessionSettings(parse(...line, "--ms-dns", "10.0.0.53", "--user", "u", "--password", "p"));
  assertEquals([o.credentials, o.listen], [undefined, "passive"]);
  assertEquals([o.peerSecrets!("u"), o.peerSecrets!("x")], ["p", undefined]);
  const ipcp = o.ipcp === false ? undefined : o.ipcp;
  assertEquals([String(ipcp?.localAddress), String(ipcp?.peerAddress)], ["10.0.0.1", "10.0.0.2"]);
  assertEquals([ipcp?.isPeerAddressFixed, ipcp?.requestsDns, ipcp?.dnsServers?.map(String)], [true, false, [
    "10.0.0.53",
  ]]);
  assertEquals(sessionSettings(parse(...line)).peerSecrets, undefined);
  assertEquals(sessionSettings(parse(...line, "--user", "u", "--auth", "none")).peerSecrets, undefined);
});
