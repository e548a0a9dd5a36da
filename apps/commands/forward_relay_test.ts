import { assert, assertEquals } from "@std/assert";
import { type ByteStream, relay, RELAY_BUFFER_BYTES } from "./forward_relay.ts";

/** A connection that says what the test tells it, and takes as much at a time as it is told. */
class FakeStream implements ByteStream {
  readonly written: Uint8Array[] = [];
  isWriteClosed = false;
  isClosed = false;
  isNoDelay = false;
  reads = 0;
  /** Bytes that may still be written before a write waits. */
  room = Infinity;
  #pending: (Uint8Array | null)[] = [];
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #failure: Error | undefined;

  says(...what: (Uint8Array | null)[]): void {
    this.#pending.push(...what);
    this.#wakeReader?.();
  }

  fails(message: string): void {
    this.#failure = new Error(message);
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  takes(bytes: number): void {
    this.room += bytes;
    this.#wakeWriter?.();
  }

  get text(): string {
    return this.written.map((bytes) => new TextDecoder().decode(bytes)).join("");
  }

  async read(into: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#pending.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const next = this.#pending.shift()!;
    if (next === null) return null;
    into.set(next);
    return next.length;
  }

  async write(data: Uint8Array): Promise<number> {
    while (this.room === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wakeWriter = resolve);
    }
    if (this.#failure !== undefined) throw this.#failure;
    const count = Math.min(this.room, data.length);
    this.room -= count;
    this.written.push(data.slice(0, count));
    return count;
  }

  setNoDelay(noDelay = true): void {
    this.isNoDelay = noDelay;
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) throw new Error("closed twice");
    this.isClosed = true;
    this.fails("closed here");
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

function pair(options: { idleMs?: number; halfClosedMs?: number; first?: Uint8Array } = {}) {
  const [near, far, controller] = [new FakeStream(), new FakeStream(), new AbortController()];
  const end = relay(near, far, { signal: controller.signal, ...options });
  return { near, far, controller, end };
}

Deno.test("relay(): both ways, what was read before first, and the end of each half by itself", async () => {
  const { near, far, end } = pair({ first: bytes("GET ") });
  near.says(bytes("/"), null);
  await turns();
  assertEquals([near.isNoDelay, far.isNoDelay], [true, true]);
  assertEquals([far.text, far.isWriteClosed, near.isWriteClosed, far.isClosed], [
    "GET /",
    true,
    false,
    false,
  ]);
  far.says(bytes("page "), bytes("two"), null);
  assertEquals(await end, { upBytes: 5, downBytes: 8, reason: "closed" });
  assertEquals([near.text, near.isWriteClosed, near.isClosed, far.isClosed], ["page two", true, true, true]);
});

Deno.test("relay(): nothing more is read while the other side takes nothing", async () => {
  const { near, far, end, controller } = pair();
  far.room = 0;
  near.says(bytes("abc"), bytes("def"), bytes("ghi"));
  await turns();
  assertEquals([near.reads, far.text], [1, ""]);
  far.takes(2);
  await turns();
  assertEquals([near.reads, far.text], [1, "ab"]);
  far.takes(3);
  await turns();
  assertEquals([near.reads, far.text], [2, "abcde"]);
  controller.abort();
  assertEquals((await end).reason, "interrupted");
  assert(near.isClosed && far.isClosed);
});

Deno.test("relay(): a failure of one side closes the other, and is the reason", async () => {
  const { near, far, end } = pair();
  near.says(bytes("x"));
  await turns();
  far.fails("connection reset by peer");
  assertEquals(await end, { upBytes: 1, downBytes: 0, reason: "connection reset by peer" });
  assertEquals([near.isClosed, far.isClosed], [true, true]);
});

Deno.test("relay(): silence ends it, half-closed silence sooner", async () => {
  const idle = pair({ idleMs: 40, halfClosedMs: 10 });
  const startedAt = performance.now();
  assertEquals((await idle.end).reason, "idle");
  assert(performance.now() - startedAt >= 39);
  const half = pair({ idleMs: 60_000, halfClosedMs: 15 });
  half.near.says(bytes("request"), null);
  assertEquals(await half.end, { upBytes: 7, downBytes: 0, reason: "idle" });
});

Deno.test("relay(): an aborted signal ends it at once", async () => {
  const [near, far] = [new FakeStream(), new FakeStream()];
  assertEquals((await relay(near, far, { signal: AbortSignal.abort() })).reason, "interrupted");
  assertEquals([near.isClosed, far.isClosed], [true, true]);
});

Deno.test("relay(): a megabyte arrives as it was", async () => {
  const { near, far, end } = pair();
  const data = new Uint8Array(1_000_000).map((_, i) => i * 7);
  for (let at = 0; at < data.length; at += RELAY_BUFFER_BYTES) {
    near.says(data.slice(at, at + RELAY_BUFFER_BYTES));
  }
  near.says(null);
  far.says(null);
  assertEquals((await end).upBytes, data.length);
  const got = new Uint8Array(data.length);
  let at = 0;
  for (const part of far.written) {
    got.set(part, at);
    at += part.length;
  }
  assertEquals(got, data);
});
