/** The catalogue: for each cause what it means, what to do next, and how to tell its possible reasons apart.
 *
 * `docs/howto/bring_up_a_modem.md` has the same as a table; `catalogue_test.ts` compares the two.
 *
 * @module
 */
import { isLinkWarning, LINK_CAUSES, type LinkCause, linkCauseText } from "@lightwire/ppp/modem";
import type { CauseEntry } from "./cause_entry.ts";
import { LINK_ENTRIES } from "./catalogue_link.ts";
import { MODEM_ENTRIES } from "./catalogue_modem.ts";

/** A cause with all that is known of it. */
export interface Cause extends CauseEntry {
  /** Its id. */
  readonly id: LinkCause;
  /** In a few words. */
  readonly title: string;
  /** Whether the link works all the same. */
  readonly severity: "warn" | "fail";
}

/** What is known of this case, to be put into the texts. */
export type Facts = Readonly<Partial<Record<string, string>>>;

/** What stands in a text when the fact is not known. */
const UNKNOWN: Readonly<Record<string, string>> = {
  device: "/dev/ttyUSB0",
  group: "dialout",
  holder: "the program that holds it",
  baud: "115200",
  apn: "NAME",
  accm: "000a0000",
  size: "1280",
};

const ENTRIES: Readonly<Record<LinkCause, CauseEntry>> = { ...MODEM_ENTRIES, ...LINK_ENTRIES };

/** All causes, in the order in which a bring-up meets them. */
export const CATALOGUE: readonly Cause[] = LINK_CAUSES.map((id) => ({
  id,
  title: linkCauseText(id),
  severity: isLinkWarning(id) ? "warn" : "fail",
  ...ENTRIES[id],
}));

/** The entry of a cause. */
export function causeOf(id: LinkCause): Cause {
  return CATALOGUE.find((cause) => cause.id === id)!;
}

/** Puts facts into a text: `{device}` becomes what `facts.device` says, or what is usual. */
export function fillIn(text: string, facts: Facts = {}): string {
  return text.replace(/\{([a-z]+)\}/g, (whole, name: string) => facts[name] ?? UNKNOWN[name] ?? whole);
}
