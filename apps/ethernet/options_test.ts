import { assertEquals, assertThrows } from "@std/assert";
import { parseEthup } from "./options.ts";
import { UsageError } from "@lightwire/app-commands";

Deno.test("parseEthup() reads link, addressing, output and command", () => {
  const o = parseEthup([
    "--tap",
    "tap0",
    "--address",
    "10.9.0.2/24",
    "--gateway",
    "10.9.0.1",
    "--dns",
    "10.9.0.1",
    "--route",
    "10.0.0.0/8,10.9.0.3",
    "--mac",
    "02:00:00:00:00:07",
    "--fault",
    "loss=0.02",
    "--json",
    "ping",
    "-c",
    "1",
    "host",
  ]);
  if (o === "help") throw new Error("help?");
  assertEquals(o.link, { kind: "tap", name: "tap0" });
  assertEquals(o.addressing.addresses, ["10.9.0.2/24"]);
  assertEquals(o.addressing.routes, [{ destination: "10.0.0.0/8", gateway: "10.9.0.3" }]);
  assertEquals(o.addressing.mac, 0x020000000007);
  assertEquals(o.faults, { loss: 0.02 });
  assertEquals(o.output.json, true);
  assertEquals([o.command.name, ...o.commandArgs], ["ping", "-c", "1", "host"]);
});

Deno.test("parseEthup() says what is wrong", () => {
  const cases: [string[], string][] = [
    [["ping", "x"], "Choose one link"],
    [["--sim", "--tap", "t", "ping", "x"], "Choose one link"],
    [["--sim"], "Say what to do"],
    [["--sim", "frob"], 'Unknown command "frob"'],
    [["--tap", "t", "ping", "x"], "needs an address"],
    [["--tap", "t", "--address", "10.0.0.1", "ping", "x"], "10.0.0.2/24"],
    [["--sim", "--mac", "zz", "ping", "x"], "--mac"],
    [["--sim", "--mtu", "20", "ping", "x"], "--mtu"],
    [["--sim", "--vlan", "5000", "ping", "x"], "--vlan"],
    [["--sim", "--fault", "loss=2", "ping", "x"], "--fault"],
    [["--sim", "--fault", "frob=1", "ping", "x"], "--fault"],
    [["--sim", "--route", "10.0.0.0/8", "ping", "x"], "--route"],
    [["--sim", "--gateway", "x", "ping", "x"], "--gateway"],
  ];
  for (const [args, message] of cases) assertThrows(() => parseEthup(args), UsageError, message);
});

Deno.test("parseEthup() lets -h win", () => {
  assertEquals(parseEthup(["-h"]), "help");
});
