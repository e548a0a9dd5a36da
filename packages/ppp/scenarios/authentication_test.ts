import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { PppCredentials } from "../authentication.ts";
import { isAuthenticationProtocol } from "../authentication_phase.ts";
import type { PppAuthMethod } from "../lcp_options.ts";
import { formatPppPacket } from "../ppp_packet_text.ts";
import type { PppSessionOptions } from "../ppp_session.ts";
import { createPppWorld, type Side } from "../testdata/ppp_world.ts";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";

const METHODS: readonly PppAuthMethod[] = ["eap", "mschapv2", "chap-md5", "mschap", "pap"];
const ALICE: PppCredentials = { name: "alice", secret: "wonderland" };
const SERVER: PppSessionOptions = {
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
  },
  peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
};

type World = ReturnType<typeof createPppWorld>;

function dial(world: World, limitMs = 60_000): boolean {
  world.b.link.start();
  world.a.link.start();
  return world.sim.runUntil(() => world.a.isLinkUp && world.b.isLinkUp, limitMs);
}

/** Loses, repeats or keeps what a side receives of authentication, by the packet's number.
 *
 * @returns what makes the late packets arrive once more.
 */
function meddle(side: Side, verdict: (index: number) => "pass" | "lose" | "twice" | "late"): (() => void)[] {
  const { session } = side.link;
  const input = session.input.bind(session);
  const late: (() => void)[] = [];
  let index = 0;
  session.input = (protocol, bytes, start, end) => {
    const action = isAuthenticationProtocol(protocol) ? verdict(index++) : "pass";
    const copy = bytes.slice(start, end);
    if (action === "late") late.push(() => input(protocol, copy, 0, copy.length));
    if (action !== "lose") input(protocol, bytes, start, end);
    if (action === "twice") input(protocol, copy, 0, copy.length);
  };
  return late;
}

/** The secret as text, and in the digits of UTF-8 and of UTF-16. */
const SECRET_SIGHT = /wonderland|776f6e6465726c|77006f006e00640065/i;

/** All that a side receives of authentication, as a trace shows it. */
function traceOf(side: Side): string[] {
  const lines: string[] = [];
  const { session } = side.link;
  const input = session.input.bind(session);
  session.input = (protocol, bytes, start, end) => {
    if (isAuthenticationProtocol(protocol)) {
      lines.push(formatPppPacket(protocol, bytes, start, end, { hideSecrets: true }));
    }
    input(protocol, bytes, start, end);
  };
  return lines;
}

for (const method of [...METHODS, "eap-md5"] as const) {
  const only: PppSessionOptions = method === "eap-md5"
    ? { authMethods: ["eap"], eapMethods: ["md5"] }
    : { authMethods: [method] };

  Deno.test(`Authenticate: ${method} lets alice in, both know it, and no trace shows her secret (RFC 1661 §3.5)`, () => {
    const world = createPppWorld({ credentials: ALICE }, { ...SERVER, ...only });
    const trace = [world.a, world.b].map(traceOf);
    assert(dial(world));
    assertGreater(trace.flat().length, 1);
    assert(!trace.flat().some((line) => SECRET_SIGHT.test(line)), trace.flat().join("\n"));
    assertEquals(world.a.up!.peer.auth, only.authMethods![0]);
    assertEquals(world.b.up!.peerName, "alice");
    assertEquals(world.sim.pool.inUse, 0);
  });

  for (
    const [what, credentials] of [
      ["a wrong secret", { name: "alice", secret: "looking-glass" }],
      ["an unknown name", { name: "hatter", secret: "looking-glass" }],
    ] as const
  ) {
    Deno.test(`Authenticate: ${method} with ${what} ends both sides, and nothing shows the secret (RFC 1661 §3.5)`, () => {
      const world = createPppWorld({ credentials }, { ...SERVER, ...only });
      assert(!dial(world, 20_000));
      assert(world.a.log.at(-1)!.startsWith("ended: authentication-failed"), world.a.log.at(-1));
      assert(
        world.b.log.at(-1)!.startsWith("ended: authentication-failed (wrong name or"),
        world.b.log.at(-1),
      );
      assert(!/looking|wonder/.test(JSON.stringify([world.a.log, world.b.log])));
      assertEquals(world.sim.timers.size, 0);
    });
  }

  Deno.test(`Authenticate: ${method} with a peer that falls silent ends within its bound (RFC 1994 §4.1)`, () => {
    for (const silent of ["a", "b"] as const) {
      const world = createPppWorld({ credentials: ALICE, lcp: { echoIntervalMs: 0 } }, {
        ...SERVER,
        ...only,
        lcp: { echoIntervalMs: 0 },
      });
      const other = silent === "a" ? world.b : world.a;
      meddle(other, () => "lose");
      world.b.link.start();
      world.a.link.start();
      world.sim.advance(31_000);
      assertEquals(other.log.at(-1), "ended: authentication-failed (no answer)");
      world.sim.advance(31_000);
      assertEquals(world.sim.timers.size, 0);
    }
  });

  Deno.test(`Authenticate: ${method} survives the loss of each packet, one at a time (RFC 1994 §4.1)`, () => {
    for (const side of ["a", "b"] as const) {
      for (let lost = 0; lost < 6; lost++) {
        const world = createPppWorld({ credentials: ALICE }, { ...SERVER, ...only });
        meddle(world[side], (index) => index === lost ? "lose" : "pass");
        assert(dial(world, 40_000), `${side} misses packet ${lost}: ${world.a.log} / ${world.b.log}`);
        world.sim.advance(60_000);
        assert(world.a.isLinkUp && world.b.isLinkUp);
      }
    }
  });

  Deno.test(`Network: ${method} is not disturbed by repeated and late packets (RFC 1994 §4.2)`, () => {
    for (const action of ["twice", "late"] as const) {
      const world = createPppWorld({ credentials: ALICE }, { ...SERVER, ...only });
      const late = [world.a, world.b].map((side) => meddle(side, () => action));
      assert(dial(world));
      for (const again of late.flat()) again();
      world.sim.advance(60_000);
      assert(world.a.isLinkUp && world.b.isLinkUp, `${action}: ${world.a.log} / ${world.b.log}`);
      assertEquals(world.sim.pool.inUse, 0);
    }
  });
}

Deno.test("Establish: of all methods the best one that both may use is taken (RFC 1661 §6.2)", () => {
  for (const method of METHODS) {
    const world = createPppWorld({ credentials: ALICE, authMethods: [method] }, SERVER);
    assert(dial(world));
    assertEquals(world.a.up!.peer.auth, method);
  }
  const world = createPppWorld({ credentials: ALICE }, SERVER);
  assert(dial(world));
  assertEquals(world.a.up!.peer.auth, "eap");
  const md5Only = createPppWorld({ credentials: ALICE, eapMethods: ["md5"] }, SERVER);
  assert(dial(md5Only));
  assertEquals(md5Only.b.up!.peerName, "alice");
});

Deno.test("Establish: nobody is talked into a weaker method than those configured (RFC 1661 §6.2)", () => {
  const world = createPppWorld(
    { credentials: ALICE, authMethods: ["eap", "mschapv2"] },
    { ...SERVER, authMethods: ["pap", "chap-md5"] },
  );
  assert(!dial(world));
  assertEquals(world.a.log.at(-1), "ended: authentication-impossible");
  assertEquals(world.b.log.at(-1), "ended: authentication-refused");
});

Deno.test("Establish: a server whose line turns back on itself sees a loop, and no peer without credentials (RFC 1661 §6.4)", () => {
  const world = createPppWorld(SERVER, SERVER);
  world.a.port.isEcho = true;
  world.a.link.start();
  world.sim.advance(30_000);
  assertEquals(world.a.log.at(-1), "ended: loopback");
});

Deno.test("Authenticate: no method of EAP in common is told in a sentence, on both sides (RFC 3748 §5.3)", () => {
  const world = createPppWorld(
    { credentials: ALICE, eapMethods: ["md5"], authMethods: ["eap"] },
    { ...SERVER, eapMethods: ["mschapv2"] },
  );
  assert(!dial(world));
  assertStringIncludes(
    world.a.log.at(-1)!,
    "the peer asks for EAP-MSCHAPv2, and this side can do EAP-MD5 only",
  );
  assertStringIncludes(
    world.b.log.at(-1)!,
    "the peer can do EAP-MD5, and this side accepts EAP-MSCHAPv2 only",
  );
});

Deno.test("Network: the server challenges anew, and a client that is not the same any more is put out (RFC 1994 §2)", () => {
  for (const method of ["chap-md5", "mschapv2", "eap"] as const) {
    let secret = "wonderland";
    const world = createPppWorld({ credentials: ALICE }, {
      ...SERVER,
      authMethods: [method],
      peerSecrets: () => secret,
      rechallengeMs: 10_000,
    });
    assert(dial(world));
    world.sim.advance(60_000);
    assert(world.a.isLinkUp && world.b.isLinkUp);
    secret = "changed behind its back";
    world.sim.advance(15_000);
    assert(world.a.log.at(-1)!.startsWith("ended: authentication-failed"));
    assert(world.b.log.at(-1)!.startsWith("ended: authentication-failed"));
  }
});

Deno.test("Authenticate: an expired password is changed, and the new one counts from then on (RFC 2433 §9, RFC 2759 §7)", () => {
  for (const method of ["mschap", "mschapv2", "eap"] as const) {
    let secret = "wonderland";
    let isExpired = true;
    const world = createPppWorld(
      { credentials: { ...ALICE, newSecret: "through the looking-glass" } },
      {
        ...SERVER,
        authMethods: [method],
        rechallengeMs: 10_000,
        peerSecrets: () => secret,
        secretChange: {
          isExpired: () => isExpired,
          change(name, newSecret) {
            assertEquals(name, "alice");
            secret = newSecret;
            isExpired = false;
            return true;
          },
        },
      },
    );
    assert(dial(world), `${method}: ${world.a.log}`);
    assertEquals(secret, "through the looking-glass");
    world.sim.advance(30_000);
    assert(world.a.isLinkUp && world.b.isLinkUp);
  }
});

Deno.test("Authenticate: an expired password that is not changed, or not accepted, ends it in words (RFC 2759 §6)", () => {
  for (const newSecret of [undefined, "bad"]) {
    const world = createPppWorld(
      { credentials: { ...ALICE, ...(newSecret !== undefined && { newSecret }) } },
      {
        ...SERVER,
        authMethods: ["mschapv2"],
        secretChange: { isExpired: () => true, change: () => false },
      },
    );
    assert(!dial(world, 40_000));
    const words = newSecret === undefined
      ? "the password has expired (E=648)"
      : "the new password was not accepted (E=709)";
    assertStringIncludes(world.a.log.at(-1)!, words);
  }
});

Deno.test("Authenticate: with another try allowed, other credentials are asked for, at most three times (RFC 2759 §6)", () => {
  for (const [retries, isUp] of [[0, false], [1, false], [2, true], [9, true]] as const) {
    const tries = ["tea party", "wonderland"];
    const heard: string[] = [];
    const world = createPppWorld({
      credentials: { name: "alice", secret: "rabbit hole" },
      askAgain(message) {
        heard.push(message);
        const secret = tries.shift();
        return secret === undefined ? undefined : { name: "alice", secret };
      },
    }, { ...SERVER, authMethods: ["mschapv2"], authRetries: retries });
    assertEquals(dial(world, 40_000), isUp);
    assertEquals(heard.length, Math.min(retries, 2));
    for (const message of heard) assertEquals(message, "wrong name or password (E=691): Login incorrect");
  }
  let asked = 0;
  const world = createPppWorld({
    credentials: { name: "alice", secret: "0" },
    askAgain: () => ({ name: "alice", secret: String(++asked) }),
  }, { ...SERVER, authMethods: ["mschap"], authRetries: 100 });
  assert(!dial(world, 60_000));
  assertEquals(asked, 3);
});
