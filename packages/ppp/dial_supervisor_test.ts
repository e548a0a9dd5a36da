import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { LINK_CONFORMANCE, type LinkHarness } from "@lightwire/netif/conformance";
import { FrameRecorder, Simulation } from "@lightwire/netif/sim";
import type { Dial } from "./dial_call.ts";
import {
  DialSupervisor,
  type DialSupervisorHandlers,
  type DialSupervisorOptions,
} from "./dial_supervisor.ts";
import { PppLink } from "./ppp_link.ts";
import type { PppSessionOptions } from "./ppp_session.ts";
import { createSerialLine } from "./testdata/serial_line.ts";

const ADDRESS = parseIpAddressOrThrow("10.0.0.2");

interface WorldOptions {
  client?: PppSessionOptions;
  server?: PppSessionOptions;
  /** What becomes of attempt n: "busy" fails, "silent" never tells, "sync" fails before the dial function returns. */
  outcome?: (attempt: number) => "answer" | "busy" | "silent" | "barred" | "sync";
  supervisor?: DialSupervisorOptions;
  handlers?: DialSupervisorHandlers;
}

/** A supervisor that dials a server over a line of its own for each call; a call takes 100 ms. */
function createWorld(o: WorldOptions = {}) {
  const sim = new Simulation({ seed: "supervisor" });
  const log: string[] = [];
  const servers: PppLink[] = [];
  const dialledAt: number[] = [];
  const hungUp: number[] = [];
  const recorder = new FrameRecorder(sim.clock);
  const dial: Dial = (callbacks) => {
    const attempt = dialledAt.push(sim.clock.now());
    const outcome = o.outcome?.(attempt) ?? "answer";
    let link: PppLink | undefined;
    const timer = sim.timers.create(() => {
      if (outcome !== "answer") return callbacks.failed("BUSY", outcome === "barred");
      const line = { timers: sim.timers, random: sim.random("line"), octetsPerMs: 400, bufferBytes: 3000 };
      const [a, b] = createSerialLine(line);
      link = new PppLink(sim.host(`client ${attempt}`), a, o.client, callbacks.handlers);
      const server = new PppLink(sim.host(`server ${attempt}`), b, {
        ipcp: { localAddress: parseIpAddressOrThrow("10.0.0.1"), peerAddress: ADDRESS },
        ...o.server,
      }, { ended: () => server.close() });
      server.attach(recorder);
      servers.push(server);
      server.start();
      callbacks.linked(link);
      link.start();
    });
    if (outcome === "sync") callbacks.failed("NO DIALTONE");
    else if (outcome !== "silent") timer.start(100);
    return {
      hangUp() {
        hungUp.push(attempt);
        timer.stop();
        link?.close();
      },
    };
  };
  const supervisor = new DialSupervisor(sim.host("supervisor"), dial, { jitter: 0, ...o.supervisor }, {
    stateChanged: (state) => void log.push(state),
    redialling: (reason, message, inMs) => void log.push(`${reason} (${message}): again in ${inMs}`),
    gaveUp: (reason, message) => void log.push(`gave up: ${reason} (${message})`),
    ...o.handlers,
  });
  const sink = new FrameRecorder(sim.clock);
  const send = (length: number, source = ADDRESS.w3) => {
    const p = sim.pool.acquire(length)!;
    p.bytes.fill(0, p.start, p.end);
    p.bytes[p.start] = 0x45;
    new DataView(p.bytes.buffer, p.bytes.byteOffset + p.start).setUint32(12, source);
    const isTaken = supervisor.transmit(p);
    if (!isTaken) p.release();
    supervisor.flush();
    return isTaken;
  };
  return { sim, log, supervisor, servers, dialledAt, hungUp, recorder, sink, send };
}

function assertQuiet({ sim, supervisor, servers }: ReturnType<typeof createWorld>): void {
  supervisor.close();
  for (const server of servers) server.close();
  sim.advance(0);
  assertEquals([sim.timers.size, sim.pool.inUse], [0, 0]);
}

Deno.test("Stopped: start() dials, the link comes up, stop() says good-bye and hangs up", () => {
  const world = createWorld();
  world.supervisor.attach(world.sink);
  world.supervisor.start();
  world.supervisor.start();
  assert(world.sim.runUntil(() => world.supervisor.state === "Up", 5000));
  world.supervisor.stop();
  world.sim.advance(5000);
  assertEquals(world.log, ["HoldOff", "Dialling", "Up", "HangingUp", "Stopped"]);
  assertEquals([world.hungUp, world.sink.carrier], [[1], [false, true, false]]);
  assertEquals(world.servers[0]!.session.phase, "Dead"); // it has heard the Terminate-Request
  assertQuiet(world);
});

Deno.test("Up: a lost line is dialled again after a pause, and the interface's link goes and comes", () => {
  const world = createWorld();
  world.supervisor.attach(world.sink);
  world.supervisor.start();
  for (let session = 1; session <= 3; session++) {
    assert(world.sim.runUntil(() => world.supervisor.state === "Up", 20_000));
    (world.supervisor.link as PppLink).serialClosed(undefined);
  }
  assertEquals(world.dialledAt.length, 3);
  assertEquals(world.sink.carrier, [false, true, false, true, false, true, false]);
  assertEquals(world.log.at(-1), "line-lost (): again in 20000"); // three short sessions in a row
  assertEquals(world.hungUp, [1, 2, 3]);
  assertQuiet(world);
});

Deno.test("Dialling: failures double the pause until it gives up; start() begins anew", () => {
  const world = createWorld({ outcome: () => "busy", supervisor: { maxFailures: 4 } });
  world.supervisor.start();
  world.sim.advance(1_000_000);
  assertEquals(world.dialledAt, [0, 5100, 15_200, 35_300]);
  assertEquals(world.log.at(-1), "gave up: dial-failed (BUSY)");
  assertEquals([world.supervisor.state, world.sim.timers.size], ["Stopped", 0]);
  world.supervisor.start();
  world.sim.advance(10);
  assertEquals(world.dialledAt.length, 5);
  assertQuiet(world);
});

Deno.test("Dialling: a call that never tells anything takes two minutes at most, a final one has no second", () => {
  const silent = createWorld({ outcome: () => "silent" });
  silent.supervisor.start();
  silent.sim.advance(120_000);
  assertEquals(silent.log.slice(-2), ["HoldOff", "dial-failed (it took too long): again in 5000"]);
  assertEquals(silent.hungUp, [1]);
  assertQuiet(silent);
  const barred = createWorld({ outcome: () => "barred" });
  barred.supervisor.start();
  barred.sim.advance(200_000);
  assertEquals([barred.log.at(-1), barred.dialledAt.length], ["gave up: dial-failed (BUSY)", 1]);
  assertQuiet(barred);
  const sync = createWorld({ outcome: () => "sync", supervisor: { maxFailures: 2 } });
  sync.supervisor.start();
  sync.sim.advance(200_000);
  assertEquals([sync.log.at(-1), sync.hungUp], ["gave up: dial-failed (NO DIALTONE)", [1, 2]]);
  assertQuiet(sync);
});

Deno.test("Dialling: a wrong password is not tried again (it may lock the account)", () => {
  const world = createWorld({
    client: { credentials: { name: "alice", secret: "looking-glass" } },
    server: { peerSecrets: () => "wonderland" },
  });
  world.supervisor.start();
  world.sim.advance(200_000);
  assertEquals(world.dialledAt.length, 1);
  assert(world.log.at(-1)!.startsWith("gave up: authentication-failed"), world.log.join("; "));
  assert(!world.log.join().includes("looking"));
  assertQuiet(world);
});

Deno.test("Resting: the first packet dials, waits, and arrives; an idle session rests until the next one", () => {
  const world = createWorld({ client: { idleMs: 30_000 }, supervisor: { isOnDemand: true, heldPackets: 4 } });
  world.supervisor.attach(world.sink);
  world.supervisor.start();
  world.sim.advance(100_000);
  assertEquals(world.dialledAt, []);
  for (let i = 0; i < 6; i++) assert(world.send(100 + i));
  assertEquals(world.dialledAt, []); // not inside of transmit()
  assert(world.sim.runUntil(() => world.recorder.frames.length === 4, 5000));
  assertEquals(world.recorder.frames.map(({ bytes }) => bytes.length), [100, 101, 102, 103]);
  assertEquals([world.supervisor.counters.held, world.supervisor.counters.heldOverflow], [4, 2]);
  world.sim.advance(40_000);
  assertEquals(world.log, ["Resting", "Dialling", "Up", "Resting"]);
  assertEquals(world.hungUp, [1]);
  assert(world.send(50));
  assert(world.sim.runUntil(() => world.recorder.frames.length === 5, 5000));
  assertEquals(world.sink.carrier, [false, true]); // down before start(), up ever since
  assertQuiet(world);
});

Deno.test("Resting: packets from an address of the last session do not go out in this one", () => {
  const world = createWorld({ supervisor: { isOnDemand: true } });
  world.supervisor.start();
  world.send(60, 0x0a000063);
  world.send(61);
  assert(world.sim.runUntil(() => world.recorder.frames.length === 1, 5000));
  assertEquals(world.recorder.frames[0]!.bytes.length, 61);
  assertEquals(world.supervisor.counters.heldStale, 1);
  assertQuiet(world);
});

Deno.test("HoldOff: on demand packets wait through a redial, and stop() lets them go", () => {
  const world = createWorld({
    outcome: (n) => n === 1 ? "busy" : "answer",
    supervisor: { isOnDemand: true },
  });
  world.supervisor.start();
  world.send(80);
  world.sim.advance(1000);
  assertEquals(world.supervisor.state, "HoldOff");
  world.send(81);
  assert(world.sim.runUntil(() => world.recorder.frames.length === 2, 20_000));
  (world.supervisor.link as PppLink).serialClosed(undefined);
  world.send(82);
  world.supervisor.stop();
  assertEquals([world.supervisor.state, world.sim.pool.inUse], ["Stopped", 0]);
  world.send(83);
  assertEquals(world.supervisor.counters.sentWhileDown, 1);
  assertQuiet(world);
});

Deno.test("Up: a session that has lasted long enough ends and begins again at the first pause", () => {
  const world = createWorld({ client: { maxSessionMs: 100_000 } });
  world.supervisor.start();
  world.sim.advance(330_000);
  assertEquals(world.dialledAt.length, 4);
  assert(world.log.includes("max-session (): again in 5000"), world.log.join("; "));
  assertQuiet(world);
});

Deno.test("any state: close() leaves no timer, no packet and no call behind", () => {
  for (let ms = 0; ms < 400; ms += 5) {
    const world = createWorld({
      supervisor: { isOnDemand: ms % 2 === 0 },
      outcome: (n) => n > 1 ? "busy" : "answer",
    });
    world.supervisor.attach(world.sink);
    world.supervisor.start();
    world.send(100);
    world.sim.advance(ms);
    world.send(100);
    assertQuiet(world);
    assertEquals(world.hungUp.length, world.dialledAt.length);
  }
});

Deno.test("property: whatever happens, each call is hung up once, the carrier alternates, and it comes up in the end", () => {
  type World = ReturnType<typeof createWorld>;
  const step = fc.oneof(
    fc.constant((w: World) => w.supervisor.start()),
    fc.constant((w: World) => w.supervisor.stop()),
    fc.constant((w: World) => void w.send(100)),
    fc.constant((w: World) => (w.supervisor.link as PppLink | undefined)?.serialClosed(undefined)),
    fc.constant((w: World) => w.supervisor.link?.stop()),
    fc.constant((w: World) => w.servers.at(-1)?.stop()),
    fc.integer({ min: 1, max: 40_000 }).map((ms) => (w: World) => w.sim.advance(ms)),
    fc.integer({ min: 1, max: 200 }).map((ms) => (w: World) => w.sim.advance(ms)),
  );
  const outcome = fc.constantFrom("answer", "answer", "busy", "silent", "barred", "sync");
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(outcome, { maxLength: 8 }),
      fc.boolean(),
      (steps, outcomes, isOnDemand) => {
        const world = createWorld({
          client: { idleMs: 30_000 },
          outcome: (attempt) => outcomes[attempt - 1] as "answer" | undefined ?? "answer",
          supervisor: { isOnDemand, maxFailures: 4 },
        });
        world.supervisor.attach(world.sink);
        for (const act of steps) act(world);
        world.supervisor.stop();
        assert(world.sim.runUntil(() => world.supervisor.state === "Stopped", 30_000), world.log.join("; "));
        assertEquals(world.hungUp.length, world.dialledAt.length);
        assertEquals(new Set(world.hungUp).size, world.hungUp.length);
        while (outcomes.length > world.dialledAt.length) outcomes.pop(); // from now on each call is answered
        world.supervisor.start();
        if (isOnDemand) world.send(100);
        assert(world.sim.runUntil(() => world.supervisor.state === "Up", 200_000), world.log.join("; "));
        const { carrier } = world.sink;
        assert(carrier.every((isUp, i) => isUp === (i % 2 === 1)), carrier.join());
        assertQuiet(world);
      },
    ),
    { numRuns: 150 },
  );
});

function harness(isOnDemand: boolean): LinkHarness {
  const { sim, supervisor, servers, recorder } = createWorld({ supervisor: { isOnDemand } });
  supervisor.start();
  if (isOnDemand) {
    const p = sim.pool.acquire(20)!;
    p.bytes.fill(0, p.start, p.end);
    assert(supervisor.transmit(p));
  }
  assert(sim.runUntil(() => supervisor.state === "Up", 5000));
  sim.advance(100);
  recorder.frames.length = 0;
  return {
    driver: supervisor,
    pool: sim.pool,
    settle: () => sim.advance(40),
    takeSent: () => recorder.frames.splice(0).map((frame) => frame.bytes),
    receive(frame) {
      const p = sim.pool.acquire(frame.length)!;
      p.bytes.set(frame, p.start);
      assert(servers[0]!.transmit(p));
      servers[0]!.flush();
    },
  };
}

for (const isOnDemand of [false, true]) {
  for (const { name: promise, steps } of LINK_CONFORMANCE) {
    Deno.test(`Up: ${isOnDemand ? "dialled on demand" : "dialled at once"}: ${promise}`, () => {
      const h = harness(isOnDemand);
      for (const _ of steps(h)) h.settle();
    });
  }
}
