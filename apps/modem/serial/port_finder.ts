/** {@linkcode listSerialPorts}: the serial ports of this machine, and who uses one.
 *
 * @module
 */
import { listNames, readLink, readSmallFile, statFile } from "@lightwire/app-linux";

/** A process. */
export interface PortHolder {
  /** Number of the process. */
  readonly pid: number;
  /** Its name, such as `ModemManager`. */
  readonly name: string;
}

/** Paths of the serial ports that have hardware behind them, USB modems first. */
export function listSerialPorts(): string[] {
  const found: string[] = [];
  for (const name of listNames("/sys/class/tty")) {
    const folder = `/sys/class/tty/${name}`;
    // Consoles and pseudo-terminals have no device; the four ttyS* of a PC are there without hardware too, as type 0.
    if (readLink(`${folder}/device`) === undefined) continue;
    if (readSmallFile(`${folder}/type`)?.trim() === "0") continue;
    if (statFile(`/dev/${name}`) !== undefined) found.push(`/dev/${name}`);
  }
  const rank = (path: string): number => (/\/tty(?:USB|ACM)/.test(path) ? 0 : 1);
  const byName = new Intl.Collator("en", { numeric: true }).compare;
  return found.sort((a, b) => rank(a) - rank(b) || byName(a, b));
}

/** Name of a process. @returns `undefined` when there is none of this number. */
export function processName(pid: number): string | undefined {
  return readSmallFile(`/proc/${pid}/comm`)?.trim();
}

/** Processes which have a device open, as far as we may know.
 *
 * @param path The device itself, no link to it.
 * @param except A process that does not count: ourselves.
 */
export function findHolders(path: string, except: number): PortHolder[] {
  const holders: PortHolder[] = [];
  for (const name of listNames("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === except) continue;
    for (const fd of listNames(`/proc/${pid}/fd`)) {
      if (readLink(`/proc/${pid}/fd/${fd}`) !== path) continue;
      holders.push({ pid, name: processName(pid) ?? "a process" });
      break;
    }
  }
  return holders;
}

/** Programs that run and are known to take serial ports: whose open files are is for their owner to see, names are for all. */
export function findSuspects(): PortHolder[] {
  const suspects: PortHolder[] = [];
  for (const pidText of listNames("/proc")) {
    const pid = Number(pidText);
    const name = Number.isInteger(pid) ? processName(pid) : undefined;
    if (name !== undefined && ADVICE.has(name)) suspects.push({ pid, name });
  }
  return suspects;
}

/** Says who uses a port, and what to do about the usual ones.
 *
 * @param holders Who certainly does.
 * @param suspects Who perhaps does, where nobody is known for certain.
 */
export function describeHolders(
  holders: readonly PortHolder[],
  suspects: readonly PortHolder[] = findSuspects(),
): string {
  if (holders.length === 0) {
    const names = suspects.map(({ name }) => name);
    const perhaps = names.length > 0 ? `, perhaps ${[...new Set(names)].join(" or ")}` : "";
    return `by another program${perhaps}; \`sudo fuser -v\` names it`;
  }
  const names = holders.map(({ name, pid }) => `${name} (process ${pid})`).join(", ");
  const advice = holders.map(({ name }) => ADVICE.get(name)).find((text) => text !== undefined);
  return `by ${names}${advice === undefined ? "; end it first" : `; ${advice}`}`;
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["ModemManager", "`sudo systemctl stop ModemManager` ends it"],
  ["agetty", "it offers a login there: `sudo systemctl stop serial-getty@DEVICE` ends it"],
  ["getty", "it offers a login there: `sudo systemctl stop serial-getty@DEVICE` ends it"],
  ["pppd", "`sudo poff -a` ends it"],
  ["brltty", "it takes the port for a Braille display: `sudo systemctl stop brltty` ends it"],
]);
