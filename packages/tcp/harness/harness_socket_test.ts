import { assert, assertEquals, assertThrows } from "@std/assert";
import { ACK, FIN, PSH, RST, SYN } from "../control_bits.ts";
import type { HarnessSocket } from "./harness_socket.ts";
import { LOCAL_ADDRESS, PacketHarness, PEER_ADDRESS } from "./packet_harness.ts";
import { decodePacket, encodePacket } from "./wire.ts";

/** A peer that counts its sequence numbers from 1,000. */
class Peer {
  readonly harness: PacketHarness;
  seq = 1000;
  ack = 0;
  port: number;
  toPort: number;

  constructor(harness: PacketHarness, port: number, toPort: number) {
    this.harness = harness;
    this.port = port;
    this.toPort = toPort;
  }

  sends(ctl: number, text: string = ""): void {
    this.harness.inject(encodePacket({
      source: PEER_ADDRESS,
      destination: LOCAL_ADDRESS,
      sourcePort: this.port,
      destinationPort: this.toPort,
      seq: this.seq,
      ack: this.ack,
      ctl,
      text: new TextEncoder().encode(text),
    }));
    this.seq += text.length + ((ctl & (SYN | FIN)) === 0 ? 0 : 1);
  }

  /** Takes the next packet of ours, and acknowledges it with what follows. */
  takes(): number {
    const packet = decodePacket(this.harness.takePacket()!.bytes);
    assert(typeof packet === "object");
    this.ack = (packet.seg.seq + packet.seg.len) >>> 0;
    this.toPort = packet.seg.sourcePort;
    return packet.seg.ctl;
  }
}

function accepted(): { harness: PacketHarness; peer: Peer; listener: HarnessSocket; socket: HarnessSocket } {
  const harness = new PacketHarness();
  const listener = harness.socket();
  assertEquals(listener.bind(undefined, 8080), 0);
  assertEquals(listener.listen(2), 0);
  const peer = new Peer(harness, 50000, 8080);
  peer.sends(SYN);
  assertEquals(peer.takes(), SYN | ACK);
  peer.sends(ACK);
  return { harness, peer, listener, socket: listener.accept() as HarnessSocket };
}

function receive(socket: HarnessSocket, isPeek: boolean = false): string | number {
  const into = new Uint8Array(100);
  const count = socket.receive(into, { isPeek });
  return typeof count === "number" && count > 0 ? new TextDecoder().decode(into.subarray(0, count)) : count;
}

function connecting(): { harness: PacketHarness; peer: Peer; socket: HarnessSocket } {
  const harness = new PacketHarness();
  const socket = harness.socket();
  assertEquals(socket.connect(PEER_ADDRESS, 80), "EINPROGRESS");
  const peer = new Peer(harness, 80, 0);
  assertEquals(peer.takes(), SYN);
  return { harness, peer, socket };
}

Deno.test("SYN-SENT: connect() tells once that it has succeeded, then EISCONN", () => {
  const { peer, socket } = connecting();
  assertEquals(socket.connect(PEER_ADDRESS, 80), "EALREADY");
  assertEquals(socket.poll().isWritable, false);
  peer.sends(SYN | ACK);
  assertEquals(socket.poll().isWritable, true);
  assertEquals(socket.connect(PEER_ADDRESS, 80), 0);
  assertEquals(socket.connect(PEER_ADDRESS, 80), "EISCONN");
  assertEquals(socket.state, "ESTABLISHED");
});

Deno.test("SYN-SENT: a refused socket says so once, and may connect again", () => {
  const { peer, socket, harness } = connecting();
  peer.sends(RST | ACK);
  assertEquals(socket.poll(), {
    isReadable: true,
    isWritable: true,
    isReadShut: true,
    isHungUp: true,
    hasError: true,
    isUrgent: false,
  });
  assertEquals(socket.connect(PEER_ADDRESS, 80), "ECONNREFUSED");
  assertEquals(socket.getOption("SO_ERROR"), 0);
  assertEquals(socket.connect(PEER_ADDRESS, 81), "EINPROGRESS");
  assertEquals(harness.takePacket() === undefined, false);
});

Deno.test("LISTEN: connections wait for accept(), and count against the backlog until then", () => {
  const { harness, listener, socket } = accepted();
  assertEquals(socket.state, "ESTABLISHED");
  assertEquals(listener.accept(), "EAGAIN");
  for (const port of [50001, 50002, 50003]) {
    const peer = new Peer(harness, port, 8080);
    peer.sends(SYN);
    if (port === 50003) assertEquals(harness.takePacket(), undefined);
    else {
      peer.takes();
      peer.sends(ACK);
    }
  }
  assertEquals(listener.poll().isReadable, true);
  assert(typeof listener.accept() === "object");
  assertEquals(listener.close(), 0);
  assertEquals(decodeCtl(harness), RST | ACK, "the one nobody has taken");
  assertEquals(listener.accept(), "EBADF");
});

function decodeCtl(harness: PacketHarness): number | undefined {
  const packet = harness.takePacket();
  return packet === undefined ? undefined : packet.bytes[33];
}

Deno.test("ESTABLISHED: receive() gives text, a look at it, the end, or what went wrong, once", () => {
  const { peer, socket, harness } = accepted();
  assertEquals(receive(socket), "EAGAIN");
  peer.sends(PSH | ACK, "hello");
  const before = socket.info()!.unreadBytes;
  assertEquals(receive(socket, true), "hello");
  assertEquals(socket.info()!.unreadBytes, before, "a look opens no window");
  assertEquals(socket.readableBytes, 5);
  assertEquals(receive(socket), "hello");
  assertEquals(socket.info()!.unreadBytes, 0);
  peer.sends(PSH | ACK, "last words");
  peer.sends(RST);
  assertEquals(receive(socket), "last words");
  assertEquals(receive(socket), "ECONNRESET");
  assertEquals(receive(socket), 0);
  assertEquals(socket.send(new Uint8Array(1)), "EPIPE");
  assertEquals(harness.pool.inUse, 0);
});

Deno.test("CLOSE-WAIT: the end is read as 0 octets; sending goes on", () => {
  const { peer, socket, harness } = accepted();
  peer.sends(FIN | ACK);
  assertEquals(receive(socket), 0);
  assertEquals(peer.takes(), ACK);
  assertEquals(socket.send(new TextEncoder().encode("answer")), 6);
  assertEquals(peer.takes(), PSH | ACK);
  assertEquals(socket.unackedBytes, 6);
  peer.sends(ACK);
  assertEquals(socket.shutdown("write"), 0);
  assertEquals(socket.send(new Uint8Array(1)), "EPIPE");
  assertEquals(peer.takes(), FIN | ACK);
  peer.sends(ACK);
  assertEquals(socket.state, "CLOSED");
  assertEquals(socket.close(), 0);
  assertEquals(socket.close(), "EBADF");
  assertEquals(harness.pool.inUse, 0);
});

Deno.test("ESTABLISHED: options are those of the connection, with the units of the C headers", () => {
  const { socket } = accepted();
  assertEquals(socket.setOption("TCP_NODELAY", 1), 0);
  assertEquals(socket.connection!.noDelay, true);
  for (const [name, value] of [["TCP_KEEPIDLE", 5], ["TCP_KEEPINTVL", 2], ["TCP_KEEPCNT", 3]] as const) {
    assertEquals(socket.setOption(name, value), 0);
    assertEquals(socket.getOption(name), value);
  }
  assertEquals(socket.connection!.keepAlive, undefined);
  assertEquals(socket.setOption("SO_KEEPALIVE", 1), 0);
  assertEquals(socket.connection!.keepAlive, { idleMs: 5000, intervalMs: 2000, count: 3 });
  assertEquals(socket.setOption("SO_LINGER", { onOff: 1, seconds: 2 }), 0);
  assertEquals(socket.connection!.lingerMs, 2000);
  assertEquals(socket.setOption("IP_TTL", 0), "EINVAL");
  assertEquals(socket.setOption("IP_MTU", 1280), "ENOPROTOOPT");
  assertEquals(socket.getOption("IP_MTU"), 1500);
  assertEquals(socket.getOption("TCP_CONGESTION"), "cubic");
});

Deno.test("CLOSED: calls out of place have the errno of POSIX", () => {
  const harness = new PacketHarness();
  const socket = harness.socket();
  assertEquals(socket.accept(), "EINVAL");
  assertEquals(socket.shutdown("both"), "ENOTCONN");
  assertEquals(socket.send(new Uint8Array(1)), "EPIPE");
  assertEquals(receive(socket), "ENOTCONN");
  assertEquals(socket.bind(PEER_ADDRESS, 80), "EADDRNOTAVAIL");
  assertEquals(socket.bind(LOCAL_ADDRESS, 80), 0);
  assertEquals(socket.bind(LOCAL_ADDRESS, 81), "EINVAL");
  assertEquals(socket.listen(), 0);
  const other = harness.socket();
  assertEquals(other.bind(LOCAL_ADDRESS, 80), "EADDRINUSE");
  assertEquals(other.connect(PEER_ADDRESS, 70000), "EINVAL");
});

Deno.test("PacketHarness: timers run at their own microsecond, and nothing runs in between", () => {
  const { harness, peer } = connecting();
  assertEquals(harness.nextTimerUs, 1_000_000);
  harness.at(999_999);
  assertEquals(harness.takePacket(), undefined);
  harness.advanceUs(1);
  assertEquals(harness.takePacket()!.atUs, 1_000_000);
  harness.advanceUs(5_000_000);
  assertEquals([harness.takePacket()!.atUs, harness.takePacket()], [3_000_000, undefined]);
  assertEquals(harness.nowUs, 6_000_000);
  assertEquals(harness.stepUs(6_500_000), false);
  assertEquals(harness.stepUs(8_000_000), true);
  assertEquals([harness.nowUs, harness.takePacket()!.atUs], [7_000_000, 7_000_000]);
  assertThrows(() => harness.at(1), RangeError);
  peer.sends(RST | ACK);
});

Deno.test("PacketHarness: the same seed gives the same octets, another one others", () => {
  const syn = (seed: number): Uint8Array => {
    const harness = new PacketHarness({ seed });
    harness.socket().connect(PEER_ADDRESS, 80);
    return harness.takePacket()!.bytes;
  };
  assertEquals(syn(3), syn(3));
  assert(syn(3).join() !== syn(4).join());
});

Deno.test("ESTABLISHED: a segment that is not full waits for more with TCP_CORK, and with MSG_MORE", () => {
  const { harness, peer, socket } = accepted();
  const text = (s: string) => new TextEncoder().encode(s);
  assertEquals(socket.send(text("one "), { isMore: true }), 4);
  assertEquals(harness.takePacket(), undefined);
  assertEquals(socket.send(text("two")), 3);
  assertEquals(harness.takePacket()!.bytes.length, 40 + 7);
  peer.ack += 7;
  peer.sends(ACK);
  assertEquals(socket.setOption("TCP_CORK", 1), 0);
  assertEquals(socket.send(text("three")), 5);
  assertEquals(harness.takePacket(), undefined);
  assertEquals(socket.setOption("TCP_CORK", 0), 0);
  assertEquals(harness.takePacket()!.bytes.length, 40 + 5);
});

Deno.test("SYN-SENT: connectWith() asks for a cookie first, and sends text in the SYN once it has one (RFC 7413 §4.2.1)", () => {
  const harness = new PacketHarness({ tcp: { timestamps: false } });
  const text = new TextEncoder().encode("GET /");
  const first = harness.socket();
  assertEquals(first.connectWith(PEER_ADDRESS, 80, text), "EINPROGRESS");
  const syn = decodePacket(harness.takePacket()!.bytes);
  assert(typeof syn === "object");
  assertEquals([syn.fastOpenCookie?.length, syn.text.length], [0, 0]);
  const cookie = [1, 2, 3, 4, 5, 6, 7, 8];
  harness.inject(encodePacket({
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: 80,
    destinationPort: syn.seg.sourcePort,
    seq: 1000,
    ack: (syn.seg.seq + 1) >>> 0,
    ctl: SYN | ACK,
    options: [2, 4, 5, 180, 34, 10, ...cookie, 1, 1],
  }));
  first.abort();
  while (harness.takePacket() !== undefined);
  const second = harness.socket();
  assertEquals(second.connectWith(PEER_ADDRESS, 80, text), 5);
  const open = decodePacket(harness.takePacket()!.bytes);
  assert(typeof open === "object");
  assertEquals([...open.fastOpenCookie!], cookie);
  assertEquals([...open.text], [...text]);
});

Deno.test("HarnessSocket: the sizes of buffers that were chosen are given back doubled, as on Linux", () => {
  const socket = new PacketHarness().socket();
  assertEquals(socket.getOption("SO_RCVBUF"), 6 * 1024 * 1024);
  for (const [value, send, receive] of [[10_000, 20_000, 20_000], [1000, 4608, 2304]] as const) {
    assertEquals([socket.setOption("SO_SNDBUF", value), socket.setOption("SO_RCVBUF", value)], [0, 0]);
    assertEquals([socket.getOption("SO_SNDBUF"), socket.getOption("SO_RCVBUF")], [send, receive]);
  }
});

Deno.test("CLOSED: bind() of a port that another socket has bound needs SO_REUSEADDR, or SO_REUSEPORT, of both, as on Linux", () => {
  const harness = new PacketHarness();
  const bound = (port: number, option?: "SO_REUSEADDR" | "SO_REUSEPORT"): HarnessSocket | string | number => {
    const socket = harness.socket();
    if (option !== undefined) assertEquals(socket.setOption(option, 1), 0);
    const result = socket.bind(undefined, port);
    return result === 0 ? socket : result;
  };
  const first = bound(80) as HarnessSocket;
  assertEquals(first.getOption("SO_REUSEADDR"), 0);
  assertEquals(
    [bound(80), bound(80, "SO_REUSEADDR"), bound(80, "SO_REUSEPORT")],
    Array(3).fill("EADDRINUSE"),
  );
  assertEquals(first.close(), 0);
  const one = bound(80, "SO_REUSEADDR") as HarnessSocket;
  const two = bound(80, "SO_REUSEADDR") as HarnessSocket;
  assertEquals(one.listen(), 0);
  assertEquals(two.listen(), "EADDRINUSE");
  const three = bound(81, "SO_REUSEPORT") as HarnessSocket;
  const four = bound(81, "SO_REUSEPORT") as HarnessSocket;
  assertEquals([three.listen(), four.listen()], [0, 0]);
  assert((bound(0) as HarnessSocket).localPort !== (bound(0) as HarnessSocket).localPort);
});

Deno.test("CLOSED: bind() of a port with connections of a former listener needs SO_REUSEADDR", () => {
  const { harness, listener, socket } = accepted();
  assertEquals(listener.close(), 0);
  const next = harness.socket();
  assertEquals(next.bind(undefined, 8080), "EADDRINUSE");
  assertEquals(next.setOption("SO_REUSEADDR", 1), 0);
  assertEquals(next.bind(undefined, 8080), 0);
  assertEquals([next.listen(), socket.state], [0, "ESTABLISHED"]);
});

Deno.test("HarnessSocket: a value that an option cannot have is EINVAL, and changes nothing, as on Linux", () => {
  const { socket } = accepted();
  const refused = [
    ["TCP_MAXSEG", 87],
    ["TCP_MAXSEG", 32_768],
    ["TCP_KEEPIDLE", 0],
    ["TCP_KEEPINTVL", 32_768],
    ["TCP_KEEPCNT", 128],
    ["TCP_USER_TIMEOUT", -1],
    ["IP_TTL", 0],
    ["IP_TTL", 256],
    ["TCP_NODELAY", 1.5],
    ["TCP_NODELAY", "on"],
    ["SO_LINGER", 1],
  ] as const;
  for (const [name, value] of refused) {
    const before = socket.getOption(name);
    assertEquals([name, socket.setOption(name, value)], [name, "EINVAL"]);
    assertEquals(socket.getOption(name), before);
  }
  // These are taken for what they can mean.
  assertEquals([socket.setOption("IP_TOS", 0x13), socket.getOption("IP_TOS")], [0, 0x10]);
  assertEquals([socket.setOption("IP_TTL", 7), socket.setOption("IP_TTL", -1)], [0, 0]);
  assertEquals(socket.getOption("IP_TTL"), 64);
  assertEquals([socket.setOption("SO_SNDBUF", 0), socket.getOption("SO_SNDBUF")], [0, 4608]);
  assertEquals([socket.setOption("SO_RCVBUF", -1), socket.getOption("SO_RCVBUF")], [0, 425_984]);
  assertEquals(socket.setOption("TCP_NOTSENT_LOWAT", -1), 0);
});

Deno.test("PacketHarness: what cannot be is a RangeError that says why, and leaves the clock as it was", () => {
  const harness = new PacketHarness();
  assertThrows(() => harness.stepUs(NaN), RangeError, "NaN");
  assertThrows(() => harness.step(NaN), RangeError, "NaN");
  assertThrows(() => harness.inject(new Uint8Array(65_536)), RangeError, "65536");
  assertThrows(() => new PacketHarness({ mtu: 67 }), RangeError, "68 … 65535: got 67");
  assertThrows(() => new PacketHarness({ startMs: NaN }), RangeError, "NaN");
  const fields = {
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: 1,
    destinationPort: 2,
    seq: 0,
    ctl: 2,
  };
  assertThrows(() => encodePacket({ ...fields, options: [2, 4, 5] }), RangeError, "3 of TCP");
  assertThrows(() => encodePacket({ ...fields, text: new Uint8Array(65_500) }), RangeError, "65540");
  assertEquals(harness.nowUs, 0);
});

Deno.test("PacketHarness: takePackets() takes all that was sent, and other layers find what they need", () => {
  const harness = new PacketHarness();
  const client = harness.socket();
  assertEquals(client.connect(PEER_ADDRESS, 80), "EINPROGRESS");
  harness.advanceUs(3_000_000);
  assertEquals(harness.takePackets().map((packet) => packet.atUs), [0, 1_000_000, 3_000_000]);
  assertEquals(harness.takePackets(), []);
  assertEquals(harness.host.clock.now(), 1_003_000);
  assertEquals(harness.host.pool, harness.pool);
});
