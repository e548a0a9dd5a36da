import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { MAX_NETIFS, NetifGroup } from "./netif_group.ts";
import {
  NETIF_ADDED,
  NETIF_IPV4_ADDRESS_CHANGED,
  NETIF_IPV4_GATEWAY_CHANGED,
  NETIF_IPV4_SETTINGS_CHANGED,
  NETIF_IPV6_ADDR_STATE_CHANGED,
  NETIF_LINK_CHANGED,
  NETIF_REMOVED,
  NETIF_STATUS_CHANGED,
} from "./netif_change.ts";
import { FakeDriver } from "./testdata/fake_driver.ts";

Deno.test("find() and byIndex(): exact names and numbers only (lwIP test_netif: find)", () => {
  const group = new NetifGroup();
  const en0 = group.add(new FakeDriver(), { name: "en" });
  const en1 = group.add(new FakeDriver(), { name: "en" });
  const ch7 = group.add(new FakeDriver(), { name: "ch7" });
  assertEquals([en0, en1, ch7].map((netif) => [netif.name, netif.index]), [["en0", 1], ["en1", 2], [
    "ch7",
    3,
  ]]);
  assertStrictEquals(group.find("en1"), en1);
  for (const name of ["", "en", "en2", "ch", "EN0", "en01"]) assertStrictEquals(group.find(name), undefined);
  assertStrictEquals(group.byIndex(3), ch7);
  assertStrictEquals(group.byIndex(0), undefined);
  assertEquals([[...group].map((netif) => netif.name), group.size], [["en0", "en1", "ch7"], 3]);
});

Deno.test("numbers and names that became free are given out again; taken ones are refused", () => {
  const group = new NetifGroup();
  const en0 = group.add(new FakeDriver(), { name: "en" });
  group.add(new FakeDriver(), { name: "en" });
  assertThrows(() => group.add(new FakeDriver(), { name: "en1" }), RangeError);
  assertThrows(() => group.add(new FakeDriver(), { name: "en", index: 2 }), RangeError);
  assertThrows(() => group.add(new FakeDriver(), { name: "en", index: 0 }), RangeError);
  group.remove(en0);
  group.remove(en0);
  const again = group.add(new FakeDriver(), { name: "en" });
  assertEquals([again.name, again.index], ["en0", 1]);
});

Deno.test("remove() announces, sets down, closes the driver", () => {
  const group = new NetifGroup();
  const driver = new FakeDriver();
  const netif = group.add(driver, { name: "en", hostname: "host" });
  assertEquals(netif.hostname, "host");
  netif.setUp();
  const heard: [number, boolean][] = [];
  group.onChange((n, reasons) => heard.push([reasons, n.isUp]));
  group.remove(netif);
  assertEquals(heard, [[NETIF_REMOVED, true], [NETIF_STATUS_CHANGED, false]]);
  assertEquals([driver.isClosed, group.size], [true, 0]);
  netif.setUp();
  assertEquals(heard.length, 2, "it is not heard of any more");
});

Deno.test("every reason is told in order, several at a time too (lwIP test_netif: extcallbacks)", () => {
  const group = new NetifGroup();
  const heard: [string, number, unknown][] = [];
  const stop = group.onChange((netif, reasons, details) => heard.push([netif.name, reasons, details]));
  const driver = new FakeDriver();
  const netif = group.add(driver, { name: "en" });
  netif.setUp();
  driver.sink!.linkStateChanged(false);
  const settings = NETIF_IPV4_ADDRESS_CHANGED | NETIF_IPV4_GATEWAY_CHANGED | NETIF_IPV4_SETTINGS_CHANGED;
  netif.notifyChange(settings, { oldAddress: "0.0.0.0" });
  netif.notifyChange(NETIF_IPV6_ADDR_STATE_CHANGED, 1);
  stop();
  netif.setDown();
  assertEquals(heard, [
    ["en0", NETIF_ADDED, undefined],
    ["en0", NETIF_STATUS_CHANGED, undefined],
    ["en0", NETIF_LINK_CHANGED, undefined],
    ["en0", settings, { oldAddress: "0.0.0.0" }],
    ["en0", NETIF_IPV6_ADDR_STATE_CHANGED, 1],
  ]);
});

Deno.test("a group is bounded", () => {
  const group = new NetifGroup();
  for (let i = 0; i < MAX_NETIFS; i++) group.add(new FakeDriver(), { name: "en" });
  assertThrows(() => group.add(new FakeDriver(), { name: "en" }), RangeError);
});
