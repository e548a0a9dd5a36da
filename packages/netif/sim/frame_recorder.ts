/** {@linkcode FrameRecorder}: a receiver for tests.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { Clock } from "../clock.ts";
import type { LinkSink } from "../link.ts";

/** A frame that a {@linkcode FrameRecorder} got. */
export interface RecordedFrame {
  /** When it arrived, in milliseconds. */
  readonly at: number;
  /** A copy of all its bytes. */
  readonly bytes: Uint8Array;
  /** `PBUF_…` flags that it carried. */
  readonly flags: number;
  /** See `Pbuf.gsoSize`. */
  readonly gsoSize: number;
}

/** A {@linkcode LinkSink} that copies and releases what it gets. */
export class FrameRecorder implements LinkSink {
  /** What arrived, in order. */
  readonly frames: RecordedFrame[] = [];
  /** How many frames each batch had. */
  readonly batches: number[] = [];
  /** What {@linkcode LinkSink.linkStateChanged} said, in order. */
  readonly carrier: boolean[] = [];
  /** How often {@linkcode LinkSink.linkWritable} was called. */
  writableCount = 0;
  readonly #clock: Clock;
  #batch = 0;

  /** A recorder whose frames are stamped by `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** {@inheritDoc LinkSink.linkInput} */
  linkInput(p: Pbuf): void {
    const bytes = new Uint8Array(p.totalLength);
    let at = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      bytes.set(node.bytes.subarray(node.start, node.end), at);
      at += node.length;
    }
    this.frames.push({ at: this.#clock.now(), bytes, flags: p.flags, gsoSize: p.gsoSize });
    this.#batch++;
    p.release();
  }

  /** {@inheritDoc LinkSink.inputBatchEnd} */
  inputBatchEnd(): void {
    this.batches.push(this.#batch);
    this.#batch = 0;
  }

  /** {@inheritDoc LinkSink.linkStateChanged} */
  linkStateChanged(isUp: boolean): void {
    this.carrier.push(isUp);
  }

  /** {@inheritDoc LinkSink.linkWritable} */
  linkWritable(): void {
    this.writableCount++;
  }
}
