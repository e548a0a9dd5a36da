import { assertEquals } from "@std/assert";
import { deriveMppeKeys, mppeMasterKey } from "./mppe_keys.ts";
import { hashNtPasswordHash, lmPasswordHash, ntPasswordHash } from "./mschap_crypto.ts";
import { bytes, hex } from "./testdata/hex.ts";

const NT_RESPONSE = bytes("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");

Deno.test("MPPE keys: MS-CHAPv2 by the example of 128 bits (RFC 3079 §3.5.3)", () => {
  const hashHash = hashNtPasswordHash(ntPasswordHash("clientPass"));
  assertEquals(hex(hashHash), "41c00c584bd2d91c4017a2a12fa59f3f");
  assertEquals(hex(mppeMasterKey(hashHash, NT_RESPONSE)), "fdece3717a8c838cb388e527ae3cdd31");
  const server = deriveMppeKeys("mschapv2", "clientPass", NT_RESPONSE, true);
  assertEquals(hex(server.sendStart), "8b7cdc149b993a1ba118cb153f56dccb");
  assertEquals(hex(server.sendStartShort), "8b7cdc149b993a1b");
});

Deno.test("MPPE keys: what one side sends with, the other receives with (RFC 3079 §3.2)", () => {
  for (const method of ["mschap", "mschapv2"] as const) {
    const proof = method === "mschap" ? bytes("102db5df085d3041") : NT_RESPONSE;
    const server = deriveMppeKeys(method, "clientPass", proof, true);
    const client = deriveMppeKeys(method, "clientPass", proof, false);
    assertEquals(server.sendStart, client.receiveStart);
    assertEquals(server.receiveStart, client.sendStart);
    assertEquals(server.sendStartShort, client.receiveStartShort);
    assertEquals(server.receiveStartShort, client.sendStartShort);
  }
});

Deno.test("MPPE keys: MS-CHAP version 1 by the examples of 40 and 128 bits (RFC 3079 §2.5)", () => {
  assertEquals(hex(lmPasswordHash("clientPass")), "76a152936096d7830e2390227404afd2");
  const keys = deriveMppeKeys("mschap", "clientPass", bytes("102db5df085d3041"), false);
  assertEquals(hex(keys.sendStartShort), "76a152936096d783");
  assertEquals(hex(keys.sendStart), "a8947850cfc0acc1d1789fb62ddcddb0");
});
