/** {@linkcode SocketEvents}: what `poll(2)` tells of a socket.
 *
 * @module
 */

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
