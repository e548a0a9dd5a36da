import { assert, assertEquals, assertMatch } from "@std/assert";
import { isLinkWarning, LINK_CAUSES } from "@lightwire/ppp/modem";
import { CATALOGUE, causeOf, fillIn } from "./catalogue.ts";

Deno.test("catalogue: every cause has a meaning and a next thing to do, in sentences for people", () => {
  assertEquals(CATALOGUE.map((cause) => cause.id), [...LINK_CAUSES]);
  for (const cause of CATALOGUE) {
    const texts = [
      cause.meaning,
      cause.next,
      ...cause.reasons.flatMap(({ when, then }) => [`If ${when}.`, then]),
    ];
    for (const text of texts) {
      assertMatch(text, /^[A-Z`].*[.`)]$/s, `${cause.id}: ${text}`);
      assertEquals((text.match(/`/g) ?? []).length % 2, 0, `${cause.id}: an open backquote in ${text}`);
      assert(!/\{[a-z]+\}/.test(fillIn(text)), `${cause.id}: an unknown fact in ${text}`);
    }
  }
});

Deno.test("catalogue: what is a warning in the vocabulary is one here", () => {
  for (const cause of CATALOGUE) assertEquals(cause.severity === "warn", isLinkWarning(cause.id), cause.id);
});

Deno.test("catalogue: a failure names something that can be done", () => {
  for (const cause of CATALOGUE.filter(({ severity }) => severity === "fail")) {
    assertMatch(
      cause.next,
      /`|--|[Ss]witch|[Pp]ut|Connect|Wait|Ask|Get|Read|Try again|Check|Look|Give|Run it again/,
      `${cause.id}: ${cause.next}`,
    );
  }
});

Deno.test("fillIn() puts in what is known, and what is usual where nothing is", () => {
  assertEquals(fillIn("open {device} as {group}", { device: "/dev/ttyS7" }), "open /dev/ttyS7 as dialout");
  assertEquals(fillIn("{never heard of} {nothing}"), "{never heard of} {nothing}");
  assertMatch(fillIn(causeOf("no-permission").next, { group: "uucp" }), /usermod -aG uucp \$USER/);
});
