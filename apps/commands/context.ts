/** What every command is given.
 *
 * @module
 */
import type { Stack, StackInterface } from "@lightwire/sockets";
import type { Output } from "./output.ts";

/** The packets of the link, as they pass. */
export interface PacketTrace {
  /** Calls `listener` for each packet. @returns a function that ends it. */
  subscribe(listener: () => void): () => void;
}

/** The running host a command works with. */
export interface CommandContext {
  /** The host. */
  readonly stack: Stack;
  /** Its interface towards the network. */
  readonly networkInterface: StackInterface;
  /** The packets of the link; printed by whoever brought the link up while anybody subscribes. */
  readonly trace: PacketTrace;
  /** Where to speak. */
  readonly output: Output;
  /** Aborted on Ctrl-C, with an `InterruptedError` as its reason. */
  readonly signal: AbortSignal;
}

/** A command of `ethup` and `pppup`. */
export interface Command {
  /** Its word on the command line. */
  readonly name: string;
  /** What may follow, for the help text. */
  readonly usage: string;
  /** One line for the help text. */
  readonly summary: string;
  /** Checks the words; then the returned function is run when the link is up.
   *
   * @throws {UsageError} when they make no sense.
   */
  prepare(
    args: readonly string[],
  ): (context: CommandContext) => Promise<number>;
}
