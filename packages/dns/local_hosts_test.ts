import { assertEquals, assertThrows } from "@std/assert";
import { LocalHosts, parseHostsFile, resolveSpecialName, searchNames } from "./mod.ts";
import { address, brief } from "./testdata/name_servers.ts";

Deno.test("hosts: added, found both ways, removed by name or address", () => {
  const hosts = new LocalHosts([{ name: "a", address: address("10.0.0.1") }]);
  hosts.add("A", address("10.0.0.2"));
  hosts.add("a", address("10.0.0.2"));
  hosts.add("b", address("10.0.0.2"));
  assertEquals([hosts.size, hosts.addressesOf("a")?.join(), hosts.nameOf(address("10.0.0.2"))], [
    3,
    "10.0.0.1,10.0.0.2",
    "A",
  ]);
  assertEquals(hosts.remove(undefined, address("10.0.0.2")), 2);
  assertEquals([...hosts].map((h) => h.name), ["a"]);
  assertEquals([hosts.remove("a"), hosts.remove("a"), hosts.size], [1, 0, 0]);
  assertThrows(() => hosts.add("a..b", address("10.0.0.1")), RangeError);
});

Deno.test("hosts: the text of a hosts file", () => {
  const text = "# none\n10.0.0.1 a a.test # comment\n\nnonsense x\n::1 six\n";
  assertEquals(parseHostsFile(text).map((h) => `${h.name}=${h.address}`), [
    "a=10.0.0.1",
    "a.test=10.0.0.1",
    "six=::1",
  ]);
});

Deno.test("special names (RFC 6761 §6.3, RFC 7686 §2)", () => {
  const ask = (name: string, type: number) => {
    const result = resolveSpecialName(name, type);
    return result === undefined ? "ask" : brief(result);
  };
  assertEquals(ask("x.localhost", 1), "x.localhost. 0 IN A 127.0.0.1");
  assertEquals(ask("localhost", 28), "localhost. 0 IN AAAA ::1");
  assertEquals(ask("localhost", 15), "NODATA localhost");
  assertEquals(ask("abc.onion", 1), "NXDOMAIN abc.onion");
  assertEquals(ask("1.0.0.127.in-addr.arpa", 12), "1.0.0.127.in-addr.arpa. 0 IN PTR localhost.");
  assertEquals([ask("1.0.0.10.in-addr.arpa", 12), ask("example.test", 1)], ["ask", "ask"]);
});

Deno.test("search: which names a text may stand for", () => {
  const domains = ["a.test", "b"];
  assertEquals(searchNames("www", domains, 1), ["www.a.test", "www.b", "www"]);
  assertEquals(searchNames("x.y", domains, 1), ["x.y", "x.y.a.test", "x.y.b"]);
  assertEquals(searchNames("x.y", domains, 2), ["x.y.a.test", "x.y.b", "x.y"]);
  assertEquals(searchNames("x\\.y", domains, 1), ["x\\.y.a.test", "x\\.y.b", "x\\.y"]);
  assertEquals(searchNames("www.", domains, 1), ["www"]);
  assertEquals(searchNames(".", domains, 1), [""]);
  assertEquals(searchNames("a..b", domains, 1), []);
});
