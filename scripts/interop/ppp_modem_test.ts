/** `pppup` dials through a modem that nobody of its library wrote, with pppd behind it.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { must, Running } from "./lab.ts";
import { GUEST_ADDRESS, PppLab, type PppLine } from "./ppp/ppp_lab.ts";
import { pppTest, pppup, SharedLab, startPppup } from "./ppp/pppup.ts";

const LINES = 5;
const GSM_MODEM = new URL("./ppp/gsm_modem.py", import.meta.url).pathname;
const PING = ["ping", "-c", "5", "-i", "0.4", GUEST_ADDRESS];
const LOGIN_ARGS = ["--user", "tester", "--password", "secret"];

const shared = new SharedLab(() => PppLab.boot(LINES));

interface ModemCase {
  readonly modem: Running;
  readonly device: string;
  readonly line: PppLine;
}

/** A test with a modem, told `args`, that connects to a line on which pppd answers. */
function withModem(
  name: string,
  args: readonly string[],
  body: (c: ModemCase) => Promise<void>,
  o: { isSupervised?: boolean } = {},
): void {
  pppTest(`a modem answers: ${name}`, async () => {
    const lab = shared.value;
    const line = lab.takeLine();
    await line.serve("auth require-chap", o);
    const device = `${lab.folder}/modem${line.index}`;
    const words = [GSM_MODEM, "--link", device, "--peer-tty", line.device, ...args];
    const modem = new Running("/usr/bin/python3", ["-u", ...words]);
    try {
      await modem.waitFor(/ready/);
      await body({ modem, device, line });
    } finally {
      await modem.interrupt("SIGTERM");
      await lab.giveLine(line);
    }
  });
}

withModem("PIN, access point, number, and online", ["--pin", "1234", "--apn", "internet"], async (c) => {
  const args = ["--device", c.device, "--pin", "1234", "--apn", "internet", ...LOGIN_ARGS, ...PING];
  const done = await pppup(args);
  assertEquals(done.code, 0, done.stdout + done.stderr + c.modem.stdout);
  assertMatch(done.stderr, /FarmNet/);
  assertStringIncludes(done.stderr, c.line.clientAddress);
  assertMatch(c.modem.stdout, /> AT.*\+CPIN="?1234[^]*CONNECT[^]*call ended/);
  assertEquals((done.stdout + done.stderr).includes("1234"), false, "the PIN is nobody's business");
});

withModem("with unsolicited lines in front of every answer", ["--noise", "--apn", "internet"], async (c) => {
  const done = await pppup(["--device", c.device, "--apn", "internet", ...LOGIN_ARGS, ...PING]);
  assertEquals(done.code, 0, done.stdout + done.stderr + c.modem.stdout);
});

withModem("a wrong PIN is tried once and never again", ["--pin", "1234"], async (c) => {
  const done = await pppup(["--device", c.device, "--pin", "9999", ...LOGIN_ARGS, ...PING]);
  assertEquals(done.code, 1, done.stdout + done.stderr);
  assertMatch(done.stderr, /PIN/);
  assertEquals(c.modem.stdout.match(/> AT\+CPIN="?9999/g)?.length, 1, c.modem.stdout);
});

withModem("no PIN is given and one is wanted", ["--pin", "1234"], async (c) => {
  const done = await pppup(["--device", c.device, ...LOGIN_ARGS, ...PING]);
  assertEquals(done.code, 1, done.stdout + done.stderr);
  assertMatch(done.stderr, /--pin/);
});

withModem("a wrong access point ends with the reason", ["--apn", "internet"], async (c) => {
  const done = await pppup(["--device", c.device, "--apn", "wrong.example", ...LOGIN_ARGS, ...PING]);
  assertEquals(done.code, 1, done.stdout + done.stderr);
  assertMatch(done.stderr, /NO CARRIER|--apn/);
});

withModem("the carrier is lost, and we say so", [], async (c) => {
  const host = startPppup(["--device", c.device, ...LOGIN_ARGS, "up"]);
  await host.waitFor(/addresses/);
  c.modem.signal("SIGUSR1");
  assertEquals(await host.wait(), 1, host.stderr);
  assertMatch(host.stderr, /carrier/i);
});

withModem("one that was left in data mode is brought back by +++", ["--guard", "1"], async (c) => {
  // Somebody keeps the line open, so that its owner's death is no hang-up.
  using _hold = await Deno.open(c.device, { read: true, write: true });
  const first = startPppup(["--device", c.device, ...LOGIN_ARGS, "up"]);
  await first.waitFor(/addresses/);
  await first.interrupt("SIGKILL");
  const done = await pppup(["--device", c.device, ...LOGIN_ARGS, ...PING]);
  assertEquals(done.code, 0, done.stdout + done.stderr + c.modem.stdout);
  assertMatch(c.modem.stdout, /CONNECT[^]*(escape|call ended)[^]*CONNECT/);
}, { isSupervised: true });

withModem("commands of the user", [], async (c) => {
  const done = await pppup(["--device", c.device, "at", "AT+CSQ", "AT+COPS?"]);
  assertEquals(done.code, 0, done.stdout + done.stderr);
  assertMatch(done.stdout, /\+CSQ: 21,99[^]*FarmNet/);
});

withModem("Ctrl-C hangs up", [], async (c) => {
  const host = startPppup(["--device", c.device, ...LOGIN_ARGS, "up"]);
  await host.waitFor(/addresses/);
  assertEquals(await host.interrupt(), 130, host.stderr);
  await c.line.waitForLog(/rcvd \[LCP TermReq/);
  assert(/call ended/.test(c.modem.stdout), c.modem.stdout);
});

withModem(
  "tshark reads our capture of the dialogue, and finds no PIN in it",
  ["--pin", "73519"],
  async (c) => {
    const file = `${shared.value.folder}/capture${c.line.index}`;
    const done = await pppup([
      "--device",
      c.device,
      "--pin",
      "73519",
      "--pcap",
      file,
      ...LOGIN_ARGS,
      ...PING,
    ]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
    const said = await must(
      "tshark",
      "-r",
      file,
      "-T",
      "fields",
      "-e",
      "frame.protocols",
      "-e",
      "frame.comment",
    );
    assertMatch(said, /exported_pdu:at\t> ATD\*99[^]*CONNECT[^]*ppp:lcp[^]*raw:ip:icmp/);
    const text = new TextDecoder("latin1").decode(await Deno.readFile(file));
    assertEquals(text.includes("73519"), false, "the PIN is in the capture");
  },
);
