import { TimerQueue } from "@lightwire/netif";
import { seededRandom } from "@lightwire/netif/random";
import { VirtualClock } from "@lightwire/netif/sim";
import type { AuthenticationContext, AuthenticationOutcome } from "../authentication.ts";
import { type CpPacket, parseCpPacket } from "../cp_packet.ts";
import { bytes, hex } from "./hex.ts";

/** One side of an authentication on a virtual clock, with all that it sends and reports. */
export interface AuthenticationHarness {
  context: AuthenticationContext;
  /** Packets sent, as hexadecimal digits. */
  sent: string[];
  outcomes: AuthenticationOutcome[];
  timers: TimerQueue;
  pass(ms: number): void;
}

export function authenticationHarness(seed = "authentication"): AuthenticationHarness {
  const clock = new VirtualClock();
  const timers = new TimerQueue(clock);
  const sent: string[] = [];
  const outcomes: AuthenticationOutcome[] = [];
  return {
    context: {
      timers,
      random: seededRandom(seed),
      send: (packet) => void sent.push(hex(packet)),
      done: (outcome) => void outcomes.push(outcome),
    },
    sent,
    outcomes,
    timers,
    pass(ms) {
      for (let left = ms; left > 0; left -= 100) {
        clock.advance(Math.min(100, left));
        timers.runDue();
      }
    },
  };
}

/** A packet from hexadecimal digits. */
export function packetOf(digits: string): CpPacket {
  const octets = bytes(digits);
  return parseCpPacket(octets, 0, octets.length)!;
}
