import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "@lightwire/netif/random";
import { MSCHAP, mschapNtResponse } from "./mschap.ts";
import { newPasswordEncryptedWithOldHash, parseSecretChange } from "./mschap_change.ts";
import { hashNtPasswordHash, lmPasswordHash, ntPasswordHash, unicodePassword } from "./mschap_crypto.ts";
import { describeMsChapFailure, formatMsChapFailure, parseMsChapFailure } from "./mschap_failure.ts";
import { challengeHash, MSCHAPV2, mschapv2AuthenticatorResponse, mschapv2NtResponse } from "./mschapv2.ts";
import { bytes, hex } from "./testdata/hex.ts";

Deno.test("MS-CHAP: the worked example (RFC 2433 appendix B.1)", () => {
  assertEquals(hex(unicodePassword("MyPw")), "4d00790050007700");
  assertEquals(hex(ntPasswordHash("MyPw")), "fc156af7edcd6c0edde3337d427f4eac");
  assertEquals(hex(lmPasswordHash("MyPw")), "75ba30198e6d1975aad3b435b51404ee");
  const challenge = bytes("102db5df085d3041");
  const response = "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61";
  assertEquals(hex(mschapNtResponse(challenge, "MyPw")), response);
  const exchange = { id: 1, challenge, name: "anybody" };
  const value = MSCHAP.respond(exchange, "MyPw", seededRandom(1));
  assertEquals(hex(value), `${"00".repeat(24)}${response}01`);
  assert(MSCHAP.isRight(exchange, "MyPw", value));
  assert(!MSCHAP.isRight(exchange, "mypw", value));
});

const AUTHENTICATOR_CHALLENGE = bytes("5b5d7c7d7b3f2f3e3c2c602132262628");
const PEER_CHALLENGE = bytes("21402324255e262a28295f2b3a337c7e");
const NT_RESPONSE = bytes("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");

Deno.test("MS-CHAPv2: the worked example (RFC 2759 §9.2)", () => {
  assertEquals(hex(challengeHash(PEER_CHALLENGE, AUTHENTICATOR_CHALLENGE, "User")), "d02e4386bce91226");
  assertEquals(hex(ntPasswordHash("clientPass")), "44ebba8d5312b8d611474411f56989ae");
  assertEquals(hex(hashNtPasswordHash(ntPasswordHash("clientPass"))), "41c00c584bd2d91c4017a2a12fa59f3f");
  assertEquals(
    mschapv2NtResponse(AUTHENTICATOR_CHALLENGE, PEER_CHALLENGE, "User", "clientPass"),
    NT_RESPONSE,
  );
  assertEquals(
    mschapv2AuthenticatorResponse("clientPass", NT_RESPONSE, PEER_CHALLENGE, AUTHENTICATOR_CHALLENGE, "User"),
    "S=407A5589115FD0D6209F510FE9C04566932CDA56",
  );
});

Deno.test("MS-CHAPv2: a domain before the name does not enter the hash (RFC 2759 §8.2)", () => {
  const plain = challengeHash(PEER_CHALLENGE, AUTHENTICATOR_CHALLENGE, "User");
  assertEquals(challengeHash(PEER_CHALLENGE, AUTHENTICATOR_CHALLENGE, "BIGCO\\User"), plain);
});

Deno.test("MS-CHAPv2: a success is genuine only with the right digits, in either case (RFC 2759 §5)", () => {
  const exchange = { id: 7, challenge: AUTHENTICATOR_CHALLENGE, name: "User" };
  const response = Uint8Array.of(...PEER_CHALLENGE, ...new Uint8Array(8), ...NT_RESPONSE, 0);
  assert(MSCHAPV2.isRight(exchange, "clientPass", response));
  const good = "S=407A5589115FD0D6209F510FE9C04566932CDA56";
  assertEquals(MSCHAPV2.successText(exchange, "clientPass", response), `${good} M=Welcome`);
  for (const text of [good, good.toLowerCase(), `${good} M=hello`]) {
    assert(MSCHAPV2.isGenuine(exchange, "clientPass", response, text), text);
  }
  for (const text of ["", "Welcome", good.slice(0, -1), good.replace("407A", "407B")]) {
    assert(!MSCHAPV2.isGenuine(exchange, "clientPass", response, text), text);
  }
});

Deno.test("MS-CHAP: the new password is readable with the old one only (RFC 2759 §8.9, §8.12)", () => {
  for (const algorithm of [MSCHAP, MSCHAPV2]) {
    const challenge = algorithm === MSCHAP ? bytes("102db5df085d3041") : AUTHENTICATOR_CHALLENGE;
    const exchange = { id: 2, challenge, name: "User" };
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 256 }), (old, fresh) => {
        const { data, response } = algorithm.dialect!.emitChange(
          exchange,
          old,
          fresh,
          seededRandom("change"),
        );
        assertEquals(4 + data.length, algorithm === MSCHAP ? 1118 : 586); // the lengths that the RFCs give
        const read = algorithm.dialect!.parseChange(data, old)!;
        assertEquals(read.newSecret, fresh);
        assertEquals(algorithm.isRight(exchange, fresh, read.response), true);
        assertEquals(algorithm.isRight(exchange, fresh, response), true);
        assertEquals(algorithm.dialect!.parseChange(data, `${old}x`), undefined);
        assertEquals(algorithm.dialect!.parseChange(data.subarray(1), old), undefined);
      }),
      { numRuns: 8 },
    );
  }
  assertEquals(parseSecretChange(new Uint8Array(532), "x"), undefined);
  assertEquals(newPasswordEncryptedWithOldHash("x".repeat(300), "old", seededRandom(1)).length, 516);
});

Deno.test("MS-CHAP failure: the fields are read in any order, and each error has words (RFC 2433 §7, RFC 2759 §6)", () => {
  const challenge = bytes("00112233445566778899aabbccddeeff");
  const text = "E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Try again, E=0 is not meant";
  const failure = {
    error: 691,
    mayRetry: true,
    challenge,
    version: 3,
    message: "Try again, E=0 is not meant",
  };
  assertEquals(parseMsChapFailure(text), failure);
  assertEquals(formatMsChapFailure(failure), text);
  assertEquals(parseMsChapFailure("V=2 C=0011223344556677 R=0 E=648"), {
    error: 648,
    mayRetry: false,
    challenge: bytes("0011223344556677"),
    version: 2,
    message: "",
  });
  for (const bad of ["", "Login incorrect", "E=", "E=abc R=1", "M=E=691"]) {
    assertEquals(parseMsChapFailure(bad), undefined);
  }
  assertEquals(parseMsChapFailure("E=691 R=1 C=zz")!.challenge, undefined);
  const words = [646, 647, 648, 649, 691, 709, 999].map((error) =>
    describeMsChapFailure({ ...failure, error, message: error === 691 ? "sorry" : "" })
  );
  assertEquals(words, [
    "this account may not log on at this hour (E=646)",
    "the account is disabled (E=647)",
    "the password has expired (E=648)",
    "the account has no permission to dial in (E=649)",
    "wrong name or password (E=691): sorry",
    "the new password was not accepted (E=709)",
    "refused (E=999)",
  ]);
});

Deno.test("MS-CHAP failure: whatever a peer writes, reading it does not throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseMsChapFailure(text)), {
    numRuns: 30,
  });
});
