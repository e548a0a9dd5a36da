import { assert, assertEquals } from "@std/assert";
import { ListenerSet } from "./listener_set.ts";

Deno.test("listeners are called in order, twice when added twice, and no more once removed", () => {
  const set = new ListenerSet<[string]>();
  const heard: string[] = [];
  const a = (word: string) => heard.push(`a ${word}`);
  assert(set.isEmpty);
  const stopFirst = set.add(a);
  const stopSecond = set.add(a);
  set.add((word) => heard.push(`b ${word}`));
  set.notify("x");
  stopFirst();
  stopFirst();
  set.notify("y");
  stopSecond();
  set.notify("z");
  assertEquals(heard, ["a x", "a x", "b x", "a y", "b y", "b z"]);
});

Deno.test("a listener may remove others and add more while it is called", () => {
  const set = new ListenerSet<[]>();
  const heard: string[] = [];
  set.add(() => {
    heard.push("first");
    stop();
    set.add(() => heard.push("late"));
  });
  const stop = set.add(() => heard.push("second"));
  set.add(() => heard.push("third"));
  set.notify();
  assertEquals(heard, ["first", "third"]);
});
