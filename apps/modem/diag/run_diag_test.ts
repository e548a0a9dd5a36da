import { assertEquals } from "@std/assert";
import { isLinkWarning, LINK_CAUSES } from "@lightwire/ppp/modem";
import { diagnose } from "./testdata/diag_world.ts";

Deno.test("diag: a link that works passes every check, and says how one is online", async () => {
  const { status, checks, diagnosis, leaked } = await diagnose();
  assertEquals(checks.filter(({ result }) => result !== "pass").map(({ check, text }) => [check, text]), []);
  assertEquals(checks.map(({ number }) => number), checks.map((_, i) => i + 1));
  assertEquals([status, diagnosis.causes, diagnosis.ok, diagnosis.failed], [0, [], true, []]);
  assertEquals(leaked, 0);
});

for (const fault of LINK_CAUSES) {
  const severity = isLinkWarning(fault) ? "warn" : "fail";
  Deno.test(`diag: "${fault}" is found, and nothing else`, async () => {
    const { status, checks, diagnosis, leaked } = await diagnose({ fault });
    const found = checks.filter(({ result }) => result === "fail" || result === "warn");
    assertEquals(
      found.map(({ result, cause }) => [result, cause]),
      [[severity, fault]],
      JSON.stringify(found),
    );
    assertEquals(diagnosis.causes, [fault]);
    assertEquals([status, diagnosis.ok], severity === "warn" ? [0, true] : [1, false]);
    assertEquals(leaked, 0);
  });
}
