/** Time from the network: the timestamps of NTP.
 *
 * In this version the package holds the 64-bit timestamps (conversion to and from Unix time in either era, wire form) and
 * the arithmetic of one exchange. **There is no client and no server yet**: nothing here sends a packet.
 *
 * @example What an exchange says about the clock
 * ```ts
 * import { measureNtp, ntpFromUnixMs } from "@lightwire/sntp";
 * import assert from "node:assert/strict";
 *
 * const sent = ntpFromUnixMs(1_000), received = ntpFromUnixMs(61_010), replied = ntpFromUnixMs(61_010);
 * const { offsetMs } = measureNtp(sent, received, replied, ntpFromUnixMs(1_020));
 * assert.equal(Math.round(offsetMs), 60_000);
 * ```
 *
 * @module
 */
export * from "./ntp_timestamp.ts";
