/** Bring-up, step "modem": makes the modem answer, from whatever state it was left in, and asks who it is.
 *
 * @module
 */
import { DEFAULT_ACCM, HdlcEncoder } from "../hdlc.ts";
import { CP_CODE, emitCpPacket } from "../cp_packet.ts";
import { emitPppHeader, PPP_HEADER_LENGTH } from "../ppp_header.ts";
import { PPP_LCP } from "../ppp_protocol_number.ts";
import type { AtReply } from "./at_command.ts";
import { QUERY_INFORMATION, QUERY_MANUFACTURER, QUERY_MODEL, QUERY_REVISION } from "./at_commands.ts";
import { findBaudRate, USUAL_BAUD_RATES } from "./auto_baud.ts";
import type { BringUpRun } from "./bring_up_run.ts";
import { encodeCmuxFrame } from "./cmux.ts";
import { encodeCmuxMessage } from "./cmux_message.ts";
import type { EscapeOutcome } from "./escape_ladder.ts";
import { findProfile } from "./modem_profile.ts";

/** Speed of a modem that nobody spoke of. */
export const DEFAULT_BAUD_RATE = 115_200;

/** What ends a conversation in the languages that a line may have been left in: the close-down of a multiplexer (3GPP TS
 * 27.010 §5.4.6.3.3), and an LCP Terminate-Request (RFC 1661 §5.5). Neither means anything to the other. */
export function makeGoodbye(): Uint8Array {
  const closeDown = encodeCmuxFrame({
    dlci: 0,
    cr: true,
    type: "UIH",
    pollFinal: false,
    payload: encodeCmuxMessage({ type: "CLD", isCommand: true, value: new Uint8Array(0) }),
  });
  const header = new Uint8Array(PPP_HEADER_LENGTH);
  const headerLength = emitPppHeader(header, 0, PPP_LCP, false, false);
  const packet = emitCpPacket(CP_CODE.TERMINATE_REQUEST, 1, new Uint8Array(0));
  const encoder = new HdlcEncoder(DEFAULT_ACCM);
  const out = new Uint8Array(
    closeDown.length + HdlcEncoder.maxEncodedLength(headerLength + packet.length),
  );
  out.set(closeDown);
  let at = encoder.begin(out, closeDown.length, true);
  at = encoder.append(header, 0, headerLength, out, at);
  at = encoder.append(packet, 0, packet.length, out, at);
  return out.slice(0, encoder.finish(out, at));
}

/** Finds the modem: at the speed it was opened with, in data mode or in a multiplexer, at another speed. */
export function findModem(run: BringUpRun, next: () => void): void {
  const baudRate = run.options.baudRate ?? DEFAULT_BAUD_RATE;
  run.begin("modem", `Looking for a modem on ${run.tap.name}`);
  run.modem.baudRate = baudRate;
  run.tap.setOutputLines({ dtr: true, rts: true });
  run.ask({ text: "AT", attempts: 3, timeoutMs: 500, retryDelayMs: 100 }, (reply) => {
    if (reply.status !== "timeout") return identify(run, next);
    escapeFirst(run, next);
  });
}

/** A program that crashed leaves the modem in data mode: more likely than another speed, and quicker to find out. */
function escapeFirst(run: BringUpRun, next: () => void): void {
  run.engine.escape((outcome) => {
    if (run.isOver) return;
    if (outcome.isCommandMode) return recovered(run, outcome, next);
    if (run.foreign !== undefined) return escapeHarder(run, next);
    if (run.options.findsBaudRate === false) return escapeHarder(run, next);
    tryOtherSpeeds(run, next);
  }, { attempts: 1, replyMs: 1000, canDropDtr: false, goodbye: makeGoodbye() });
}

function recovered(run: BringUpRun, outcome: EscapeOutcome, next: () => void): void {
  const how = outcome.by === "dtr" ? "dropping DTR" : outcome.by === "escape" ? "+++" : "an orderly goodbye";
  run.note(`(command mode after ${how})`);
  run.warn("data-mode", `The modem had been left in data mode; ${how} brought it back`, { by: outcome.by });
  run.ask({ text: "ATH", timeoutMs: 5000 }, () => identify(run, next));
}

function tryOtherSpeeds(run: BringUpRun, next: () => void): void {
  const asked = run.options.baudRate ?? DEFAULT_BAUD_RATE;
  const rates = USUAL_BAUD_RATES.filter((rate) => rate !== asked);
  findBaudRate(run.engine, (baud) => {
    if (run.isOver) return;
    if (baud === undefined) {
      run.tap.setBaudRate(asked);
      return escapeHarder(run, next);
    }
    run.modem.baudRate = baud;
    run.warn("wrong-baud", `The modem answers at ${baud} baud, not at ${asked}: give --baud ${baud}`, {
      baudRate: baud,
      asked,
    });
    identify(run, next);
  }, { rates, attempts: 2, timeoutMs: 250, onTry: (baud) => run.note(`(at ${baud} baud)`) });
}

/** The last resort: DTR, where there is such a line. */
function escapeHarder(run: BringUpRun, next: () => void): void {
  run.engine.escape((outcome) => {
    if (run.isOver) return;
    if (outcome.isCommandMode) return recovered(run, outcome, next);
    const { name, receivedBytes, headText } = run.tap;
    if (receivedBytes > 0) run.note(`(received: ${headText})`);
    const fields = { device: name, receivedBytes };
    if (run.foreign !== undefined) {
      return run.fail(
        "data-mode-stuck",
        `The modem sends ${
          run.foreign === "ppp" ? "PPP" : "multiplexer"
        } frames and does not come back to commands`,
        "switch its power off and on, and connect DTR if the cable lacks it",
        fields,
      );
    }
    const heard = receivedBytes === 0 ? "nothing answers" : "only noise comes back";
    run.fail(
      "no-answer",
      `No modem on ${name}: ${heard} at any speed`,
      "check power and cable (RX and TX may be swapped), and try the modem's other ports",
      fields,
    );
  }, { attempts: 1, goodbye: makeGoodbye() });
}

/** Quiets the echo, asks for numeric errors, and who it is. */
function identify(run: BringUpRun, next: () => void): void {
  run.sendAll(["ATE0", "ATV1"], () => {
    run.ask("AT+CMEE=1", (errors) => {
      askNames(run, (replies) => {
        // A telephone modem knows neither: no SIM, no registration, no contexts.
        run.isCellular = errors.status === "ok" || replies.some((reply) => reply.status === "ok");
        run.profile = findProfile(run.modem);
        run.modem.profile = run.profile.name;
        sendInit(run, () => switchRadioOn(run, () => tellModem(run, next)));
      });
    });
  });
}

function askNames(run: BringUpRun, then: (replies: readonly AtReply[]) => void): void {
  const { modem } = run;
  run.query(QUERY_INFORMATION, (information) => {
    run.query(QUERY_MANUFACTURER, (manufacturer, first) => {
      run.query(QUERY_MODEL, (model, second) => {
        run.query(QUERY_REVISION, (revision, third) => {
          modem.manufacturer = manufacturer ?? information?.manufacturer;
          modem.model = model ?? information?.model;
          modem.revision = revision ?? information?.revision;
          then([first, second, third]);
        });
      });
    });
  });
}

function sendInit(run: BringUpRun, next: () => void, index: number = 0): void {
  const text = run.options.init?.[index];
  if (text === undefined) return next();
  run.ask({ text, timeoutMs: 10_000 }, (reply) => {
    if (reply.status !== "ok") {
      const answer = reply.result?.errorText ?? reply.result?.text ?? "nothing";
      run.warn(undefined, `${text} was answered with ${answer}; going on without`, { command: text, answer });
    }
    sendInit(run, next, index + 1);
  });
}

/** `AT+CFUN?`: 0 and 4 are a radio that is off, in which state neither SIM nor network can be asked. */
function switchRadioOn(run: BringUpRun, next: () => void): void {
  if (!run.isCellular) return next();
  run.ask({ text: "AT+CFUN?", timeoutMs: 5000 }, (reply) => {
    const level = /\+CFUN:\s*(\d+)/.exec(reply.lines.join("\n"))?.[1];
    if (level !== "0" && level !== "4") return next();
    run.warn(undefined, "The radio was switched off (+CFUN); switching it on", { level: Number(level) });
    run.ask({ text: "AT+CFUN=1", timeoutMs: 15_000 }, () => next());
  });
}

function tellModem(run: BringUpRun, next: () => void): void {
  const { manufacturer, model, revision, profile, baudRate } = run.modem;
  const name = modemName(manufacturer, model);
  const firmware = revision === undefined ? "" : `, firmware ${revision}`;
  run.done(`${name}${firmware}`, { manufacturer, model, revision, profile, baudRate });
  next();
}

/** `SIMCOM_SIM7600E-H`, `Quectel EC25`: the maker only if the model does not begin with it. */
function modemName(manufacturer: string | undefined, model: string | undefined): string {
  const maker = manufacturer?.split(/[\s_-]/)[0] ?? "";
  if (model === undefined) return manufacturer ?? "a modem without a name";
  return maker === "" || model.toLowerCase().startsWith(maker.toLowerCase())
    ? model
    : `${manufacturer} ${model}`;
}
