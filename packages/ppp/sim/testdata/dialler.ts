import { Simulation } from "@lightwire/netif/sim";
import { AtEngine } from "../../modem/at_engine.ts";
import { PppLink } from "../../ppp_link.ts";
import type { PppSessionOptions } from "../../ppp_session.ts";
import { SimulatedModem } from "../simulated_modem.ts";
import type { SimulatedModemOptions } from "../simulated_modem_options.ts";

/** A computer that dials with the library: what it was told, in `log`. */
export class Dialler {
  readonly sim: Simulation = new Simulation({ seed: "dial" });
  readonly modem: SimulatedModem;
  readonly engine: AtEngine;
  readonly link: PppLink;
  readonly log: string[] = [];
  /** IP packets that came. */
  received = 0;

  constructor(options: SimulatedModemOptions = {}, session: PppSessionOptions = {}) {
    const { sim, log } = this;
    this.modem = new SimulatedModem(sim.host("modem"), options);
    this.engine = new AtEngine(this.modem.port, sim.timers);
    this.link = new PppLink(sim.host("computer"), this.engine.dataPort, session, {
      up: ({ ipv4, ipv6 }) => {
        if (ipv4 !== undefined) {
          log.push(`up ${ipv4.localAddress} ${ipv4.peerAddress} dns ${ipv4.dnsServers.join(" ")}`.trim());
        }
        if (ipv6 !== undefined) log.push("up ipv6");
      },
      down: () => log.push("down"),
      ended: (end, message) => log.push(`ended ${end}${message === "" ? "" : `: ${message}`}`),
    });
    this.link.attach({
      linkInput: (p) => {
        this.received++;
        p.release();
      },
      inputBatchEnd() {},
      linkStateChanged() {},
      linkWritable() {},
    });
    this.engine.onCarrierLost = () => log.push("carrier lost");
  }

  /** Dials, after the modem has found its network. */
  dial(number = "*99#", waitMs = 2500): this {
    this.sim.advance(waitMs);
    this.engine.send({ text: `ATD${number}`, timeoutMs: 20_000 }, ({ status, result }) => {
      this.log.push(status === "error" ? `dial ${result?.code}` : `dial ${status}`);
      if (status === "connect") this.link.start();
    });
    return this;
  }

  /** Dials, and waits for an address. */
  connect(): boolean {
    this.dial();
    return this.sim.runUntil(() => this.link.session.isNetworkUp, 60_000);
  }

  /** Sends an IP packet of this length. */
  send(length: number, fill = 0x55): boolean {
    const p = this.sim.pool.acquire(length)!;
    p.bytes.fill(fill, p.start, p.end);
    p.bytes[p.start] = 0x45;
    const isTaken = this.link.transmit(p);
    if (!isTaken) p.release();
    this.link.flush();
    return isTaken;
  }

  close(): void {
    this.link.close();
    this.engine.close();
    this.modem.close();
  }
}
