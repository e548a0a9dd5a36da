/** Bad networks by name: the catalogue of MirageOS's `vnetif` test backends, as {@linkcode LinkFaults}.
 *
 * @module
 */
import type { LinkFaults } from "./link_faults.ts";

/** Every frame is lost with the same probability. */
export function uniformPacketLoss(rate: number): LinkFaults {
  return { lossRate: rate };
}

/** Only short frames are lost, each n-th of them: acknowledgements without payload.
 *
 * @param every 1 loses all of them.
 * @param maxBytes the longest frame that counts as short; default 78, which is Ethernet, IPv4 and TCP with 24 bytes of options.
 */
export function noPayloadPacketLoss(every: number, maxBytes: number = 78): LinkFaults {
  let count = 0;
  return { rule: (p) => p.totalLength <= maxBytes && count++ % every === every - 1 ? "drop" : "pass" };
}

/** Rubbish behind every frame, as from a link that pads. */
export function trailingBytes(count: number): LinkFaults {
  return { trailingBytes: count };
}

/** Longer frames vanish without a word. */
export function frameSizeEnforced(maxFrameBytes: number): LinkFaults {
  return { maxFrameBytes };
}

/** One second of silence after the first megabyte. */
export function drop1SecondAfter1Megabyte(): LinkFaults {
  let bytes = 0;
  let silentUntil = Infinity;
  return {
    rule(p, at) {
      if (bytes < 1_000_000) {
        bytes += p.totalLength;
        if (bytes >= 1_000_000) silentUntil = at + 1000;
        return "pass";
      }
      return at < silentUntil ? "drop" : "pass";
    },
  };
}

/** A modem line: 64 kbit/s, 120 ms, a queue of 16 KiB. */
export function modemLine(): LinkFaults {
  return { bandwidthBps: 64_000, delayMs: 120, queueBytes: 16_384 };
}

/** A mobile network at the edge of its cell: bursts of loss, jitter, reordering, a deep queue. */
export function mobileEdge(): LinkFaults {
  return {
    bandwidthBps: 2_000_000,
    delayMs: 60,
    jitterMs: 80,
    queueBytes: 262_144,
    burstLoss: { enter: 0.005, leave: 0.25 },
    reorderRate: 0.01,
    reorderByMs: 40,
  };
}

/** A geostationary satellite: 280 ms each way, 10 Mbit/s, seldom a bit error. */
export function satellite(): LinkFaults {
  return { bandwidthBps: 10_000_000, delayMs: 280, queueBytes: 1_048_576, corruptRate: 0.0005 };
}
