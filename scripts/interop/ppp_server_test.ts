/** pppd dials `pppup --server`, on a line of its own for each test.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeFile, type Running, sha256File } from "./lab.ts";
import { PppLab, type PppLine } from "./ppp/ppp_lab.ts";
import { direct, pppTest, SharedLab, startPppup } from "./ppp/pppup.ts";

const DNS = "10.77.64.53";
const FILE_BYTES = 1024 * 1024;
const LINES = 5;

const shared = new SharedLab(async () => {
  const lab = await PppLab.boot(LINES);
  await makeFile(`${lab.folder}/www/file`, FILE_BYTES);
  return lab;
});

interface Call {
  readonly line: PppLine;
  readonly server: Running;
  readonly lab: PppLab;
  /** Our address. */
  readonly local: string;
  /** The address that pppd is given. */
  readonly remote: string;
}

/** A test in which pppd, told `options`, dials pppup, told `args`. */
function called(
  name: string,
  options: string,
  args: readonly string[],
  body: (call: Call) => Promise<void>,
): void {
  pppTest(`pppd calls: ${name}`, async () => {
    const lab = shared.value;
    const line = lab.takeLine();
    const local = `10.77.${line.index}.1`;
    const remote = `10.77.${line.index}.2`;
    const addresses = ["--local", local, "--remote", remote, "--ms-dns", DNS];
    // pppd first: what is said to it before it listens has to be said again three seconds later.
    await line.dial(options);
    const server = startPppup(direct(line.device, "--server", ...addresses, ...args));
    try {
      await body({ line, server, lab, local, remote });
    } finally {
      await server.interrupt();
      await lab.giveLine(line);
    }
  });
}

/** pppd has got the address and pings ours. */
async function pingsUs({ line, server, lab, local, remote }: Call): Promise<void> {
  await line.waitForLog(new RegExp(`local  IP address ${remote}\\s+remote IP address ${local}`));
  await server.waitFor(new RegExp(`${local}, peer ${remote}`));
  const said = await lab.guest(`/bin/ping -c 5 -i 0.4 -W 2 -s 900 -I ${remote} ${local}`);
  assertMatch(said, /[1-5] received/, server.stderr);
}

/** A name, what pppd is told, what pppup is told, what pppd logs. */
type Variant = readonly [name: string, options: string, args: string[], log: RegExp];

const VARIANTS: readonly Variant[] = [
  ["nobody proves anything", "noauth", ["--auth", "none"], /remote IP address/],
  ["it proves itself by PAP (RFC 1334)", "noauth refuse-chap refuse-mschap refuse-mschap-v2 refuse-eap", [
    ...["--auth", "pap"],
  ], /PAP authentication succeeded/],
  ["it proves itself by CHAP with MD5 (RFC 1994)", "noauth", [
    ...["--auth", "chap"],
  ], /<auth chap MD5>[^]*CHAP authentication succeeded/],
  ["it proves itself by MS-CHAP (RFC 2433)", "noauth", [
    ...["--auth", "mschap"],
  ], /<auth chap MS>[^]*CHAP authentication succeeded/],
  ["it proves itself by MS-CHAPv2, and we to it (RFC 2759)", "noauth", [
    ...["--auth", "mschapv2"],
  ], /<auth chap MS-v2>[^]*CHAP authentication succeeded/],
  [
    "it proves itself by EAP (RFC 3748)",
    "noauth",
    ["--auth", "eap"],
    /<auth eap>[^]*EAP authentication succeeded/,
  ],
  [
    "it knows PAP alone, and we settle for it (RFC 1661)",
    "noauth refuse-chap refuse-mschap refuse-mschap-v2 refuse-eap",
    [],
    /PAP authentication succeeded/,
  ],
  ["we tell it name servers (RFC 1877)", "noauth", [], new RegExp(`primary +DNS address ${DNS}`)],
  [
    "it wants MPPE (RFC 3078)",
    "noauth require-mppe-128",
    ["--auth", "mschapv2", "--mppe"],
    /MPPE 128-bit stateless compression enabled/,
  ],
  ["it asks for no header compression (RFC 1144)", "noauth novj", [], /remote IP address/],
  ["it takes small packets (RFC 1661)", "noauth mru 296 mtu 296", [], /<mru 296>/],
];
for (const [name, options, args, log] of VARIANTS) {
  called(name, options, args, async (call) => {
    await pingsUs(call);
    assertMatch(await call.line.log(), log);
  });
}

for (const method of ["pap", "chap", "mschap", "mschapv2", "eap"]) {
  const refuse = method === "pap" ? "refuse-chap refuse-mschap refuse-mschap-v2 refuse-eap" : "";
  called(`a wrong password with ${method} is refused`, `noauth ${refuse} user nobody`, [
    "--auth",
    method,
  ], async ({ line, server }) => {
    await line.waitForLog(/authentication failed|Authentication failed|Failed to authenticate/i);
    await line.waitForLog(/Connection terminated/);
    await server.waitFor(/login/);
  });
}

called(
  "it will not prove anything, and is not let in",
  "noauth refuse-pap refuse-chap refuse-mschap refuse-mschap-v2 refuse-eap",
  [],
  async ({ line, server }) => {
    await server.waitFor(/does not authenticate itself/);
    await line.waitForLog(/rcvd \[LCP TermReq/);
    assertEquals((await line.log()).includes("remote IP address"), false);
  },
);

called(
  "a file goes to it unharmed",
  "noauth",
  ["httpd", "--root", "/", "--port", "80"],
  async (call) => {
    await pingsUs(call);
    const { server, lab, local } = call;
    await server.waitFor(/Serving/);
    const said = await lab.guest(`wget -q -O - http://${local}${lab.folder}/www/file | sha256sum`);
    assertStringIncludes(said, await sha256File(`${lab.folder}/www/file`), server.stderr);
  },
);

called("it hangs up, and we say so", "noauth", ["up"], async ({ line, server }) => {
  await line.waitForLog(/remote IP address/);
  await server.waitFor(/addresses/);
  await line.signal("TERM");
  await line.waitForLog(/Connection terminated/);
  await server.waitFor(/User request/);
});
