/** `pppup` dials `slirp-fullbolt`, which needs no root: PPP of another family than pppd's, and a router behind it.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { direct, pppTest, pppup } from "./ppp/pppup.ts";
import { SLIRP_CLIENT, SLIRP_HOST, SlirpPeer } from "./ppp/slirp_peer.ts";

const FILE_BYTES = 5 * 1024 * 1024;

function makeBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FILE_BYTES);
  for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

for (const options of ["", "+pap", "+chap"]) {
  const name = options === ""
    ? "nobody proves anything"
    : `we prove ourselves by ${options.slice(1).toUpperCase()}`;
  pppTest(`slirp answers: ${name}, and 5 MB come over it unharmed`, async () => {
    const bytes = makeBytes();
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(bytes),
    );
    await using peer = await SlirpPeer.start(options);
    const copy = await Deno.makeTempFile();
    const url = `http://${SLIRP_HOST}:${server.addr.port}/`;
    const done = await pppup(direct(peer.device, "get", url, "-o", copy));
    assertEquals(done.code, 0, done.stderr + peer.said);
    assertStringIncludes(done.stderr, SLIRP_CLIENT);
    assertEquals(await sha256(await Deno.readFile(copy)), await sha256(bytes), done.stderr);
    await Deno.remove(copy);
  });
}

pppTest("slirp answers: 5 MB go over it unharmed", async () => {
  const bytes = makeBytes();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const received = listener.accept().then((connection) => new Response(connection.readable).bytes());
  await using peer = await SlirpPeer.start("+chap");
  const { port } = listener.addr as Deno.NetAddr;
  const done = await pppup(direct(peer.device, "nc", SLIRP_HOST, `${port}`), bytes);
  assertEquals(done.code, 0, done.stderr + peer.said);
  assertEquals(await sha256(await received as Uint8Array<ArrayBuffer>), await sha256(bytes));
  listener.close();
});

pppTest("slirp answers: a wrong password ends with the reason", async () => {
  await using peer = await SlirpPeer.start("+pap");
  const done = await pppup(direct(peer.device, "--password", "xyzzy-4711", "ping", "-c", "1", SLIRP_HOST));
  assertEquals(done.code, 1, done.stderr);
  assertMatch(done.stderr, /does not accept name and password/);
});
