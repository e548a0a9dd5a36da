/** {@linkcode ProxySession}: what the three proxy protocols have in common.
 *
 * @module
 */
import { NetError, type NetErrorCode } from "@lightwire/netif/error";
import type { TcpConn } from "@lightwire/sockets";
import type { CommandContext } from "./context.ts";
import { type Endpoint, formatEndpoint, FORWARD_CONNECT_MS } from "./forward.ts";
import { type ByteStream, closeQuietly, writeAll } from "./forward_relay.ts";
import { type RelayedPair, relayWithEvents, tellFailure } from "./forward_server.ts";

/** User and password that clients must give. */
export interface ProxyCredentials {
  /** The user. */
  readonly user: string;
  /** The password. */
  readonly password: string;
}

/** A client's connection. */
export interface ProxyClient extends ByteStream {
  /** Our end. */
  readonly localAddr: Endpoint;
  /** The client's end. */
  readonly remoteAddr: Endpoint;
}

/** One client's request. */
export class ProxySession {
  /** The client's connection. */
  readonly near: ProxyClient;
  /** The client, like "127.0.0.1:40000". */
  readonly client: string;
  /** Asked of clients; `undefined`: nothing is asked. */
  readonly credentials: ProxyCredentials | undefined;
  /** The running host. */
  readonly context: CommandContext;
  /** Called when the handshake is over. */
  readonly onRequest: () => void;

  /** For one connection. */
  constructor(
    context: CommandContext,
    near: ProxyClient,
    credentials: ProxyCredentials | undefined,
    onRequest: () => void,
  ) {
    this.context = context;
    this.near = near;
    this.client = formatEndpoint(near.remoteAddr);
    this.credentials = credentials;
    this.onRequest = onRequest;
  }

  /** Whether these are the right user and password. */
  allows(user: string, password: string): boolean {
    const { credentials } = this;
    if (credentials === undefined) return true;
    // Both are compared to their end: time tells nothing about where they differ.
    const isUser = equalsSlowly(user, credentials.user);
    return equalsSlowly(password, credentials.password) && isUser;
  }

  /** Writes to the client. */
  reply(bytes: Uint8Array): Promise<void> {
    return writeAll(this.near, bytes);
  }

  /** Tells that a client was not let in. */
  refuse(protocol: string, why: string): void {
    this.onRequest();
    tellFailure(this.context, { protocol, client: this.client, target: "proxy" }, new Error(why));
  }

  /** Connects with the target, lets `succeed` or `fail` answer the client, and passes bytes until the end.
   *
   * @param first what goes to the target first.
   */
  async run(
    protocol: string,
    target: Endpoint,
    answers: {
      succeed(far: TcpConn): Promise<void>;
      fail(error: unknown): Promise<void>;
    },
    first: Uint8Array,
  ): Promise<void> {
    this.onRequest();
    const { stack, signal } = this.context;
    const pair: RelayedPair = { protocol, client: this.client, target: formatEndpoint(target) };
    let far: TcpConn;
    try {
      far = await stack.connect({ ...target, signal, timeoutMs: FORWARD_CONNECT_MS });
    } catch (error) {
      tellFailure(this.context, pair, error);
      return await answers.fail(error);
    }
    try {
      await answers.succeed(far);
      await relayWithEvents(this.context, pair, this.near, far, { first });
    } finally {
      closeQuietly(far);
    }
  }
}

/** The code of a `NetError`, `undefined` for anything else. */
export function codeOf(error: unknown): NetErrorCode | undefined {
  return error instanceof NetError ? error.code : undefined;
}

function equalsSlowly(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return difference === 0;
}
