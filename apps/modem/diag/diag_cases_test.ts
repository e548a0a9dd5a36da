import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { FaultPort, type PppSessionOptions } from "@lightwire/ppp";
import type { CheckName } from "./check.ts";
import { CREDENTIALS, diagnose, type DiagRun } from "./testdata/diag_world.ts";
import { LoginPort } from "./testdata/login_port.ts";

/** Checks that are not as they should be. */
function odd(run: DiagRun) {
  return run.checks.filter(({ result }) => result === "warn" || result === "fail");
}

function check(run: DiagRun, name: CheckName) {
  return run.checks.find((each) => each.check === name)!;
}

Deno.test("diag: a line that eats XON and XOFF: both are named, with the ACCM, and DNS is not blamed (UDP is protocol 17)", async () => {
  const run = await diagnose({ modem: { eatsFlowCharacters: true } });
  assertEquals(odd(run).map(({ check, cause, text }) => [check, cause, text]), [
    ["characters", "not-8-bit-clean", "lost on the line: 0x11 (XON), 0x13 (XOFF)"],
  ]);
  assertMatch(odd(run)[0]!.remedy!, /--accm 000a0000/);
  assertEquals([run.status, check(run, "name-servers").result], [1, "skip"]);
  assertEquals(run.leaked, 0);
});

Deno.test("diag: noise, in either direction, is a warning and never taken for something else", async () => {
  for (
    const [inbound, outbound] of [[1e-5, 0], [1e-4, 0], [0, 1e-4], [3e-4, 3e-4], [1e-3, 0], [
      0,
      1e-3,
    ]] as const
  ) {
    const run = await diagnose({
      line: (port, sim) =>
        new FaultPort(port, {
          random: sim.random("noise"),
          inbound: { bitFlipRate: inbound },
          outbound: { bitFlipRate: outbound },
        }),
    });
    const what = `${inbound} in, ${outbound} out: ${JSON.stringify(odd(run))}`;
    assertEquals([run.status, run.leaked, run.diagnosis.causes], [0, 0, []], what);
    assertEquals(check(run, "errors").result, "warn", what);
    assertMatch(check(run, "errors").text, outbound > 0 && inbound === 0 ? /way out/ : /noise/, what);
  }
});

Deno.test("diag: one of two name servers is silent: a warning that names it", async () => {
  const dnsServers = ["10.64.64.53", "192.0.2.53"].map((text) => parseIpAddressOrThrow(text));
  const run = await diagnose({ modem: { operator: { dnsServers } } });
  assertEquals(odd(run).map(({ check, text }) => [check, text]), [
    ["name-servers", "192.0.2.53 does not answer, 10.64.64.53 does"],
  ]);
  assertEquals(run.status, 0);
});

Deno.test("diag: name servers that are given and do not answer are no-dns too", async () => {
  const dnsServers = [parseIpAddressOrThrow("192.0.2.53")];
  const run = await diagnose({ modem: { operator: { dnsServers } } });
  assertEquals(odd(run).map(({ check, cause }) => [check, cause]), [["name-servers", "no-dns"]]);
  assertEquals([run.status, check(run, "resolve").result], [1, "skip"]);
});

Deno.test("diag: a target that refuses is reached; one that is not there is not", async () => {
  const refused = await diagnose({ diag: { target: { host: "example.test", port: 81, path: "/" } } });
  assertEquals(odd(refused).map(({ check, result }) => [check, result]), [["connect", "warn"]]);
  const absent = await diagnose({
    diag: { target: { host: "203.0.113.99", port: 80, path: "/" }, timing: { connectMs: 3000 } },
  });
  assertEquals(odd(absent).map(({ check, result, cause }) => [check, result, cause]), [[
    "connect",
    "fail",
    undefined,
  ]]);
  assertEquals([absent.status, absent.diagnosis.causes, absent.diagnosis.failed], [1, [], ["connect"]]);
});

Deno.test("diag: without an AT dialogue its checks are left out, and the remedies are those of a direct line", async () => {
  const run = await diagnose({ bringUp: { direct: true }, fault: "no-answer" });
  assertEquals(run.checks.slice(2, 9).map(({ text }) => text), Array(7).fill("no AT dialogue (--direct)"));
  assertEquals(odd(run).map(({ check, cause }) => [check, cause]), [["establish", "silence-after-connect"]]);
  assertMatch(odd(run)[0]!.remedy!, /start its PPP/);
});

Deno.test("diag: IPv6 beside IPv4 does not matter; alone and asked for, it is no failure", async () => {
  const session = { credentials: CREDENTIALS, ipv6cp: {} };
  const both = await diagnose({ bringUp: { pdpType: "IPV4V6", session } });
  assertEquals([both.status, odd(both)], [0, []]);
  assertMatch(check(both, "network").text, /^10\.64\.64\.100, .*fe80::/);
  const alone = await diagnose({ bringUp: { pdpType: "IPV6", session: { ...session, ipcp: false } } });
  assertEquals([alone.status, odd(alone), check(alone, "peer").result], [0, [], "skip"]);
  const missed = await diagnose({ bringUp: { pdpType: "IPV6", session } });
  assertEquals([missed.status, missed.diagnosis.causes, missed.leaked], [1, ["ipv6-only"], 0]);
});

Deno.test("diag: PIN and password are nowhere in the report, whatever happens", async () => {
  const credentials = { name: "demo", secret: "open-sesame-4711" };
  const session = { credentials, authMethods: ["pap" as const] };
  const common = { modem: { pin: "4711", credentials, authMethods: ["pap" as const] } };
  for (const fault of [undefined, "auth-failed", "wrong-apn"] as const) {
    const run = await diagnose({
      ...common,
      bringUp: { pin: "4711", session },
      ...(fault === undefined ? {} : { fault }),
    });
    assertEquals([run.diagnosis.causes, run.leaked], [fault === undefined ? [] : [fault], 0]);
    assert(!run.text.includes("4711"), run.text);
    assert(!run.text.includes("sesame"), run.text);
  }
  const wrong = await diagnose({ ...common, bringUp: { pin: "1147", session } });
  assertEquals(wrong.diagnosis.causes, ["sim-pin"]);
  assert(!wrong.text.includes("1147"), wrong.text);
});

Deno.test("diag: without a common authentication, the remedy is about what was given", async () => {
  const remedy = async (session: PppSessionOptions) =>
    odd(await diagnose({ fault: "auth-type-refused", bringUp: { session } }))[0]!.remedy!;
  assertMatch(await remedy({}), /Give a user and a password/);
  assertMatch(await remedy({ credentials: CREDENTIALS }), /not spoken here/);
  assertMatch(await remedy({ credentials: CREDENTIALS, authMethods: ["pap"] }), /Leave --auth out/);
});

Deno.test("diag: a login prompt in place of PPP is shown, and not taken for a line of seven bits", async () => {
  const run = await diagnose({ bringUp: { direct: true }, line: (_, sim) => new LoginPort(sim.timers) });
  const [found] = odd(run);
  assertEquals([odd(run).length, found!.check, found!.cause], [1, "establish", "lcp-timeout"]);
  assertMatch(found!.text, /text and no PPP: "raspberrypi login: raspberrypi/);
  assertMatch(found!.remedy!, /Start PPP there first/);
});

Deno.test("diag: a caller is not the way to the world: names, servers and clocks are left out", async () => {
  const run = await diagnose({ diag: { isServer: true } });
  assertEquals([run.status, odd(run)], [0, []]);
  const skipped = run.checks.filter(({ result }) => result === "skip").map(({ check }) => check);
  assertEquals(skipped, ["name-servers", "resolve", "connect", "clock"]);
});

Deno.test("diag: a slow line gets its time", async () => {
  const run = await diagnose({ baudRate: 2400 });
  assertEquals(odd(run).map(({ check, text }) => [check, text]), []);
  assert(run.elapsedMs < 300_000, `took ${run.elapsedMs} ms`);
});

Deno.test("diag: interrupted in any phase, it hangs up, gives everything back, and ends", async () => {
  for (const interruptAfterMs of [0, 100, 1500, 2605, 2700, 4000, 5000]) {
    const run = await diagnose({ interruptAfterMs });
    assertEquals([run.status, run.leaked], [130, 0], `after ${interruptAfterMs} ms`);
  }
});
