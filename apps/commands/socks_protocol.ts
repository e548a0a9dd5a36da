/** SOCKS 5 (RFC 1928, RFC 1929) and SOCKS 4a, the server's side.
 *
 * ```text
 *   5: client 05 n methods…           server 05 method
 *      client 01 n user m password    server 01 status              (RFC 1929, if asked for)
 *      client 05 command 00 address   server 05 reply 00 address
 *   4: client 04 command port ip user 00 [name 00]      server 00 status port ip
 *
 *   address: 01 IPv4 (4) port (2) | 03 n name port (2) | 04 IPv6 (16) port (2)
 * ```
 *
 * @module
 */
import type { NetErrorCode } from "@lightwire/netif/error";
import type { Endpoint } from "./forward.ts";
import { emitSocksAddress, parseSocksAddress } from "./socks_address.ts";
import { HandshakeError, type HandshakeReader } from "./socks_reader.ts";
import { codeOf, type ProxySession } from "./socks_session.ts";
import { serveUdpAssociation } from "./socks_udp.ts";

const METHOD = { none: 0, password: 2, refused: 0xff } as const;
const COMMAND = { connect: 1, bind: 2, udpAssociate: 3 } as const;
const REPLY = {
  succeeded: 0,
  failed: 1,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  commandUnknown: 7,
  addressTypeUnknown: 8,
} as const;
const SOCKS4 = { granted: 90, rejected: 91 } as const;
const ANY: Endpoint = { hostname: "0.0.0.0", port: 0 };

/** Serves one client of SOCKS 5, whose first byte has not been taken yet. */
export async function serveSocks5(session: ProxySession, reader: HandshakeReader): Promise<void> {
  if (!await authenticate(session, reader)) return;
  const [version, command, , addressType] = await reader.take(4);
  if (version !== 5) throw new HandshakeError("the request is not of SOCKS 5");
  const target = await takeAddress(reader, addressType!);
  if (target === undefined) return await session.reply(socks5Reply(REPLY.addressTypeUnknown, ANY));
  if (command === COMMAND.udpAssociate) {
    session.onRequest();
    return await serveUdpAssociation(session, target, (relayed) => socks5Reply(REPLY.succeeded, relayed));
  }
  if (command !== COMMAND.connect) {
    session.refuse("socks5", `command ${command} is not supported`);
    return await session.reply(socks5Reply(REPLY.commandUnknown, ANY));
  }
  await session.run("socks5", target, {
    succeed: (far) => session.reply(socks5Reply(REPLY.succeeded, far.localAddr)),
    fail: (error) => session.reply(socks5Reply(replyFor(codeOf(error)), ANY)),
  }, reader.rest);
}

/** Serves one client of SOCKS 4 or 4a, whose first byte has not been taken yet. It has no password: where one is asked for, it is
 * refused. */
export async function serveSocks4(session: ProxySession, reader: HandshakeReader): Promise<void> {
  const head = await reader.take(8);
  await reader.takeText(); // the user's name, which says nothing
  const [command, octets] = [head[1]!, head.subarray(4)];
  // 0.0.0.x with x ≠ 0: a name follows (SOCKS 4a).
  const isName = octets[0] === 0 && octets[1] === 0 && octets[2] === 0 && octets[3] !== 0;
  const hostname = isName ? await reader.takeText() : octets.join(".");
  const reply = (status: number): Promise<void> => {
    return session.reply(Uint8Array.of(0, status, ...head.subarray(2)));
  };
  if (command !== COMMAND.connect || session.credentials !== undefined) {
    session.refuse(
      "socks4",
      command === COMMAND.connect ? "no password" : `command ${command} is not supported`,
    );
    return await reply(SOCKS4.rejected);
  }
  await session.run("socks4", { hostname, port: head[2]! * 256 + head[3]! }, {
    succeed: () => reply(SOCKS4.granted),
    fail: () => reply(SOCKS4.rejected),
  }, reader.rest);
}

/** Agrees on a method, and asks for the password if there is one. @returns whether the client may go on. */
async function authenticate(session: ProxySession, reader: HandshakeReader): Promise<boolean> {
  const [, count] = await reader.take(2);
  const methods = await reader.take(count!);
  const wanted = session.credentials === undefined ? METHOD.none : METHOD.password;
  if (!methods.includes(wanted)) {
    session.refuse("socks5", "the client offers no method that is accepted");
    await session.reply(Uint8Array.of(5, METHOD.refused));
    return false;
  }
  await session.reply(Uint8Array.of(5, wanted));
  if (wanted === METHOD.none) return true;
  if (await reader.takeByte() !== 1) throw new HandshakeError("the password is not sent as RFC 1929 has it");
  const decoder = new TextDecoder();
  const user = decoder.decode(await reader.take(await reader.takeByte()));
  const password = decoder.decode(await reader.take(await reader.takeByte()));
  const isAllowed = session.allows(user, password);
  await session.reply(Uint8Array.of(1, isAllowed ? 0 : 1));
  if (!isAllowed) session.refuse("socks5", "wrong user or password");
  return isAllowed;
}

/** Takes address and port. @returns `undefined` for a kind of address that there is not. */
async function takeAddress(reader: HandshakeReader, type: number): Promise<Endpoint | undefined> {
  const length = type === 1 ? 4 : type === 4 ? 16 : type === 3 ? await reader.takeByte() : undefined;
  if (length === undefined) return undefined;
  const bytes = await reader.take(length + 2);
  const parsed = parseSocksAddress(Uint8Array.of(type, ...(type === 3 ? [length] : []), ...bytes));
  if (parsed === undefined) throw new HandshakeError("an address makes no sense");
  return parsed;
}

function socks5Reply(reply: number, bound: Endpoint): Uint8Array {
  return Uint8Array.of(5, reply, 0, ...emitSocksAddress(bound));
}

function replyFor(code: NetErrorCode | undefined): number {
  switch (code) {
    case "CONNECTION_REFUSED":
    case "CONNECTION_RESET":
      return REPLY.refused;
    case "NETWORK_UNREACHABLE":
    case "NETWORK_DOWN":
      return REPLY.networkUnreachable;
    case "HOST_UNREACHABLE":
    case "HOST_DOWN":
    case "TIMED_OUT":
    case "NAME_NOT_FOUND":
    case "NAME_SERVER_FAILED":
      return REPLY.hostUnreachable;
    default:
      return REPLY.failed;
  }
}
