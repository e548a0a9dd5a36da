import { assert, assertEquals } from "@std/assert";
import type { Random } from "@lightwire/netif";
import { ChallengeAckLimiter, mayAnswerInvalid } from "./challenge_ack.ts";

function fixed(...values: number[]): Random {
  let i = 0;
  return { uint32: () => values[i++ % values.length]! };
}

Deno.test("ChallengeAckLimiter allows a number per second that nobody can know (RFC 5961 §7)", () => {
  const limiter = new ChallengeAckLimiter(fixed(0, 0xffffffff), 10);
  const count = (nowMs: number) => {
    let allowed = 0;
    for (let i = 0; i < 100; i++) if (limiter.allow(nowMs)) allowed++;
    return allowed;
  };
  assertEquals(count(0), 5);
  assertEquals(count(999), 0);
  assertEquals(count(1000), 14);
  assertEquals([limiter.sent, limiter.suppressed], [19, 281]);
});

Deno.test("ChallengeAckLimiter with a limit of 0 sends none", () => {
  const limiter = new ChallengeAckLimiter(fixed(0xffffffff), 0);
  assert(!limiter.allow(0));
});

Deno.test("mayAnswerInvalid(): one answer per connection and interval, against ACK loops", () => {
  assert(mayAnswerInvalid(-Infinity, 0));
  assert(!mayAnswerInvalid(0, 499));
  assert(mayAnswerInvalid(0, 500));
});
