/** Arguments of calls as what the harness takes: buffers, values of options.
 *
 * @module
 */
import { type IpAddress, parseIpAddress } from "@lightwire/ip";
import type { SocketOptionValue } from "@lightwire/tcp/harness";
import { type CallValue, nameIn, numberIn } from "./call_text.ts";

/** The buffers of an `iovec`, as one. */
export function vector(value: CallValue | undefined): { text: CallValue | undefined; count: number } {
  const items = value?.kind === "list" ? value.items : [];
  let count = 0;
  for (const item of items) count += item.kind === "record" ? numberIn(item.items[1]) ?? 0 : 0;
  const only = items[0]?.kind === "record" ? items[0].items[0] : undefined;
  return { text: items.length === 1 ? only : undefined, count };
}

/** The value that `setsockopt` is given, `undefined` when there is none. */
export function optionValue(value: CallValue | undefined): SocketOptionValue | undefined {
  if (value?.kind === "text") return value.value;
  if (value?.kind === "record") {
    const onOff = numberIn(value.fields.get("onoff") ?? value.items[0]);
    const seconds = numberIn(value.fields.get("linger") ?? value.items[1]);
    return onOff === undefined ? undefined : { onOff, seconds: seconds ?? 0 };
  }
  if (value?.kind === "list" && value.items.length === 1) return optionValue(value.items[0]);
  return numberIn(value);
}

/** Values of the errnos, for `getsockopt(…, SO_ERROR, [111], …)`. */
export const ERRNO_NUMBERS: Readonly<Partial<Record<string, number>>> = {
  EPIPE: 32,
  ENOPROTOOPT: 92,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  ENETUNREACH: 101,
};

/** Options that change nothing here: what they ask for is done by the caller of the socket, or by nobody. */
export const IDLE_OPTIONS: readonly string[] = [
  "IP_BIND_ADDRESS_NO_PORT",
  "IP_FREEBIND",
  "IP_MTU_DISCOVER",
  "IP_RECVERR",
  "SO_MARK",
  "SO_PRIORITY",
  "SO_ZEROCOPY",
  "TCP_INQ",
];

/** How many octets `recvmsg` must say are left (TCP_INQ), `undefined` when it is not asked.
 *
 * @param control the control messages.
 */
export function askedInq(control: CallValue | undefined): number | undefined {
  if (control?.kind !== "list") return undefined;
  for (const item of control.items) {
    if (item.kind === "record" && nameIn(item.fields.get("cmsg_type")) === "TCP_CM_INQ") {
      return numberIn(item.fields.get("cmsg_data"));
    }
  }
  return undefined;
}

/** Default port of `bind` and `connect`, packetdrill's. */
export const DEFAULT_PORT = 8080;

/** The address of a `sockaddr`, `undefined` when the script leaves it out, and its port. */
export function addressIn(value: CallValue | undefined): { address: IpAddress | undefined; port: number } {
  if (value?.kind !== "record") return { address: undefined, port: DEFAULT_PORT };
  const text = value.fields.get("sin_addr");
  const address = text?.kind === "text" ? parseIpAddress(text.value) : undefined;
  return { address, port: numberIn(value.fields.get("sin_port")) ?? DEFAULT_PORT };
}
