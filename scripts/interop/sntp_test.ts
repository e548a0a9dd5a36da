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
