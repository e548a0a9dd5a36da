/** `ping HOST [-c N -s SIZE -i SEC -t TTL -W SEC]`.
 *
 * @module
 */
import type { Command, CommandContext } from "./context.ts";
import { formatMs, parseInteger, parsePositive } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

interface PingArguments {
  readonly host: string;
  readonly count: number;
  readonly size: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly ttl: number | undefined;
}

/** The `ping` command. */
export const pingCommand: Command = {
  name: "ping",
  usage: "ping HOST [-c COUNT] [-s BYTES] [-i SECONDS] [-t TTL] [-W SECONDS]",
  summary: "ask a host for echoes; without -c until Ctrl-C",
  prepare(args) {
    const o = parseOptions(args, { string: ["c", "s", "i", "t", "W"] });
    const [host, ...rest] = o.words;
    if (host === undefined || rest.length > 0) {
      throw new UsageError(`Usage: ${pingCommand.usage}`);
    }
    const parsed: PingArguments = {
      host,
      count: o.text("c") === undefined ? Infinity : parseInteger(o.text("c")!, "-c", 1, 1e9),
      size: parseInteger(o.text("s") ?? "56", "-s", 0, 65_507),
      intervalMs: parsePositive(o.text("i") ?? "1", "-i") * 1000,
      timeoutMs: parsePositive(o.text("W") ?? "2", "-W") * 1000,
      ttl: o.text("t") === undefined ? undefined : parseInteger(o.text("t")!, "-t", 1, 255),
    };
    return (context) => ping(context, parsed);
  },
};

async function ping(
  { stack, output, signal }: CommandContext,
  o: PingArguments,
): Promise<number> {
  const address = await stack.lookup(o.host, { signal });
  output.note(
    `Ping ${o.host}${o.host === address ? "" : ` (${address})`}: ${o.size} bytes of data`,
  );
  const times: number[] = [];
  let sent = 0;
  try {
    for await (
      const reply of stack.ping(address, {
        count: o.count,
        size: o.size,
        intervalMs: o.intervalMs,
        timeoutMs: o.timeoutMs,
        ttl: o.ttl,
        signal,
      })
    ) {
      sent++;
      const { sequence } = reply;
      if (reply.type === "reply") {
        times.push(reply.rttMs);
        output.event(
          "ping-reply",
          {
            host: o.host,
            address: reply.from,
            sequence,
            bytes: o.size + 8,
            ttl: reply.ttl,
            rttMs: round(reply.rttMs),
          },
          `${o.size + 8} bytes from ${reply.from}: seq=${sequence} ttl=${reply.ttl} time=${
            formatMs(reply.rttMs)
          }`,
        );
      } else if (reply.type === "timeout") {
        output.event(
          "ping-timeout",
          { host: o.host, address, sequence },
          output.bad(`no answer: seq=${sequence}`),
        );
      } else {
        output.event(
          "ping-error",
          {
            host: o.host,
            address,
            sequence,
            from: reply.from,
            reason: reply.reason,
          },
          output.bad(`from ${reply.from}: ${reply.reason}, seq=${sequence}`),
        );
      }
    }
  } finally {
    summarise(output, o.host, sent, times);
  }
  return times.length > 0 ? 0 : 1;
}

function summarise(
  output: CommandContext["output"],
  host: string,
  sent: number,
  times: readonly number[],
): void {
  const received = times.length;
  const lossPercent = sent === 0 ? 0 : (100 * (sent - received)) / sent;
  const sum = times.reduce((a, b) => a + b, 0);
  const avg = received === 0 ? 0 : sum / received;
  const min = received === 0 ? 0 : Math.min(...times);
  const max = received === 0 ? 0 : Math.max(...times);
  const mdev = received === 0 ? 0 : Math.sqrt(times.reduce((a, b) => a + (b - avg) ** 2, 0) / received);
  const line = `${sent} sent, ${received} received, ${
    lossPercent.toFixed(lossPercent % 1 === 0 ? 0 : 1)
  } % lost`;
  const spread = received === 0
    ? ""
    : `; min/avg/max/mdev ${min.toFixed(3)}/${avg.toFixed(3)}/${max.toFixed(3)}/${mdev.toFixed(3)} ms`;
  output.event(
    "ping-summary",
    {
      host,
      sent,
      received,
      lossPercent: round(lossPercent),
      minMs: round(min),
      avgMs: round(avg),
      maxMs: round(max),
      mdevMs: round(mdev),
    },
    line + spread,
  );
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
