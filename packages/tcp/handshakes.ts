/** {@linkcode Handshakes}: what a layer knows for connections that are being opened.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";
import { FastOpen } from "./fast_open.ts";
import { SynBudget } from "./syn_budget.ts";
import { SynCookies } from "./syn_cookies.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** Fast Open, SYN cookies, and the bound on SYN-ACKs, of one layer. */
export class Handshakes {
  /** Text in SYNs. */
  readonly fastOpen: FastOpen;
  /** Half-open connections that are not remembered. */
  readonly synCookies: SynCookies;
  /** How often SYN-ACKs are repeated to strangers. */
  readonly synBudget: SynBudget;

  /** Draws its secrets. */
  constructor(layer: TcpLayer, random: Random) {
    this.fastOpen = new FastOpen(layer);
    this.synCookies = new SynCookies(random);
    this.synBudget = new SynBudget();
  }
}
