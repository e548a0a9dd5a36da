/** How connections begin, with the kernel at the other end: TCP Fast Open (RFC 7413) and SYN cookies (RFC 4987). tshark says what
 * was on the wire.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { HOST_ADDRESS, Lab, run } from "./lab.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const PEER = new URL("./tcp_open_peer.ts", import.meta.url).pathname;

/** Accepts three connections with Fast Open, and answers each. */
const KERNEL_SERVER = `
import socket
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("10.9.0.1", 80))
server.setsockopt(socket.IPPROTO_TCP, 23, 16)
server.listen(16)
print("ready", flush=True)
for i in range(3):
    conn, _ = server.accept()
    data = conn.recv(100)
    conn.sendall(b"got " + data)
    conn.recv(1)
    conn.close()
print("done", flush=True)
`;

/** Opens three connections with Fast Open, and expects what it sent. */
const KERNEL_CLIENT = `
import signal, socket, sys
signal.alarm(30)
MSG_FASTOPEN = 0x20000000
length = int(sys.argv[2])
for i in range(3):
    conn = socket.socket()
    sent = (b"question %d " % i) * length
    if sys.argv[3] == "fast":
        done = conn.sendto(sent, MSG_FASTOPEN, (sys.argv[1], 81))
    else:
        conn.connect((sys.argv[1], 81))
        done = 0
    conn.sendall(sent[done:])
    conn.shutdown(socket.SHUT_WR)
    received = b""
    while data := conn.recv(1 << 16):
        received += data
    print("equal" if received == sent else "different %d" % len(received), flush=True)
    conn.close()
`;

/** SYNs and SYN-ACKs of a capture: source, flags, octets of text, cookie request, cookie, window scale, SACK, timestamps, ack. */
async function handshakes(path: string): Promise<string[][]> {
  const fields = ["ip.src", "tcp.flags.str", "tcp.len", "tcp.options.tfo.request", "tcp.options.tfo.cookie"]
    .concat(["tcp.options.wscale.shift", "tcp.options.sack_perm", "tcp.options.timestamp.tsval", "tcp.ack"]);
  const words = ["-r", path, "-Y", "tcp.flags.syn==1", "-T", "fields", "-E", "separator=|"];
  const done = await run("tshark", words.concat(fields.flatMap((field) => ["-e", field])));
  assertEquals(done.code, 0, done.stderr);
  const malformed = await run("tshark", ["-r", path, "-Y", "_ws.malformed"]);
  assertEquals(malformed.stdout, "");
  return done.stdout.trim().split("\n").map((line) => line.split("|"));
}

/** Runs `body` with a lab whose kernel has Fast Open switched on, and captures meanwhile.
 *
 * @returns the handshakes.
 */
async function captured(body: (lab: Lab) => Promise<void>): Promise<string[][]> {
  await using lab = await Lab.open("raw");
  await lab.kernel("sysctl", "-qw", "net.ipv4.tcp_fastopen=3");
  const path = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    const capture = lab.startKernel(
      "tcpdump",
      "--immediate-mode",
      "-U",
      "-w",
      path,
      "-i",
      lab.kernelInterface,
      // The text of a fast transfer would not find room in the capture's buffer.
      "tcp[tcpflags] & tcp-syn != 0",
    );
    await capture.waitFor(/listening on/);
    await body(lab);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await capture.interrupt();
    return await handshakes(path);
  } finally {
    await Deno.remove(path);
  }
}

function peerWords(role: string): readonly string[] {
  return ["run", "--no-lock", "--no-check", "-A", "--config", CONFIG, PEER, role];
}

Deno.test("our client, the kernel's server: the first SYN asks for a cookie, the next ones carry text (RFC 7413)", async () => {
  const syns = await captured(async (lab) => {
    await using server = lab.startKernel("python3", "-c", KERNEL_SERVER);
    await server.waitFor(/ready/);
    const done = await lab.nearEthup(Deno.execPath(), peerWords("client"));
    assertEquals(done.code, 0, done.stderr);
    assertEquals(
      done.stdout,
      "answer got request 0\nanswer got request 1\nanswer got request 2\ntaken 2 refused 0\n",
    );
    await server.waitFor(/done/);
  });
  const sent = syns.filter(([source]) => source === HOST_ADDRESS);
  const answers = syns.filter(([source]) => source !== HOST_ADDRESS);
  assertEquals(sent.map(([, , length]) => length), ["0", "9", "9"]);
  assertEquals(sent.map(([, , , request]) => request !== ""), [true, false, false]);
  const given = answers[0]![4]!;
  assertEquals(given.length >= 8, true, "the kernel gave a cookie");
  assertEquals(sent.map(([, , , , cookie]) => cookie), ["", given, given]);
  // The SYN-ACK acknowledges the text.
  assertEquals(answers.map((fields) => fields[8]), ["1", "10", "10"]);
});

Deno.test("the kernel's client, our server: text in the SYN is taken before the handshake is over (RFC 7413)", async () => {
  const syns = await captured(async (lab) => {
    await using server = lab.startNearEthup(Deno.execPath(), peerWords("server"));
    await server.waitFor(/ready/);
    const done = await lab.tryKernel("python3", ["-c", KERNEL_CLIENT, HOST_ADDRESS, "1", "fast"]);
    assertEquals(done.stdout, "equal\nequal\nequal\n", done.stderr);
    await server.waitFor(/early 2 cookies 0 0\n/);
  });
  const sent = syns.filter(([source]) => source !== HOST_ADDRESS);
  const answers = syns.filter(([source]) => source === HOST_ADDRESS);
  assertEquals(sent.map(([, , length]) => length), ["0", "11", "11"]);
  const given = answers[0]![4]!;
  assertEquals(given.length, 16);
  assertEquals(sent.map(([, , , , cookie]) => cookie), ["", given, given]);
  assertEquals(answers.map((fields) => fields[8]), ["1", "12", "12"]);
});

Deno.test("the kernel's client, our server: SYN cookies keep window scale, SACK and timestamps (RFC 4987 §3.6)", async () => {
  const syns = await captured(async (lab) => {
    await using server = lab.startNearEthup(Deno.execPath(), peerWords("cookies"));
    await server.waitFor(/ready/);
    const done = await lab.tryKernel("python3", ["-c", KERNEL_CLIENT, HOST_ADDRESS, "20000", "slow"]);
    assertEquals(done.stdout, "equal\nequal\nequal\n", done.stderr);
    await server.waitFor(/early 0 cookies 3 3\n/);
  });
  const answers = syns.filter(([source]) => source === HOST_ADDRESS);
  assertEquals(answers.length, 3);
  for (const [, , , , , shift, sack, tsVal] of answers) {
    assertEquals(shift, "7");
    assert(sack !== "" && tsVal !== "", "SACK and timestamps are offered");
  }
});
