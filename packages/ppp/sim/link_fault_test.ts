/** Each fault, as it looks from the computer. */
import { assert, assertEquals } from "@std/assert";
import { DEFAULT_ACCM, HdlcEncoder } from "../hdlc.ts";
import { LINK_CAUSES, type LinkCause } from "../modem/link_cause.ts";
import { behaviourOf } from "./modem_behaviour.ts";
import { Dialler } from "./testdata/dialler.ts";
import { Terminal } from "./testdata/terminal.ts";

/** What a modem with a fault answers to the usual questions. */
function ask(fault: LinkCause, ...questions: string[]): string[] {
  const terminal = new Terminal({ fault }).settle();
  terminal.type("ATE0+CMEE=2");
  const answers = questions.map((question) => terminal.ask(question, 800).join(" "));
  terminal.modem.close();
  assertEquals(terminal.sim.timers.size, 0);
  return answers;
}

/** What a dial with a fault comes to. */
function dial(
  fault: LinkCause,
  session: ConstructorParameters<typeof Dialler>[1] = {},
  waitMs = 120_000,
): string[] {
  const dialler = new Dialler({ fault }, session).dial();
  dialler.sim.advance(waitMs);
  const log = [...dialler.log];
  dialler.close();
  assertEquals(dialler.sim.timers.size, 0);
  assertEquals(dialler.sim.pool.inUse, 0);
  return log;
}

Deno.test("every cause has a behaviour", () => {
  for (const cause of LINK_CAUSES) assertEquals(typeof behaviourOf(cause).dial, "string");
});

Deno.test("no-answer: silence at every speed", () => {
  const terminal = new Terminal({ fault: "no-answer" }).settle();
  for (const baud of [115200, 9600]) {
    terminal.modem.port.setBaudRate(baud);
    assertEquals(terminal.ask("AT"), []);
  }
});

Deno.test("wrong-baud: noise or nothing at the speed asked for, OK at the other", () => {
  const terminal = new Terminal({ fault: "wrong-baud", baudRate: 115200 }).settle();
  assertEquals(terminal.ask("AT").includes("OK"), false);
  terminal.modem.port.setBaudRate(9600);
  terminal.type("");
  assertEquals(terminal.ask("AT"), ["OK"]);
});

Deno.test("data-mode: PPP frames, no answer to AT, +++ helps", () => {
  const terminal = new Terminal({ fault: "data-mode" });
  terminal.sim.advance(100);
  assertEquals(terminal.bytes.slice(0, 4), [0x7e, 0xff, 0x7d, 0x23]);
  assertEquals(terminal.lines?.dcd, true);
  assertEquals(terminal.type("AT", 2000).includes("OK"), false);
  terminal.text = "";
  terminal.write("+++");
  terminal.sim.advance(1100);
  assert(terminal.text.endsWith("\r\nOK\r\n"));
  assertEquals(terminal.ask("ATH"), ["OK"]);
  assertEquals(terminal.lines?.dcd, false);
  assertEquals(terminal.ask("AT+CREG?"), ["+CREG: 0,1", "OK"]);
});

Deno.test("data-mode: the library's escape works, by +++ and by an LCP Terminate-Request", () => {
  const terminate = new Uint8Array(64);
  const packet = Uint8Array.of(0xff, 0x03, 0xc0, 0x21, 5, 1, 0, 4);
  const length = new HdlcEncoder(DEFAULT_ACCM).encode(packet, 0, packet.length, terminate, 0, true);
  for (const goodbye of [undefined, terminate.subarray(0, length)]) {
    const dialler = new Dialler({ fault: "data-mode" });
    let by: string | undefined;
    const options = goodbye === undefined ? {} : { goodbye, attempts: 0 };
    dialler.engine.escape((outcome) => by = outcome.isCommandMode ? outcome.by : "nothing", options);
    dialler.sim.advance(10_000);
    assertEquals(by, goodbye === undefined ? "escape" : "probe");
    dialler.close();
  }
});

Deno.test("data-mode-stuck: neither +++ nor DTR nor the library's ladder help", () => {
  const dialler = new Dialler({ fault: "data-mode-stuck" });
  let isCommandMode: boolean | undefined;
  dialler.engine.escape((outcome) => isCommandMode = outcome.isCommandMode);
  dialler.sim.advance(60_000);
  assertEquals(isCommandMode, false);
  dialler.close();
  assertEquals(dialler.sim.timers.size, 0);
});

Deno.test("no-sim, sim-pin, sim-puk: what +CPIN and the others say", () => {
  assertEquals(ask("no-sim", "AT+CPIN?", "AT+CIMI", "AT+CREG?", "ATD*99#"), [
    "+CME ERROR: SIM not inserted",
    "+CME ERROR: SIM not inserted",
    "+CREG: 0,0 OK",
    "NO CARRIER",
  ]);
  assertEquals(ask("sim-pin", "AT+CPIN?", "AT+CIMI", "AT+CPIN=1111", "AT+CPIN=1234", "AT+CPIN?"), [
    "+CPIN: SIM PIN OK",
    "+CME ERROR: SIM PIN required",
    "+CME ERROR: incorrect password",
    "OK",
    "+CPIN: READY OK",
  ]);
  assertEquals(ask("sim-puk", "AT+CPIN?", "AT+CPIN=1234", 'AT+CPIN="12345678","4321"', "AT+CPIN?"), [
    "+CPIN: SIM PUK OK",
    "+CME ERROR: SIM PUK required",
    "OK",
    "+CPIN: READY OK",
  ]);
});

Deno.test("no-signal, not-registered, registration-denied, roaming: signal and registration", () => {
  const questions = ["AT+CSQ", "AT+CEREG?", "AT+COPS?", "ATD*99#", "AT+CEER"];
  assertEquals(ask("no-signal", ...questions), [
    "+CSQ: 99,99 OK",
    "+CEREG: 0,2 OK",
    "+COPS: 0 OK",
    "NO CARRIER",
    '+CEER: "No network service" OK',
  ]);
  assertEquals(ask("not-registered", ...questions).slice(0, 2), ["+CSQ: 21,99 OK", "+CEREG: 0,2 OK"]);
  const denied = ask("registration-denied", ...questions);
  assertEquals(denied[1], "+CEREG: 0,3 OK");
  assertEquals(denied[4], '+CEER: "PLMN not allowed" OK');
  assertEquals(ask("roaming", "AT+CREG?", "AT+CGATT?"), ["+CREG: 0,5 OK", "+CGATT: 1 OK"]);
  assert(dial("roaming").includes("dial connect"));
});

Deno.test("wrong-apn, attach-refused: dialling fails, and +CEER says why", () => {
  assertEquals(
    ask("wrong-apn", 'AT+CGDCONT=1,"IP","nonsense"', "AT+CGATT?", "AT+CGACT=1,1", "ATD*99#", "AT+CEER"),
    [
      "OK",
      "+CGATT: 1 OK",
      "+CME ERROR: requested service option not subscribed",
      "NO CARRIER",
      '+CEER: "Missing or unknown APN" OK',
    ],
  );
  assertEquals(ask("attach-refused", "AT+CREG?", "AT+CGATT?", "AT+CGATT=1", "ATD*99#", "AT+CEER"), [
    "+CREG: 0,1 OK",
    "+CGATT: 0 OK",
    "+CME ERROR: GPRS services not allowed",
    "NO CARRIER",
    '+CEER: "GPRS services not allowed" OK',
  ]);
});

Deno.test("no-carrier, busy, no-dialtone: results of dialling", () => {
  assertEquals(ask("no-carrier", "ATD*99#", "AT+CEER"), ["NO CARRIER", '+CEER: "Network failure" OK']);
  assertEquals(ask("busy", "ATD*99#"), ["BUSY"]);
  assertEquals(ask("no-dialtone", "ATD*99#"), ["NO DIALTONE"]);
});

Deno.test("silence-after-connect: not one octet follows", () => {
  const terminal = new Terminal({ fault: "silence-after-connect" }).settle();
  assertEquals(terminal.type("ATE0D*99#", 20_000).endsWith("\r\nCONNECT 115200\r\n"), true);
  assertEquals(dial("silence-after-connect"), ["dial connect", "ended timeout"]);
});

Deno.test("loopback: our own magic number comes back", () => {
  assertEquals(dial("loopback"), ["dial connect", "ended loopback"]);
});

Deno.test("lcp-timeout: the peer asks, and hears nothing", () => {
  assertEquals(dial("lcp-timeout"), ["dial connect", "ended timeout"]);
});

Deno.test("auth-type-refused: the peer wants CHAP with SHA-256 and nothing else", () => {
  const log = dial("auth-type-refused", { credentials: { name: "tester", secret: "secret" } });
  assertEquals(log, ["dial connect", "ended line-lost", "carrier lost"]);
  const dialler = new Dialler({ fault: "auth-type-refused" }).dial();
  dialler.sim.advance(2000);
  assertEquals(dialler.link.session.lcp.isAuthRefusedByUs, true);
  dialler.close();
});

Deno.test("auth-failed: no password is right, and the peer says so", () => {
  const log = dial("auth-failed", { credentials: { name: "tester", secret: "secret" } });
  assert(log[1]?.startsWith("ended authentication-failed"), log.join("\n"));
});

Deno.test("no-address: the peer suggests 0.0.0.0 until we give up", () => {
  const log = dial("no-address");
  assert(log[1]?.startsWith("ended no-address"), log.join("\n"));
  assertEquals(log.some((line) => line.startsWith("up")), false);
});

Deno.test("no-dns: an address and no name servers", () => {
  assertEquals(dial("no-dns", {}, 5000), ["dial connect", "up 10.64.64.100 10.64.64.1 dns"]);
});

Deno.test("peer-terminates: an address, then a Terminate-Request with a text", () => {
  const log = dial("peer-terminates");
  assertEquals(log.slice(1, 4), [
    "up 10.64.64.100 10.64.64.1 dns 10.64.64.53 10.64.64.54",
    "down",
    "ended terminated-by-peer: Administrative shutdown: no credit left",
  ]);
  assertEquals(log.at(-1), "carrier lost");
});

Deno.test("ipv6-only: IPCP is rejected, IPV6CP opens", () => {
  assert(dial("ipv6-only")[1]?.startsWith("ended no-network-protocol"));
  assertEquals(dial("ipv6-only", { ipv6cp: {} }, 5000), ["dial connect", "up ipv6"]);
});

Deno.test("mtu-black-hole: packets of 1280 octets pass, longer ones vanish", () => {
  let heard = 0;
  const dialler = new Dialler({
    fault: "mtu-black-hole",
    answer: (link) =>
      link.attach({
        linkInput: (p) => {
          heard++;
          p.release();
        },
        inputBatchEnd() {},
        linkStateChanged() {},
        linkWritable() {},
      }),
  });
  assert(dialler.connect());
  for (const length of [100, 1280, 1281, 1500]) {
    dialler.send(length);
    dialler.sim.advance(1000);
  }
  assertEquals(heard, 2);
  dialler.close();
});

Deno.test("not-8-bit-clean: AT works, no frame of PPP has a good FCS, and bit 7 never comes", () => {
  const dialler = new Dialler({ fault: "not-8-bit-clean" }).dial();
  dialler.sim.advance(60_000);
  assertEquals(dialler.log, ["dial connect", "ended timeout"]);
  assertEquals(dialler.link.decoder.counters.frames, 0);
  dialler.close();
});

Deno.test("eaten XON and XOFF: frames fail until the ACCM has them escaped (RFC 1662 §7.1)", () => {
  for (const accm of [0, 0x000a0000]) {
    const dialler = new Dialler({
      eatsFlowCharacters: true,
      operator: { session: { lcp: { accm } } },
    }, { lcp: { accm } });
    assert(dialler.connect());
    const call = dialler.modem.session.call!;
    const before = call.octetsReceived;
    const sentBefore = dialler.link.counters.octetsSent;
    dialler.send(500, 0x11);
    dialler.sim.advance(1000);
    const lost = dialler.link.counters.octetsSent - sentBefore - (call.octetsReceived - before);
    assertEquals(lost > 400, accm === 0);
    dialler.close();
  }
});

Deno.test("flow-control: short packets pass, long ones lose octets in both directions", () => {
  const heard: number[] = [];
  const dialler = new Dialler({
    fault: "flow-control",
    answer: (link) =>
      link.attach({
        linkInput: (p) => {
          heard.push(p.totalLength);
          if (!link.transmit(p)) p.release();
          link.flush();
        },
        inputBatchEnd() {},
        linkStateChanged() {},
        linkWritable() {},
      }),
  });
  assert(dialler.connect());
  for (const length of [84, 84, 1400, 1400]) {
    dialler.send(length);
    dialler.sim.advance(1000);
  }
  assertEquals(heard, [84, 84]);
  assertEquals(dialler.received, 2);
  dialler.close();
  assertEquals(dialler.sim.pool.inUse, 0);
});
