/** Arguments of calls as what the harness takes: buffers, values of options.
 *
 * @module
 */
import type { SocketOptionValue } from "@lightwire/tcp/harness";
import { type CallValue, numberIn } from "./call_text.ts";

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
