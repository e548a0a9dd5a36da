/** The time from chronyd, by `ethup sntp`, and tshark's opinion of what we send.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { KERNEL_ADDRESS, Lab, run, type Running } from "./lab.ts";

/** Starts chronyd beside the kernel's end; it serves the machine's time and does not touch its clock. */
async function startChrony(lab: Lab, folder: string, ...lines: string[]): Promise<Running> {
  const path = `${folder}/chrony.conf`;
  const common = [`bindaddress ${KERNEL_ADDRESS}`, "cmdport 0", "allow 10.9.0.0/24", `pidfile ${folder}/pid`];
  await Deno.writeTextFile(path, [...common, ...lines, ""].join("\n"));
  const chronyd = lab.startKernel("chronyd", "-d", "-x", "-u", "root", "-f", path);
  await chronyd.waitFor(/chronyd version/);
  // It says nothing when it is ready: it is when the port is bound.
  for (let i = 0; i < 100; i++) {
    const bound = await lab.tryKernel("ss", ["-lnu", "sport = :123"]);
    if (bound.stdout.includes(":123")) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return chronyd;
}

/** Answers requests with what scapy makes of them: each word of `argv[2]` is one reply, the last one again and again. */
const TIME_FORGER = `
import socket, sys, time
from scapy.layers.ntp import NTPHeader
replies = sys.argv[2].split(",")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 123))
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.bind((sys.argv[1], 1123))
print("ready", flush=True)
count = 0
while True:
    data, peer = s.recvfrom(100)
    word = replies[min(count, len(replies) - 1)]
    count += 1
    now = time.time() + 2208988800 + 3600
    p = NTPHeader(version=4, mode=4, stratum=1, precision=236, ref_id=b"SCPY", ref=now - 1, recv=now, sent=now)
    if word in ("DENY", "RATE", "RSTR"):
        p = NTPHeader(leap=3, version=4, mode=4, stratum=0, ref_id=word.encode(), recv=now, sent=now)
    raw = bytearray(bytes(p))
    raw[24:32] = data[40:48]
    if word == "forged": raw[24:32] = bytes(8)
    if word == "broadcast": raw[0] = 0x25
    if word == "short": raw = raw[:47]
    (other if word == "elsewhere" else s).sendto(bytes(raw), peer)
    print("sent", word, flush=True)
`;

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("chronyd tells us the time: off by less than half of the round trip, stratum and reference id as it has them", async () => {
  await withFolder(async (folder) => {
    await using lab = await Lab.open("raw");
    await using _chronyd = await startChrony(lab, folder, "local stratum 5");
    const path = `${folder}/sntp.pcapng`;
    const done = await lab.ethup(["--json", "--pcap", path, "sntp", "-c", "4", KERNEL_ADDRESS]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
    const time = JSON.parse(done.stdout.trim().split("\n").at(-1)!);
    assertEquals([time.event, time.server, time.stratum, time.leap, time.samples], [
      "time",
      KERNEL_ADDRESS,
      5,
      "none",
      4,
    ]);
    assertEquals(time.referenceId, "127.127.1.1");
    // Both clocks are one: all that is measured is error. Half a millisecond more is what our clock's date may be off.
    assert(Math.abs(time.offsetMs) <= time.delayMs / 2 + 0.5, JSON.stringify(time));
    const fields = ["ntp.flags.mode", "ntp.flags.vn", "ntp.stratum", "_ws.malformed"].flatMap((
      f,
    ) => ["-e", f]);
    const seen = await run("tshark", ["-r", path, "-Y", "ntp", "-T", "fields", ...fields]);
    const lines = seen.stdout.split("\n").filter((line) => line !== "");
    assertEquals(lines.filter((line) => line === "3\t4\t0\t").length, 4, seen.stdout);
    assertEquals(lines.filter((line) => line === "4\t4\t5\t").length, 4, seen.stdout);
  });
});

Deno.test("a chronyd that is not synchronized is not believed", async () => {
  await withFolder(async (folder) => {
    await using lab = await Lab.open("raw");
    await using _chronyd = await startChrony(lab, folder);
    const done = await lab.ethup(["sntp", KERNEL_ADDRESS]);
    assertEquals(done.code, 1, done.stdout);
    assertMatch(done.stderr, /is not synchronized itself/);
  });
});

Deno.test("no chronyd at all: the kernel's port unreachable ends the wait at once", async () => {
  await using lab = await Lab.open("raw");
  const startedAt = performance.now();
  const done = await lab.ethup(["sntp", KERNEL_ADDRESS]);
  assertEquals(done.code, 1, done.stdout);
  assertMatch(done.stderr, /cannot be reached, or has no time server/);
  assert(performance.now() - startedAt < 6000, "it waited for a timeout");
});

Deno.test("the first of two servers is dead: the second one is asked", async () => {
  await withFolder(async (folder) => {
    await using lab = await Lab.open("raw");
    await using _chronyd = await startChrony(lab, folder, "local stratum 5");
    const done = await lab.ethup(["--json", "sntp", "10.9.0.77", KERNEL_ADDRESS]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
    assertMatch(done.stdout, /"server":"10\.9\.0\.1"/);
  });
});

Deno.test("scapy: forged replies are passed over, and the true one is taken", async () => {
  await using lab = await Lab.open("raw");
  for (const forged of ["forged", "broadcast", "short", "elsewhere"]) {
    await using peer = lab.startKernel(
      "/usr/bin/python3",
      "-u",
      "-c",
      TIME_FORGER,
      KERNEL_ADDRESS,
      `${forged},good`,
    );
    await peer.waitFor(/ready/);
    const done = await lab.ethup(["--json", "sntp", KERNEL_ADDRESS]);
    assertEquals(done.code, 0, `${forged}: ${done.stdout}${done.stderr}`);
    const time = JSON.parse(done.stdout.trim().split("\n").at(-1)!);
    assertEquals(time.referenceId, "SCPY");
    assert(Math.abs(time.offsetMs - 3_600_000) < 100, `${forged}: ${time.offsetMs}`);
    await peer.waitFor(new RegExp(`sent ${forged}\nsent good`));
  }
});

Deno.test("scapy: a kiss of death ends the use of the server, and is told by its name", async () => {
  await using lab = await Lab.open("raw");
  for (const kiss of ["DENY", "RSTR", "RATE"]) {
    await using peer = lab.startKernel("/usr/bin/python3", "-u", "-c", TIME_FORGER, KERNEL_ADDRESS, kiss);
    await peer.waitFor(/ready/);
    const done = await lab.ethup(["sntp", KERNEL_ADDRESS]);
    assertEquals(done.code, 1, done.stdout);
    assertMatch(done.stderr, new RegExp(`kiss code ${kiss}`));
    assertEquals(peer.stdout.match(/sent/g)?.length, 1, "it was asked again");
  }
});

Deno.test("the server that DHCP names (option 42) is the default", async () => {
  await withFolder(async (folder) => {
    await using lab = await Lab.open("raw");
    await using _chronyd = await startChrony(lab, folder, "local stratum 5");
    await using dnsmasq = lab.startKernel(
      "dnsmasq",
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--port=0",
      "--log-facility=-",
      "--log-dhcp",
      "--bind-interfaces",
      `--interface=${lab.kernelInterface}`,
      "--except-interface=lo",
      "--dhcp-range=10.9.0.100,10.9.0.150,255.255.255.0,120",
      "--dhcp-leasefile=/dev/null",
      `--dhcp-option=option:ntp-server,${KERNEL_ADDRESS}`,
      "--user=root",
    );
    await dnsmasq.waitFor(/started/);
    const done = await lab.ethup(["--dhcp", "--json", "sntp"]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
    assertMatch(done.stdout, /"event":"time","server":"10\.9\.0\.1"/);
  });
});
