/** `pppup --l2tp` against xl2tpd, which nobody here wrote: tunnel, secret, call and data. Behind it, in the place of pppd, which
 * would need PPP in the kernel, a `pppup` of our own answers on the pseudo-terminal that xl2tpd makes. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run, Running } from "./lab.ts";

const MAIN = new URL("../../apps/modem/main.ts", import.meta.url).pathname;
const PORT = 17_010;

const CONFIGURATION = (folder: string): string =>
  `[global]
port = ${PORT}
listen-addr = 127.0.0.1
access control = no
auth file = ${folder}/secrets
debug tunnel = yes
debug state = yes
[lns default]
ip range = 10.7.0.2-10.7.0.9
local ip = 10.7.0.1
challenge = yes
require authentication = no
pppoptfile = ${folder}/options
`;

/** What xl2tpd starts for a call; its standard input is the pseudo-terminal. */
const ANSWER = `#!/bin/sh
device=$(readlink /proc/self/fd/0)
exec "${Deno.execPath()}" run -A "${MAIN}" --device "$device" --direct --server --local 10.7.0.1 --remote 10.7.0.2 \\
  --user alice --password wonderland -q up </dev/null >/dev/null 2>&1
`;

async function pppup(secret: string, ...command: string[]): ReturnType<typeof run> {
  const link = ["--l2tp", `127.0.0.1:${PORT}`, "--tunnel-secret", secret];
  const who = ["--user", "alice", "--password", "wonderland"];
  return await run(Deno.execPath(), ["run", "-A", MAIN, ...link, ...who, ...command]);
}

Deno.test("pppup --l2tp through xl2tpd: both prove the secret, packets pass, the call ends in order (RFC 2661 §5)", async () => {
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string): Promise<void> => Deno.writeTextFile(`${folder}/${name}`, text);
  await write("xl2tpd.conf", CONFIGURATION(folder));
  await write("secrets", "* * tower\n");
  await write("options", "noauth\n");
  await write("pppd", ANSWER);
  await Deno.chmod(`${folder}/pppd`, 0o755);
  const files = `-c ${folder}/xl2tpd.conf -s ${folder}/secrets -p ${folder}/pid -C ${folder}/control`;
  // A mount namespace of its own: nothing else sees the other pppd.
  const script = `mount --bind ${folder}/pppd /usr/sbin/pppd && exec xl2tpd -D ${files}`;
  {
    await using server = new Running("unshare", ["-m", "sh", "-c", script]);
    await server.waitFor(/Listening on IP address/);
    const done = await pppup("tower", "ping", "-c", "3", "-i", "0.1", "-s", "1200", "10.7.0.1");
    assertEquals(done.code, 0, done.stderr + server.stderr);
    assertStringIncludes(done.stdout, "3 sent, 3 received");
    assertMatch(done.stderr, /LCP\s+MRU 1500 out, 1450 in/);
    await server.waitFor(/Call established with 127\.0\.0\.1/);
    await server.waitFor(/Connection closed to 127\.0\.0\.1/);

    const wrong = await pppup("castle", "ping", "-c", "1", "10.7.0.1");
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "does not know the tunnel secret");
  }
  await Deno.remove(folder, { recursive: true });
});
