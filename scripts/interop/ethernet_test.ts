/** `ethup` against the kernel's stack, over a packet socket on a veth and over a TAP.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HOST_ADDRESS, KERNEL_ADDRESS, Lab, type LinkKind, makeFile, sha256File } from "./lab.ts";
import { ANNOUNCER, HALF_CLOSER, PORT_PROBE, RESET_WITNESS, RESETTER, SLOW_READER } from "./peers.ts";

const BIG_FILE_BYTES = 200 * 1024 * 1024;
const PING_SIZES = [0, 1, 1472, 1473, 8000, 65507];

for (const link of ["raw", "tap"] as const) {
  const test = (name: string, body: (lab: Lab) => Promise<void>, mtu = 1500): void => {
    Deno.test({
      name: `${link}: ${name}`,
      fn: async () => {
        await using lab = await Lab.open(link as LinkKind, mtu);
        await body(lab);
      },
    });
  };

  test("we ping the kernel with every size, fragments included", async (lab) => {
    for (const size of PING_SIZES) {
      const done = await lab.ethup([
        "--json",
        "ping",
        "-c",
        "2",
        "-i",
        "0.05",
        "-s",
        `${size}`,
        KERNEL_ADDRESS,
      ]);
      assertEquals(done.code, 0, `size ${size}: ${done.stdout}${done.stderr}`);
      assertStringIncludes(done.stdout, '"received":2', `size ${size}`);
    }
  });

  test("the kernel pings us with every size, fragments included", async (lab) => {
    await using host = lab.startEthup(["echo", "7"]);
    await host.waitFor(/Echo on/);
    for (const size of PING_SIZES) {
      const args = ["-c", "2", "-i", "0.1", "-W", "3", "-s", `${size}`, HOST_ADDRESS];
      const done = await lab.tryKernel("ping", args);
      assertEquals(done.code, 0, `size ${size}: ${done.stdout}`);
      assertStringIncludes(done.stdout, " 0% packet loss", `size ${size}`);
    }
  });

  test("curl fetches 200 MB from our httpd unharmed", async (lab) => {
    await using dir = await TemporaryFolder.make();
    await makeFile(`${dir.path}/big`, BIG_FILE_BYTES);
    await using host = lab.startEthup(["httpd", "--root", dir.path, "--port", "80"]);
    await host.waitFor(/Serving/);
    await lab.kernel("curl", "-sS", "--fail", "-o", `${dir.path}/copy`, `http://${HOST_ADDRESS}/big`);
    assertEquals(await sha256File(`${dir.path}/copy`), await sha256File(`${dir.path}/big`));
  });

  test("our get fetches 200 MB from a kernel-side server unharmed", async (lab) => {
    await using dir = await TemporaryFolder.make();
    await makeFile(`${dir.path}/big`, BIG_FILE_BYTES);
    await using server = lab.startKernel(
      "python3",
      "-u",
      "-m",
      "http.server",
      "--bind",
      KERNEL_ADDRESS,
      "--directory",
      dir.path,
      "8000",
    );
    await server.waitFor(/Serving/);
    const done = await lab.ethup(["get", `http://${KERNEL_ADDRESS}:8000/big`, "-o", `${dir.path}/copy`]);
    assertEquals(done.code, 0, done.stderr);
    assertEquals(await sha256File(`${dir.path}/copy`), await sha256File(`${dir.path}/big`));
  });

  test("200 connections side by side", async (lab) => {
    await using dir = await TemporaryFolder.make();
    await makeFile(`${dir.path}/page`, 20_000);
    await using host = lab.startEthup(["-q", "httpd", "--root", dir.path, "--port", "80"]);
    await host.waitFor(/Serving/);
    const urls: string[] = [];
    for (let i = 0; i < 200; i++) urls.push("-o", `${dir.path}/out${i}`, `http://${HOST_ADDRESS}/page`);
    const done = await lab.tryKernel("curl", [
      "-sS",
      "--fail",
      "--parallel",
      "--parallel-immediate",
      "--parallel-max",
      "200",
      ...urls,
    ]);
    assertEquals(done.code, 0, done.stderr);
    const wanted = await sha256File(`${dir.path}/page`);
    for (let i = 0; i < 200; i++) assertEquals(await sha256File(`${dir.path}/out${i}`), wanted);
  });

  test("iperf and iperf3 measure both ways", async (lab) => {
    {
      await using server = lab.startKernel("iperf", "-s", "-B", KERNEL_ADDRESS);
      await server.waitFor(/listening/);
      const sent = await lab.ethup(["--json", "iperf", "-c", KERNEL_ADDRESS, "-t", "2", "-P", "2"]);
      assertEquals(sent.code, 0, sent.stderr);
      assert(sumOf(sent.stdout).bytes > 1e6, sent.stdout);
    }
    {
      await using host = lab.startEthup(["--json", "iperf", "-s"]);
      await host.waitFor(/listening/);
      await lab.kernel("iperf", "-c", HOST_ADDRESS, "-t", "2");
      await host.waitFor(/iperf-sum/);
      assert(sumOf(host.stdout).bytes > 1e6, host.stdout);
    }
    await using server = lab.startKernel("iperf3", "-s", "-B", KERNEL_ADDRESS, "--forceflush");
    await server.waitFor(/listening/);
    for (const reverse of [[], ["-R"]]) {
      const done = await lab.ethup([
        "--json",
        "iperf",
        "--iperf3",
        "-c",
        KERNEL_ADDRESS,
        "-t",
        "2",
        ...reverse,
      ]);
      assertEquals(done.code, 0, done.stdout + done.stderr);
      assert(sumOf(done.stdout).bytes > 1e6, done.stdout);
    }
    await using host = lab.startEthup(["--json", "iperf", "--iperf3", "-s"]);
    await host.waitFor(/listening/);
    for (const reverse of [[], ["-R"]]) await lab.kernel("iperf3", "-c", HOST_ADDRESS, "-t", "2", ...reverse);
  });

  test("UDP at a rate, both ways, with reports", async (lab) => {
    {
      await using server = lab.startKernel("iperf", "-s", "-u", "-B", KERNEL_ADDRESS);
      await server.waitFor(/listening/i);
      const sent = await lab.ethup(["--json", "iperf", "-c", KERNEL_ADDRESS, "-u", "-b", "10M", "-t", "2"]);
      assertEquals(sent.code, 0, sent.stdout + sent.stderr);
      const sum = sumOf(sent.stdout);
      // UDP may lose: the first datagrams wait for ARP, three at a time, and a busy machine answers late.
      assert(sum.lost <= sum.packets / 100 && sum.packets > 1500, sent.stdout);
    }
    await using host = lab.startEthup(["--json", "iperf", "-s", "-u"]);
    await host.waitFor(/listening/);
    const out = await lab.kernel("iperf", "-c", HOST_ADDRESS, "-u", "-b", "10M", "-t", "2");
    assertMatch(out, /Server Report/);
    await host.waitFor(/iperf-sum/);
    assertEquals(sumOf(host.stdout).lost, 0);
  });

  test("half close: the kernel ends its half and still hears the rest", async (lab) => {
    await using host = lab.startEthup(["echo", "7"]);
    await host.waitFor(/Echo on/);
    const done = await lab.tryKernel("python3", ["-c", HALF_CLOSER, HOST_ADDRESS, "7"]);
    assertEquals(done.stdout.trim(), "equal", done.stderr);
  });

  test("half close: we end our half and still hear the rest", async (lab) => {
    await using server = lab.startKernel("socat", `TCP-LISTEN:9007,bind=${KERNEL_ADDRESS}`, "EXEC:cat");
    const text = "a line\n".repeat(20_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const done = await lab.ethup(["nc", KERNEL_ADDRESS, "9007"], text);
    assertEquals(done.code, 0, done.stderr);
    assertEquals(done.stdout.length, text.length);
    void server;
  });

  test("RST: the kernel resets us, and we say so", async (lab) => {
    await using server = lab.startKernel("python3", "-c", RESETTER, "9008");
    await server.waitFor(/ready/);
    const done = await lab.ethup(["nc", KERNEL_ADDRESS, "9008"], "a line that is long enough\n");
    assertEquals(done.code, 1);
    assertMatch(done.stderr, /reset/i);
  });

  test("RST: we die, and the kernel hears of it", async (lab) => {
    const host = lab.startEthup(["nc", "-l", "9009"]);
    await host.waitFor(/Listening/);
    await using witness = lab.startKernel("python3", "-c", RESET_WITNESS, HOST_ADDRESS, "9009");
    await witness.waitFor(/connected/);
    await host.interrupt();
    await witness.waitFor(/reset|broken pipe/);
  });

  test("connection refused, both ways", async (lab) => {
    const ours = await lab.ethup(["nc", KERNEL_ADDRESS, "9"], "");
    assertEquals(ours.code, 1);
    assertMatch(ours.stderr, /refused/i);
    await using host = lab.startEthup(["echo", "7"]);
    await host.waitFor(/Echo on/);
    const theirs = await lab.tryKernel("curl", ["-sS", "-m", "5", `http://${HOST_ADDRESS}:81/`]);
    assertEquals(theirs.code, 7, theirs.stderr);
  });

  test("host unreachable, both ways", async (lab) => {
    const ours = await lab.ethup(["nc", "10.9.0.77", "80"], "");
    assertEquals(ours.code, 1);
    assertMatch(ours.stderr, /unreachable|down/i);
    const theirs = await lab.tryKernel("ping", ["-c", "1", "-W", "5", "10.9.0.78"]);
    assertEquals(theirs.code, 1);
  });

  test("port unreachable, both ways", async (lab) => {
    await using host = lab.startEthup(["echo", "7"]);
    await host.waitFor(/Echo on/);
    const theirs = await lab.tryKernel("python3", ["-c", PORT_PROBE, HOST_ADDRESS, "9999"]);
    assertEquals(theirs.stdout.trim(), "refused");
    await host.interrupt();
    const ours = await lab.ethup(["nc", "-u", "-w", "3", KERNEL_ADDRESS, "9999"], "anybody?\n");
    assertEquals(ours.code, 1, ours.stderr);
    assertMatch(ours.stderr, /port.unreachable|refused/i);
  });

  test("the peer's window is closed for 10 s", async (lab) => {
    await using dir = await TemporaryFolder.make();
    await makeFile(`${dir.path}/file`, 20_000_000);
    await using server = lab.startKernel("python3", "-c", SLOW_READER, "9010", "10");
    await server.waitFor(/ready/);
    const done = await lab.ethup(["nc", KERNEL_ADDRESS, "9010"], await Deno.readFile(`${dir.path}/file`));
    assertEquals(done.code, 0, done.stderr);
    const [, digest] = await server.waitFor(/sha256 ([0-9a-f]+)/);
    assertEquals(digest, await sha256File(`${dir.path}/file`));
  });

  for (const mtu of [576, 9000]) {
    test(`MTU ${mtu}: transfers both ways`, async (lab) => {
      await using dir = await TemporaryFolder.make();
      await makeFile(`${dir.path}/file`, 5_000_000);
      await using host = lab.startEthup(["httpd", "--root", dir.path, "--port", "80"]);
      await host.waitFor(/Serving/);
      await lab.kernel("curl", "-sS", "--fail", "-o", `${dir.path}/copy`, `http://${HOST_ADDRESS}/file`);
      assertEquals(await sha256File(`${dir.path}/copy`), await sha256File(`${dir.path}/file`));
      await host.interrupt();
      await using server = lab.startKernel("python3", "-c", SLOW_READER, "9011", "0");
      await server.waitFor(/ready/);
      const done = await lab.ethup(["nc", KERNEL_ADDRESS, "9011"], await Deno.readFile(`${dir.path}/file`));
      assertEquals(done.code, 0, done.stderr);
      const [, digest] = await server.waitFor(/sha256 ([0-9a-f]+)/);
      assertEquals(digest, await sha256File(`${dir.path}/file`));
    }, mtu);
  }

  test("2 % loss and reordering in front of the driver, both ways", async (lab) => {
    const faults = ["--fault", "loss=0.02", "--fault", "reorder=0.02"];
    await using dir = await TemporaryFolder.make();
    await makeFile(`${dir.path}/file`, 5_000_000);
    await using host = lab.startEthup([...faults, "httpd", "--root", dir.path, "--port", "80"]);
    await host.waitFor(/Serving/);
    await lab.kernel(
      "curl",
      "-sS",
      "--fail",
      "-m",
      "60",
      "-o",
      `${dir.path}/copy`,
      `http://${HOST_ADDRESS}/file`,
    );
    assertEquals(await sha256File(`${dir.path}/copy`), await sha256File(`${dir.path}/file`));
    await host.interrupt();
    await using server = lab.startKernel("python3", "-c", SLOW_READER, "9012", "0");
    await server.waitFor(/ready/);
    const done = await lab.ethup(
      [...faults, "nc", KERNEL_ADDRESS, "9012"],
      await Deno.readFile(`${dir.path}/file`),
    );
    assertEquals(done.code, 0, done.stderr);
    const [, digest] = await server.waitFor(/sha256 ([0-9a-f]+)/);
    assertEquals(digest, await sha256File(`${dir.path}/file`));
  });

  test("an address that the kernel has already is refused (RFC 5227)", async (lab) => {
    const done = await lab.ethup(["--address", `${KERNEL_ADDRESS}/24`, "ping", "-c", "1", "10.9.0.9"]);
    assertEquals(done.code, 1);
    assertMatch(done.stderr, /in use|conflict/i);
  });

  test("traceroute reaches the kernel in one hop", async (lab) => {
    const done = await lab.ethup(["--json", "traceroute", KERNEL_ADDRESS]);
    assertEquals(done.code, 0, done.stderr);
    assertMatch(done.stdout, /"hop":1,"addresses":\["10\.9\.0\.1"\]/);
  });
}

Deno.test("tun: pings both ways, and a file", async () => {
  await using lab = await Lab.open("tun");
  const ours = await lab.ethup(["--json", "ping", "-c", "2", "-i", "0.05", "-s", "8000", KERNEL_ADDRESS]);
  assertStringIncludes(ours.stdout, '"received":2', ours.stderr);
  await using dir = await TemporaryFolder.make();
  await makeFile(`${dir.path}/file`, 20_000_000);
  await using host = lab.startEthup(["httpd", "--root", dir.path, "--port", "80"]);
  await host.waitFor(/Serving/);
  await lab.kernel("ping", "-c", "2", "-i", "0.1", "-W", "3", HOST_ADDRESS);
  await lab.kernel("curl", "-sS", "--fail", "-o", `${dir.path}/copy`, `http://${HOST_ADDRESS}/file`);
  assertEquals(await sha256File(`${dir.path}/copy`), await sha256File(`${dir.path}/file`));
});

Deno.test("raw: the carrier goes and comes, and traffic with it", async () => {
  await using lab = await Lab.open("raw");
  await using host = lab.startEthup(["--json", "echo", "7"]);
  await host.waitFor(/"listening"/);
  await lab.kernel("ip", "link", "set", "lwk0", "down");
  await host.waitFor(/"event":"link","interface":"en0","isUp":false/);
  await lab.kernel("ip", "link", "set", "lwk0", "up");
  await host.waitFor(/"event":"link","interface":"en0","isUp":true/);
  await lab.kernel("ping", "-c", "1", "-W", "3", HOST_ADDRESS);
});

Deno.test("raw: an address that the kernel takes later is defended, and the user is told (RFC 5227 §2.4)", async () => {
  await using lab = await Lab.open("raw");
  await using host = lab.startEthup(["--json", "echo", "7"]);
  await host.waitFor(/"listening"/);
  await lab.kernel("ip", "addr", "add", `${HOST_ADDRESS}/24`, "dev", "lwk0");
  await lab.tryKernel("python3", ["-c", ANNOUNCER, "lwk0", HOST_ADDRESS]);
  await host.waitFor(/"event":"conflict"/);
});

/** A folder that is gone at the end of the block. */
class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await Deno.makeTempDir({ prefix: "lightwire-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

interface Sum {
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
}

function sumOf(stdout: string): Sum {
  const line = stdout.split("\n").findLast((l) => l.includes('"iperf-sum"'));
  if (line === undefined) throw new Error(`No sum in: ${stdout}`);
  return JSON.parse(line) as Sum;
}
