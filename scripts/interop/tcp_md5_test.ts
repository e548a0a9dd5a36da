/** TCP's MD5 option (RFC 2385) with the kernel at the other end (TCP_MD5SIG).
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { HOST_ADDRESS, Lab, run } from "./lab.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const PEER = new URL("./tcp_md5_peer.ts", import.meta.url).pathname;
const OCTETS = 100_000;

/** Sets the key of an address: struct tcp_md5sig, option 14. Then a server that returns what it gets, or a client. */
const KERNEL = `
import signal, socket, struct, sys
signal.alarm(30)
role, address, key, octets = sys.argv[1], sys.argv[2], sys.argv[3].encode(), int(sys.argv[4])
def protect(sock):
    if key:
        whom = struct.pack("<HH4s", socket.AF_INET, 0, socket.inet_aton(address)).ljust(128, b"\\0")
        sock.setsockopt(socket.IPPROTO_TCP, 14, whom + struct.pack("<BBHI", 0, 0, len(key), 0) + key.ljust(80, b"\\0"))
sock = socket.socket()
if role == "server":
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("10.9.0.1", 179))
    protect(sock)
    sock.listen(4)
    print("ready", flush=True)
    conn, _ = sock.accept()
    while data := conn.recv(1 << 16):
        conn.sendall(data)
    conn.close()
    print("done", flush=True)
else:
    protect(sock)
    sock.settimeout(4)
    sent = bytes((i * 31 + (i >> 8)) & 255 for i in range(octets))
    try:
        sock.connect((address, 179))
    except TimeoutError:
        print("timeout", flush=True)
        sys.exit(0)
    sock.settimeout(20)
    import threading
    threading.Thread(target=lambda: (sock.sendall(sent), sock.shutdown(socket.SHUT_WR))).start()
    received = b""
    while data := sock.recv(1 << 16):
        received += data
    print("equal" if received == sent else "different %d" % len(received), flush=True)
    sock.close()
`;

const python = (...words: string[]): readonly string[] => ["-u", "-c", KERNEL, ...words];

/** The stack in the other namespace. */
function peerWords(...words: string[]): readonly string[] {
  return ["run", "--no-lock", "--no-check", "-A", "--config", CONFIG, PEER, ...words];
}

Deno.test("MD5: 100 kB to the kernel and back; tshark finds a signature in every segment", async () => {
  await using lab = await Lab.open("raw");
  await using kernel = lab.startKernel("/usr/bin/python3", ...python("server", HOST_ADDRESS, "secret", "0"));
  await kernel.waitFor(/ready/);
  const path = await Deno.makeTempFile({ suffix: ".pcap" });
  await using capture = lab.startKernel(
    "tcpdump",
    "--immediate-mode",
    "-i",
    "lwk0",
    "-s",
    "128",
    "-U",
    "-w",
    path,
    "tcp port 179",
  );
  await capture.waitFor(/listening/);
  const done = await lab.nearEthup(Deno.execPath(), peerWords("client", "secret", `${OCTETS}`));
  assertMatch(done.stdout, /^equal\nfailures 0 missing 0 unexpected 0$/m, done.stderr);
  await kernel.waitFor(/done/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await capture.interrupt();
  const count = async (filter: string): Promise<number> => {
    const { stdout } = await run("tshark", ["-r", path, "-Y", filter]);
    return stdout.split("\n").filter(Boolean).length;
  };
  const segments = await count("tcp");
  assert(segments > 100, `${segments} segments`);
  assertEquals(await count("tcp and not tcp.options.md5"), 0);
  await Deno.remove(path);
});

Deno.test("MD5: 100 kB from the kernel and back", async () => {
  await using lab = await Lab.open("raw");
  const peer = lab.nearEthup(Deno.execPath(), peerWords("server", "secret"));
  const done = await lab.tryKernel("/usr/bin/python3", python("client", HOST_ADDRESS, "secret", `${OCTETS}`));
  assertEquals(done.stdout.trim(), "equal", done.stderr);
  assertMatch((await peer).stdout, /failures 0 missing 0 unexpected 0/);
});

Deno.test("MD5: the kernel does not answer a wrong key, nor a missing one", async () => {
  await using lab = await Lab.open("raw");
  await using kernel = lab.startKernel("/usr/bin/python3", ...python("server", HOST_ADDRESS, "secret", "0"));
  await kernel.waitFor(/ready/);
  for (const key of ["Secret", ""]) {
    const done = await lab.nearEthup(Deno.execPath(), peerWords("client", key, "10"));
    assertMatch(done.stdout, /^failed/m);
  }
});

Deno.test("MD5: we do not answer a wrong key of the kernel's, nor a missing one", async () => {
  for (
    const [key, reason] of [["Secret", /failures [1-9]\d* missing 0/], [
      "",
      /failures 0 missing [1-9]/,
    ]] as const
  ) {
    await using lab = await Lab.open("raw");
    const peer = lab.nearEthup(Deno.execPath(), peerWords("server", "secret"));
    const done = await lab.tryKernel("/usr/bin/python3", python("client", HOST_ADDRESS, key, "10"));
    assertEquals(done.stdout.trim(), "timeout", done.stderr);
    assertMatch((await peer).stdout, reason);
  }
});
