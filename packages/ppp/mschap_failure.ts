/** Texts of MS-CHAP's failures: `E=691 R=1 C=… V=3 M=…` (RFC 2433 §7, RFC 2759 §6).
 *
 * @module
 */

/** A failure, taken apart. */
export interface MsChapFailure {
  /** E=: see {@linkcode MSCHAP_ERROR}. */
  readonly error: number;
  /** R=: whether another try is allowed. */
  readonly mayRetry: boolean;
  /** C=: the challenge of the next try; `undefined` if there is none that can be read. */
  readonly challenge: Uint8Array | undefined;
  /** V=: how secrets are changed: 2 by RFC 2433, 3 by RFC 2759; 0 if it does not say. */
  readonly version: number;
  /** M=: for people, of the peer; may be "". */
  readonly message: string;
}

/** Numbers of the errors. */
export const MSCHAP_ERROR = {
  RESTRICTED_LOGON_HOURS: 646,
  ACCOUNT_DISABLED: 647,
  PASSWORD_EXPIRED: 648,
  NO_DIALIN_PERMISSION: 649,
  AUTHENTICATION_FAILURE: 691,
  CHANGING_PASSWORD: 709,
} as const;

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [MSCHAP_ERROR.RESTRICTED_LOGON_HOURS, "this account may not log on at this hour"],
  [MSCHAP_ERROR.ACCOUNT_DISABLED, "the account is disabled"],
  [MSCHAP_ERROR.PASSWORD_EXPIRED, "the password has expired"],
  [MSCHAP_ERROR.NO_DIALIN_PERMISSION, "the account has no permission to dial in"],
  [MSCHAP_ERROR.AUTHENTICATION_FAILURE, "wrong name or password"],
  [MSCHAP_ERROR.CHANGING_PASSWORD, "the new password was not accepted"],
]);

/** Reads the text of a failure; the fields may come in any order, and only E= is needed.
 *
 * @returns `undefined` if it is not of this form.
 */
export function parseMsChapFailure(text: string): MsChapFailure | undefined {
  const messageAt = text.search(/(^|\s)M=/);
  const head = messageAt < 0 ? text : text.slice(0, messageAt);
  const message = messageAt < 0 ? "" : text.slice(text.indexOf("M=", messageAt) + 2).trim();
  const field = (name: string): string | undefined => head.match(new RegExp(`(?:^|\\s)${name}=(\\S+)`))?.[1];
  const error = field("E");
  if (error === undefined || !/^\d{1,10}$/.test(error)) return undefined;
  const challenge = field("C");
  const isHex = challenge !== undefined && /^([0-9a-fA-F]{16}|[0-9a-fA-F]{32})$/.test(challenge);
  return {
    error: Number(error),
    mayRetry: field("R") === "1",
    challenge: isHex
      ? Uint8Array.from(challenge.match(/../g)!, (digits) => Number.parseInt(digits, 16))
      : undefined,
    version: /^\d{1,10}$/.test(field("V") ?? "") ? Number(field("V")) : 0,
    message,
  };
}

/** Writes the text of a failure. */
export function formatMsChapFailure(failure: MsChapFailure): string {
  const { error, mayRetry, challenge, version, message } = failure;
  const digits = challenge === undefined ? "" : ` C=${hexDigits(challenge)}`;
  const tail = message === "" ? "" : ` M=${message}`;
  return `E=${error} R=${mayRetry ? 1 : 0}${digits} V=${version}${tail}`;
}

/** A failure in words: "the password has expired (E=648): M's text". */
export function describeMsChapFailure(failure: MsChapFailure): string {
  const meaning = MEANINGS.get(failure.error) ?? "refused";
  return `${meaning} (E=${failure.error})${failure.message === "" ? "" : `: ${failure.message}`}`;
}

/** Hexadecimal digits of octets, in upper case, as MS-CHAP sends them. */
export function hexDigits(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("").toUpperCase();
}
