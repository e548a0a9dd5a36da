/** Our stack on a TAP against kernel sockets, and slirp4netns beside it, in namespaces of their own (root).
 *
 * @module
 */
import { HOST_ADDRESS, KERNEL_ADDRESS, Lab, must, run, Running } from "../interop/lab.ts";
import type { Figure } from "./figure.ts";

const RUNS = 3;
const SECONDS = "3";

async function outwards(lab: Lab): Promise<number> {
  await using server = lab.startKernel("iperf", "-s", "-B", KERNEL_ADDRESS);
  await server.waitFor(/listening/);
  const done = await lab.ethup(["--json", "iperf", "-c", KERNEL_ADDRESS, "-t", SECONDS, "-i", "0"]);
  return sumRate(done.stdout + done.stderr);
}

async function inwards(lab: Lab): Promise<number> {
  await using host = lab.startEthup(["--json", "iperf", "-s", "-i", "0"]);
  await host.waitFor(/listening/);
  await lab.kernel("iperf", "-c", HOST_ADDRESS, "-t", SECONDS);
  await host.waitFor(/iperf-sum/);
  return sumRate(host.stdout);
}

/** Gbit/s of the sum that `ethup --json iperf` prints. */
export function sumRate(stdout: string): number {
  const match = /"iperf-sum".*"bitsPerSecond":(\d+)/.exec(stdout);
  if (match === null) throw new Error(`No sum in: ${stdout}`);
  return Number(match[1]) / 1e9;
}

/** slirp4netns at MTU 65520: guest to host and host to guest, Gbit/s. */
async function slirp(): Promise<[number, number]> {
  const name = `lws-${Deno.pid}`;
  await must("ip", "netns", "add", name);
  const guest = new Running("ip", ["netns", "exec", name, "sleep", "60"]);
  const server = new Running("iperf3", ["-s", "-B", "127.0.0.1", "-p", "5299", "--forceflush"]);
  let relay: Running | undefined;
  try {
    await server.waitFor(/listening/i);
    const pid = (await must("ip", "netns", "pids", name)).trim().split("\n")[0]!;
    relay = new Running("slirp4netns", ["--configure", "--mtu=65520", pid, "tap0"]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const rates: number[] = [];
    for (const reverse of [[], ["-R"]]) {
      const args = ["iperf3", "-c", "10.0.2.2", "-p", "5299", "-t", SECONDS, "-J", ...reverse];
      const done = await run("ip", ["netns", "exec", name, ...args]);
      rates.push(JSON.parse(done.stdout).end.sum_received.bits_per_second / 1e9);
    }
    return [rates[0]!, rates[1]!];
  } finally {
    for (const process of [relay, server, guest]) await process?.interrupt("SIGTERM");
    await run("ip", ["netns", "del", name]);
  }
}

/** Whether a program is installed. */
async function has(command: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v ${command}`])).code === 0;
}

/** All figures of this module; they say why when they cannot be taken. */
export async function tapFigures(): Promise<Figure[]> {
  const names = ["TAP, our stack to kernel sockets", "TAP, kernel sockets to our stack"];
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !await has("iperf")) {
    return names.map((name) => ({ name, runs: [], unit: "Gbit/s", skipped: "needs root, Linux and iperf" }));
  }
  const out: number[] = [];
  const inn: number[] = [];
  const guestToHost: number[] = [];
  const hostToGuest: number[] = [];
  const hasSlirp = await has("slirp4netns") && await has("iperf3");
  for (let i = 0; i < RUNS; i++) {
    await using lab = await Lab.open("tap");
    out.push(await outwards(lab));
    inn.push(await inwards(lab));
    if (!hasSlirp) continue;
    const [g, h] = await slirp();
    guestToHost.push(g);
    hostToGuest.push(h);
  }
  const figures: Figure[] = [
    { name: names[0]!, runs: out, unit: "Gbit/s", goal: { atLeast: 4 } },
    { name: names[1]!, runs: inn, unit: "Gbit/s", goal: { atLeast: 4 } },
  ];
  if (hasSlirp) {
    figures.push(
      { name: "yardstick: slirp4netns, MTU 65520, guest to host", runs: guestToHost, unit: "Gbit/s" },
      { name: "yardstick: slirp4netns, MTU 65520, host to guest", runs: hostToGuest, unit: "Gbit/s" },
    );
  }
  return figures;
}
