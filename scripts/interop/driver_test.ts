/** The drivers themselves, apart from the stack.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { must, run } from "./lab.ts";

Deno.test("a packet socket passes the conformance suite of link drivers", async () => {
  const name = `lwc-${Deno.pid}`;
  const script = new URL("./driver_conformance.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  await must("ip", "netns", "add", name);
  try {
    const inside = (...words: string[]): Promise<string> => must("ip", "netns", "exec", name, ...words);
    await inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1").catch(() => {});
    await inside("ip", "link", "add", "lwa", "type", "veth", "peer", "name", "lwb");
    await inside("ip", "link", "set", "lwa", "up");
    await inside("ip", "link", "set", "lwb", "up");
    const words = ["run", "--no-lock", "--no-check", "-A", "--config", config, script];
    const done = await run("ip", ["netns", "exec", name, Deno.execPath(), ...words]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
    assertEquals(done.stdout.includes("note:"), false, done.stdout);
  } finally {
    await run("ip", ["netns", "del", name]);
  }
});
