/** Commands of the simulated modem for packet data and calls (3GPP TS 27.007 §10, V.250 §6.3), and the multiplexer
 * (3GPP TS 27.007 §5.7).
 *
 * @module
 */
import { AT_ERROR, type AtOutcome, CME, cme, ok } from "./at_outcome.ts";
import {
  argument,
  type CommandContext,
  type CommandGroup,
  keeps,
  tells,
  WRONG_PARAMETERS,
} from "./command_entry.ts";
import { DEFAULT_MUX_INFORMATION } from "./mux_responder.ts";
import { MAX_CONTEXTS, type PacketContext } from "./packet_contexts.ts";

/** How long the network takes to attach or to make a context, in milliseconds. */
const NETWORK_MS = 200;
const TYPES: readonly string[] = ["IP", "IPV6", "IPV4V6", "PPP"];

function later(then: () => AtOutcome): AtOutcome {
  return { afterMs: NETWORK_MS, then };
}

/** Why there is no way for packets now; `undefined` when there is. */
function packetRefusal({ modem }: CommandContext): AtOutcome | undefined {
  if (!modem.radio.isRegistered) return cme(CME.NO_SERVICE);
  if (!modem.radio.isAttachRefused) return undefined;
  modem.lastFailure = modem.behaviour.failure;
  return cme(CME.SERVICES_NOT_ALLOWED);
}

function attach(at: CommandContext): AtOutcome {
  const isOn = argument(at, 0, 0, 1);
  if (isOn === undefined) return WRONG_PARAMETERS;
  const { modem } = at;
  return later(() => {
    const refusal = isOn === 1 ? packetRefusal(at) : undefined;
    if (refusal !== undefined) return refusal;
    modem.radio.attach(isOn === 1);
    if (isOn === 0) modem.dropCalls();
    return ok();
  });
}

function defineContext(at: CommandContext): AtOutcome {
  const cid = argument(at, 0, 1, MAX_CONTEXTS);
  if (cid === undefined) return WRONG_PARAMETERS;
  const { contexts } = at.modem;
  if (contexts.get(cid)?.address !== undefined) return cme(CME.NOT_ALLOWED);
  if (at.args.length === 1) {
    contexts.remove(cid);
    return ok();
  }
  const type = (at.args[1] || "IP").toUpperCase();
  if (!TYPES.includes(type)) return WRONG_PARAMETERS;
  contexts.define(cid, type, at.args[2] ?? "");
  return ok();
}

/** Makes a context active: the network judges the name, and gives an address. */
function activateContext(at: CommandContext, context: PacketContext): AtOutcome {
  const { modem } = at;
  const refusal = packetRefusal(at);
  if (refusal !== undefined) return refusal;
  return modem.activate(context) ? ok() : cme(CME.OPTION_NOT_SUBSCRIBED);
}

function activate(at: CommandContext): AtOutcome {
  const isOn = argument(at, 0, 0, 1);
  if (isOn === undefined) return WRONG_PARAMETERS;
  const wanted = at.args.length > 1 ? argument(at, 1, 1, MAX_CONTEXTS) : 1;
  if (wanted === undefined) return WRONG_PARAMETERS;
  const { contexts } = at.modem;
  return later(() => {
    const context = contexts.get(wanted) ?? (wanted === 1 ? contexts.define(1, "IP", "") : undefined);
    if (context === undefined) return cme(CME.INVALID_INDEX);
    if (isOn === 1) return activateContext(at, context);
    context.hangUp?.();
    at.modem.deactivate(context);
    return ok();
  });
}

function chosen(at: CommandContext): readonly (readonly [number, PacketContext])[] {
  const { defined } = at.modem.contexts;
  const cid = at.args.length > 0 ? argument(at, 0, 1, MAX_CONTEXTS) : undefined;
  return cid === undefined ? defined : defined.filter(([number]) => number === cid);
}

function addresses(at: CommandContext): AtOutcome {
  return ok(
    ...chosen(at).map(([cid, { address }]) =>
      `+CGPADDR: ${cid}${address === undefined ? "" : `,"${address}"`}`
    ),
  );
}

function dynamicParameters(at: CommandContext): AtOutcome {
  const active = chosen(at).filter(([, { address }]) => address !== undefined);
  const [first = "", second = ""] = at.modem.operator.dnsServers.map(String);
  return ok(
    ...active.map(([cid, { apn, address }]) =>
      `+CGCONTRDP: ${cid},5,"${apn || "internet"}","${address}.255.255.255.0","","${first}","${second}"`
    ),
  );
}

function setAuth(at: CommandContext): AtOutcome {
  const cid = argument(at, 0, 1, MAX_CONTEXTS);
  if (cid === undefined || argument(at, 1, 0, 3) === undefined) return WRONG_PARAMETERS;
  const context = at.modem.contexts.get(cid) ?? at.modem.contexts.define(cid, "IP", "");
  context.auth = at.args.slice(1);
  return ok();
}

/** Puts a call through when the time of dialling is over. */
function call(at: CommandContext, cid: number, number: string): AtOutcome {
  const { modem, session } = at;
  session.isDialling = true;
  const patienceMs = 1000 * (session.registers.get(7) ?? 60);
  if (modem.connectMs > patienceMs) return { afterMs: patienceMs, then: () => ({ result: "NO CARRIER" }) };
  return {
    afterMs: modem.connectMs,
    then: () => {
      const result = modem.owner.connect(session, cid, number);
      return result === undefined ? { isConnected: true } : { result };
    },
  };
}

function dial(at: CommandContext): AtOutcome {
  const { modem, session, text } = at;
  if (session.call !== undefined) return { result: "NO CARRIER" };
  const { dial: result, failure } = modem.behaviour;
  const number = text.replace(/^[TP]/, "").replace(/[^0-9*#+A-DW,!@;]/g, "");
  if (number.endsWith(";")) {
    modem.lastFailure = "Bearer service not implemented";
    return { afterMs: modem.connectMs, then: () => ({ result: "NO CARRIER" }) };
  }
  if (number === "") return AT_ERROR;
  const cid = Number(modem.model.dial.exec(number)?.[1] ?? 1);
  const isPacket = number.startsWith("*");
  if (isPacket && (!modem.model.dial.test(number) || cid < 1 || cid > MAX_CONTEXTS)) return AT_ERROR;
  if (isPacket && cid > 1 && modem.contexts.get(cid) === undefined) return AT_ERROR;
  if (result !== "CONNECT") {
    modem.lastFailure = failure;
    session.isDialling = true;
    return { afterMs: modem.connectMs, then: () => ({ result }) };
  }
  return call(at, cid, number);
}

function enterDataState(at: CommandContext): AtOutcome {
  const cid = at.args[1] === undefined ? 1 : argument(at, 1, 1, MAX_CONTEXTS);
  if ((at.args[0] ?? "").toUpperCase() !== "PPP" || cid === undefined) return WRONG_PARAMETERS;
  return call(at, cid, `*99***${cid}#`);
}

function goOnline({ session }: CommandContext): AtOutcome {
  const { call: held } = session;
  if (held === undefined) return { result: "NO CARRIER" };
  session.connect(held);
  return { isConnected: true };
}

function hangUp({ session, number }: CommandContext): AtOutcome {
  if (number > 1) return AT_ERROR;
  session.endCall(undefined);
  return ok();
}

function answerCall(at: CommandContext): AtOutcome {
  return at.modem.owner.takeRing() ? call(at, 1, "") : { result: "NO CARRIER" };
}

function multiplex(at: CommandContext): AtOutcome {
  if (argument(at, 0, 0, 0) === undefined) return cme(CME.NOT_SUPPORTED); // only the basic option
  const size = at.args[3] === undefined || at.args[3] === ""
    ? DEFAULT_MUX_INFORMATION
    : argument(at, 3, 1, 32_768);
  if (size === undefined) return WRONG_PARAMETERS;
  at.modem.owner.beginMultiplexer(size);
  return ok();
}

/** Commands for data and calls. */
export const PACKET_COMMANDS: CommandGroup = {
  "D": { run: dial },
  "O": { run: goOnline },
  "H": { run: hangUp },
  "A": { run: answerCall },
  "+CEER": tells(({ modem }) => `+CEER: "${modem.lastFailure}"`),
  "+CGATT": {
    needsSim: true,
    test: () => ok("+CGATT: (0,1)"),
    read: ({ modem }) => ok(`+CGATT: ${Number(modem.radio.isAttached)}`),
    set: attach,
  },
  "+CGDCONT": {
    test: () => ok(...TYPES.map((type) => `+CGDCONT: (1-${MAX_CONTEXTS}),"${type}",,,(0),(0)`)),
    read: ({ modem }) =>
      ok(
        ...modem.contexts.defined.map(([cid, { type, apn, address }]) =>
          `+CGDCONT: ${cid},"${type}","${apn}","${address ?? "0.0.0.0"}",0,0`
        ),
      ),
    set: defineContext,
  },
  "+CGACT": {
    needsSim: true,
    test: () => ok("+CGACT: (0,1)"),
    read: ({ modem }) =>
      ok(
        ...modem.contexts.defined.map(([cid, { address }]) =>
          `+CGACT: ${cid},${Number(address !== undefined)}`
        ),
      ),
    set: activate,
  },
  "+CGPADDR": { run: addresses, set: addresses, test: () => ok() },
  "+CGCONTRDP": { run: dynamicParameters, set: dynamicParameters, test: () => ok() },
  "+CGAUTH": { set: setAuth, test: () => ok(`+CGAUTH: (1-${MAX_CONTEXTS}),(0-3),,`), read: () => ok() },
  "+CGDATA": { set: enterDataState, test: () => ok('+CGDATA: ("PPP")'), needsSim: true },
  "+CGQREQ": keeps("", ""),
  "+CGQMIN": keeps("", ""),
  "+CGEREP": keeps("0,0", "(0-2),(0,1)"),
  "+CMUX": {
    set: multiplex,
    test: () => ok("+CMUX: (0),(0),(1-8),(1-32768)"),
    read: () => ok("+CMUX: 0,0,5,31"),
  },
};
