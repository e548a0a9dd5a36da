/** {@linkcode LinkPeer}: the library itself at one end of a serial line: port, PPP link and stack in this process.
 *
 * @module
 */
import { Stack } from "@lightwire/sockets";
import { formatPppPacket, PppLink, type PppSessionOptions, type PppUp } from "@lightwire/ppp";
import { type OpenedSerialPort, openSerialPort } from "../../../apps/modem/serial/open_serial_port.ts";

/** A host with one PPP link. */
export class LinkPeer implements AsyncDisposable {
  /** The host. */
  readonly stack: Stack;
  /** Its link. */
  readonly link: PppLink;
  /** The port below. */
  readonly port: OpenedSerialPort;
  /** The control packets so far, a line each. */
  readonly trace: string[] = [];
  /** Resolves when every network protocol that was asked for flows. */
  readonly up: Promise<PppUp>;
  /** Resolves when the session is over: end and message. */
  readonly ended: Promise<string>;
  #isUp = false;

  private constructor(port: OpenedSerialPort, options: PppSessionOptions) {
    this.port = port;
    this.stack = new Stack();
    const up = Promise.withResolvers<PppUp>();
    const ended = Promise.withResolvers<string>();
    up.promise.catch(() => {});
    this.up = up.promise;
    this.ended = ended.promise;
    this.link = new PppLink(this.stack, port, options, {
      up: (agreed) => {
        this.#configure(agreed);
        const isComplete = (agreed.ipv4 !== undefined || options.ipcp === false) &&
          (agreed.ipv6 !== undefined || !options.ipv6cp);
        if (isComplete) up.resolve(agreed);
      },
      ended: (end, message) => {
        const text = `${end}: ${message}`;
        ended.resolve(text);
        up.reject(new Error(`${text}\n${this.trace.join("\n")}`));
      },
      packet: (direction, protocol, bytes, start, end) => {
        if (protocol < 0x8000) return;
        const text = formatPppPacket(protocol, bytes, start, end, { hideSecrets: true });
        this.trace.push(`${direction === "outbound" ? ">" : "<"} ${text}`);
      },
    });
    this.stack.addInterface({ driver: this.link, name: "ppp0" });
  }

  /** Opens the port and begins to negotiate. */
  static async start(device: string, options: PppSessionOptions): Promise<LinkPeer> {
    const peer = new LinkPeer(await openSerialPort(device, { baudRate: 115_200, flow: "none" }), options);
    peer.link.start();
    return peer;
  }

  /** How many of `count` pings of `bytes` each are answered. */
  async ping(address: string, count: number, bytes: number): Promise<number> {
    let answered = 0;
    const options = { count, size: bytes, intervalMs: 20, timeoutMs: 1000 };
    for await (const outcome of this.stack.ping(address, options)) {
      if (outcome.type === "reply") answered++;
    }
    return answered;
  }

  /** Ends the session, and closes the port. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.link.stop();
    if (this.link.session.phase !== "Dead") await this.ended;
    await this.stack.close();
    await this.port.closeAndWait();
  }

  #configure(agreed: PppUp): void {
    if (this.#isUp || agreed.ipv4 === undefined) return;
    this.#isUp = true;
    const [ppp] = this.stack.interfaces.filter(({ name }) => name === "ppp0");
    ppp!.addAddress(`${agreed.ipv4.localAddress}/32`);
    ppp!.addRoute({ destination: "0.0.0.0/0" });
  }
}
