/** What other people's programs make of us: curl behind our proxy and our forwarded ports, tshark with our captures.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CaptureFile } from "../../apps/commands/capture_file.ts";
import { HOST_ADDRESS, KERNEL_ADDRESS, Lab, makeFile, run, Running, sha256File } from "./lab.ts";

const MAIN = new URL("../../apps/ethernet/main.ts", import.meta.url).pathname;
const MODEM_MAIN = new URL("../../apps/modem/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const RUN = ["run", "--no-check", "--no-lock", "--no-prompt", "--config", CONFIG].concat(
  ["--allow-net", "--allow-read", "--allow-env"],
);
/** Length of a download; the simulated web server sends the octets 0 … 255 over and over. */
const FIVE_MB = 5_000_000;

/** Starts `ethup --sim`, and waits until it says where it listens. */
async function startSim(...words: string[]): Promise<{ host: Running; port: number }> {
  const host = new Running(Deno.execPath(), [...RUN, MAIN, "--sim", "--json", ...words]);
  const [, port] = await host.waitFor(/"event":"listening".*"port":(\d+)/, 30_000);
  return { host, port: Number(port) };
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("curl through every protocol of the proxy: names, 5 MB byte for byte, a password, a refusal", async () => {
  await withFolder(async (folder) => {
    const { host, port } = await startSim("socks", "--listen", "127.0.0.1:0");
    await using _host = host;
    const at = `127.0.0.1:${port}`;
    const expected = await sha256(new Uint8Array(FIVE_MB).map((_, i) => i & 0xffff));
    for (const proxy of [`socks5h://${at}`, `socks4a://${at}`, `http://${at}`]) {
      const path = `${folder}/page`;
      const url = `http://www.example.test/bytes/${FIVE_MB}`;
      const done = await run("curl", ["-sS", "--fail", "-m", "30", "-x", proxy, "-o", path, url]);
      assertEquals(done.code, 0, `${proxy}: ${done.stderr}`);
      assertEquals(await sha256File(path), expected, proxy);
    }
    const tunnel = await run("curl", ["-sS", "-p", "-x", `http://${at}`, "http://www.example.test/"]);
    assertStringIncludes(tunnel.stdout, "It works", tunnel.stderr);
    const address = await run("curl", ["-sS", "--socks5", at, "http://203.0.113.80/"]);
    assertStringIncludes(address.stdout, "It works", address.stderr);
    const refused = await run("curl", ["-sS", "--socks5", at, "http://203.0.113.80:81/"]);
    assertEquals(refused.code, 97, refused.stderr);
    const gateway = await run("curl", ["-sS", "-x", `http://${at}`, "http://nobody.example.test/"]);
    assertMatch(gateway.stdout, /^502 Bad Gateway: .*does not exist/);
  });
});

Deno.test("curl with a password, and without", async () => {
  const { host, port } = await startSim(
    "socks",
    "--listen",
    "127.0.0.1:0",
    "--user",
    "ann",
    "--password",
    "s3cret",
  );
  await using _host = host;
  const get = (proxy: string) => run("curl", ["-sS", "-m", "20", "-x", proxy, "http://www.example.test/"]);
  for (const scheme of ["socks5h", "http"]) {
    const right = await get(`${scheme}://ann:s3cret@127.0.0.1:${port}`);
    assertStringIncludes(right.stdout, "It works", right.stderr);
    const wrong = await get(`${scheme}://ann:wrong@127.0.0.1:${port}`);
    assert(wrong.code !== 0 || wrong.stdout.startsWith("407"), wrong.stdout);
  }
  const without = await get(`socks5h://127.0.0.1:${port}`);
  assertEquals(without.code, 97, without.stderr);
});

Deno.test("curl through a forwarded port, twenty at a time", async () => {
  const { host, port } = await startSim("forward", "127.0.0.1:0", "www.example.test:80");
  await using _host = host;
  const get = () => run("curl", ["-sS", "--fail", "-m", "30", `http://127.0.0.1:${port}/bytes/200000`]);
  const all = await Promise.all(Array.from({ length: 20 }, get));
  for (const { code, stdout, stderr } of all) {
    assertEquals([code, stdout.length > 100_000], [0, true], stderr);
  }
});

Deno.test("curl uploads 20 MB through the proxy to the kernel's side, which hears every byte and the end", async () => {
  await withFolder(async (folder) => {
    await using lab = await Lab.open("raw");
    await makeFile(`${folder}/big`, 20 * 1024 * 1024);
    await using server = lab.startKernel(
      "socat",
      "-u",
      `TCP-LISTEN:9000,bind=${KERNEL_ADDRESS}`,
      `CREATE:${folder}/copy`,
    );
    await using host = lab.startEthup([
      "--json",
      "--address",
      `${HOST_ADDRESS}/24`,
      "socks",
      "--listen",
      "127.0.0.1:0",
    ]);
    const [, port] = await host.waitFor(/"event":"listening".*"port":(\d+)/, 30_000);
    const sent = await lab.nearEthup("socat", [
      "-u",
      `FILE:${folder}/big`,
      `SOCKS4A:127.0.0.1:${KERNEL_ADDRESS}:9000,socksport=${port}`,
    ]);
    assertEquals(sent.code, 0, sent.stderr);
    assertEquals(await server.wait(), 0);
    assertEquals(await sha256File(`${folder}/copy`), await sha256File(`${folder}/big`));
  });
});

Deno.test("tshark reads PPP, the modem's dialogue and IP from one capture", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/link.pcapng`;
    let now = 0;
    const capture = await CaptureFile.create(path, {
      clock: { now: () => now },
      originUnixMs: Date.UTC(2026, 10, 24),
    });
    // LCP Configure-Request with a magic number (RFC 1661 §6.4)
    const lcp = Uint8Array.of(1, 1, 0, 10, 5, 6, 0xde, 0xad, 0xbe, 0xef);
    // scapy 2.5: IP(src="10.0.0.1", dst="10.0.0.2")/UDP(sport=1, dport=2)/Raw(b"abc")
    const udp = Uint8Array.from(
      "4500001f00010000401166cb0a0000010a00000200010002000b2770616263".match(/../g)!,
      (octet) => parseInt(octet, 16),
    );
    const ip = capture.addInterface("ppp0", "ip");
    capture.at("outbound", "AT+CSQ\r");
    now = 1.5;
    capture.at("inbound", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
    capture.ppp("outbound", 0xc021, lcp, 0, lcp.length, "first request");
    capture.ppp("inbound", 0xc021, lcp, 0, lcp.length);
    capture.ppp("inbound", 0x0021, udp, 0, udp.length);
    capture.packet(ip, "outbound", udp);
    capture.close();
    const fields = [
      "frame.interface_name",
      "frame.packet_flags_direction",
      "_ws.col.Protocol",
      "_ws.col.Info",
    ];
    const done = await run("tshark", ["-r", path, "-T", "fields", ...fields.flatMap((f) => ["-e", f])]);
    assertEquals(done.stdout.trim().split("\n").map((line) => line.split("\t")), [
      ["modem", "0x00000002", "AT", "Sent AT Command: AT+CSQ"],
      ["modem", "0x00000001", "AT", "Rcvd AT Command: +CSQ: 20,99  OK"],
      ["ppp", "0x00000002", "PPP LCP", "Configuration Request"],
      ["ppp", "0x00000001", "PPP LCP", "Configuration Request"],
      ["ppp", "0x00000001", "UDP", "1 → 2 Len=3"],
      ["ppp0", "0x00000002", "UDP", "1 → 2 Len=3"],
    ], done.stderr);
    const comments = await run("tshark", [
      "-r",
      path,
      "-Y",
      "frame.comment",
      "-T",
      "fields",
      "-e",
      "frame.comment",
    ]);
    assertEquals(comments.stdout.trim().split("\n"), ["> AT+CSQ", "< +CSQ: 20,99\\n< OK", "first request"]);
    const bad = await run("tshark", ["-r", path, "-Y", "_ws.malformed"]);
    assertEquals(bad.stdout, "");
  });
});

Deno.test("pppup --sim --pcap: tshark sees modem, PPP and IP, each packet once", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/modem.pcapng`;
    const done = await run(Deno.execPath(), [
      ...RUN,
      "--allow-write",
      MODEM_MAIN,
      "--sim",
      "--pcap",
      path,
      "get",
      "http://www.example.test/bytes/30000",
      "-o",
      `${folder}/page`,
    ]);
    assertEquals(done.code, 0, done.stderr);
    const count = async (filter: string): Promise<number> => {
      const seen = await run("tshark", ["-r", path, "-Y", filter, "-T", "fields", "-e", "frame.number"]);
      return seen.stdout.split("\n").filter((line) => line !== "").length;
    };
    for (const protocol of ["at", "lcp", "ipcp", "dns", "tcp"]) {
      assert(await count(protocol) > 0, `no ${protocol} in the capture`);
    }
    assert(await count("http.response.code == 200") > 0, "no page in the capture");
    assertEquals(await count("_ws.malformed"), 0);
    assertEquals(await count("tcp.analysis.retransmission || tcp.analysis.duplicate_ack"), 0);
    assertEquals(await count('at && frame.comment == ""'), 0);
  });
});

Deno.test("pppup --sim --pcap: neither PIN nor password is in the capture", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/modem.pcapng`;
    const secrets = ["--user", "ann", "--password", "hunter2x", "--pin", "4711", "--auth", "pap"];
    const words = [...RUN, "--allow-write", MODEM_MAIN, "--sim", ...secrets, "--pcap", path, "status"];
    const done = await run(Deno.execPath(), words);
    const capture = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assert(capture.includes("CPIN") && capture.includes("ann"), `the capture has no login: ${done.stderr}`);
    for (const secret of ["hunter2x", "4711"]) assert(!capture.includes(secret), `${secret} was captured`);
  });
});
