import { seededRandom } from "@lightwire/netif/random";
import { PbufPool } from "@lightwire/pbuf";
import type { PppHost } from "../../ppp_session.ts";
import { ModemBringUp } from "../bring_up.ts";
import type { BringUpEvent, BringUpOptions } from "../bring_up_options.ts";
import { FakePort } from "./fake_port.ts";

/** Answers of a modem where all is well. */
export const WELL: Readonly<Record<string, string>> = {
  "AT": "OK",
  "ATE0": "OK",
  "ATV1": "OK",
  "AT+CMEE=1": "OK",
  "ATI": "ACME\nMODEL ONE\nR1\n\nOK",
  "AT+CGMI": "ACME\n\nOK",
  "AT+CGMM": "ONE\n\nOK",
  "AT+CGMR": "1.0\n\nOK",
  "AT+CFUN?": "+CFUN: 1\n\nOK",
  "AT+CPIN?": "+CPIN: READY\n\nOK",
  "AT+CSQ": "+CSQ: 21,99\n\nOK",
  "AT+CEREG=2": "OK",
  "AT+CGREG=2": "OK",
  "AT+CREG=2": "OK",
  "AT+CEREG?": '+CEREG: 2,1,"1A2B","01C0FFEE",7\n\nOK',
  "AT+COPS=3,0": "OK",
  "AT+COPS?": '+COPS: 0,0,"Testnet",7\n\nOK',
  "AT+CGATT?": "+CGATT: 1\n\nOK",
  "AT+CGDCONT?": '+CGDCONT: 1,"IP","internet"\n\nOK',
  "ATD*99#": "CONNECT 150000000",
  "ATH": "OK",
};

/** What an answer may be: a text, or one computed from how often it was asked. */
export type Answer = string | ((count: number) => string | undefined);

/** A bring-up over a port whose other side answers from a table. */
export function bringUpWith(answers: Readonly<Record<string, Answer | undefined>>, options: BringUpOptions = {}) {
  const port = new FakePort();
  const table: Record<string, Answer | undefined> = { ...WELL, ...answers };
  const asked = new Map<string, number>();
  let line = "";
  let isData = false;
  port.reply = (text) => {
    if (isData) return undefined;
    line += text;
    const end = line.indexOf("\r");
    if (end < 0) return undefined;
    const command = line.slice(0, end).trim();
    line = line.slice(end + 1);
    if (command === "") return undefined;
    const count = (asked.get(command) ?? 0) + 1;
    asked.set(command, count);
    const found = command in table ? table[command] : "ERROR";
    const answer = typeof found === "function" ? found(count) : found;
    if (answer?.startsWith("CONNECT")) isData = true;
    return answer === undefined ? undefined : `\r\n${answer.replaceAll("\n", "\r\n")}\r\n`;
  };
  const host: PppHost = { timers: port.timers, random: seededRandom("modem"), pool: new PbufPool() };
  const events: BringUpEvent[] = [];
  const ended: { cause: string; message: string; evidence: readonly string[] }[] = [];
  const bringUp = new ModemBringUp(host, port, options, {
    event: (event) => void events.push(event),
    ended: (cause, message, evidence) => void ended.push({ cause, message, evidence }),
  });
  return { port, bringUp, events, ended, asked, host };
}

/** Runs it to its end. */
export function runBringUp(
  answers: Readonly<Record<string, Answer | undefined>>,
  options: BringUpOptions = {},
  limitMs: number = 200_000,
) {
  const run = bringUpWith(answers, options);
  run.bringUp.start();
  for (let at = 0; at < limitMs && run.ended.length === 0; at += 500) run.port.advance(500);
  return run;
}
