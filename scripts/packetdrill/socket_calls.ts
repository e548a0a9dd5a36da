/** {@linkcode SocketCalls}: the system calls of a script, made on the harness's sockets.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import type { Errno, HarnessSocket, PacketHarness, SocketOptionName } from "@lightwire/tcp/harness";
import { type CallValue, hasName, nameIn, numberIn, parseArguments } from "./call_text.ts";
import { addressIn, askedInq, ERRNO_NUMBERS, IDLE_OPTIONS, optionValue, vector } from "./call_values.ts";
import { pattern, patternOctet } from "./flow.ts";

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
  /** A call is about to be made on a socket. */
  calling(name: string, socket: HarnessSocket): void;
  /** A socket was made. */
  created(socket: HarnessSocket): void;
  /** A socket was accepted. */
  accepted(socket: HarnessSocket): void;
  /** Whether the value of an option must be what the script says. */
  isCompared(option: string): boolean;
  /** Whether sockets may send text with their SYN. */
  isFastOpenClient(): boolean;
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

/** Sockets by the descriptors that the script gives them. */
export class SocketCalls {
  readonly #harness: PacketHarness;
  readonly #observer: CallObserver;
  readonly #peer: IpAddress;
  readonly #descriptors = new Map<number, Descriptor>();

  /** No sockets yet.
   *
   * @param peer whom a script means that leaves the address out.
   */
  constructor(harness: PacketHarness, peer: IpAddress, observer: CallObserver) {
    this.#harness = harness;
    this.#peer = peer;
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
    // A file to be sent: its octets are the pattern, whatever it is.
    if (name === "open") return once(() => expected ?? 3);
    if (name === "poll") {
      const timeout = numberIn(args[2]) ?? 0;
      return { attempt: () => this.#poll(args[0], timeout !== 0), isBlocking: timeout !== 0 };
    }
    const call = CALLS[name];
    if (call === undefined) throw new SyntaxError(`There is no call ${name}()`);
    const d = this.#descriptors.get(numberIn(args[0]) ?? -1);
    if (d === undefined) return once(() => "EBADF");
    // There are no addresses here that could be bad, but this one is.
    if (hasName(args[1], "NULL") && (numberIn(args[2]) ?? 0) > 0) return once(() => "EFAULT");
    this.#observer.calling(name, d.socket);
    const isDontWait = args.some((a) => hasName(a, "MSG_DONTWAIT"));
    const context: CallContext = {
      isDontWait,
      peer: this.#peer,
      harness: this.#harness,
      observer: this.#observer,
      d,
      args,
    };
    if (name === "accept" || name === "accept4") {
      return { attempt: () => this.#accept(context, expected), isBlocking: d.isBlocking };
    }
    const attempt = call(context);
    return { attempt, isBlocking: d.isBlocking && !isDontWait };
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
  /** MSG_DONTWAIT. */
  readonly isDontWait: boolean;
  /** Whom `connect(…, ..., ...)` means. */
  readonly peer: IpAddress;
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

/** Whether a value is the name, or a record with a field that is. */
function mentions(value: CallValue, name: string): boolean {
  return hasName(value, name) ||
    (value.kind === "record" && [...value.fields.values()].some((f) => hasName(f, name)));
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

/** Octets to write: the pattern for `...`, or the text. */
function write(
  context: CallContext,
  value: CallValue | undefined,
  count: number,
  flags?: CallValue,
): () => CallResult {
  const options = {
    isUrgent: hasName(flags, "MSG_OOB"),
    isMore: hasName(flags, "MSG_MORE"),
    isRecordEnd: hasName(flags, "MSG_EOR"),
  };
  const { d, observer } = context;
  let left: Uint8Array;
  if (value?.kind === "text") {
    observer.wroteForeignText();
    left = new TextEncoder().encode(value.value).subarray(0, count);
  } else left = pattern(d.written + 1, count);
  let taken = 0;
  const sendLater = () => {
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
  if (!d.socket.isDeferred) return sendLater;
  const first = (_: Uint8Array, isWaiting: boolean) => d.socket.send(left, { isWaiting });
  return fastOpen(context, count, first, sendLater);
}

/** The first text of a connection by Fast Open: in the SYN, or as soon as the handshake is over. A call that may wait returns when it is.
 *
 * @param first opens the connection with the text.
 */
function fastOpen(
  { d, observer, isDontWait }: CallContext,
  count: number,
  first: (text: Uint8Array, isWaiting: boolean) => CallResult,
  later: () => CallResult,
): () => CallResult {
  const isWaiting = d.isBlocking && !isDontWait;
  let taken = -1;
  return () => {
    if (taken < 0) {
      const result = first(pattern(d.written + 1, count), isWaiting);
      if (d.socket.connection !== undefined) observer.opened(d.socket, false);
      if (typeof result === "string" && result !== "EINPROGRESS") return result;
      taken = typeof result === "number" ? result : 0;
      d.written += taken;
      if (!isWaiting) return result;
    }
    if (d.socket.state === "SYN-SENT") return "EAGAIN";
    return taken === 0 || d.socket.state === "CLOSED" ? later() : taken;
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

/** `recvmsg`: text, and how much of it is left when TCP_INQ asks; at the end of all text that counts as one octet, as on Linux. */
function receiveMessage(c: CallContext): () => CallResult {
  const message = c.args[1]?.kind === "record" ? c.args[1].fields : new Map<string, CallValue>();
  const attempt = read(c, vector(message.get("msg_iov")).count, hasName(c.args[2], "MSG_PEEK"));
  const expected = askedInq(message.get("msg_control"));
  return () => {
    const result = attempt();
    const { socket } = c.d;
    const left = socket.readableBytes || (socket.connection?.isReadEof === true ? 1 : 0);
    if (typeof result === "number" && expected !== undefined && left !== expected) {
      throw new CallMismatch(`TCP_CM_INQ is ${left}`);
    }
    return result;
  };
}

function getOption({ d, args, observer }: CallContext): CallResult {
  const name = nameIn(args[2]);
  if (name === "TCP_INFO") return 0;
  const actual = d.socket.getOption(name as SocketOptionName);
  if (actual === "ENOPROTOOPT" || actual === "EBADF") return actual;
  const expectedName = nameIn(args[3]);
  const expected = expectedName ?? optionValue(args[3]);
  if (expected === undefined || !observer.isCompared(name ?? "")) return 0;
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
  connect: ({ d, args, observer, peer }) => {
    let isFirst = true;
    if (args.some((a) => mentions(a, "AF_UNSPEC"))) return () => d.socket.disconnect();
    return () => {
      const { address, port } = addressIn(args[1]);
      const result = d.socket.connect(address ?? peer, port);
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
    if (!hasName(c.args[3], "MSG_FASTOPEN")) return later;
    if (!c.observer.isFastOpenClient() || c.args.some((a) => mentions(a, "AF_UNSPEC"))) {
      return () => "EOPNOTSUPP";
    }
    if (c.d.socket.connection !== undefined) {
      return () => c.d.socket.state === "SYN-SENT" ? "EALREADY" : later();
    }
    const { address, port } = addressIn(c.args[4]);
    const first = (text: Uint8Array, isWaiting: boolean) =>
      c.d.socket.connectWith(address ?? c.peer, port, text, isWaiting);
    return fastOpen(c, numberIn(c.args[2]) ?? 0, first, later);
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
  recvmsg: receiveMessage,
  sendfile: (c) => write(c, undefined, numberIn(c.args[3]) ?? 0),
  readv: (c) => read(c, vector(c.args[1]).count, false),
  shutdown: ({ d, args }) => () => {
    const how = nameIn(args[1]) ?? String(numberIn(args[1]));
    return d.socket.shutdown(/SHUT_RDWR|2/.test(how) ? "both" : /SHUT_WR|1/.test(how) ? "write" : "read");
  },
  close: ({ d }) => () => d.socket.close(),
  setsockopt: ({ d, args }) => () => {
    if (IDLE_OPTIONS.includes(nameIn(args[2]) ?? "")) return 0;
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
