/** Texts of `+CME ERROR` and `+CMS ERROR` numbers.
 *
 * @module
 */

/** `+CME ERROR` numbers (3GPP TS 27.007 §9.2). */
const CME_TEXTS: ReadonlyMap<number, string> = new Map([
  [0, "phone failure"],
  [1, "no connection to phone"],
  [2, "phone adaptor link reserved"],
  [3, "operation not allowed"],
  [4, "operation not supported"],
  [5, "PH-SIM PIN required"],
  [6, "PH-FSIM PIN required"],
  [7, "PH-FSIM PUK required"],
  [10, "SIM not inserted"],
  [11, "SIM PIN required"],
  [12, "SIM PUK required"],
  [13, "SIM failure"],
  [14, "SIM busy"],
  [15, "SIM wrong"],
  [16, "incorrect password"],
  [17, "SIM PIN2 required"],
  [18, "SIM PUK2 required"],
  [20, "memory full"],
  [21, "invalid index"],
  [22, "not found"],
  [23, "memory failure"],
  [24, "text string too long"],
  [25, "invalid characters in text string"],
  [26, "dial string too long"],
  [27, "invalid characters in dial string"],
  [30, "no network service"],
  [31, "network timeout"],
  [32, "network not allowed, emergency calls only"],
  [40, "network personalization PIN required"],
  [41, "network personalization PUK required"],
  [42, "network subset personalization PIN required"],
  [43, "network subset personalization PUK required"],
  [44, "service provider personalization PIN required"],
  [45, "service provider personalization PUK required"],
  [46, "corporate personalization PIN required"],
  [47, "corporate personalization PUK required"],
  [48, "hidden key required"],
  [49, "EAP method not supported"],
  [50, "incorrect parameters"],
  [51, "command implemented but currently disabled"],
  [52, "command aborted by user"],
  [53, "not attached to network due to restricted functionality"],
  [54, "modem not allowed, restricted to emergency calls"],
  [55, "operation not allowed because of restricted functionality"],
  [56, "fixed dial number only"],
  [57, "temporarily out of service due to other usage"],
  [58, "language or alphabet not supported"],
  [59, "unexpected data value"],
  [60, "system failure"],
  [61, "data missing"],
  [62, "call barred"],
  [100, "unknown error"],
  [103, "illegal MS"],
  [106, "illegal ME"],
  [107, "GPRS services not allowed"],
  [108, "GPRS and non-GPRS services not allowed"],
  [111, "PLMN not allowed"],
  [112, "location area not allowed"],
  [113, "roaming not allowed in this location area"],
  [114, "GPRS services not allowed in this PLMN"],
  [115, "no suitable cells in location area"],
  [122, "congestion"],
  [126, "insufficient resources"],
  [127, "missing or unknown APN"],
  [128, "unknown PDP address or PDP type"],
  [129, "user authentication failed"],
  [130, "activation rejected by gateway"],
  [131, "activation rejected, unspecified"],
  [132, "service option not supported"],
  [133, "requested service option not subscribed"],
  [134, "service option temporarily out of order"],
  [148, "unspecified GPRS error"],
  [149, "PDP authentication failure"],
  [150, "invalid mobile class"],
  [151, "last PDN disconnection not allowed"],
]);

/** `+CMS ERROR` numbers (3GPP TS 27.005 §3.2.5). */
const CMS_TEXTS: ReadonlyMap<number, string> = new Map([
  [1, "unassigned number"],
  [8, "operator determined barring"],
  [10, "call barred"],
  [21, "short message transfer rejected"],
  [27, "destination out of service"],
  [28, "unidentified subscriber"],
  [29, "facility rejected"],
  [30, "unknown subscriber"],
  [38, "network out of order"],
  [41, "temporary failure"],
  [42, "congestion"],
  [47, "resources unavailable"],
  [50, "requested facility not subscribed"],
  [69, "requested facility not implemented"],
  [96, "invalid mandatory information"],
  [111, "protocol error"],
  [127, "interworking error"],
  [300, "ME failure"],
  [301, "SMS service of ME reserved"],
  [302, "operation not allowed"],
  [303, "operation not supported"],
  [304, "invalid PDU mode parameter"],
  [305, "invalid text mode parameter"],
  [310, "SIM not inserted"],
  [311, "SIM PIN required"],
  [312, "PH-SIM PIN required"],
  [313, "SIM failure"],
  [314, "SIM busy"],
  [315, "SIM wrong"],
  [316, "SIM PUK required"],
  [317, "SIM PIN2 required"],
  [318, "SIM PUK2 required"],
  [320, "memory failure"],
  [321, "invalid memory index"],
  [322, "memory full"],
  [330, "SMSC address unknown"],
  [331, "no network service"],
  [332, "network timeout"],
  [340, "no +CNMA acknowledgement expected"],
  [500, "unknown error"],
]);

/** Text of a `+CME ERROR` number, `undefined` for one that 3GPP TS 27.007 does not name. */
export function cmeErrorText(code: number): string | undefined {
  return CME_TEXTS.get(code);
}

/** Number of a `+CME ERROR` that came as text (`AT+CMEE=2`), `undefined` when it is none of ours. */
export function cmeErrorCode(text: string): number | undefined {
  const wanted = text.trim().toLowerCase();
  for (const [code, known] of CME_TEXTS) if (known.toLowerCase() === wanted) return code;
  return undefined;
}

/** Text of a `+CMS ERROR` number, `undefined` for one that 3GPP TS 27.005 does not name. */
export function cmsErrorText(code: number): string | undefined {
  return CMS_TEXTS.get(code);
}
