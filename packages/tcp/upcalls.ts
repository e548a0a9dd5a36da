/** From `tcb.events` to the user's callbacks.
 *
 * @module
 */
import { NO_HANDLERS } from "./connection.ts";
import { isWritable } from "./send_space.ts";
import { canSend } from "./state.ts";
import {
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_READABLE,
  EVENT_SOFT_ERROR,
  EVENT_URGENT,
  EVENT_WRITABLE,
  type Tcb,
} from "./tcb.ts";
import { discardUnread, resetConnection } from "./teardown.ts";

/** Tells the user what has happened since the last time. The TCB is consistent, and callbacks may call everything. */
export function deliverEvents(tcb: Tcb): void {
  const events = tcb.events;
  tcb.events = 0;
  const connection = tcb.connection;
  // What is over already is not announced, nor is anybody asked to send: only its end is told.
  if ((events & EVENT_CONNECTED) !== 0 && tcb.state !== "CLOSED") {
    if (tcb.listener !== undefined) accept(tcb);
    else tcb.handlers.connected?.(connection);
  }
  if ((events & EVENT_SOFT_ERROR) !== 0) tcb.handlers.softError?.(connection, tcb.softError ?? "TIMED_OUT");
  if ((events & EVENT_URGENT) !== 0) tcb.handlers.urgent?.(connection);
  if ((events & EVENT_READABLE) !== 0) tcb.handlers.readable?.(connection);
  if ((events & EVENT_WRITABLE) !== 0 && !tcb.isFinQueued && canSend(tcb.state) && isWritable(tcb)) {
    tcb.handlers.writable?.(connection);
  }
  if ((events & EVENT_CLOSED) !== 0) {
    tcb.handlers.closed?.(connection, tcb.error);
    tcb.handlers = NO_HANDLERS;
    if (tcb.error !== undefined) discardUnread(tcb);
  }
}

/** A listener's connection is established: somebody takes it, or nobody wants it. */
function accept(tcb: Tcb): void {
  const listener = tcb.listener!;
  listener.noteAccepted();
  const handlers = listener.onAccept(tcb.connection);
  if (!tcb.isBacklogHeld) tcb.listener = undefined;
  if (handlers !== undefined) {
    tcb.handlers = handlers;
    return;
  }
  tcb.isOrphan = true;
  discardUnread(tcb);
  resetConnection(tcb, undefined);
}
