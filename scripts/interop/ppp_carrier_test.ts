/** PPPoE and L2TP: `pppup` and the library against rp-pppoe, the kernel's PPPoE, and xl2tpd, in a guest on a TAP.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Finished, makeFile, must, run, Running, sha256File } from "./lab.ts";
import { GUEST_ADDRESS, LOGIN, PppLab, SERVER_NAME } from "./ppp/ppp_lab.ts";
import { programWords, SharedLab } from "./ppp/pppup.ts";

const OURS = "10.88.0.2";
const THEIRS = "10.88.0.1";
/** The address of the namespace's own kernel, over whose UDP pppup has its tunnel. */
const KERNEL = "10.88.0.3";
const FILE_BYTES = 1024 * 1024;
const LOGIN_ARGS = ["--user", LOGIN.name, "--password", LOGIN.secret];
const PING = ["ping", "-c", "5", "-i", "0.4", "-s", "900", GUEST_ADDRESS];
const MAIN = new URL("../../apps/modem/main.ts", import.meta.url);
const CARRIER_PEER = new URL("./ppp/carrier_peer.ts", import.meta.url);
/** What pppd is told beside its role. */
const COMMON = "nodetach debug noccp noipv6 lcp-max-terminate 1 lcp-restart 1";

/** A guest whose `vec0` is a TAP in a namespace of its own. */
class CarrierLab implements AsyncDisposable {
  readonly guest: PppLab;
  readonly #namespace: string;

  private constructor(guest: PppLab, namespace: string) {
    this.guest = guest;
    this.#namespace = namespace;
  }

  static async boot(): Promise<CarrierLab> {
    const namespace = `lwp-${Deno.pid}`;
    await must("ip", "netns", "add", namespace);
    const inside = (...words: string[]): Promise<string> => must("ip", "netns", "exec", namespace, ...words);
    await inside("ip", "tuntap", "add", "tap0", "mode", "tap");
    await inside("ip", "link", "set", "tap0", "up");
    await inside("ip", "addr", "add", `${KERNEL}/24`, "dev", "tap0");
    const guest = await PppLab.boot(0, { tap: { name: "tap0", namespace } });
    await makeFile(`${guest.folder}/www/file`, FILE_BYTES);
    await guest.guest(`ip link set vec0 up; ip addr add ${THEIRS}/24 dev vec0`);
    return new CarrierLab(guest, namespace);
  }

  /** Runs a program of ours on the TAP. */
  run(script: URL, args: readonly string[]): Promise<Finished> {
    return run("ip", ["netns", "exec", this.#namespace, Deno.execPath(), ...programWords(script), ...args]);
  }

  /** Starts a program of ours on the TAP. */
  start(script: URL, args: readonly string[]): Running {
    const words = [Deno.execPath(), ...programWords(script), ...args];
    return new Running("ip", ["netns", "exec", this.#namespace, ...words]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guest[Symbol.asyncDispose]();
    await run("ip", ["netns", "del", this.#namespace]);
  }
}

const shared = new SharedLab(() => CarrierLab.boot());

/** A test on the one TAP, after which the guest's programs end. */
function carrierTest(name: string, body: (lab: CarrierLab) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      try {
        await body(shared.value);
      } finally {
        await shared.value.guest.guest("killall pppoe-server pppoe xl2tpd pppd; sleep 0.3");
      }
    },
  });
}

carrierTest(
  "rp-pppoe answers: pppup --pppoe finds it, proves itself, pings, and a file comes over it (RFC 2516)",
  async (lab) => {
    const { guest } = lab;
    const log = `${guest.folder}/log/pppoe.log`;
    const options =
      `require-chap ${COMMON} ms-dns ${GUEST_ADDRESS} name ${SERVER_NAME} logfile /run/lab/log/pppoe.log`;
    const lines = options.replace("nodetach ", "").replaceAll(/ (?=[a-z]+-|debug|no|name|logfile)/g, "\n");
    await Deno.writeTextFile(`${guest.folder}/log/options`, `${lines}\n`);
    await guest.guest(
      "pppoe-server -I vec0 -C lab-ac -S internet -L 10.66.0.1 -R 10.66.0.100 -N 8 -O /run/lab/log/options",
    );
    const pings = await lab.run(MAIN, ["--pppoe", "tap0", ...LOGIN_ARGS, ...PING]);
    const said = pings.stdout + pings.stderr + await Deno.readTextFile(log);
    assertEquals(pings.code, 0, said);
    assertMatch(pings.stderr, /lab-ac, session 1[^]*10\.66\.0\.100, peer 10\.66\.0\.1, MTU 1492/, said);
    assertStringIncludes(said, "LCP terminated by peer");
    const copy = `${guest.folder}/copy`;
    const get = ["get", `http://${GUEST_ADDRESS}/file`, "-o", copy];
    const got = await lab.run(MAIN, ["--pppoe", "tap0", ...LOGIN_ARGS, ...get]);
    assertEquals(got.code, 0, got.stderr);
    assertEquals(await sha256File(copy), await sha256File(`${guest.folder}/www/file`));
    const wrong = await lab.run(MAIN, ["--pppoe", "tap0", "--user", "nobody", "--password", "none", ...PING]);
    assertEquals(wrong.code, 1, wrong.stderr);
    assertMatch(wrong.stderr, /does not accept name and password/);
  },
);

carrierTest(
  "the kernel's PPPoE calls: our access concentrator lets it in, and it pings us (RFC 2516)",
  async (lab) => {
    const { guest } = lab;
    await using server = lab.start(CARRIER_PEER, ["pppoe-server", "tap0", OURS, THEIRS]);
    await server.waitFor(/ready/);
    const login = `user ${LOGIN.name} password ${LOGIN.secret} noauth noipdefault`;
    const plugin = "plugin rp-pppoe.so vec0";
    await guest.guest(`pppd ${plugin} ${COMMON} ${login} logfile /run/lab/log/oe.log >/dev/null 2>&1 &`);
    await server.waitFor(/up 10\.99\.0\.1 peer 10\.99\.0\.2 name tester/, 30_000);
    assertMatch(await guest.guest("/bin/ping -c 5 -i 0.4 -W 2 -s 900 10.99.0.1"), /[1-5] received/);
    await guest.guest("kill -TERM $(pidof pppd)");
    await server.waitFor(/ended/);
  },
);

carrierTest(
  "xl2tpd answers: our access concentrator opens a tunnel, calls, and pings (RFC 2661)",
  async (lab) => {
    const { guest } = lab;
    await Deno.writeTextFile(
      `${guest.folder}/log/xl2tpd.conf`,
      "[lns default]\nip range = 10.67.0.100-10.67.0.110\nlocal ip = 10.67.0.1\nrequire authentication = yes\n" +
        `name = ${SERVER_NAME}\npppoptfile = /run/lab/log/options\n`,
    );
    await Deno.writeTextFile(
      `${guest.folder}/log/options`,
      `require-chap\ndebug\nnoccp\nnoipv6\nlogfile /run/lab/log/l2tp.log\n`,
    );
    const files = "-c /run/lab/log/xl2tpd.conf -C /run/l2tp-control -p /run/xl2tpd.pid";
    await guest.guest(`xl2tpd -D ${files} >/run/lab/log/xl2tpd.log 2>&1 &`);
    await using client = lab.start(CARRIER_PEER, ["l2tp-client", "tap0", OURS, THEIRS]);
    await client.waitFor(/pings \d/, 40_000);
    assertMatch(client.stdout, /up 10\.67\.0\.100 peer 10\.67\.0\.1[^]*pings [1-5]/);
    await client.interrupt("SIGTERM");
    assertMatch(await Deno.readTextFile(`${guest.folder}/log/l2tp.log`), /sent \[CHAP Success/);
    const done = await lab.run(MAIN, ["--l2tp", THEIRS, ...LOGIN_ARGS, ...PING]);
    assertEquals(done.code, 0, done.stdout + done.stderr);
    assertMatch(done.stderr, /10\.67\.0\.10\d, peer 10\.67\.0\.1/);
  },
);

carrierTest("xl2tpd calls: our network server answers, and it pings us (RFC 2661)", async (lab) => {
  const { guest } = lab;
  await Deno.writeTextFile(
    `${guest.folder}/log/xl2tpd.conf`,
    `[lac ours]\nlns = ${OURS}\nautodial = yes\npppoptfile = /run/lab/log/options\n`,
  );
  await Deno.writeTextFile(
    `${guest.folder}/log/options`,
    `user ${LOGIN.name}\npassword ${LOGIN.secret}\nnoauth\nnoipdefault\ndebug\nnoccp\nnoipv6\n` +
      "logfile /run/lab/log/l2tp.log\n",
  );
  await using server = lab.start(CARRIER_PEER, ["l2tp-server", "tap0", OURS, THEIRS]);
  await server.waitFor(/ready/);
  const files = "-c /run/lab/log/xl2tpd.conf -C /run/l2tp-control -p /run/xl2tpd.pid";
  await guest.guest(`xl2tpd -D ${files} >/run/lab/log/xl2tpd.log 2>&1 &`);
  await server.waitFor(/up 10\.99\.0\.1 peer 10\.99\.0\.2 name tester/, 40_000);
  assertMatch(await guest.guest("/bin/ping -c 5 -i 0.4 -W 2 -s 900 10.99.0.1"), /[1-5] received/);
  await guest.guest("kill -TERM $(pidof pppd)");
  await server.waitFor(/ended/);
});
