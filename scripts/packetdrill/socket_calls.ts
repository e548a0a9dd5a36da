/** {@linkcode SocketCalls}: the system calls of a script, made on the harness's sockets.
 *
 * @module
 */
import { type IpAddress, parseIpAddress } from "@lightwire/ip";
import {
  type Errno,
  type HarnessSocket,
  type PacketHarness,
  PEER_ADDRESS,
  type SocketOptionName,
  type SocketOptionValue,
} from "@lightwire/tcp/harness";
import { type CallValue, hasName, nameIn, numberIn, parseArguments } from "./call_text.ts";
import { pattern, patternOctet } from "./flow.ts";

/** Default port of `bind` and `connect`, packetdrill's. */
export const DEFAULT_PORT = 8080;

/** What one attempt of a call gives. "EAGAIN" and "EINPROGRESS" of a socket that blocks mean: ask again. */
export type CallResult = number | Errno;

/** A call that may be asked again until it does not wait any more. */
export interface PendingCall {
  /** Makes it. */
  attempt(): CallResult;
  /** The socket waits. */
  readonly isBlocking: boolean;
}

/** What calls tell the run. */
export interface CallObserver {
  /** A socket listens, or was opened actively, on this port. */
  opened(socket: HarnessSocket, isListening: boolean): void;
  /** A socket was made. */
  created(socket: HarnessSocket): void;
  /** A socket was accepted. */
  accepted(socket: HarnessSocket): void;
  /** The user writes text of his own. */
  wroteForeignText(): void;
}

/** A value came out of a call that the script did not expect. */
export class CallMismatch extends Error {
  /** The name. */
  override readonly name: string = "CallMismatch";
}

interface Descriptor {
  socket: HarnessSocket;
  isBlocking: boolean;
  /** Octets written and read so far. */
  written: number;
  read: number;
}

/** Values of the errnos, for `getsockopt(…, SO_ERROR, [111], …)`. */
const ERRNO_NUMBERS: Readonly<Partial<Record<string, number>>> = {
  EPIPE: 32,
  ENOPROTOOPT: 92,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  ENETUNREACH: 101,
};

/** Sockets by the descriptors that the script gives them. */
export class SocketCalls {
  readonly #harness: PacketHarness;
  readonly #observer: CallObserver;
  readonly #descriptors = new Map<number, Descriptor>();

  /** No sockets yet. */
  constructor(harness: PacketHarness, observer: CallObserver) {
    this.#harness = harness;
    this.#observer = observer;
  }

  /** A call, ready to be made.
   *
   * @param expected the result that the script expects, which names the descriptor of a new socket.
   * @throws {SyntaxError} if there is no such call.
   */
  prepare(name: string, text: string, expected: number | undefined): PendingCall {
    const args = parseArguments(text);
    if (name === "socket") return once(() => this.#socket(args, expected));
    if (name === "poll") {
      const timeout = numberIn(args[2]) ?? 0;
      return { attempt: () => this.#poll(args[0], timeout !== 0), isBlocking: timeout !== 0 };
    }
    const call = CALLS[name];
    if (call === undefined) throw new SyntaxError(`There is no call ${name}()`);
    const d = this.#descriptors.get(numberIn(args[0]) ?? -1);
    if (d === undefined) return once(() => "EBADF");
    const context: CallContext = { harness: this.#harness, observer: this.#observer, d, args };
    if (name === "accept" || name === "accept4") {
      return { attempt: () => this.#accept(context, expected), isBlocking: d.isBlocking };
    }
    const flags = args.find((a) => hasName(a, "MSG_DONTWAIT"));
    const attempt = call(context);
    return { attempt, isBlocking: d.isBlocking && flags === undefined };
  }

  /** Closes what the script has left open. */
  closeAll(): void {
    for (const { socket } of this.#descriptors.values()) socket.abort();
  }

  #socket(args: readonly CallValue[], fd: number | undefined): CallResult {
    const socket = this.#harness.socket();
    this.#observer.created(socket);
    const number = fd !== undefined && fd >= 0 ? fd : 3 + this.#descriptors.size;
    this.#descriptors.set(number, {
      socket,
      isBlocking: !hasName(args[1], "SOCK_NONBLOCK"),
      written: 0,
      read: 0,
    });
    return number;
  }

  #accept({ d, args }: CallContext, fd: number | undefined): CallResult {
    const accepted = d.socket.accept();
    if (typeof accepted === "string") return accepted;
    const number = fd !== undefined && fd >= 0 ? fd : 3 + this.#descriptors.size;
    this.#descriptors.set(number, {
      socket: accepted,
      isBlocking: !hasName(args[3], "SOCK_NONBLOCK"),
      written: 0,
      read: 0,
    });
    this.#observer.accepted(accepted);
    return number;
  }

  /** `poll`: the events that a script names must be those that there are. */
  #poll(list: CallValue | undefined, isWaiting: boolean): CallResult {
    let ready = 0;
    const mismatches: string[] = [];
    for (const item of list?.kind === "list" ? list.items : []) {
      if (item.kind !== "record") continue;
      const d = this.#descriptors.get(numberIn(item.fields.get("fd")) ?? -1);
      const asked = namesOf(item.fields.get("events"));
      const found = d === undefined
        ? ["POLLNVAL"]
        : eventsOf(d.socket).filter((e) => asked.includes(e) || e === "POLLERR" || e === "POLLHUP");
      if (found.length > 0) ready++;
      const expected = item.fields.get("revents");
      if (expected === undefined || expected.kind === "any") continue;
      const wanted = namesOf(expected);
      if ([...wanted].sort().join() !== [...found].sort().join()) {
        mismatches.push(`revents are ${found.join("|") || "0"}`);
      }
    }
    if (ready === 0 && isWaiting) return "EAGAIN";
    if (mismatches.length > 0) throw new CallMismatch(mismatches.join("; "));
    return ready;
  }
}

interface CallContext {
  readonly harness: PacketHarness;
  readonly observer: CallObserver;
  readonly d: Descriptor;
  readonly args: readonly CallValue[];
}

type Call = (context: CallContext) => () => CallResult;

function once(attempt: () => CallResult): PendingCall {
  return { attempt, isBlocking: false };
}

function namesOf(value: CallValue | undefined): readonly string[] {
  return value?.kind === "names" ? value.names : [];
}

function eventsOf(socket: HarnessSocket): string[] {
  const e = socket.poll();
  return [
    ...(e.isReadable ? ["POLLIN", "POLLRDNORM"] : []),
    ...(e.isWritable ? ["POLLOUT", "POLLWRNORM"] : []),
    ...(e.isReadShut ? ["POLLRDHUP"] : []),
    ...(e.isHungUp ? ["POLLHUP"] : []),
    ...(e.hasError ? ["POLLERR"] : []),
    ...(e.isUrgent ? ["POLLPRI"] : []),
  ];
}

function addressIn(value: CallValue | undefined): { address: IpAddress | undefined; port: number } {
  if (value?.kind !== "record") return { address: undefined, port: DEFAULT_PORT };
  const text = value.fields.get("sin_addr");
  const address = text?.kind === "text" ? parseIpAddress(text.value) : undefined;
  return { address, port: numberIn(value.fields.get("sin_port")) ?? DEFAULT_PORT };
}

/** Octets to write: the pattern for `...`, or the text. */
function write(
  context: CallContext,
  value: CallValue | undefined,
  count: number,
  flags?: CallValue,
): () => CallResult {
  const options = { isUrgent: hasName(flags, "MSG_OOB"), isMore: hasName(flags, "MSG_MORE") };
  const { d, observer } = context;
  let left: Uint8Array;
  if (value?.kind === "text") {
    observer.wroteForeignText();
    left = new TextEncoder().encode(value.value).subarray(0, count);
  } else left = pattern(d.written + 1, count);
  let taken = 0;
  return () => {
    for (;;) {
      const result = d.socket.send(left, options);
      if (typeof result === "string") {
        const isWaiting = result === "EAGAIN" && d.isBlocking;
        return taken > 0 && !isWaiting ? taken : result;
      }
      taken += result;
      d.written += result;
      left = left.subarray(result);
      if (left.length === 0) return taken;
    }
  };
}

/** `sendto` with MSG_FASTOPEN: text in the SYN, or as soon as the handshake is over. */
function fastOpen({ d, args, observer }: CallContext, later: () => CallResult): () => CallResult {
  const text = pattern(d.written + 1, numberIn(args[2]) ?? 0);
  const { address, port } = addressIn(args[4]);
  let isOpen = false;
  return () => {
    if (isOpen) return later();
    isOpen = true;
    const result = d.socket.connectWith(address ?? PEER_ADDRESS, port, text);
    if (d.socket.connection !== undefined) observer.opened(d.socket, false);
    if (typeof result === "number") d.written += result;
    return result;
  };
}

function read({ d }: CallContext, count: number, isPeek: boolean): () => CallResult {
  return () => {
    const into = new Uint8Array(count);
    const result = d.socket.receive(into, { isPeek });
    if (typeof result === "string") return result;
    const wrong = into.subarray(0, result).findIndex((octet, i) => octet !== patternOctet(d.read + 1 + i));
    if (wrong >= 0) throw new CallMismatch(`octet ${d.read + 1 + wrong} is not what the peer sent`);
    if (!isPeek) d.read += result;
    return result;
  };
}

/** The buffers of an `iovec`, as one. */
function vector(value: CallValue | undefined): { text: CallValue | undefined; count: number } {
  const items = value?.kind === "list" ? value.items : [];
  let count = 0;
  for (const item of items) count += item.kind === "record" ? numberIn(item.items[1]) ?? 0 : 0;
  const only = items[0]?.kind === "record" ? items[0].items[0] : undefined;
  return { text: items.length === 1 ? only : undefined, count };
}

function optionValue(value: CallValue | undefined): SocketOptionValue | undefined {
  if (value?.kind === "text") return value.value;
  if (value?.kind === "record") {
    const onOff = numberIn(value.fields.get("onoff") ?? value.items[0]);
    const seconds = numberIn(value.fields.get("linger") ?? value.items[1]);
    return onOff === undefined ? undefined : { onOff, seconds: seconds ?? 0 };
  }
  if (value?.kind === "list" && value.items.length === 1) return optionValue(value.items[0]);
  return numberIn(value);
}

function getOption({ d, args }: CallContext): CallResult {
  const name = nameIn(args[2]);
  if (name === "TCP_INFO") return 0;
  const actual = d.socket.getOption(name as SocketOptionName);
  if (actual === "ENOPROTOOPT" || actual === "EBADF") return actual;
  const expectedName = nameIn(args[3]);
  const expected = expectedName ?? optionValue(args[3]);
  if (expected === undefined) return 0;
  const known = typeof actual === "string" && typeof expected === "number" ? ERRNO_NUMBERS[actual] : actual;
  if (JSON.stringify(known) !== JSON.stringify(expected)) {
    throw new CallMismatch(`the value of ${name} is ${JSON.stringify(actual)}`);
  }
  return 0;
}

const CALLS: Readonly<Record<string, Call>> = {
  bind: ({ d, args }) => () => {
    const { address, port } = addressIn(args[1]);
    return d.socket.bind(address, port);
  },
  listen: ({ d, args, observer }) => () => {
    const result = d.socket.listen(numberIn(args[1]) ?? 0);
    if (result === 0) observer.opened(d.socket, true);
    return result;
  },
  accept: () => () => "EINVAL",
  accept4: () => () => "EINVAL",
  connect: ({ d, args, observer }) => {
    let isFirst = true;
    return () => {
      const { address, port } = addressIn(args[1]);
      const result = d.socket.connect(address ?? PEER_ADDRESS, port);
      if (result === "EINPROGRESS") observer.opened(d.socket, false);
      // A socket that blocks goes on waiting; one that does not asks again.
      if (result === "EALREADY" && !isFirst) return "EINPROGRESS";
      isFirst = false;
      return result;
    };
  },
  write: (c) => write(c, c.args[1], numberIn(c.args[2]) ?? 0),
  send: (c) => write(c, c.args[1], numberIn(c.args[2]) ?? 0, c.args[3]),
  sendto: (c) => {
    const later = write(c, c.args[1], numberIn(c.args[2]) ?? 0, c.args[3]);
    return hasName(c.args[3], "MSG_FASTOPEN") && c.d.socket.connection === undefined
      ? fastOpen(c, later)
      : later;
  },
  writev: (c) => {
    const { text, count } = vector(c.args[1]);
    return write(c, text, count);
  },
  sendmsg: (c) => {
    const message = c.args[1];
    const { text, count } = vector(message?.kind === "record" ? message.fields.get("msg_iov") : undefined);
    return write(c, text, count, c.args[2]);
  },
  read: (c) => read(c, numberIn(c.args[2]) ?? 0, false),
  recv: (c) => read(c, numberIn(c.args[2]) ?? 0, hasName(c.args[3], "MSG_PEEK")),
  recvfrom: (c) => read(c, numberIn(c.args[2]) ?? 0, hasName(c.args[3], "MSG_PEEK")),
  readv: (c) => read(c, vector(c.args[1]).count, false),
  shutdown: ({ d, args }) => () => {
    const how = nameIn(args[1]) ?? String(numberIn(args[1]));
    return d.socket.shutdown(/SHUT_RDWR|2/.test(how) ? "both" : /SHUT_WR|1/.test(how) ? "write" : "read");
  },
  close: ({ d }) => () => d.socket.close(),
  setsockopt: ({ d, args }) => () => {
    const value = optionValue(args[3]);
    return value === undefined ? "EINVAL" : d.socket.setOption(nameIn(args[2]) as SocketOptionName, value);
  },
  getsockopt: (c) => () => getOption(c),
  fcntl: ({ d, args }) => () => {
    // O_RDWR, O_NONBLOCK.
    if (hasName(args[1], "F_GETFL")) return d.isBlocking ? 2 : 0x802;
    if (hasName(args[1], "F_SETFL")) d.isBlocking = !hasName(args[2], "O_NONBLOCK");
    return 0;
  },
  ioctl: ({ d, args }) => () => {
    const name = nameIn(args[1]);
    const actual = name === "SIOCINQ" || name === "FIONREAD"
      ? d.socket.readableBytes
      : name === "SIOCOUTQ"
      ? d.socket.unackedBytes
      : d.socket.unsentBytes;
    const expected = numberIn(args[2]);
    if (expected !== undefined && expected !== actual) throw new CallMismatch(`${name} gives ${actual}`);
    return 0;
  },
};
