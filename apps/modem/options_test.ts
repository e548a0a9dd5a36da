import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "@lightwire/app-commands";
import { LINK_CAUSES } from "@lightwire/ppp/modem";
import { HELP } from "./help.ts";
import { parsePppup, type PppupOptions } from "./options.ts";

function parse(...args: string[]): PppupOptions {
  const options = parsePppup(args);
  if (options === "help") throw new Error("help?");
  return options;
}

Deno.test("parsePppup() reads link, dialling, addressing, output and command", () => {
  const o = parse(
    ...[
      "--device",
      "/dev/ttyUSB2",
      "--baud",
      "921600",
      "--flow",
      "none",
      "--apn",
      "internet",
      "--pin",
      "1234",
    ],
    ...["--user", "u", "--password", "p", "--auth", "chap,eap", "--init", "ATZ", "--init", "AT+COPS=0"],
    ...["--mru", "576", "--accm", "a0000", "--no-vj", "--cmux", "--ipv6", "--lcp-echo-interval", "5"],
    ...["--dns", "9.9.9.9", "--route", "10.0.0.0/8,10.64.64.1", "--persist", "--idle", "60", "--json"],
    ...["ping", "-c", "1", "host"],
  );
  assertEquals(o.link, {
    kind: "device",
    device: "/dev/ttyUSB2",
    baudRate: 921600,
    isBaudGiven: true,
    flow: "none",
    isDirect: false,
    isServer: false,
  });
  const d = o.dialling;
  assertEquals([d.apn, d.pin, d.user, d.password, d.mru, d.accm], [
    "internet",
    "1234",
    "u",
    "p",
    576,
    0xa0000,
  ]);
  assertEquals([d.authMethods, d.init], [["chap-md5", "eap"], ["ATZ", "AT+COPS=0"]]);
  assertEquals([d.isVjWanted, d.hasCmux, d.hasIpv4, d.hasIpv6, d.echoIntervalMs], [
    false,
    true,
    true,
    true,
    5000,
  ]);
  assertEquals([o.redial.isPersistent, o.redial.idleMs], [true, 60_000]);
  assertEquals(o.addressing.dns, ["9.9.9.9"]);
  assertEquals(o.addressing.routes.length, 1);
  assert(o.action.kind === "run" && o.action.command.name === "ping");
  assertEquals(o.action.args, ["-c", "1", "host"]);
});

Deno.test("parsePppup() brings the link up when nothing else is asked for, and has commands of its own", () => {
  assertEquals(parse("--sim").action, { kind: "up" });
  assertEquals(parse("--sim", "up").action, { kind: "up" });
  assertEquals(parse("--sim", "diag").action, { kind: "diag", args: [] });
  assertEquals(parse("--sim", "at", "AT+CSQ", "ATI").action, { kind: "at", commands: ["AT+CSQ", "ATI"] });
});

Deno.test("parsePppup() takes every fault of the simulation by its name", () => {
  for (const cause of LINK_CAUSES) {
    const { link } = parse("--sim", "--sim-fault", cause);
    assert(link.kind === "sim" && link.fault === cause);
    assertStringIncludes(HELP, cause);
  }
});

Deno.test("parsePppup() reads a server: addresses, name servers, who may come in", () => {
  const line = ["--device", "/dev/pts/3", "--direct", "--server"];
  const o = parse(...line, "--local", "10.0.0.1", "--remote", "10.0.0.2", "--ms-dns", "10.0.0.53");
  assertEquals([o.dialling.local, o.dialling.remote, o.dialling.dnsForPeer], ["10.0.0.1", "10.0.0.2", [
    "10.0.0.53",
  ]]);
  assertEquals(o.dialling.isAnswering, false);
  assertEquals(
    parse("--device", "x", "--server", "--local", "10.0.0.1", "--remote", "10.0.0.2").dialling.isAnswering,
    true,
  );
});

Deno.test("parsePppup() says what is wrong, in one sentence", () => {
  const cases: [string[], string][] = [
    [[], "Choose one link"],
    [["--sim", "--device", "x"], "Choose one link"],
    [["--sim", "frob"], 'Unknown command "frob"'],
    [["--sim", "up", "x"], "Nothing follows"],
    [["--sim", "--sim-fault", "frob"], "--sim-fault must be one of no-port"],
    [["--device", "x", "--baud", "fast"], "--baud"],
    [["--device", "x", "--flow", "xonxoff"], "--flow"],
    [["--device", "x", "--server"], "--local"],
    [["--sim", "--direct"], "--device"],
    [["--sim", "--pin", "12"], "--pin"],
    [["--sim", "--auth", "kerberos"], "--auth"],
    [["--sim", "--accm", "xyz"], "--accm"],
    [["--sim", "--mru", "10"], "--mru"],
    [["--sim", "--no-ipv4"], "--ipv6"],
    [["--sim", "--number", "a b"], "--number"],
    [["--sim", "--init", "FOO"], "--init"],
    [["--sim", "--apn", 'a"b'], "--apn"],
    [["--sim", "--local", "x"], "--local"],
    [["--sim", "--idle", "0"], "--idle"],
    [["--sim", "--password-file", "/nonexistent/x"], "--password-file"],
    [["--sim", "--frob"], "Unknown option --frob"],
    [["--device", "x", "--demand"], "--dns"],
    [["--pppoe", "eth0", "at", "ATI"], "no modem"],
    [["--l2tp", "lns.example", "at", "ATI"], "no modem"],
    [["--l2tp", "lns.example", "diag"], "serial lines"],
    [["--l2tp", "lns.example:0"], "port of --l2tp"],
    [["--sim", "--tunnel-secret", "x"], "--l2tp HOST"],
    [["--pppoe", "eth0", "diag"], "serial lines"],
  ];
  for (const [args, message] of cases) assertThrows(() => parsePppup(args), UsageError, message);
});

Deno.test("parsePppup() lets -h win", () => {
  assertEquals(parsePppup(["-h"]), "help");
  assertStringIncludes(HELP, "COMMANDS");
  assert(
    HELP.split("\n").every((line) => line.length <= 118),
    HELP.split("\n").find((line) => line.length > 118),
  );
});
