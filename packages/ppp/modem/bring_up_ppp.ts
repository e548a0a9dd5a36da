/** Bring-up, steps "establish", "authenticate" and "network": PPP over the connected line, and what its end means.
 *
 * @module
 */
import { CP_CODE } from "../cp_packet.ts";
import type { PppLinkHandlers, PppNetworkLink } from "../ppp_network_link.ts";
import { formatPppPacket } from "../ppp_packet_text.ts";
import { PPP_IPCP, PPP_IPV4, PPP_IPV6, PPP_IPV6CP, PPP_LCP } from "../ppp_protocol_number.ts";
import type { PppEnd, PppPhase, PppSessionOptions, PppUp } from "../ppp_session.ts";
import type { BringUpLog } from "./bring_up_log.ts";
import type { LinkCause } from "./link_cause.ts";

const AUTH_NAMES: Readonly<Record<string, string>> = {
  "pap": "PAP",
  "chap-md5": "CHAP-MD5",
  "mschap": "MS-CHAP",
  "mschapv2": "MS-CHAPv2",
  "eap": "EAP",
};
/** Signs of life. */
const ECHOES: ReadonlySet<number> = new Set([CP_CODE.ECHO_REQUEST, CP_CODE.ECHO_REPLY]);
/** IPv4 addresses of name servers that some gear hands out when it has none to tell. */
const PLACEHOLDER_DNS: ReadonlySet<string> = new Set(["10.11.12.13", "10.11.12.14"]);

/** What the end of a session is a case of, in words. */
interface Verdict {
  readonly cause: LinkCause | "closed";
  readonly text: string;
  readonly advice: string;
}

/** What a line has carried, where there is one: a damaged line shows in figures. */
export interface LineFigures {
  /** Bytes received. */
  readonly receivedBytes: number;
  /** The first of them, in hexadecimal. */
  readonly headText: string;
  /** Whether bit 7 of all of them was 0. */
  readonly isSevenBit: boolean;
  /** Good frames. */
  readonly frames: number;
  /** Frames with a wrong check sequence. */
  readonly badFcs: number;
  /** Whether the port has gone away, and its name. */
  readonly goneName: string | undefined;
}

/** PPP of one bring-up. */
export class BringUpSession<L extends PppNetworkLink> {
  /** The link. */
  readonly link: L;
  readonly #run: BringUpLog<L>;
  readonly #options: PppSessionOptions;
  readonly #figures: (() => LineFigures) | undefined;
  readonly #onClosed: (message: string) => void;
  #phase: PppPhase = "Dead";
  #wasUp = false;
  #asksIpv6 = false;
  #asksIpv4 = false;
  #isTerminated = false;

  /** Makes the link; {@linkcode start} begins.
   *
   * @param options Of the session, as it was asked for.
   * @param make Makes the link with these handlers.
   * @param onClosed Told when the session is over and nothing is wrong.
   * @param figures What the line has carried, where there is one.
   */
  constructor(
    run: BringUpLog<L>,
    options: PppSessionOptions,
    make: (handlers: PppLinkHandlers) => L,
    onClosed: (message: string) => void,
    figures?: (link: L) => LineFigures,
  ) {
    this.#run = run;
    this.#options = options;
    this.#onClosed = onClosed;
    this.link = make({
      phaseChanged: (phase) => this.#phaseChanged(phase),
      up: (up) => this.#up(up),
      down: () => this.#run.handlers.down?.(),
      ended: (end, message) => this.#ended(end, message),
      packet: (direction, protocol, bytes, start, end) => {
        run.handlers.packet?.(direction, protocol, bytes, start, end);
        if (protocol !== PPP_IPV4 && protocol !== PPP_IPV6) {
          this.#note(direction, protocol, bytes, start, end);
        }
      },
    });
    this.#figures = figures === undefined ? undefined : () => figures(this.link);
  }

  /** Whether the session is not over. */
  get isAlive(): boolean {
    return this.#phase !== "Dead";
  }

  /** The carrier is connected: PPP negotiates from now on. */
  begin(): void {
    this.#run.begin("establish", "Negotiating PPP");
  }

  /** Begins to negotiate over a line that is connected. */
  start(): void {
    this.begin();
    this.#run.handlers.link?.(this.link);
    this.link.start();
  }

  #note(
    direction: "inbound" | "outbound",
    protocol: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (direction === "inbound" && protocol === PPP_IPV6CP) this.#asksIpv6 = true;
    if (direction === "inbound" && protocol === PPP_IPCP) this.#asksIpv4 = true;
    if (direction === "inbound" && protocol === PPP_LCP && bytes[start] === CP_CODE.TERMINATE_REQUEST) {
      this.#isTerminated = true;
    }
    if (protocol === PPP_LCP && ECHOES.has(bytes[start]!)) return; // they would push the rest out
    const arrow = direction === "outbound" ? ">" : "<";
    this.#run.note(`${arrow} ${formatPppPacket(protocol, bytes, start, end)}`);
  }

  #phaseChanged(phase: PppPhase): void {
    const run = this.#run;
    const before = this.#phase;
    if (phase !== "Terminate" && phase !== "Dead") this.#phase = phase;
    run.handlers.phase?.(phase);
    if (run.isOver || (phase !== "Authenticate" && phase !== "Network")) return;
    const { peer, local } = this.link.session.lcp;
    if (before === "Establish") {
      run.done(lcpText(this.link, this.#figures !== undefined), {
        local: { ...local, magic: undefined },
        peer: { ...peer, magic: undefined },
      });
    }
    const method = peer.auth ?? local.auth;
    if (phase === "Authenticate") {
      const name = method === undefined ? "" : ` by ${AUTH_NAMES[method]}`;
      run.begin(
        "authenticate",
        peer.auth === undefined ? `Checking the peer${name}` : `Authenticating${name}`,
      );
      return;
    }
    if (before === "Authenticate") {
      run.done(`${method === undefined ? "authentication" : AUTH_NAMES[method]} accepted`, { method });
    } else if (before === "Establish") {
      run.begin("authenticate", "No authentication asked for");
      run.done("none asked for", { method: undefined });
    }
    run.begin("network", "Asking for addresses");
  }

  #up(up: PppUp): void {
    const run = this.#run;
    this.#wasUp = true;
    if (run.isOver) return;
    const servers = up.ipv4?.dnsServers.map(String) ?? [];
    run.done(networkText(up), networkFields(up));
    if (up.ipv4 !== undefined && this.#options.ipcp !== false) {
      const isServer = this.#options.ipcp?.requestsDns === false;
      if (!isServer && !servers.some((server) => !PLACEHOLDER_DNS.has(server))) {
        run.warn("no-dns", "The network names no DNS server: give --dns", { dns: servers });
      }
    }
    run.forget();
    run.handlers.up?.(this.link, up);
  }

  #ended(end: PppEnd, message: string): void {
    const verdict = this.#judge(end, message.trim());
    this.#phase = "Dead";
    if (this.#run.isOver || verdict.cause === "closed") this.#onClosed(verdict.text);
    else {
      const figures = this.#figures?.();
      if (figures?.frames === 0 && figures.receivedBytes > 0) {
        this.#run.note(`(received: ${figures.headText})`);
      }
      const { receivedBytes, frames, badFcs } = figures ?? {};
      const fields = { end, message, wasUp: this.#wasUp, receivedBytes, frames, badFcs };
      this.#run.fail(verdict.cause, verdict.text, verdict.advice, fields);
    }
    this.#run.handlers.sessionEnded?.(end, message);
  }

  /** What an end means depends on how far it had come. The modem often hangs up before the peer's word is through. */
  #judge(end: PppEnd, message: string): Verdict {
    const { lcp } = this.link.session;
    const isTheirs = end === "terminated-by-peer" || (end === "line-lost" && this.#isTerminated);
    if (this.#phase === "Establish" && lcp.isAuthRefusedByUs && (isTheirs || end === "line-lost")) {
      return this.#verdictOf("authentication-impossible", message);
    }
    if (isTheirs) return this.#terminated(message || lcp.protocol.terminateText);
    return this.#verdictOf(end, message);
  }

  #verdictOf(end: PppEnd, message: string): Verdict {
    const said = message === "" ? "" : `: ${message}`;
    switch (end as string) {
      case "closed":
        return { cause: "closed", text: "Disconnected", advice: "" };
      case "idle-timeout":
        return { cause: "closed", text: "Disconnected, as nothing was sent for long (--idle)", advice: "" };
      case "max-session":
        return { cause: "closed", text: "Disconnected, as the time is up (--max-session)", advice: "" };
      case "loopback":
        return {
          cause: "loopback",
          text: "The line sends back what it is sent",
          advice: "the modem fell back to command mode and echoes, or the cable is a loop-back plug",
        };
      case "authentication-failed":
        return {
          cause: "auth-failed",
          text: `The peer does not accept name and password${said}`,
          advice: "check --user and --password",
        };
      case "authentication-impossible":
        return {
          cause: "auth-type-refused",
          text: `The peer wants an authentication that is not offered${said}`,
          advice: "give --user and --password, and all its methods with --auth",
        };
      case "authentication-refused":
        return {
          cause: "auth-type-refused",
          text: `The peer does not authenticate itself in a way that is asked for${said}`,
          advice: "allow what it can with --auth",
        };
      case "mppe-required":
        return {
          cause: "auth-type-refused",
          text: `Encryption is required, and the peer does not agree to it${said}`,
          advice: "let the peer require MS-CHAPv2 and MPPE",
        };
      case "peer-dead":
        return {
          cause: "no-carrier",
          text: "The peer answers no LCP echo any more",
          advice: "the connection was lost; dial again, or use --persist",
        };
      case "line-lost":
        if (this.#figures?.().goneName !== undefined) {
          return {
            cause: "no-port",
            text: `${this.#figures().goneName} is gone`,
            advice: "check the cable and whether the modem has power",
          };
        }
        return {
          cause: "no-carrier",
          text: this.#wasUp
            ? "The connection was lost (NO CARRIER)"
            : "The modem hung up during the negotiation",
          advice: "dial again, or use --persist",
        };
      default:
        return this.#notNegotiated(end, said);
    }
  }

  #terminated(message: string): Verdict {
    const reason = message === "" ? "without a reason" : `with the reason "${message}"`;
    if (this.#phase === "Authenticate") {
      return {
        cause: "auth-failed",
        text: `The peer ended the connection during authentication, ${reason}`,
        advice: "check --user and --password",
      };
    }
    return {
      cause: "peer-terminates",
      text: `The peer ended the connection ${reason}`,
      advice: "ask whoever runs it; a limit of time, data or sessions is the usual one",
    };
  }

  /** No answer, no agreement, or no protocol in common. */
  #notNegotiated(end: PppEnd, said: string): Verdict {
    const damage = this.#figures === undefined ? undefined : damagedLine(this.#figures());
    if (damage !== undefined) return damage;
    if (this.#phase === "Establish") {
      return {
        cause: "lcp-timeout",
        text: `LCP found no agreement (${end}${said})`,
        advice: "look at the options of both sides above; an unusual --mru or --accm may be the reason",
      };
    }
    if (this.#asksIpv6 && !this.#asksIpv4) {
      return {
        cause: "ipv6-only",
        text: `The network speaks IPv6 only${said}`,
        advice: "use --ipv6, or an APN with IPv4",
      };
    }
    return {
      cause: "no-address",
      text: `The peer gives us no IP address (${end}${said})`,
      advice: "check the APN and whether the contract has data; with a peer of your own, give it addresses",
    };
  }
}

/** What a line that carries nothing, or nothing whole, is a case of. */
function damagedLine({ receivedBytes, frames, badFcs, isSevenBit }: LineFigures): Verdict | undefined {
  if (receivedBytes === 0) {
    return {
      cause: "silence-after-connect",
      text: "Nothing at all came from the other side",
      advice: "check the number and the APN, and that a PPP peer is there and does not wait for us to log in",
    };
  }
  if (isSevenBit) {
    return {
      cause: "not-8-bit-clean",
      text: "Bit 7 of every character is lost",
      advice: "set the line to 8 data bits, no parity, on both sides",
    };
  }
  if (frames > 0 && badFcs <= frames) return undefined;
  return {
    cause: "not-8-bit-clean",
    text: `What comes is damaged: ${badFcs} bad frames, ${frames} good ones`,
    advice: "characters are changed or eaten on the way; try --accm ffffffff, another --baud, --flow rtscts",
  };
}

/** @param isLine Whether characters are escaped at all. */
function lcpText(link: PppNetworkLink, isLine: boolean): string {
  const { local, peer } = link.session.lcp;
  const words = [local.mru === peer.mru ? `MRU ${peer.mru}` : `MRU ${peer.mru} out, ${local.mru} in`];
  if (isLine) {
    words.push(peer.accm === 0 ? "no escapes" : `ACCM ${peer.accm.toString(16).padStart(8, "0")}`);
  }
  if (peer.pfc && peer.acfc) words.push("short headers");
  else if (peer.pfc || peer.acfc) words.push(peer.pfc ? "PFC" : "ACFC");
  words.push(peer.auth === undefined ? "no authentication" : AUTH_NAMES[peer.auth] ?? peer.auth);
  return words.join(", ");
}

function networkText(up: PppUp): string {
  const words: string[] = [];
  if (up.ipv4 !== undefined) {
    words.push(`${up.ipv4.localAddress}, peer ${up.ipv4.peerAddress}`);
  }
  if (up.ipv6 !== undefined) words.push(`${up.ipv6.localAddress}`);
  words.push(`MTU ${up.mtu}`);
  if (up.vj.inbound || up.vj.outbound) words.push("VJ");
  if (up.encryption !== undefined) words.push(up.encryption);
  return words.join(", ");
}

function networkFields(up: PppUp): Readonly<Record<string, unknown>> {
  return {
    address: up.ipv4?.localAddress.toString(),
    peer: up.ipv4?.peerAddress.toString(),
    dns: up.ipv4?.dnsServers.map(String) ?? [],
    nbns: up.ipv4?.nbnsServers.map(String) ?? [],
    address6: up.ipv6?.localAddress.toString(),
    peer6: up.ipv6?.peerAddress.toString(),
    mtu: up.mtu,
    vj: up.vj,
    encryption: up.encryption,
    peerName: up.peerName === "" ? undefined : up.peerName,
  };
}
