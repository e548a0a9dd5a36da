/** `deno task interop`: the stack against peers nobody here wrote. Root and Linux; says what is missing.
 *
 * @module
 */

const TOOLS: readonly (readonly [command: string, debianPackage: string])[] = [
  ["ip", "iproute2"],
  ["ping", "iputils-ping"],
  ["iperf", "iperf"],
  ["iperf3", "iperf3"],
  ["curl", "curl"],
  ["dnsmasq", "dnsmasq"],
  ["chronyd", "chrony"],
  ["tshark", "tshark"],
  ["tcpdump", "tcpdump"],
  ["ethtool", "ethtool"],
  ["python3", "python3"],
  ["socat", "socat"],
  ["linux.uml", "user-mode-linux"],
  ["pppd", "ppp"],
  ["busybox", "busybox-static"],
  ["cc", "gcc libc6-dev"],
  ["slirp-fullbolt", "slirp"],
  ["wvdial", "wvdial"],
  ["pppoe-server", "pppoe"],
  ["xl2tpd", "xl2tpd"],
];

/** Files of tests that run at the same time, where they may. */
const PARALLEL_FILES = 2;

async function has(command: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${command}`], stdout: "null" })
    .output();
  return success;
}

async function main(): Promise<number> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    console.error("The interop tests make network namespaces: run them as root on Linux.");
    return 2;
  }
  const missing: string[] = [];
  for (const [command, debianPackage] of TOOLS) if (!await has(command)) missing.push(debianPackage);
  if (missing.length > 0) {
    console.error(`Missing programs: apt-get install -y --no-install-recommends ${missing.join(" ")}`);
    return 2;
  }
  const folder = new URL(".", import.meta.url).pathname;
  const files = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}${name}`)
    .filter((path) => path.endsWith("_test.ts")).sort();
  // The tests of PPP wait most of the time, and share nothing.
  const isPpp = (path: string): boolean => path.startsWith(`${folder}ppp_`);
  const first = await runTests(files.filter((path) => !isPpp(path)), []);
  const second = await runTests(files.filter(isPpp), ["--parallel"]);
  return first !== 0 ? first : second;
}

async function runTests(files: readonly string[], flags: readonly string[]): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "-A", ...flags, ...Deno.args, ...files],
    env: { DENO_JOBS: `${PARALLEL_FILES}` },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return code;
}

if (import.meta.main) Deno.exit(await main());
