/** Which lines are unsolicited result codes.
 *
 * @module
 */

/** Whole lines which a modem sends on its own. */
const LINES: ReadonlySet<string> = new Set([
  "RING",
  "RDY",
  "SMS READY",
  "SMS DONE",
  "CALL READY",
  "PB DONE",
  "POWERED DOWN",
  "NORMAL POWER DOWN",
  "APP RDY",
  "UNDER-VOLTAGE WARNING",
  "OVER-VOLTAGE WARNING",
]);

/** Prefixes of lines which a modem sends on its own, unless they answer the command that asks for them. */
const PREFIXES: ReadonlySet<string> = new Set([
  "+CRING",
  "+CREG",
  "+CGREG",
  "+CEREG",
  "+C5GREG",
  "+CMTI",
  "+CMT",
  "+CBM",
  "+CDS",
  "+CDSI",
  "+CUSD",
  "+CGEV",
  "+CLIP",
  "+CCWA",
  "+CTZV",
  "+CTZE",
  "+CTZR",
  "+CPIN",
  "+CFUN",
  "+CIEV",
  "+CSCON",
  "+QIND",
  "+QIURC",
  "+QUSIM",
  "+UUSOCL",
  "+UUPSDD",
  "+UUPSDA",
  "^MODE",
  "^RSSI",
  "^DSFLOWRPT",
  "*PSUTTZ",
  "*PSNWID",
  "DST",
]);

/** Registration states, whose reply and unsolicited form have the same prefix (3GPP TS 27.007 §7.2, §10.1.20). */
const REGISTRATION: ReadonlySet<string> = new Set(["+CREG", "+CGREG", "+CEREG", "+C5GREG"]);

/** The prefix of a line of information: `+CSQ` of `+CSQ: 17,99`; empty when it has none. */
export function linePrefix(line: string): string {
  const at = line.indexOf(":");
  return at > 0 ? line.slice(0, at).trimEnd().toUpperCase() : "";
}

/** The prefix that the reply to a command has: `+CREG` of `AT+CREG?`; empty when it has none. */
export function commandPrefix(command: string): string {
  const match = /^AT([+^*%#$&][A-Z0-9]{1,24})/i.exec(command);
  return match ? match[1]!.toUpperCase() : "";
}

/** Whether a line came on its own.
 *
 * @param line The line, no result code.
 * @param command The command that waits for a reply, or `undefined`: then every line came on its own.
 */
export function isUnsolicited(line: string, command: string | undefined): boolean {
  if (command === undefined || LINES.has(line.toUpperCase())) return true;
  const prefix = linePrefix(line);
  if (prefix === "" || !PREFIXES.has(prefix)) return false;
  if (prefix !== commandPrefix(command)) return true;
  // "+CREG: <n>,<stat>" answers a query; "+CREG: <stat>" and "+CREG: <stat>,"<lac>"..." do not.
  if (!REGISTRATION.has(prefix) || command.endsWith("=?")) return false;
  return !command.endsWith("?") || !/^[^:]+: *\d+ *, *\d{1,2} *(?:,|$)/.test(line);
}

/** Whether the next line belongs to this unsolicited one: `+CMT:` is followed by the message. */
export function hasSecondLine(line: string): boolean {
  const prefix = linePrefix(line);
  return prefix === "+CMT" || prefix === "+CBM" || prefix === "+CDS";
}
