/** {@linkcode PppLab}: a guest of user-mode Linux with the kernel's PPP and Debian's pppd, each of its serial lines a
 * pseudo-terminal of this machine. Needs no PPP in the machine's own kernel.
 *
 * ```text
 *   this machine                                    guest
 *   pppup --device /dev/pts/5 ── pseudo-terminal ── /dev/ttyS0 ── pppd ── ppp0 ── ping, httpd, echo, 10.64.64.53
 * ```
 *
 * @module
 */
import { must, run } from "../lab.ts";

/** Name that pppd accepts, and by which it lets itself be accepted. */
export const LOGIN = { name: "tester", secret: "secret" } as const;
/** Name of pppd as a server. */
export const SERVER_NAME = "pppserver";
/** An address that the guest has on its loopback, behind every line; also handed out as name server. */
export const GUEST_ADDRESS = "10.64.64.53";
/** Most lines of a guest: it has 64 interrupts, and a line takes up to three. */
export const MAX_LINES = 16;

/** Memory for a few guests at a time, in KiB. */
const MEMORY_KIB = 512 * 1024;
const BOOT_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 60_000;
const POLL_MS = 10;
const POWER_OFF_MS = 3000;
/** What pppd is told as either side: no lock files, the packets in the log, a short farewell. */
const COMMON_OPTIONS = "local nolock debug lcp-max-terminate 1 lcp-restart 1";
/** What pppd is told as a server: it waits for us, and hands out addresses. */
const SERVER_OPTIONS = `${COMMON_OPTIONS} silent ipcp-max-failure 5 name ${SERVER_NAME}`;
/** What pppd is told as a client, which dials us: it takes what it is given. */
const CLIENT_OPTIONS = `${COMMON_OPTIONS} noipdefault ipcp-accept-local ipcp-accept-remote usepeerdns ` +
  `user ${LOGIN.name} password ${LOGIN.secret}`;

/** One serial line of the guest. */
export class PppLine {
  /** Number of the line. */
  readonly index: number;
  /** Path of this machine's end. */
  readonly device: string;
  /** Address of pppd as a server. */
  readonly serverAddress: string;
  /** Address that pppd gives us as a server. */
  readonly clientAddress: string;
  readonly #lab: PppLab;
  readonly #hold: Deno.FsFile;

  constructor(lab: PppLab, index: number, device: string) {
    this.#lab = lab;
    this.index = index;
    this.device = device;
    this.serverAddress = `10.64.${65 + index}.1`;
    this.clientAddress = `10.64.${65 + index}.2`;
    // While somebody has it open, the guest sees no hang-up between two calls, and the path stays.
    this.#hold = Deno.openSync(device, { read: true, write: true });
  }

  /** Has pppd answer on this line, once or call after call, and waits until it listens.
   *
   * @param options What it is told beside {@linkcode SERVER_OPTIONS}, for instance `auth require-chap`.
   */
  async serve(options: string, o: { isSupervised?: boolean } = {}): Promise<void> {
    const words =
      `${SERVER_OPTIONS} ${this.serverAddress}:${this.clientAddress} ms-dns ${GUEST_ADDRESS} ${options}`;
    await this.#start(words, o.isSupervised === true);
    await this.waitForLog(/Connect: ppp\d+ <-->/);
  }

  /** Has pppd dial us on this line. */
  async dial(options: string = ""): Promise<void> {
    await this.#start(`${CLIENT_OPTIONS} ${options}`, false);
    await this.waitForLog(/Connect: ppp\d+ <-->/);
  }

  /** Everything that pppd logged on this line since the last {@linkcode serve} or {@linkcode dial}. */
  async log(): Promise<string> {
    return await Deno.readTextFile(this.#logPath).catch(() => "");
  }

  /** Waits until pppd has logged something.
   *
   * @throws {Error} with the log, when it does not within `timeoutMs`.
   */
  async waitForLog(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    for (let waited = 0;; waited += POLL_MS) {
      const log = await this.log();
      const match = pattern.exec(log);
      if (match !== null) return match;
      if (waited > timeoutMs) throw new Error(`pppd on ${this.device} did not log ${pattern}:\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Sends a signal to this line's pppd. */
  async signal(name: string): Promise<void> {
    await this.#lab.guest(`kill -${name} $(pppd_of ttyS${this.index})`);
  }

  /** Ends whatever runs on this line. Not by force: a pppd that is killed leaves its line as PPP's. */
  async stop(): Promise<void> {
    await this.#lab.guest(`stop_line ttyS${this.index}`);
  }

  /** Lets the line go. */
  close(): void {
    this.#hold.close();
  }

  get #logPath(): string {
    return `${this.#lab.folder}/log/ttyS${this.index}.log`;
  }

  async #start(options: string, isSupervised: boolean): Promise<void> {
    const tty = `ttyS${this.index}`;
    // Without these words pppd would begin with both, which most tests are not about.
    if (!/mppe|ccp|comp/.test(options)) options += " noccp";
    if (!options.includes("ipv6")) options += " noipv6";
    await Deno.remove(this.#logPath).catch(() => {});
    const command = isSupervised
      ? `supervise ${tty} ${options} & echo $! >/run/lab/log/${tty}.super`
      : `pppd /dev/${tty} 115200 ${options} logfile /run/lab/log/${tty}.log nodetach ` +
        `</dev/null >>/run/lab/log/${tty}.out 2>&1 &`;
    await this.#lab.guest(command);
  }
}

/** Where the guest's memory is a file: in memory if there is enough, and programs may run from it, else on the disk. */
async function memoryFolder(otherwise: string): Promise<string | undefined> {
  const mount = (await Deno.readTextFile("/proc/mounts")).split("\n").find((line) =>
    line.includes(" /dev/shm ")
  );
  const { code, stdout } = await run("df", ["-k", "--output=avail", "/dev/shm"]);
  const availableKib = Number(stdout.split("\n")[1]);
  const isFit = mount !== undefined && !/\bnoexec\b/.test(mount) && code === 0 && availableKib > MEMORY_KIB;
  return isFit ? undefined : otherwise;
}

/** What a guest has beside serial lines of its own. */
export interface PppLabOptions {
  /** Terminals of this machine which are further lines. */
  readonly attached?: readonly string[];
  /** A TAP of this machine which is the guest's `vec0`, and the network namespace that it is in. */
  readonly tap?: { readonly name: string; readonly namespace: string };
}

/** A guest that has booted. */
export class PppLab implements AsyncDisposable {
  /** Folder that guest and machine share: `log/`, `www/`. */
  readonly folder: string;
  /** Its serial lines. */
  readonly lines: readonly PppLine[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #reader: Promise<void> = Promise.resolve();
  #console = "";
  #changed: () => void = () => {};
  #commands = 0;
  readonly #free: PppLine[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(
    folder: string,
    lines: number,
    { attached = [], tap }: PppLabOptions,
    env: Record<string, string>,
  ) {
    this.folder = folder;
    const serial = Array.from({ length: lines }, (_, i) => `ssl${i}=pts`);
    attached.forEach((device, i) => serial.push(`ssl${lines + i}=tty:${device}`));
    const inside = tap === undefined ? [] : ["ip", "netns", "exec", tap.namespace];
    const network = tap === undefined ? [] : [`vec0:transport=tap,ifname=${tap.name},depth=64`];
    const [command, ...words] = [...inside, "setarch"];
    this.#child = new Deno.Command(command!, {
      args: [
        ...words,
        ...["x86_64", "-R", "linux.uml", "mem=128M", "root=none", "rootfstype=hostfs", "rootflags=/", "ro"],
        ...[
          "panic=-1",
          "noreboot",
          `init=${folder}/guest_init.sh`,
          `LAB=${folder}`,
          `LINES=${serial.length}`,
        ],
        ...["con=null", "con0=fd:0,fd:1", "ssl=null", ...serial, `uml_dir=${folder}/umid`],
        ...network,
      ],
      clearEnv: true,
      env: { ...env, PATH: Deno.env.get("PATH") ?? "" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#reader = this.#read();
  }

  /** Boots a guest.
   *
   * @param lines Serial lines, up to {@linkcode MAX_LINES} with those attached.
   */
  static async boot(lines: number, options: PppLabOptions = {}): Promise<PppLab> {
    const { attached = [] } = options;
    if (lines + attached.length > MAX_LINES) throw new RangeError(`A guest has at most ${MAX_LINES} lines`);
    const folder = await Deno.makeTempDir({ prefix: "lightwire-ppp-" });
    for (const name of ["etc-ppp", "log", "www"]) await Deno.mkdir(`${folder}/${name}`);
    const secrets = `${LOGIN.name} * ${LOGIN.secret} *\n${SERVER_NAME} * ${LOGIN.secret} *\n`;
    await Deno.writeTextFile(`${folder}/etc-ppp/options`, "");
    await Deno.writeTextFile(`${folder}/etc-ppp/pap-secrets`, secrets);
    await Deno.writeTextFile(`${folder}/etc-ppp/chap-secrets`, secrets);
    const init = `${folder}/guest_init.sh`;
    await Deno.copyFile(new URL("./guest_init.sh", import.meta.url), init);
    await Deno.chmod(init, 0o755);
    const shim = `${folder}/xstate_shim.so`;
    const source = new URL("./xstate_shim.c", import.meta.url).pathname;
    await must("cc", "-O2", "-fPIC", "-shared", "-o", shim, source);
    const memory = await memoryFolder(folder);
    const lab = new PppLab(folder, lines, options, {
      LD_PRELOAD: shim,
      ...(memory === undefined ? {} : { TMPDIR: memory }),
    });
    try {
      await lab.#waitForConsole(/##ready/, BOOT_TIMEOUT_MS);
      for (let i = 0; i < lines; i++) {
        const pattern = new RegExp(`Serial line ${i} assigned device '([^']+)'`);
        const match = await lab.#waitForConsole(pattern, BOOT_TIMEOUT_MS);
        (lab.lines as PppLine[]).push(new PppLine(lab, i, match[1]!));
      }
      attached.forEach((device, i) => (lab.lines as PppLine[]).push(new PppLine(lab, lines + i, device)));
      lab.#free.push(...lab.lines);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  /** Runs a shell command in the guest, beside others. @returns what it printed; its status is not looked at. */
  async guest(command: string): Promise<string> {
    const file = `${this.folder}/log/${this.#commands++}`;
    // One write after another, in the order of the numbers.
    const written = this.#queue.then(() => this.#input.write(new TextEncoder().encode(`${command}\n`)));
    this.#queue = written.catch(() => {});
    await written;
    for (let waited = 0; waited < COMMAND_TIMEOUT_MS; waited += POLL_MS) {
      if (await Deno.stat(`${file}.over`).then(({ size }) => size > 0, () => false)) {
        return await Deno.readTextFile(`${file}.said`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`The guest has not done ${command}:\n${this.#console.slice(-2000)}`);
  }

  /** A line that nobody uses; {@linkcode giveLine} makes it free again.
   *
   * @throws {Error} when there is none.
   */
  takeLine(): PppLine {
    const line = this.#free.shift();
    if (line === undefined) throw new Error("All lines of the guest are in use");
    return line;
  }

  /** Ends whatever runs on a line, and makes it free. */
  async giveLine(line: PppLine): Promise<void> {
    await line.stop();
    this.#free.push(line);
  }

  /** Powers the guest off and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.lines) line.close();
    await this.#input.write(new TextEncoder().encode("poweroff\n")).catch(() => {});
    const timer = setTimeout(() => void this.#kill(), POWER_OFF_MS);
    await this.#child.status;
    clearTimeout(timer);
    await this.#input.close().catch(() => {});
    await this.#reader;
    await Deno.remove(this.folder, { recursive: true });
  }

  async #kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
    // Its helper processes carry our folder's name.
    const { stdout } = await run("ps", ["-eo", "pid=,args="]);
    for (const line of stdout.split("\n")) {
      if (!line.includes(`LAB=${this.folder}`)) continue;
      try {
        Deno.kill(Number.parseInt(line, 10), "SIGKILL");
      } catch {
        // This one too.
      }
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      this.#console += decoder.decode(chunk, { stream: true });
      this.#changed();
    }
    this.#changed();
  }

  async #waitForConsole(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), timeoutMs));
    const ended = this.#child.status.then(() => this.#reader).then(() => "ended" as const);
    try {
      for (;;) {
        const match = pattern.exec(this.#console);
        if (match !== null) return match;
        const more = new Promise<"more">((resolve) => this.#changed = () => resolve("more"));
        const what = await Promise.race([more, ended, late]);
        if (what !== "more") {
          throw new Error(`The guest: ${what} before ${pattern}\n${this.#console.slice(-2000)}`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
