/** {@linkcode TcpLab}: two hosts of the kernel's and two of ours at the ends of one bad network, so that ours and Linux's TCP meet
 * the same relay with the same seeds.
 *
 * ```text
 *   namespace A                        namespace R                      namespace B
 *   kernel 10.9.0.1 ─┐                                                ┌─ kernel 10.9.0.2
 *                    ├ lwa ── veth ── lwra ── relay ── lwrb ── veth ── lwb ┤
 *   ours   10.9.0.3 ─┘   (raw socket, own MAC)                        └─ ours   10.9.0.4
 * ```
 *
 * Whatever is measured, the text goes from A to B: the same packets of the same direction meet the same faults.
 *
 * @module
 */
import type { TcpOptions } from "@lightwire/tcp";
import { must, run, Running } from "./lab.ts";
import { KERNEL_TCP_PEER } from "./peers.ts";
import type { PeerTask, SenderReport } from "./relay/tcp_peer.ts";
import type { RelayCounters, RelayFaults } from "./relay/relay.ts";

/** Whose TCP. */
export type TcpKind = "linux" | "ours";

/** One transfer from A to B. */
export interface TransferOptions {
  /** Whose TCP sends. */
  readonly sender: TcpKind;
  /** Whose TCP receives. */
  readonly receiver: TcpKind;
  /** How much. */
  readonly bytes: number;
  /** What is wrong with the network. */
  readonly faults: RelayFaults;
  /** Congestion control of the sender. */
  readonly congestionControl?: "cubic" | "bbr";
  /** How long the receiver reads nothing. Default 0. */
  readonly pauseMs?: number;
  /** Options of ours, where ours takes part. */
  readonly tcp?: TcpOptions;
}

/** What came of a transfer. */
export interface Transfer extends SenderReport {
  /** Goodput in Mbit/s, handshake and the receiver's last word included. */
  readonly mbps: number;
  /** What the network did to it. */
  readonly counters: RelayCounters;
}

/** Buffers as Linux has them: tcp_wmem's and tcp_rmem's upper ends in the namespaces, half of the latter is window. */
const LINUX_BUFFERS: TcpOptions = { sendBufferBytes: 4 << 20, receiveBufferBytes: 6 << 20 };
const ROOT = new URL("../../", import.meta.url).pathname;
const RELAY = new URL("relay/main.ts", import.meta.url).pathname;
const PEER = new URL("relay/tcp_peer.ts", import.meta.url).pathname;
const ADDRESSES = { A: { linux: "10.9.0.1", ours: "10.9.0.3" }, B: { linux: "10.9.0.2", ours: "10.9.0.4" } };
const SYSCTLS = [
  "net.ipv6.conf.all.disable_ipv6=1",
  // No run may learn from the one before.
  "net.ipv4.tcp_no_metrics_save=1",
  "net.ipv4.tcp_rmem=4096 131072 6291456",
  "net.ipv4.tcp_wmem=4096 16384 4194304",
];

/** Whatever else the machine does, a lab's programs come first: what is measured are stacks, not schedulers. */
const NICE = ["nice", "-n", "-15"] as const;
/** Longest transfer. */
const TRANSFER_TIMEOUT_MS = 300_000;

type End = "A" | "B";

function denoArgs(program: string, ...args: string[]): string[] {
  return [
    Deno.execPath(),
    "run",
    "--no-lock",
    "--no-check",
    "-A",
    "--config",
    `${ROOT}deno.json`,
    program,
    ...args,
  ];
}

/** A program that is told lines of JSON and answers with lines of JSON. */
class Dialogue {
  readonly #process: Running;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  #seen = 0;

  constructor(command: string, args: readonly string[]) {
    this.#process = new Running(command, args, "piped");
    this.#stdin = this.#process.stdin.getWriter();
  }

  async tell(value: unknown): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  }

  /** The next answer. @throws {Error} when it is a failure, or none comes in time. */
  async answer<T>(event: string, timeoutMs = 120_000): Promise<T> {
    const nth = new RegExp(`^(?:.*\n){${this.#seen}}(.*)\n`);
    const line = (await this.#process.waitFor(nth, timeoutMs))[1]!;
    this.#seen++;
    const value = JSON.parse(line);
    if (value.event !== event) throw new Error(`Not "${event}": ${line}`);
    return value as T;
  }

  async close(): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#process.wait(10_000);
  }
}

/** Labs of this process so far. */
let opened = 0;

/** Takes away namespaces of labs whose process is gone and in which nothing runs: a killed one cannot do so itself; its programs end
 * when their standard input does. */
async function sweep(): Promise<void> {
  const { stdout } = await run("ip", ["netns", "list"]);
  for (const [name, pid] of stdout.matchAll(/^lw[abr]-(\d+)x\d+/gm)) {
    if (await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) continue;
    if ((await run("ip", ["netns", "pids", name])).stdout === "") await run("ip", ["netns", "del", name]);
  }
}

/** The laboratory. */
export class TcpLab {
  readonly #id: string;
  readonly #peers: Map<End, Dialogue> = new Map();
  #relay: Dialogue | undefined = undefined;
  #port = 5000;

  private constructor(id: string) {
    this.#id = id;
  }

  /** Builds it. */
  static async open(): Promise<TcpLab> {
    await sweep();
    const lab = new TcpLab(`${Deno.pid}x${opened++}`);
    try {
      await lab.#build();
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  async #build(): Promise<void> {
    for (const end of ["A", "B", "R"] as const) {
      await must("ip", "netns", "add", this.namespace(end));
      await this.inside(end, "ip", "link", "set", "lo", "up");
    }
    for (const end of ["A", "B"] as const) {
      const name = this.interfaceOf(end);
      const other = `lwr${end.toLowerCase()}`;
      await this.inside(end, "ip", "link", "add", name, "type", "veth", "peer", "name", other);
      await this.inside(end, "ip", "link", "set", other, "netns", this.namespace("R"));
      // Segments as they would be on a wire: what the relay loses is one of them.
      await this.inside(end, "ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off");
      await this.inside(end, "ip", "addr", "add", `${ADDRESSES[end].linux}/24`, "dev", name);
      await this.inside(end, "ip", "link", "set", name, "up");
      await this.inside("R", "ip", "link", "set", other, "up");
      for (const setting of SYSCTLS) await this.inside(end, "sysctl", "-qw", setting);
    }
    await this.inside("R", "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
    this.#relay = new Dialogue("ip", this.#words("R", [...NICE, ...denoArgs(RELAY, "lwra", "lwrb")]));
    await this.#relay.answer("ready");
  }

  /** Name of the namespace of an end, or of the relay. */
  namespace(end: End | "R"): string {
    return `lw${end.toLowerCase()}-${this.#id}`;
  }

  /** Name of the interface of an end. */
  interfaceOf(end: End): string {
    return `lw${end.toLowerCase()}`;
  }

  /** Runs a program in a namespace to its end.
   *
   * @throws {Error} when it fails.
   */
  inside(end: End | "R", command: string, ...args: string[]): Promise<string> {
    return must("ip", ...this.#words(end, [command, ...args]));
  }

  /** Starts a program in a namespace. */
  startInside(end: End | "R", command: string, ...args: string[]): Running {
    return new Running("ip", this.#words(end, [command, ...args]));
  }

  /** Moves bytes from A to B. */
  async transfer(o: TransferOptions): Promise<Transfer> {
    const port = this.#port++;
    const relay = this.#relay!;
    await relay.tell(o.faults);
    await relay.answer("set");
    const tcp = { ...LINUX_BUFFERS, ...o.tcp };
    const { pauseMs = 0 } = o;
    const task: PeerTask = { op: "receive", host: ADDRESSES.A.linux, port, pauseMs, tcp };
    const receiving = await this.#receive(o.receiver, task);
    const congestionControl = o.congestionControl ?? "cubic";
    const sent = await this.#send(o.sender, {
      op: "send",
      host: ADDRESSES.B[o.receiver],
      port,
      bytes: o.bytes,
      tcp: { ...tcp, congestionControl },
    });
    await receiving();
    await relay.tell({ seed: 0 });
    const { counters } = await relay.answer<{ counters: RelayCounters }>("set");
    return { ...sent, counters, mbps: o.bytes * 8 / sent.ms / 1000 };
  }

  /** @returns what waits for the end. */
  async #receive(kind: TcpKind, task: PeerTask): Promise<() => Promise<unknown>> {
    if (kind === "ours") {
      const peer = await this.#ours("B");
      await peer.tell(task);
      await peer.answer("listening");
      return () => peer.answer("done", TRANSFER_TIMEOUT_MS);
    }
    const pause = `${(task.pauseMs ?? 0) / 1000}`;
    const words = ["python3", "-c", KERNEL_TCP_PEER, "receive", ADDRESSES.B.linux, `${task.port}`, pause];
    const process = new Running("ip", this.#words("B", [...NICE, ...words]));
    await process.waitFor(/listening/);
    return () => process.wait();
  }

  async #send(kind: TcpKind, task: PeerTask): Promise<SenderReport> {
    if (kind === "ours") {
      const peer = await this.#ours("A");
      await peer.tell(task);
      return await peer.answer<SenderReport>("done", TRANSFER_TIMEOUT_MS);
    }
    await this.inside("A", "ping", "-c", "1", "-q", task.host);
    const args = ["send", task.host, `${task.port}`, `${task.bytes}`, `${task.tcp!.congestionControl}`];
    return JSON.parse(
      await must("ip", ...this.#words("A", [...NICE, "python3", "-c", KERNEL_TCP_PEER, ...args])),
    ) as SenderReport;
  }

  /** Our stack at one end, started when first wanted. */
  async #ours(end: End): Promise<Dialogue> {
    const running = this.#peers.get(end);
    if (running !== undefined) return running;
    const mac = `02:00:00:09:00:0${end === "A" ? 3 : 4}`;
    const args = denoArgs(PEER, this.interfaceOf(end), `${ADDRESSES[end].ours}/24`, mac);
    const peer = new Dialogue("ip", this.#words(end, [...NICE, ...args]));
    this.#peers.set(end, peer);
    await peer.answer("ready");
    return peer;
  }

  /** Captures what the relay exchanges with one end during `body`, a transfer; of older connections nothing. @returns the packets that match, one array of fields each; empty fields
   * where the packet has none. */
  async capture(
    end: End,
    body: () => Promise<unknown>,
    filter: string,
    ...fields: string[]
  ): Promise<readonly (readonly string[])[]> {
    const port = this.#port;
    const path = await Deno.makeTempFile({ prefix: "lightwire", suffix: ".pcap" });
    try {
      const dump = this.startInside(
        "R",
        "tcpdump",
        "-i",
        `lwr${end.toLowerCase()}`,
        "-U",
        "--immediate-mode",
        "-s",
        "128",
        "-w",
        path,
        "tcp",
      );
      await dump.waitFor(/listening on/);
      await body();
      await dump.interrupt();
      const wanted = fields.flatMap((field) => ["-e", field]);
      const text = await must(
        "tshark",
        "-r",
        path,
        "-Y",
        `tcp.port == ${port} && (${filter})`,
        "-T",
        "fields",
        "-E",
        "separator=|",
        ...wanted,
      );
      return text.split("\n").filter(Boolean).map((line) => line.split("|"));
    } finally {
      await Deno.remove(path);
    }
  }

  /** Sets a sysctl in the namespaces of both ends. */
  async sysctl(setting: string): Promise<void> {
    for (const end of ["A", "B"] as const) await this.inside(end, "sysctl", "-qw", setting);
  }

  #words(end: End | "R", words: readonly string[]): string[] {
    return ["netns", "exec", this.namespace(end), ...words];
  }

  /** Takes everything down. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const dialogue of [this.#relay, ...this.#peers.values()]) await dialogue?.close();
    for (const end of ["A", "B", "R"] as const) {
      const pids = await run("ip", ["netns", "pids", this.namespace(end)]);
      for (const pid of pids.stdout.split("\n").filter(Boolean)) {
        try {
          Deno.kill(Number(pid), "SIGKILL");
        } catch {
          // It has ended meanwhile.
        }
      }
      await run("ip", ["netns", "del", this.namespace(end)]);
    }
  }
}
