/** Bring-up, steps "attach" and "context": packet service, and the access point that is dialled.
 *
 * @module
 */
import type { AtReply } from "./at_command.ts";
import { defineContext, QUERY_ATTACH, QUERY_CAUSE, QUERY_CONTEXTS } from "./at_commands.ts";
import type { PdpContext } from "./at_packet_data.ts";
import type { BringUpRun } from "./bring_up_run.ts";
import type { LinkCause } from "./link_cause.ts";

/** How long a network may take to attach the modem by default. */
export const DEFAULT_ATTACH_MS = 60_000;
const POLL_MS = 1000;

/** Attaches the modem to packet service. */
export function attach(run: BringUpRun, next: () => void): void {
  if (!run.isCellular) return next();
  run.begin("attach", "Asking for packet service");
  const until = run.now() + (run.options.attachMs ?? DEFAULT_ATTACH_MS);
  run.query(QUERY_ATTACH, (isAttached, reply) => {
    if (isAttached === true) {
      run.done("packet service attached", { isAttached: true });
      return next();
    }
    if (isAttached === undefined && reply.status !== "ok") {
      run.done("the modem does not tell whether it is attached", {});
      return next();
    }
    run.ask({ text: "AT+CGATT=1", timeoutMs: run.options.attachMs ?? DEFAULT_ATTACH_MS }, (answer) => {
      if (answer.status === "ok") return awaitAttach(run, until, next);
      refused(run, answer);
    });
  });
}

function awaitAttach(run: BringUpRun, until: number, next: () => void): void {
  run.query(QUERY_ATTACH, (isAttached, reply) => {
    if (isAttached !== false) {
      run.done("packet service attached now", { isAttached: true });
      return next();
    }
    if (run.now() < until) return run.after(POLL_MS, () => awaitAttach(run, until, next));
    refused(run, reply);
  });
}

function refused(run: BringUpRun, reply: AtReply): void {
  askWhy(run, reply, (why) => {
    const isApn = classifyCause(reply, why) === "wrong-apn";
    run.fail(
      isApn ? "wrong-apn" : "attach-refused",
      `The network refuses packet service (${why})`,
      isApn ? "check --apn" : "ask the operator whether the contract has data, and check --apn",
      { reason: why, errorCode: reply.result?.errorCode },
    );
  });
}

/** Asks the modem why something failed (`AT+CEER`); falls back on what the result said.
 *
 * @param then Gets the reason in words.
 */
export function askWhy(run: BringUpRun, reply: AtReply, then: (why: string) => void): void {
  const said = reply.result?.errorText ?? reply.result?.text ?? "no answer";
  run.query({ ...QUERY_CAUSE, command: { ...QUERY_CAUSE.command, timeoutMs: 3000 } }, (cause) => {
    const isTelling = cause !== undefined && !/^(?:no cause|normal|no error|0)\b/i.test(cause);
    then(isTelling ? cause : said);
  });
}

/** `+CME ERROR` numbers that are about the access point (3GPP TS 27.007 §9.2.2). */
const APN_CODES: ReadonlySet<number> = new Set([127, 128, 130, 131, 132, 133, 134]);
/** Those that are about the packet service as a whole. */
const ATTACH_CODES: ReadonlySet<number> = new Set([103, 106, 107, 108, 111, 112, 113, 114, 115]);
const APN_WORDS =
  /\bapn\b|access point|unknown pdp|service option|not subscribed|missing or unknown|activation reject/i;
const ATTACH_WORDS = /gprs|packet service|attach|eps services|illegal|plmn|not allowed|detach/i;
const AUTH_WORDS = /authentication/i;

/** What a failed call or activation is a case of. */
export function classifyCause(reply: AtReply, why: string): LinkCause {
  const code = reply.result?.errorCode;
  if (reply.result?.code === "BUSY") return "busy";
  if (reply.result?.code === "NO_DIALTONE") return "no-dialtone";
  if (code === 149 || code === 129 || AUTH_WORDS.test(why)) return "auth-failed";
  if ((code !== undefined && APN_CODES.has(code)) || APN_WORDS.test(why)) return "wrong-apn";
  if ((code !== undefined && ATTACH_CODES.has(code)) || ATTACH_WORDS.test(why)) return "attach-refused";
  return "no-carrier";
}

function contextText(context: PdpContext): string {
  const apn = context.apn === "" ? "the contract's APN" : `APN ${context.apn}`;
  return `context ${context.contextId}: ${context.type}, ${apn}`;
}

/** Defines a context in the make's own way, or else in everybody's. */
function define(run: BringUpRun, context: PdpContext, then: (reply: AtReply) => void): void {
  const own = run.profile.defineContext(context);
  const usual = defineContext(context);
  run.ask(own, (reply) => {
    if (reply.status === "ok" || own.text === usual.text) then(reply);
    else run.ask(usual, then);
  });
}

/** Compares the context with what is asked for, and defines it anew if it differs. */
export function setContext(run: BringUpRun, next: () => void): void {
  if (!run.isCellular) return next();
  const { apn, pdpType, contextId = 1 } = run.options;
  run.begin("context", "Looking at the packet data context");
  run.query(QUERY_CONTEXTS, (contexts) => {
    const present = contexts?.find((context) => context.contextId === contextId);
    const wanted: PdpContext = {
      contextId,
      type: pdpType ?? (apn === undefined ? present?.type : undefined) ?? "IP",
      apn: apn ?? present?.apn ?? "",
      address: undefined,
    };
    run.modem.apn = wanted.apn;
    const fields = { contextId, type: wanted.type, apn: wanted.apn, before: present };
    const isSame = present !== undefined && present.type === wanted.type &&
      present.apn.toLowerCase() === wanted.apn.toLowerCase();
    if (isSame || (apn === undefined && pdpType === undefined && contexts === undefined)) {
      run.done(present === undefined ? "the modem's own context" : contextText(present), fields);
      return next();
    }
    define(run, wanted, (reply) => {
      if (reply.status === "ok") {
        const was = present === undefined || present.apn === "" ? "" : ` (was ${present.apn})`;
        run.done(`${contextText(wanted)}${was}`, fields);
        return next();
      }
      const said = reply.result?.errorText ?? reply.result?.text ?? "no answer";
      run.fail(
        "wrong-apn",
        `The modem does not take ${contextText(wanted)} (${said})`,
        "check --apn",
        fields,
      );
    });
  });
}
