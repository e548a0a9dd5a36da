import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SynBudget } from "./syn_budget.ts";

Deno.test("property: what strangers are sent is at most three times what they have sent, and the credit", () => {
  const event = fc.record({
    kind: fc.constantFrom("syn", "repeat"),
    bytes: fc.integer({ min: 40, max: 80 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 400 }), fc.integer({ min: 0, max: 2000 }), (events, rush) => {
      const budget = new SynBudget();
      let received = 0;
      let sent = 0;
      // The credit is used up first.
      for (let i = 0; i < rush; i++) if (budget.repeat(60)) sent += 60;
      for (const { kind, bytes } of events) {
        if (kind === "syn") {
          received += bytes;
          sent += bytes;
          budget.answer(bytes, bytes);
        } else if (budget.repeat(bytes)) sent += bytes;
      }
      assert(sent <= 3 * received + 65_536);
    }),
  );
});

Deno.test("SynBudget: quiet times save no more than the credit", () => {
  const budget = new SynBudget();
  for (let i = 0; i < 100_000; i++) budget.answer(60, 60);
  let repeats = 0;
  while (budget.repeat(64)) repeats++;
  assertEquals(repeats, 1024);
});

Deno.test("SynBudget: who answers pays back what he has cost", () => {
  const budget = new SynBudget();
  while (budget.repeat(60));
  assertEquals(budget.repeat(60), false);
  budget.proven(120);
  assertEquals([budget.repeat(60), budget.repeat(60), budget.repeat(60)], [true, true, false]);
});
