/** {@linkcode PrintedTrace}: the packets of a link as lines, while anybody wants them.
 *
 * @module
 */
import type { PacketTrace } from "./context.ts";
import type { Output } from "./output.ts";

/** Prints packets, and tells whoever counts them. */
export class PrintedTrace implements PacketTrace {
  readonly #listeners = new Set<() => void>();
  readonly #output: Output;

  /** @param output where the lines go. */
  constructor(output: Output) {
    this.#output = output;
  }

  /** Whether anybody wants them: making a line costs. */
  get isWanted(): boolean {
    return this.#listeners.size > 0;
  }

  /** {@inheritDoc PacketTrace.subscribe} */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A packet has passed. */
  show(line: string): void {
    this.#output.event("packet", { line }, line);
    for (const listener of this.#listeners) listener();
  }

  /** Something else was said on the link: printed, but no packet. */
  remark(kind: string, line: string): void {
    this.#output.event(kind, { line }, line);
  }
}
