/** A stack for commands and another one as its network, in real time, with everything a command says collected. For tests. */
import { assertEquals } from "@std/assert";
import { createMemoryLinkPair } from "@lightwire/netif";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { Stack, type TcpConn } from "@lightwire/sockets";
import type { Command, CommandContext } from "../context.ts";
import { Output } from "../output.ts";

/** What a command said. */
export type Said = Record<string, unknown> & { readonly event: string };

/** Our stack is 10.0.0.1, the network 10.0.0.2 under the names "www.example" and "time.example". */
export class CommandWorld implements AsyncDisposable {
  readonly stack: Stack = new Stack();
  readonly network: Stack = new Stack();
  readonly said: Said[] = [];
  readonly context: CommandContext;
  readonly #controller = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  #changed: () => void = () => {};

  constructor() {
    const [near, far] = createMemoryLinkPair({ timersA: this.stack.timers, timersB: this.network.timers });
    const networkInterface = this.stack.addInterface({ driver: near, addresses: ["10.0.0.1/24"] });
    this.network.addInterface({ driver: far, addresses: ["10.0.0.2/24"] });
    for (const name of ["www.example", "time.example"]) {
      this.stack.resolver.hosts.add(name, parseIpAddressOrThrow("10.0.0.2"));
    }
    const stdout = (text: string): void => {
      for (const line of text.trim().split("\n")) this.said.push(JSON.parse(line));
      this.#changed();
    };
    const output = new Output({ json: true, quiet: false, verbose: false }, {
      stdout,
      stderr: () => {},
      isTerminal: false,
      hasColor: false,
    });
    this.context = {
      stack: this.stack,
      networkInterface,
      trace: { subscribe: () => () => {} },
      output,
      signal: this.#controller.signal,
    } as CommandContext;
  }

  /** Runs a command to its end. */
  run(command: Command, ...args: string[]): Promise<number> {
    return command.prepare(args)(this.context);
  }

  /** Starts a command, and waits until it listens. @returns the port. */
  async start(command: Command, ...args: string[]): Promise<number> {
    const from = this.said.length;
    const running = this.run(command, ...args);
    this.#running.push(running.catch((error) => error));
    const failed = running.then(() => {
      throw new Error("it has ended");
    });
    return await Promise.race([this.hears("listening", from), failed]).then((said) => Number(said.port));
  }

  /** Waits until a command has said something. */
  async hears(event: string, from = 0): Promise<Said> {
    for (;;) {
      const found = this.said.slice(from).find((said) => said.event === event);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
  }

  /** Serves TCP connections on the network. */
  serve(port: number, handle: (conn: TcpConn) => Promise<void>): void {
    const listener = this.network.listen({ port });
    (async () => {
      for await (const conn of listener) handle(conn).catch(() => {}).finally(() => conn.close());
    })().catch(() => {});
  }

  /** Serves TCP connections that hear what they say. */
  serveEcho(port: number): void {
    this.serve(port, (conn) => conn.readable.pipeTo(conn.writable));
  }

  /** Interrupts the commands, as Ctrl-C does. */
  async interrupt(): Promise<void> {
    this.#controller.abort(new Error("Interrupted"));
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
    this.stack.close();
    this.network.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals([this.stack.pool.inUse, this.network.pool.inUse], [0, 0], "packet buffers are left");
  }
}

/** Connects as a program of this machine does. */
export async function connectHost(port: number): Promise<HostClient> {
  return new HostClient(await Deno.connect({ hostname: "127.0.0.1", port }));
}

/** A program of this machine. */
export class HostClient implements Disposable {
  readonly conn: Deno.TcpConn;

  constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  /** Sends text or octets. */
  async send(what: string | readonly number[]): Promise<void> {
    const bytes = typeof what === "string" ? new TextEncoder().encode(what) : Uint8Array.from(what);
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.conn.write(rest));
  }

  /** Reads so many octets, or fewer when the other side ends. */
  async read(length: number): Promise<number[]> {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const count = await this.conn.read(bytes.subarray(at));
      if (count === null) break;
      at += count;
    }
    return [...bytes.subarray(0, at)];
  }

  /** Reads to the end. */
  async readAll(): Promise<string> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    let text = "";
    for (;;) {
      const count = await this.conn.read(buffer);
      if (count === null) return text + decoder.decode();
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // It was closed by the test.
    }
  }
}
