/** `pppup` dials pppd, on a line of its own for each test.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeFile, must, Running, sha256File } from "./lab.ts";
import { GUEST_ADDRESS, PppLab, type PppLine } from "./ppp/ppp_lab.ts";
import { account, direct, pppTest, pppup, SharedLab, startPppup, startScript } from "./ppp/pppup.ts";

const BIG_FILE_BYTES = 5 * 1024 * 1024;
const SMALL_FILE_BYTES = 512 * 1024;
const PING = ["ping", "-c", "5", "-i", "0.4", "-s", "900", GUEST_ADDRESS];
const LINES = 5;

const shared = new SharedLab(async () => {
  const lab = await PppLab.boot(LINES);
  await makeFile(`${lab.folder}/www/big`, BIG_FILE_BYTES);
  await makeFile(`${lab.folder}/www/small`, SMALL_FILE_BYTES);
  return lab;
});

/** A test with a line on which pppd answers as `options` say. */
function onLine(
  name: string,
  options: string,
  body: (line: PppLine, lab: PppLab) => Promise<void>,
  o: { isSupervised?: boolean } = {},
): void {
  pppTest(`pppd answers: ${name}`, async () => {
    const lab = shared.value;
    const line = lab.takeLine();
    try {
      await line.serve(options, o);
      await body(line, lab);
    } finally {
      await lab.giveLine(line);
    }
  });
}

/** Pings through `line`. @returns what was said, and pppd's log. */
async function pingsThrough(line: PppLine, args: readonly string[]): Promise<{ said: string; log: string }> {
  const done = await pppup(direct(line.device, ...args, ...PING));
  const all = await account(line, done);
  assertEquals(done.code, 0, all);
  assertStringIncludes(done.stderr, `${line.clientAddress}, peer ${line.serverAddress}`, all);
  await line.waitForLog(/LCP terminated by peer/);
  return { said: done.stderr, log: await line.log() };
}

/** A name, what pppd is told, what pppup is told, what pppd logs, what pppup says. */
type Variant = readonly [name: string, options: string, args: string[], log: RegExp, said?: RegExp];

const VARIANTS: readonly Variant[] = [
  ["nobody proves anything", "noauth", [], /local {2}IP address/, /, VJ/],
  ["PAP (RFC 1334)", "auth require-pap", [], /sent \[PAP AuthAck/, /PAP accepted/],
  ["CHAP with MD5 (RFC 1994)", "auth require-chap", [], /sent \[CHAP Success/, /CHAP-MD5 accepted/],
  ["CHAP asks again (RFC 1994)", "auth require-chap chap-interval 1", [
    ...["--lcp-echo-interval", "0"],
  ], /sent \[CHAP Success/],
  ["MS-CHAP (RFC 2433)", "auth require-mschap", [], /sent \[CHAP Success/, /MS-CHAP accepted/],
  [
    "MS-CHAPv2 (RFC 2759)",
    "auth require-mschap-v2",
    [],
    /sent \[CHAP Success id=\S+ "S=/,
    /MS-CHAPv2 accepted/,
  ],
  ["EAP with MD5 (RFC 3748)", "auth require-eap", [], /sent \[EAP Success/, /EAP/],
  ["we offer PAP alone, and get it", "auth require-pap", ["--auth", "pap"], /sent \[PAP AuthAck/],
  ["it names its name servers (RFC 1877)", "noauth", [], /sent \[IPCP ConfAck .*<ms-dns1 10\.64\.64\.53>/],
  ["header compression is refused by it (RFC 1144)", "noauth novj", [], /sent \[IPCP ConfRej .*VJ/],
  ["header compression is not wanted by us (RFC 1144)", "noauth", ["--no-vj"], /rcvd \[IPCP ConfRej .*VJ/],
  [
    "MPPE with 128 bits (RFC 3078)",
    "auth require-mschap-v2 require-mppe-128",
    ["--mppe"],
    /MPPE 128-bit stateless compression enabled/,
    /MPPE 128-bit/,
  ],
  [
    "MPPE with 40 bits (RFC 3078)",
    "auth require-mschap-v2 require-mppe-40",
    ["--mppe"],
    /MPPE 40-bit stateless compression enabled/,
    /MPPE 40-bit/,
  ],
  [
    "compression of data is offered by it, and refused (RFC 1962)",
    "noauth bsdcomp 15 deflate 15",
    [],
    /sent \[CCP ConfReq/,
  ],
  ["MRU 296, both ways (RFC 1661)", "noauth mru 296 mtu 296", ["--mru", "296"], /<mru 296>/, /MTU 296/],
  [
    "MRU 1500, said aloud (RFC 1661)",
    "noauth mru 1500",
    ["--mru", "1500"],
    /local {2}IP address/,
    /MTU 1500/,
  ],
  ["everything is escaped, and more (RFC 1662)", "noauth asyncmap ffffffff escape 41,42,c1", [
    ...["--accm", "ffffffff"],
  ], /sent \[LCP ConfReq id=0x1 <magic/],
  [
    "nothing is compressed, and there is no magic number",
    "noauth novj nopcomp noaccomp nomagic",
    ["--no-vj"],
    /sent \[LCP ConfRej .*<magic/,
  ],
];
for (const [name, options, args, log, said] of VARIANTS) {
  onLine(name, options, async (line) => {
    const heard = await pingsThrough(line, args);
    assertMatch(heard.log, log);
    if (said !== undefined) assertMatch(heard.said, said);
  });
}

for (
  const [method, message] of [
    ["pap", /Login incorrect/],
    ["chap", /Access denied/],
    ["mschap", /E=691/],
    ["mschap-v2", /Access denied/],
    ["eap", /does not accept/],
  ] as const
) {
  onLine(`a wrong password with ${method} ends with the reason`, `auth require-${method}`, async (line) => {
    const done = await pppup(direct(line.device, "--password", "xyzzy-4711", ...PING));
    const all = await account(line, done);
    assertEquals(done.code, 1, all);
    assertMatch(done.stderr, message, all);
    assertMatch(done.stderr, /--user and --password/, all);
    assert(!all.includes("xyzzy"), "the password is nobody's business");
  });
}

onLine("a way to prove it that we do not allow ends with the reason", "auth require-pap", async (line) => {
  const done = await pppup(direct(line.device, "--auth", "mschapv2", ...PING));
  const all = await account(line, done);
  assertEquals(done.code, 1, all);
  assertMatch(done.stderr, /refused to authenticate/, all);
});

onLine("IPv6 beside IPv4 (RFC 5072)", "noauth +ipv6 ipv6 ::a1,::b2", async (line) => {
  const done = await pppup(direct(line.device, "--ipv6", ...PING));
  const all = await account(line, done);
  assertEquals(done.code, 0, all);
  assertMatch(await line.log(), /local {2}LL address fe80::[0:]*a1[^]*remote LL address fe80::[0:]*b2/, all);
});

onLine("IPv6 alone (RFC 5072)", "noauth noip +ipv6 ipv6 ::a1,::b2", async (line) => {
  const host = startPppup(direct(line.device, "--ipv6", "--no-ipv4", "up"));
  await host.waitFor(/fe80::b2/);
  await line.waitForLog(/local {2}LL address fe80::[0:]*a1[^]*remote LL address fe80::[0:]*b2/);
  assertEquals(await host.interrupt(), 130, host.stderr);
});

for (
  const [name, options, args, file] of [
    ["5 MB come over it unharmed", "auth require-chap", [], "big"],
    ["a file comes over it without header compression", "noauth novj", ["--no-vj"], "small"],
    ["a file comes over it encrypted", "auth require-mschap-v2 require-mppe-128", ["--mppe"], "small"],
    ["a file comes over it in packets of 296 octets", "noauth mru 296 mtu 296", ["--mru", "296"], "small"],
    [
      "a file comes over it with everything escaped",
      "noauth asyncmap ffffffff",
      ["--accm", "ffffffff"],
      "small",
    ],
  ] as const
) {
  onLine(name, options, async (line, lab) => {
    const copy = `${lab.folder}/copy${line.index}`;
    const done = await pppup(
      direct(line.device, ...args, "get", `http://${GUEST_ADDRESS}/${file}`, "-o", copy),
    );
    assertEquals(done.code, 0, await account(line, done));
    assertEquals(await sha256File(copy), await sha256File(`${lab.folder}/www/${file}`));
    await Deno.remove(copy);
  });
}

onLine("5 MB go over it unharmed", "auth require-chap", async (line, lab) => {
  const args = ["httpd", "--root", `${lab.folder}/www`, "--port", "80"];
  await using host = startPppup(direct(line.device, ...args));
  await host.waitFor(/Serving/);
  const said = await lab.guest(`wget -q -O - http://${line.clientAddress}/big | sha256sum`);
  assertStringIncludes(said, await sha256File(`${lab.folder}/www/big`), host.stderr);
});

onLine("Ctrl-C terminates the link in an orderly way (RFC 1661 §5.5)", "noauth", async (line) => {
  const host = startPppup(direct(line.device, "up"));
  await host.waitFor(/addresses/);
  assertEquals(await host.interrupt(), 130, host.stderr);
  await line.waitForLog(/rcvd \[LCP TermReq[^]*sent \[LCP TermAck/);
});

onLine("it hangs up, and we say that it did", "noauth", async (line) => {
  const host = startPppup(direct(line.device, "up"));
  await host.waitFor(/addresses/);
  await line.signal("TERM");
  assertEquals(await host.wait(), 1, host.stderr);
  assertMatch(host.stderr, /User request/);
});

onLine("it falls silent, and we notice by its echoes (RFC 1661 §5.8)", "noauth", async (line) => {
  const host = startPppup(direct(line.device, "--lcp-echo-interval", "0.3", "up"));
  await host.waitFor(/addresses/);
  await line.signal("STOP");
  assertEquals(await host.wait(), 1, host.stderr);
  assertMatch(host.stderr, /echo|silent|answer/i);
});

onLine(
  "we fall silent, and it notices by our echoes",
  "noauth lcp-echo-interval 1 lcp-echo-failure 2",
  async (line) => {
    const host = startPppup(direct(line.device, "up"));
    await host.waitFor(/addresses/);
    host.signal("SIGSTOP");
    await line.waitForLog(/No response to 2 echo-requests/);
    host.signal("SIGCONT");
    assertEquals(await host.wait(), 1, host.stderr);
  },
);

onLine("three calls, one after another", "auth require-chap", async (line) => {
  for (let call = 0; call < 3; call++) {
    const done = await pppup(direct(line.device, ...PING));
    assertEquals(done.code, 0, await account(line, done));
  }
}, { isSupervised: true });

onLine("it hangs up twice, and --persist dials again", "noauth", async (line) => {
  const host = startPppup(direct(line.device, "--persist", "--holdoff", "0.2", "up"));
  for (let call = 1; call <= 2; call++) {
    await host.waitFor(new RegExp(`(?:addresses[^]*){${call}}`));
    await line.signal("TERM");
  }
  await host.waitFor(/(?:addresses[^]*){3}/);
  assertEquals(await host.interrupt(), 130, host.stderr);
}, { isSupervised: true });

for (
  const [name, options, args, protocols] of [
    ["CHAP", "auth require-chap", [], ["ppp:lcp", "ppp:chap", "ppp:ipcp", "raw:ip:icmp:data"]],
    ["PAP", "auth require-pap", [], ["ppp:lcp", "ppp:pap", "ppp:ipcp", "raw:ip:icmp:data"]],
    ["EAP", "auth require-eap", [], ["ppp:lcp", "ppp:eap", "ppp:ipcp", "raw:ip:icmp:data"]],
    ["MPPE", "auth require-mschap-v2 require-mppe-128", ["--mppe"], [
      "ppp:lcp",
      "ppp:chap",
      "ppp:ccp",
      "ppp:ipcp",
    ]],
    ["IPv6", "noauth +ipv6", ["--ipv6"], ["ppp:lcp", "ppp:ipcp", "ppp:ipv6cp"]],
  ] as const
) {
  onLine(
    `tshark reads our capture of ${name}, and has nothing to complain of`,
    options,
    async (line, lab) => {
      const file = `${lab.folder}/capture${line.index}`;
      const done = await pppup(direct(line.device, ...args, "--pcap", file, ...PING));
      assertEquals(done.code, 0, await account(line, done));
      const dissected = await must("tshark", "-r", file, "-T", "fields", "-e", "frame.protocols");
      for (const protocol of protocols) assertStringIncludes(dissected, `${protocol}\n`);
      const expert = await must("tshark", "-r", file, "-q", "-z", "expert,warn");
      // That EAP-MD5 is no match for a man in the middle is true, and not our doing.
      const complaints = expert.split("\n").filter((text) =>
        /^ +\d+ /.test(text) && !text.includes("Security")
      );
      assertEquals(complaints, []);
      const bytes = await Deno.readFile(file);
      assertEquals(
        new TextDecoder("latin1").decode(bytes).includes("secret"),
        false,
        "a password in a capture",
      );
    },
  );
}

for (
  const [name, options, args] of [
    ["header compression", "auth require-chap", []],
    ["encryption", "auth require-mschap-v2 require-mppe-128", ["--mppe"]],
  ] as const
) {
  onLine(
    `a file comes over a line that spoils three octets of 100,000, with ${name}`,
    options,
    async (line, lab) => {
      await using spoiler = startScript(new URL("./ppp/spoilt_line.ts", import.meta.url), [
        line.device,
        "1e-5",
      ]);
      const [, device] = await spoiler.waitFor(/ready (\S+)/);
      const copy = `${lab.folder}/copy${line.index}`;
      const done = await pppup(direct(device!, ...args, "get", `http://${GUEST_ADDRESS}/small`, "-o", copy));
      await spoiler.interrupt("SIGTERM");
      assertEquals(done.code, 0, await account(line, done));
      assertEquals(await sha256File(copy), await sha256File(`${lab.folder}/www/small`));
      assertMatch(spoiler.stdout, /"dropped":[1-9]/);
      await Deno.remove(copy);
    },
  );
}

onLine("behind a raw TCP port of socat", "auth require-chap", async (line) => {
  const port = freePort();
  await using _server = new Running("socat", [
    `TCP-LISTEN:${port},bind=127.0.0.1`,
    `OPEN:${line.device},rawer`,
  ]);
  await listens(port);
  const done = await pppup(direct(`tcp:127.0.0.1:${port}`, ...PING));
  assertEquals(done.code, 0, await account(line, done));
});

onLine("behind pyserial's port server (RFC 2217)", "auth require-chap", async (line) => {
  const script = new URL("./ppp/rfc2217_server.py", import.meta.url).pathname;
  await using server = new Running("/usr/bin/python3", ["-u", script, line.device]);
  const [, port] = await server.waitFor(/ready (\d+)/);
  const done = await pppup(direct(`rfc2217:127.0.0.1:${port}`, "--baud", "460800", ...PING));
  assertEquals(done.code, 0, await account(line, done) + server.stderr);
  assertMatch(server.stdout, /baud 460800/);
});

/** A TCP port that nobody uses. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return (listener.addr as Deno.NetAddr).port;
}

/** Waits until somebody listens on a TCP port, without calling him. */
async function listens(port: number): Promise<void> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  while (!(await Deno.readTextFile("/proc/net/tcp")).includes(`${local} 00000000:0000 0A`)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
