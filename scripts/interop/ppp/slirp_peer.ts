/** {@linkcode SlirpPeer}: `slirp-fullbolt` behind a pseudo-terminal: a PPP peer that needs neither root nor a kernel, with a
 * translating router to this machine's own loopback address.
 *
 * @module
 */
import { Running } from "../lab.ts";
import { LOGIN } from "./ppp_lab.ts";

/** This machine's 127.0.0.1, seen through slirp. */
export const SLIRP_HOST = "10.0.2.2";
/** The address that slirp gives. */
export const SLIRP_CLIENT = "10.0.2.15";

const LINK_TIMEOUT_MS = 10_000;

/** One call's worth of slirp. */
export class SlirpPeer implements AsyncDisposable {
  /** Path of the line. */
  readonly device: string;
  readonly #folder: string;
  readonly #socat: Running;

  private constructor(folder: string, options: string) {
    this.#folder = folder;
    this.device = `${folder}/line`;
    const slirp = `EXEC:"env HOME=${folder} slirp-fullbolt -P ${options}",pty,rawer,stderr,sighup,sigint`;
    // It starts when somebody opens the line, and ends when he closes it.
    this.#socat = new Running("socat", [
      "-t0.2",
      `PTY,link=${this.device},rawer,wait-slave,pty-interval=0.05`,
      slirp,
    ]);
  }

  /** Waits for a call.
   *
   * @param options of slirp: `+pap` or `+chap` to ask who calls.
   */
  static async start(options: string): Promise<SlirpPeer> {
    const folder = await Deno.makeTempDir({ prefix: "lightwire-slirp-" });
    // With an address behind it, none would be allowed.
    for (const name of [".pap-secrets", ".chap-secrets"]) {
      await Deno.writeTextFile(`${folder}/${name}`, `${LOGIN.name} * ${LOGIN.secret}\n`, { mode: 0o600 });
    }
    const peer = new SlirpPeer(folder, options);
    for (let waited = 0; waited < LINK_TIMEOUT_MS; waited += 10) {
      if (await Deno.lstat(peer.device).then(() => true, () => false)) return peer;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await peer[Symbol.asyncDispose]();
    throw new Error(`socat made no line:\n${peer.#socat.stderr}`);
  }

  /** What slirp said. */
  get said(): string {
    return this.#socat.stderr;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socat.interrupt("SIGTERM");
    await Deno.remove(this.#folder, { recursive: true });
  }
}
