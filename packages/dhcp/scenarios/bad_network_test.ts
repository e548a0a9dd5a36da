import { assertEquals } from "@std/assert";
import { seededRandom } from "@lightwire/netif";
import { DHCP_OPTION, emitDhcpMessage } from "../mod.ts";
import { DhcpWorld } from "../testdata/dhcp_world.ts";

Deno.test("exhaustive: whichever of the first eight messages are lost, the client is bound in the end", () => {
  for (let lost = 0; lost < 256; lost++) {
    const world = new DhcpWorld({ probe: false }, { seed: lost });
    let count = 0;
    const isLost = () => ((lost >> count++) & 1) === 1;
    world.onMessage = (heard) => {
      if (isLost()) return;
      if (heard.type !== "DISCOVER" && heard.type !== "REQUEST") return;
      if (isLost()) return;
      world.reply(heard.type === "DISCOVER" ? "OFFER" : "ACK", heard);
    };
    world.client.start();
    assertEquals(world.sim.runUntil(() => world.client.state === "BOUND", 1_000_000), true, `lost ${lost}`);
    assertEquals(world.end(), 0, `lost ${lost}`);
  }
});

Deno.test("fuzz: answers with flipped, cut and added bytes never throw, and never lose the machine", () => {
  const random = seededRandom("dhcp fuzz");
  for (let run = 0; run < 30; run++) {
    const world = new DhcpWorld({ probe: false }, { seed: run });
    world.onMessage = (heard) => {
      for (let copy = 0; copy < 8; copy++) {
        const { message } = heard;
        const type = heard.type === "DISCOVER" ? 2 : random.uint32() % 4 === 0 ? 6 : 5;
        message.options.setUint8(DHCP_OPTION.MESSAGE_TYPE, type);
        message.options.setUint32(DHCP_OPTION.SERVER_ID, 0x0a000001).setUint32(DHCP_OPTION.LEASE_TIME, 100);
        const bytes = emitDhcpMessage({
          ...message,
          op: 2,
          yiaddr: world.serverIp.sourceOn([...world.serverIp.interfaces][0]!, message.ciaddr),
        });
        for (let n = random.uint32() % 4; n > 0; n--) {
          bytes[random.uint32() % bytes.length]! ^= 1 << (random.uint32() % 8);
        }
        world.replyRaw(random.uint32() % 8 === 0 ? bytes.subarray(0, random.uint32() % bytes.length) : bytes);
      }
    };
    world.client.start();
    world.sim.advance(2_000_000);
    assertEquals(world.client.isRunning, true);
    world.onMessage = undefined;
    world.serve();
    assertEquals(world.sim.runUntil(() => world.client.state === "BOUND", 1_000_000), true, `run ${run}`);
    assertEquals(world.end(), 0, `run ${run}`);
  }
});

Deno.test("memory: whichever acquisition fails, the client is bound in the end and no buffer is lost", () => {
  for (let n = 0; n < 20; n++) {
    const world = new DhcpWorld({ probe: false }, { seed: n });
    world.serve();
    world.onMessage = ((serve) => (heard) => {
      world.sim.pool.failAfter(-1); // the test's server must not fail
      serve!(heard);
      world.sim.pool.failAfter(n);
    })(world.onMessage);
    world.sim.pool.failAfter(n);
    world.client.start();
    const heal = world.sim.after(20_000, () => {
      world.sim.pool.failAfter(-1);
      world.serve();
    });
    assertEquals(world.sim.runUntil(() => world.client.state === "BOUND", 1_000_000), true, `n ${n}`);
    heal.stop();
    world.sim.pool.failAfter(-1);
    assertEquals(world.end(), 0, `n ${n}`);
  }
});
