/** {@linkcode SocketEvents}: what `poll(2)` tells of a socket.
 *
 * @module
 */
import type { TcpConnection } from "../connection.ts";

/** What {@linkcode HarnessSocket.poll} finds, as `poll(2)` reports it. */
export interface SocketEvents {
  /** POLLIN: a call to receive, or to accept, would not say EAGAIN. */
  readonly isReadable: boolean;
  /** POLLOUT: a call to send would not say EAGAIN. */
  readonly isWritable: boolean;
  /** POLLRDHUP: nothing more will come. */
  readonly isReadShut: boolean;
  /** POLLHUP: both directions are over, or were never open. */
  readonly isHungUp: boolean;
  /** POLLERR: SO_ERROR is not 0. */
  readonly hasError: boolean;
  /** POLLPRI: urgent data is ahead. */
  readonly isUrgent: boolean;
}

/** What a socket knows beyond its connection. */
interface SocketFlags {
  readonly isReadable: boolean;
  readonly isReadShut: boolean;
  readonly isSendShut: boolean;
  readonly isOver: boolean;
  readonly hasError: boolean;
}

/** The events of a socket with a connection.
 *
 * @internal */
export function connectionEvents(connection: TcpConnection, flags: SocketFlags): SocketEvents {
  const { isReadShut, isSendShut, isOver, hasError } = flags;
  const isOpening = connection.state === "SYN-SENT" || connection.state === "SYN-RECEIVED";
  return {
    isReadable: flags.isReadable || isReadShut || hasError,
    isWritable: hasError || isSendShut || (!isOpening && connection.sendSpace > 0),
    isReadShut,
    isHungUp: isOver || (isReadShut && isSendShut),
    hasError,
    isUrgent: connection.urgentBytes > 0,
  };
}

/** The events of a socket without a connection.
 *
 * @internal */
export function idleEvents(isListening: boolean, isReadable: boolean, hasError: boolean): SocketEvents {
  return {
    isReadable,
    isWritable: !isListening,
    isReadShut: false,
    isHungUp: !isListening,
    hasError,
    isUrgent: false,
  };
}
