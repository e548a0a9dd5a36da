/** The simulated modem on a pseudo-terminal, dialled by programs that dial real ones: `chat`, `wvdial`, pppd with `connect`.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run, type Running } from "./lab.ts";
import { PppLab } from "./ppp/ppp_lab.ts";
import { pppTest, pppup, startScript } from "./ppp/pppup.ts";

/** The operator's router, at the other end of each call. */
const ROUTER = "10.64.64.1";
const CREDENTIALS = { name: "tester", secret: "secret" };
const CHAT = String.raw`ABORT 'NO CARRIER' ABORT ERROR ABORT BUSY TIMEOUT 10
'' ATZ OK 'ATE0V1&D2&C1' OK 'AT+CPIN="1234"' OK AT+CSQ
OK 'AT+CGDCONT=1,"IP","internet"' OK ATD*99***1# CONNECT '\c'
`;

interface SimulatedLine {
  readonly modem: Running;
  readonly device: string;
  readonly folder: string;
}

/** A test with a modem. */
function withModem(name: string, options: object, body: (c: SimulatedLine) => Promise<void>): void {
  pppTest(`our modem answers: ${name}`, async () => {
    const modem = startScript(new URL("./ppp/sim_modem.ts", import.meta.url), [
      JSON.stringify({ searchMs: 100, connectMs: 100, ...options }),
    ]);
    const folder = await Deno.makeTempDir({ prefix: "lightwire-sim-" });
    try {
      const [, device] = await modem.waitFor(/ready (\S+)/);
      await body({ modem, device: device!, folder });
    } finally {
      await modem.interrupt("SIGTERM");
      await Deno.remove(folder, { recursive: true });
    }
  });
}

withModem("chat dials it", { pin: "1234", apn: "internet" }, async ({ modem, device, folder }) => {
  await Deno.writeTextFile(`${folder}/chat`, CHAT);
  const done = await run("sh", ["-c", `/usr/sbin/chat -v -s -f ${folder}/chat <${device} >${device}`]);
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stderr, "CONNECT");
  await modem.waitFor(/call begins/);
});

withModem("chat hears why not", { pin: "1234", apn: "internet" }, async ({ device, folder }) => {
  await Deno.writeTextFile(`${folder}/chat`, CHAT.replace('"internet"', '"wrong.example"'));
  const done = await run("sh", ["-c", `/usr/sbin/chat -v -s -f ${folder}/chat <${device} >${device}`]);
  // The first string of ABORT, which is number four for chat.
  assertEquals(done.code, 4, done.stderr);
  assertStringIncludes(done.stderr, "NO CARRIER");
});

withModem("wvdial dials it, and starts pppd on the line", {}, async ({ modem, device, folder }) => {
  const pppd = `${folder}/pppd`;
  // What wvdial has pppd do needs a kernel with PPP; here it is enough that it gets that far.
  await Deno.writeTextFile(pppd, `#!/bin/sh\necho "$@" >${folder}/started\nsleep 1\n`, { mode: 0o755 });
  const config = [
    ...[
      "[Dialer Defaults]",
      `Modem = ${device}`,
      "Baud = 115200",
      "Init1 = ATZ",
      "Init2 = ATQ0 V1 E1 &C1 &D2",
    ],
    ...["Phone = *99#", "Username = tester", "Password = secret", "Stupid Mode = 1", "Carrier Check = no"],
    ...[`PPPD Path = ${pppd}`, "Auto Reconnect = off", "Dial Attempts = 1", ""],
  ];
  await Deno.writeTextFile(`${folder}/wvdial.conf`, config.join("\n"));
  const done = await run("timeout", ["20", "wvdial", "--config", `${folder}/wvdial.conf`]);
  assertMatch(done.stdout + done.stderr, /CONNECT/);
  assertStringIncludes(await Deno.readTextFile(`${folder}/started`), "115200");
  await modem.waitFor(/call begins/);
});

withModem(
  "pppd dials it with chat, proves itself and pings",
  { pin: "1234", apn: "internet", credentials: CREDENTIALS },
  async ({ modem, device }) => {
    await using lab = await PppLab.boot(0, { attached: [device] });
    await Deno.writeTextFile(`${lab.folder}/log/chat`, CHAT);
    const [line] = lab.lines;
    await line!.dial(`connect '/usr/sbin/chat -v -f /run/lab/log/chat' noauth`);
    await line!.waitForLog(/local {2}IP address 10\.64\.64\.\d+\s+remote IP address 10\.64\.64\.1\b/);
    assertMatch(await lab.guest(`/bin/ping -c 5 -i 0.4 -W 2 ${ROUTER}`), /[1-5] received/);
    await line!.stop();
    await modem.waitFor(/call ends/);
  },
);

withModem(
  "pppup dials it over a real line",
  { apn: "internet", credentials: CREDENTIALS },
  async ({ device }) => {
    const args = ["--device", device, "--apn", "internet", "--user", "tester", "--password", "secret"];
    const done = await pppup([...args, "ping", "-c", "2", "-i", "0.1", "www.example.test"]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
  },
);
