/** Readers of replies about packet data: attachment, contexts, addresses, causes.
 *
 * @module
 */
import { decimal, findValues, lineValues } from "./at_values.ts";

/** Reads the reply to `AT+CGATT?` (3GPP TS 27.007 §10.1.9): whether the modem is attached to packet service. */
export function parseAttach(lines: readonly string[]): boolean | undefined {
  const state = decimal(findValues(lines, "+CGATT")?.[0]);
  return state === undefined || state > 1 ? undefined : state === 1;
}

/** A packet data context (3GPP TS 27.007 §10.1.1). */
export interface PdpContext {
  /** Number of it. */
  readonly contextId: number;
  /** `IP`, `IPV6`, `IPV4V6` or `PPP`. */
  readonly type: string;
  /** Access point name; empty for the one of the contract. */
  readonly apn: string;
  /** A static address, where given. */
  readonly address: string | undefined;
}

/** Reads the reply to `AT+CGDCONT?`. */
export function parseContexts(lines: readonly string[]): PdpContext[] {
  const contexts: PdpContext[] = [];
  for (const line of lines) {
    const values = lineValues(line, "+CGDCONT");
    const contextId = decimal(values?.[0]);
    if (values === undefined || contextId === undefined || values[1] === undefined) continue;
    contexts.push({
      contextId,
      type: values[1].toUpperCase(),
      apn: values[2] ?? "",
      address: values[3] || undefined,
    });
  }
  return contexts;
}

/** Addresses of a context, as text. */
export interface PdpAddress {
  /** Which context. */
  readonly contextId: number;
  /** Its addresses, in the modem's notation; empty when the context has none yet. */
  readonly addresses: readonly string[];
}

/** Reads the reply to `AT+CGPADDR` (3GPP TS 27.007 §10.1.14). */
export function parsePdpAddresses(lines: readonly string[]): PdpAddress[] {
  const found: PdpAddress[] = [];
  for (const line of lines) {
    const values = lineValues(line, "+CGPADDR");
    const contextId = decimal(values?.[0]);
    if (values === undefined || contextId === undefined) continue;
    const addresses = values.slice(1).filter((text) =>
      text !== "" && !/^0(?:\.0){3}$|^0(?:\.0){15}$/.test(text)
    );
    found.push({ contextId, addresses });
  }
  return found;
}

/** Reads the reply to `AT+CGACT?` (3GPP TS 27.007 §10.1.10): which contexts are active. */
export function parseActiveContexts(lines: readonly string[]): number[] {
  const active: number[] = [];
  for (const line of lines) {
    const values = lineValues(line, "+CGACT");
    const contextId = decimal(values?.[0]);
    if (contextId !== undefined && values?.[1] === "1") active.push(contextId);
  }
  return active;
}

/** Reads the reply to `AT+CEER` (3GPP TS 27.007 §6.10): why the last call ended, in the modem's words. */
export function parseCause(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const text = line.replace(/^\s*\+CEER\s*:/i, "").replace(/"/g, "").trim();
    if (text !== "") return text.slice(0, 256);
  }
  return undefined;
}
