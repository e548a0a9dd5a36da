/** {@linkcode runAt}: `pppup at`: sends commands to the modem and prints what it says; without commands on the command line, those of
 * standard input.
 *
 * @module
 */
import type { LinkHost, Output } from "@lightwire/app-commands";
import { AtEngine, type AtReply, makeGoodbye } from "@lightwire/ppp/modem";
import type { Stack } from "@lightwire/sockets";
import { LinkDownError } from "./connection.ts";
import { openPortOrExplain } from "./open_port.ts";
import type { PppupOptions } from "./options.ts";
import { openHost } from "./with_link.ts";

/** The slowest commands: choosing a network, hanging up. */
const TIMEOUT_MS = 90_000;

/** Runs `at`.
 *
 * @returns 0 when all commands ended with OK, 1 otherwise.
 * @throws {LinkDownError} when no modem answers.
 */
export async function runAt(
  o: PppupOptions,
  commands: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const host = await openHost(o, output, signal);
  try {
    const { port, device, close } = await openPortOrExplain(o, host.stack);
    try {
      port.setOutputLines({ dtr: true, rts: true });
      const engine = listen(host, port);
      await wake(host.stack, engine, device, signal);
      let status = 0;
      engine.onUnsolicited = (line) => output.note(line);
      if (commands.length === 0 && Deno.stdin.isTerminal()) {
        output.note("AT commands, a line each; Ctrl-D ends it.");
      }
      for await (const text of commands.length === 0 ? readLines(signal) : commands) {
        const reply = await ask(host.stack, engine, text, signal);
        if (!show(output, text, reply)) status = 1;
      }
      return status;
    } finally {
      await close();
    }
  } finally {
    await host.close();
  }
}

/** Lines of standard input that are not empty. */
async function* readLines(signal: AbortSignal): AsyncGenerator<string> {
  const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  let rest = "";
  for (;;) {
    const { value, done } = await Promise.race([reader.read(), aborted]);
    const lines = `${rest}${value ?? ""}${done ? "\n" : ""}`.split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") yield line.trim();
    if (done) return;
  }
}

function listen(host: LinkHost, port: ConstructorParameters<typeof AtEngine>[0]): AtEngine {
  const engine = new AtEngine(port, host.stack.timers);
  engine.onTrace = ({ direction, text }) => host.showAt(direction === "sent" ? "outbound" : "inbound", text);
  return engine;
}

/** Makes the modem listen, and not repeat what it is told. */
async function wake(stack: Stack, engine: AtEngine, device: string, signal: AbortSignal): Promise<void> {
  let reply = await ask(stack, engine, "ATE0", signal, { attempts: 3, timeoutMs: 500 });
  if (reply.status === "timeout") {
    await new Promise<void>((resolve) =>
      engine.escape(() => resolve(), { attempts: 1, goodbye: makeGoodbye() })
    );
    signal.throwIfAborted();
    reply = await ask(stack, engine, "ATE0", signal, { timeoutMs: 1000 });
  }
  if (reply.status !== "timeout") return;
  throw new LinkDownError("no-answer", `No modem answers on ${device}: diag finds out why.`, []);
}

async function ask(
  stack: Stack,
  engine: AtEngine,
  text: string,
  signal: AbortSignal,
  more: { readonly attempts?: number; readonly timeoutMs?: number } = {},
): Promise<AtReply> {
  signal.throwIfAborted();
  const interrupt = (): void => engine.abort();
  signal.addEventListener("abort", interrupt, { once: true });
  stack.pump.hold();
  try {
    const isSecret = /^AT\+(?:CPIN|CLCK|CPWD|CGAUTH)\b/i.test(text);
    const reply = await new Promise<AtReply>((resolve) => {
      engine.send({ text, timeoutMs: TIMEOUT_MS, isSecret, ...more }, resolve);
    });
    signal.throwIfAborted();
    return reply;
  } finally {
    stack.pump.release();
    signal.removeEventListener("abort", interrupt);
  }
}

/** @returns whether it went well. */
function show(output: Output, text: string, reply: AtReply): boolean {
  const isGood = reply.status === "ok" || reply.status === "connect";
  const { result, lines } = reply;
  const said = result?.text ?? (reply.status === "timeout" ? "no answer" : reply.status);
  const meaning = result?.errorText;
  if (output.options.json) {
    const { errorCode } = result ?? {};
    output.event("at", { command: text, status: reply.status, lines, result: said, errorCode, meaning });
    return isGood;
  }
  for (const line of lines) output.event("at", {}, line);
  const more = meaning === undefined || said.includes(meaning) ? "" : ` (${meaning})`;
  output.event("at", {}, isGood ? said : output.bad(said + more));
  return isGood;
}
