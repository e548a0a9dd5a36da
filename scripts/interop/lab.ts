/** {@linkcode Lab}: network namespaces of our own, with the kernel at one end of a wire and `ethup` at the other.
 *
 * ```text
 *   namespace K (kernel's stack, 10.9.0.1/24)      namespace E (no addresses at all)
 *        lwk0 ───────────── veth ───────────── lwe0 ── ethup --raw lwe0
 *        lwt0 ── ethup --tap lwt0 (in K: the other end of a TAP is the kernel itself)
 * ```
 *
 * @module
 */

/** Address of the kernel's end. */
export const KERNEL_ADDRESS = "10.9.0.1";
/** Address of ethup's end. */
export const HOST_ADDRESS = "10.9.0.2";

/** How ethup is attached. */
export type LinkKind = "raw" | "tap" | "tun";

/** What a finished process left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = new URL("../../apps/ethernet/main.ts", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  stdin?: string | Uint8Array,
): Promise<Finished> {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Runs a program and fails loudly when it does.
 *
 * @throws {Error} with what it said.
 */
export async function must(command: string, ...args: string[]): Promise<string> {
  const done = await run(command, args);
  if (done.code !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${done.stderr || done.stdout}`);
  return done.stdout;
}

/** A process that goes on while the test works with it. */
export class Running {
  /** Everything it wrote so far. */
  stdout: string = "";
  /** Everything it complained about so far. */
  stderr: string = "";
  readonly #child: Deno.ChildProcess;
  readonly #readers: Promise<void>[];
  readonly #label: string;
  #changed: () => void = () => {};

  /** Starts it. */
  constructor(command: string, args: readonly string[], stdin: "null" | "piped" = "null") {
    this.#label = `${command} ${args.join(" ")}`;
    this.#child = new Deno.Command(command, { args: [...args], stdin, stdout: "piped", stderr: "piped" })
      .spawn();
    const follow = async (stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        add(decoder.decode(chunk, { stream: true }));
        this.#changed();
      }
    };
    this.#readers = [
      follow(this.#child.stdout, (text) => this.stdout += text),
      follow(this.#child.stderr, (text) => this.stderr += text),
    ];
  }

  /** Its standard input. */
  get stdin(): WritableStream<Uint8Array> {
    return this.#child.stdin;
  }

  /** Waits until its output matches.
   *
   * @throws {Error} when it ends first, or not within `timeoutMs`.
   */
  async waitFor(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), timeoutMs));
    const ended = this.#child.status.then(() => Promise.all(this.#readers)).then(() => "ended" as const);
    try {
      for (;;) {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (match !== null) return match;
        const more = new Promise<"more">((resolve) => this.#changed = () => resolve("more"));
        const what = await Promise.race([more, ended, late]);
        if (what === "more") continue;
        const last = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (last !== null) return last;
        throw new Error(`${this.#label}: ${what} before ${pattern}\n${this.stdout}\n${this.stderr}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it as Ctrl-C would, and waits. */
  async interrupt(signal: Deno.Signal = "SIGINT"): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    return await this.wait();
  }

  /** Waits for its end, at most `timeoutMs`; then it is killed. @returns its exit status. */
  async wait(timeoutMs = 60_000): Promise<number> {
    const timer = setTimeout(() => {
      this.stderr += "\n(killed: did not end)";
      this.#child.kill("SIGKILL");
    }, timeoutMs);
    const status = await this.#child.status;
    clearTimeout(timer);
    await Promise.all(this.#readers);
    return status.code;
  }

  /** Ends it at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt("SIGTERM");
  }
}

/** Two namespaces and a wire, for one test file. */
export class Lab {
  /** How ethup is attached. */
  readonly link: LinkKind;
  readonly #kernel: string;
  readonly #ethup: string;

  private constructor(link: LinkKind, kernel: string, ethup: string) {
    this.link = link;
    this.#kernel = kernel;
    this.#ethup = ethup;
  }

  /** Builds it. Names carry the process number: several labs can stand side by side. */
  static async open(link: LinkKind, mtu = 1500): Promise<Lab> {
    const id = `${Deno.pid % 100000}${link[0]}${Math.floor(Math.random() * 1000)}`;
    const lab = new Lab(link, `lwk-${id}`, link === "raw" ? `lwe-${id}` : `lwk-${id}`);
    await must("ip", "netns", "add", lab.#kernel);
    await lab.kernel("ip", "link", "set", "lo", "up");
    // What the kernel says of its own accord (router solicitations) would only blur the captures.
    await lab.kernel("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1").catch(() => {});
    if (link === "raw") {
      await must("ip", "netns", "add", lab.#ethup);
      await lab.kernel(
        "ip",
        "link",
        "add",
        "lwk0",
        "mtu",
        `${mtu}`,
        "type",
        "veth",
        "peer",
        "name",
        "lwe0",
        "mtu",
        `${mtu}`,
      );
      await lab.kernel("ip", "link", "set", "lwe0", "netns", lab.#ethup);
      await lab.kernel("ip", "addr", "add", `${KERNEL_ADDRESS}/24`, "dev", "lwk0");
      await lab.kernel("ip", "link", "set", "lwk0", "up");
      await must("ip", "netns", "exec", lab.#ethup, "ip", "link", "set", "lwe0", "up");
    } else {
      await lab.kernel("ip", "tuntap", "add", "dev", "lwt0", "mode", link);
      await lab.kernel("ip", "link", "set", "lwt0", "mtu", `${mtu}`);
      await lab.kernel("ip", "addr", "add", `${KERNEL_ADDRESS}/24`, "dev", "lwt0");
      await lab.kernel("ip", "link", "set", "lwt0", "up");
    }
    return lab;
  }

  /** Name of the kernel's end of the wire. */
  get kernelInterface(): string {
    return this.link === "raw" ? "lwk0" : "lwt0";
  }

  /** Runs a program beside the kernel's end to its end.
   *
   * @throws {Error} when it fails.
   */
  kernel(command: string, ...args: string[]): Promise<string> {
    return must("ip", "netns", "exec", this.#kernel, command, ...args);
  }

  /** Runs a program beside the kernel's end, whatever comes of it. */
  tryKernel(command: string, args: readonly string[], stdin?: string | Uint8Array): Promise<Finished> {
    return run("ip", ["netns", "exec", this.#kernel, command, ...args], stdin);
  }

  /** Starts a program beside the kernel's end. */
  startKernel(command: string, ...args: string[]): Running {
    return new Running("ip", ["netns", "exec", this.#kernel, command, ...args]);
  }

  /** The words that start ethup at the other end. */
  #ethupArgs(args: readonly string[]): string[] {
    const link = this.link === "raw" ? ["--raw", "lwe0"] : [`--${this.link}`, "lwt0"];
    return [
      "netns",
      "exec",
      this.#ethup,
      Deno.execPath(),
      "run",
      "--no-lock",
      "--no-check",
      "-A",
      "--config",
      `${ROOT}deno.json`,
      MAIN,
      ...link,
      ...args,
    ];
  }

  /** Runs ethup to its end, with an address unless `args` bring one. */
  ethup(args: readonly string[], stdin?: string | Uint8Array): Promise<Finished> {
    return run("ip", this.#ethupArgs(withAddress(args)), stdin);
  }

  /** Starts ethup, with an address unless `args` bring one. */
  startEthup(args: readonly string[], stdin: "null" | "piped" = "null"): Running {
    return new Running("ip", this.#ethupArgs(withAddress(args)), stdin);
  }

  /** Runs a program where ethup runs, whatever comes of it: as somebody who uses its proxy. */
  async nearEthup(command: string, args: readonly string[]): Promise<Finished> {
    await must("ip", "netns", "exec", this.#ethup, "ip", "link", "set", "lo", "up");
    return await run("ip", ["netns", "exec", this.#ethup, command, ...args]);
  }

  /** Starts a program where ethup runs. */
  startNearEthup(command: string, args: readonly string[]): Running {
    return new Running("ip", ["netns", "exec", this.#ethup, command, ...args]);
  }

  /** Takes everything down. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of new Set([this.#kernel, this.#ethup])) {
      const pids = await run("ip", ["netns", "pids", name]);
      for (const pid of pids.stdout.split("\n").filter(Boolean)) {
        try {
          Deno.kill(Number(pid), "SIGKILL");
        } catch {
          // It has ended meanwhile.
        }
      }
      await run("ip", ["netns", "del", name]);
    }
  }
}

function withAddress(args: readonly string[]): readonly string[] {
  const hasOwn = args.includes("--dhcp") || args.includes("--address");
  return hasOwn ? args : ["--address", `${HOST_ADDRESS}/24`, ...args];
}

/** SHA-256 of a file, in hex. */
export async function sha256File(path: string): Promise<string> {
  const out = await must("sha256sum", path);
  return out.slice(0, 64);
}

/** Makes a file of pseudo-random bytes. */
export async function makeFile(path: string, bytes: number): Promise<void> {
  await must(
    "dd",
    "if=/dev/urandom",
    `of=${path}`,
    "bs=1M",
    `count=${bytes}`,
    "iflag=count_bytes",
    "status=none",
  );
}
