/** Commands of the simulated modem for messages (3GPP TS 27.005 §3, text mode) and supplementary services
 * (3GPP TS 27.007 §7.15).
 *
 * @module
 */
import { type AtOutcome, cms, ok } from "./at_outcome.ts";
import {
  argument,
  type CommandContext,
  type CommandGroup,
  keeps,
  WRONG_PARAMETERS,
} from "./command_entry.ts";
import { SMS_CAPACITY, type SmsMessage, type SmsStatus } from "./sms_store.ts";

/** `+CMS ERROR` numbers (3GPP TS 27.005 §3.2.5). */
const CMS = { NOT_SUPPORTED: 303, INVALID_INDEX: 321, NO_SERVICE: 331, UNKNOWN: 500 } as const;
/** How long a message takes to be sent, in milliseconds. */
const SEND_MS = 800;
/** How long a supplementary service takes. */
const SERVICE_MS = 600;
const CHARACTER_SETS: readonly string[] = ["GSM", "IRA", "UCS2"];
const STATUSES: readonly SmsStatus[] = ["REC UNREAD", "REC READ", "STO UNSENT", "STO SENT"];

/** Text as the character set of `+CSCS` writes it. */
function written(at: CommandContext, text: string): string {
  if (at.modem.settings.characterSet !== "UCS2") return text;
  return [...text].map((char) => char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")).join("");
}

function readText(at: CommandContext, text: string): string {
  if (at.modem.settings.characterSet !== "UCS2" || !/^(?:[0-9A-Fa-f]{4})+$/.test(text)) return text;
  return String.fromCharCode(...text.match(/.{4}/g)!.map((hex) => parseInt(hex, 16)));
}

function send(at: CommandContext): AtOutcome {
  const { modem } = at;
  if (!modem.settings.isSmsText) return cms(CMS.NOT_SUPPORTED);
  const number = readText(at, at.args[0] ?? "");
  if (!/^\+?\d{3,20}$/.test(number)) return cms(CMS.UNKNOWN);
  return {
    prompt: (text) => {
      if (text === undefined) return ok();
      if (!modem.radio.isRegistered) return cms(CMS.NO_SERVICE);
      return { afterMs: SEND_MS, then: () => ok(`+CMGS: ${modem.sms.send(number, readText(at, text))}`) };
    },
  };
}

function header(at: CommandContext, { status, number, time }: SmsMessage): string {
  return `"${status}","${written(at, number)}",${time === "" ? "" : `,"${time}"`}`;
}

function list(at: CommandContext): AtOutcome {
  const wanted = (at.args[0] ?? "REC UNREAD").toUpperCase();
  if (wanted !== "ALL" && !STATUSES.some((status) => status === wanted)) return cms(CMS.UNKNOWN);
  const lines: string[] = [];
  for (const [index, message] of at.modem.sms.all) {
    if (wanted !== "ALL" && message.status !== wanted) continue;
    lines.push(`+CMGL: ${index},${header(at, message)}`, written(at, message.text));
    if (message.status === "REC UNREAD") message.status = "REC READ";
  }
  return ok(...lines);
}

function read(at: CommandContext): AtOutcome {
  const index = argument(at, 0, 1, SMS_CAPACITY);
  const message = index === undefined ? undefined : at.modem.sms.get(index);
  if (message === undefined) return cms(CMS.INVALID_INDEX);
  const lines = [`+CMGR: ${header(at, message)}`, written(at, message.text)];
  if (message.status === "REC UNREAD") message.status = "REC READ";
  return ok(...lines);
}

function remove(at: CommandContext): AtOutcome {
  const { sms } = at.modem;
  const index = argument(at, 0, 1, SMS_CAPACITY);
  const flag = at.args.length > 1 ? argument(at, 1, 0, 4) : 0;
  if (flag === undefined) return cms(CMS.UNKNOWN);
  if (flag === 0) return index !== undefined && sms.remove(index) ? ok() : cms(CMS.INVALID_INDEX);
  for (const [at, { status }] of sms.all) {
    const isKept = flag === 1 ? status !== "REC READ" : flag < 4 && status === "REC UNREAD";
    if (!isKept) sms.remove(at);
  }
  return ok();
}

/** Short codes and what the network says to them. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ["*100#", "Credit: 12.34"],
  ["*#06#", "351602000330570"],
]);

function service(at: CommandContext): AtOutcome {
  const [mode = "", code = ""] = at.args;
  if (!/^[012]$/.test(mode)) return WRONG_PARAMETERS;
  if (code === "") return ok();
  const text = SERVICES.get(code);
  const line = text === undefined ? "+CUSD: 4" : `+CUSD: 0,"${text}",15`;
  at.modem.owner.later(SERVICE_MS, () => at.modem.broadcast(line));
  return ok();
}

/** Commands for messages. */
export const MESSAGE_COMMANDS: CommandGroup = {
  "+CMGF": {
    test: () => ok("+CMGF: (0,1)"),
    read: ({ modem }) => ok(`+CMGF: ${Number(modem.settings.isSmsText)}`),
    set: (at) => {
      const mode = argument(at, 0, 0, 1);
      if (mode === undefined) return WRONG_PARAMETERS;
      at.modem.settings.isSmsText = mode === 1;
      return ok();
    },
  },
  "+CSCS": {
    test: () => ok(`+CSCS: (${CHARACTER_SETS.map((name) => `"${name}"`).join(",")})`),
    read: ({ modem }) => ok(`+CSCS: "${modem.settings.characterSet}"`),
    set: ({ modem, args }) => {
      const name = (args[0] ?? "").toUpperCase();
      if (!CHARACTER_SETS.includes(name)) return WRONG_PARAMETERS;
      modem.settings.characterSet = name;
      return ok();
    },
  },
  "+CNMI": {
    test: () => ok("+CNMI: (0-2),(0-2),(0,2),(0,1),(0,1)"),
    read: ({ modem }) => ok(`+CNMI: 2,${modem.settings.smsReport},0,0,0`),
    set: (at) => {
      const report = at.args.length > 1 ? argument(at, 1, 0, 2) : 0;
      if (report === undefined) return WRONG_PARAMETERS;
      at.modem.settings.smsReport = report;
      return ok();
    },
  },
  "+CMGS": { set: send, test: () => ok(), needsSim: true },
  "+CMGL": {
    run: list,
    set: list,
    test: () => ok(`+CMGL: (${[...STATUSES, "ALL"].map((status) => `"${status}"`).join(",")})`),
    needsSim: true,
  },
  "+CMGR": { set: read, test: () => ok(), needsSim: true },
  "+CMGD": { set: remove, test: () => ok(`+CMGD: (1-${SMS_CAPACITY}),(0-4)`), needsSim: true },
  "+CPMS": {
    needsSim: true,
    test: () => ok('+CPMS: ("SM"),("SM"),("SM")'),
    read: ({ modem }) => ok(`+CPMS: ${Array(3).fill(`"SM",${modem.sms.size},${SMS_CAPACITY}`).join(",")}`),
    set: ({ modem }) => ok(`+CPMS: ${Array(3).fill(`${modem.sms.size},${SMS_CAPACITY}`).join(",")}`),
  },
  "+CSCA": keeps('"+15550199",145', "", true),
  "+CSMP": keeps("17,167,0,0", ""),
  "+CSDH": keeps("0", "(0,1)"),
  "+CSMS": keeps("0,1,1,1", "(0,1)"),
  "+CUSD": { set: service, test: () => ok("+CUSD: (0-2)"), needsSim: true },
};
