// What this file asserts is that it compiles: the socket API is assignable to Deno's own.
import { assertEquals } from "@std/assert";
import { DatagramConn } from "./datagram_conn.ts";
import type { Stack } from "./stack.ts";
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

/** Never called: records are Deno's. */
export async function resolvesAsDeno(stack: Stack, options: Deno.ResolveDnsOptions): Promise<void> {
  const addresses: string[] = await stack.resolveDns("a", "A", options);
  const exchangers: Deno.MxRecord[] = await stack.resolveDns("a", "MX");
  const services: Deno.SrvRecord[] = await stack.resolveDns("a", "SRV");
  const authorities: Deno.SoaRecord[] = await stack.resolveDns("a", "SOA");
  const texts: string[][] = await stack.resolveDns("a", "TXT");
  void [addresses, exchangers, services, authorities, texts];
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
