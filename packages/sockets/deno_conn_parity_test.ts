// What this file asserts is that it compiles: the socket API is assignable to Deno's own.
import { assertEquals } from "@std/assert";
import { DatagramConn } from "./datagram_conn.ts";
import type { ConnectOptions, ListenDatagramOptions, ListenOptions } from "./stack_options.ts";
import { TcpConn } from "./tcp_conn.ts";
import { TcpListener } from "./tcp_listener.ts";
import type { ByteConn } from "./http/byte_conn.ts";
import type { HttpListener } from "./http/server.ts";

/** Never called: its body is checked, not run. */
export function isAssignable(
  conn: TcpConn,
  listener: TcpListener,
  datagrams: DatagramConn,
  denoConn: Deno.TcpConn,
  denoListener: Deno.TcpListener,
): void {
  const tcpConn: Deno.TcpConn = conn;
  const anyConn: Deno.Conn = conn;
  const tcpListener: Deno.TcpListener = listener;
  const anyListener: Deno.Listener = listener;
  const plainListener: Deno.Listener<Deno.Conn> = listener;
  const datagramConn: Deno.DatagramConn = datagrams;
  const reader: { read(p: Uint8Array): Promise<number | null> } = conn;
  const closer: Disposable & AsyncDisposable = conn;
  const iterable: AsyncIterable<Deno.Conn> = listener;
  // And what HTTP takes is what Deno gives.
  const byteConn: ByteConn = denoConn;
  const httpListener: HttpListener = denoListener;
  void [
    tcpConn,
    anyConn,
    tcpListener,
    anyListener,
    plainListener,
    datagramConn,
    reader,
    closer,
    iterable,
    byteConn,
    httpListener,
  ];
}

/** Never called: Deno's options can be passed on. */
export function takesOptions(
  connect: Deno.ConnectOptions,
  listen: Deno.TcpListenOptions & { transport?: "tcp" },
  datagram: Deno.UdpListenOptions & { transport: "udp" },
): void {
  const own: [ConnectOptions, ListenOptions, ListenDatagramOptions] = [connect, listen, datagram];
  void own;
}

Deno.test("TcpConn, TcpListener and DatagramConn have every member of Deno's", () => {
  const members: [{ prototype: object }, string[]][] = [
    [TcpConn, [
      "read",
      "write",
      "close",
      "closeWrite",
      "ref",
      "unref",
      "readable",
      "writable",
      "setNoDelay",
      "setKeepAlive",
    ]],
    [TcpListener, ["accept", "close", "ref", "unref"]],
    [DatagramConn, ["receive", "send", "close", "joinMulticastV4", "joinMulticastV6"]],
  ];
  for (const [{ prototype }, names] of members) {
    assertEquals(names.filter((name) => !(name in prototype)), []);
  }
});
