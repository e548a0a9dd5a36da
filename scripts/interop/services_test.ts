/** DHCP and names from dnsmasq, VLAN tags against scapy, and tshark's opinion of what we send.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { HOST_ADDRESS, KERNEL_ADDRESS, Lab, run, type Running } from "./lab.ts";
import { SQUATTER, VLAN_PINGER } from "./peers.ts";

function startDnsmasq(lab: Lab, ...extra: string[]): Running {
  return lab.startKernel(
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--no-hosts",
    "--no-resolv",
    "--log-facility=-",
    "--log-dhcp",
    "--bind-interfaces",
    `--interface=${lab.kernelInterface}`,
    "--except-interface=lo",
    "--dhcp-range=10.9.0.100,10.9.0.150,255.255.255.0,120",
    "--dhcp-leasefile=/dev/null",
    "--dhcp-option=option:router,10.9.0.1",
    "--dhcp-option=option:ntp-server,10.9.0.1",
    "--domain=lab.test",
    "--local=/lab.test/",
    "--host-record=www.lab.test,10.9.0.1",
    "--cname=alias.lab.test,www.lab.test",
    "--user=root",
    ...extra,
  );
}

Deno.test("dnsmasq leases us an address, names resolve, and the address goes back at the end", async () => {
  await using lab = await Lab.open("raw");
  await using dnsmasq = startDnsmasq(lab);
  await dnsmasq.waitFor(/started/);
  const done = await lab.ethup([
    "--dhcp",
    "--hostname",
    "lightwire",
    "--json",
    "ping",
    "-c",
    "2",
    "-i",
    "0.1",
    "alias.lab.test",
  ]);
  assertEquals(done.code, 0, done.stdout + done.stderr);
  assertMatch(done.stdout, /"received":2/);
  for (const word of ["DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK", "DHCPRELEASE"]) {
    await dnsmasq.waitFor(new RegExp(word));
  }
});

Deno.test("dig asks dnsmasq for A, CNAME and PTR, and hears NXDOMAIN", async () => {
  await using lab = await Lab.open("raw");
  await using dnsmasq = startDnsmasq(lab);
  await dnsmasq.waitFor(/started/);
  const dig = (...words: string[]) =>
    lab.ethup(["--address", `${HOST_ADDRESS}/24`, "--dns", KERNEL_ADDRESS, "--json", "dig", ...words]);
  const a = await dig("www.lab.test");
  assertEquals(a.code, 0, a.stderr);
  assertMatch(a.stdout, /"type":"A","data":"10\.9\.0\.1"/);
  const alias = await dig("alias.lab.test");
  assertMatch(alias.stdout, /"type":"CNAME","data":"www\.lab\.test\.?"/);
  const reverse = await dig("-x", "10.9.0.1");
  assertMatch(reverse.stdout, /"type":"PTR","data":"www\.lab\.test\.?"/);
  const none = await dig("nothing.lab.test");
  assertEquals(none.code, 1);
  assertMatch(none.stdout, /NXDOMAIN/);
});

Deno.test("a DHCP address that somebody else uses is declined", async () => {
  await using lab = await Lab.open("raw");
  await using squatter = lab.startKernel("/usr/bin/python3", "-u", "-c", SQUATTER, lab.kernelInterface);
  await squatter.waitFor(/ready/);
  await using dnsmasq = startDnsmasq(lab, "--no-ping");
  await dnsmasq.waitFor(/started/);
  await using host = lab.startEthup(["--dhcp", "-v", "echo", "7"]);
  await dnsmasq.waitFor(/DHCPDECLINE/, 30_000);
  // The next offer is another address, and that one is free.
  await host.waitFor(/Leased/, 45_000);
});

Deno.test("VLAN: tagged ARP and ping are answered with the same tag", async () => {
  await using lab = await Lab.open("raw");
  await using host = lab.startEthup(["--vlan", "42", "--address", "10.42.0.2/24", "echo", "7"]);
  await host.waitFor(/Echo on/);
  const done = await lab.tryKernel("/usr/bin/python3", [
    "-c",
    VLAN_PINGER,
    "lwk0",
    "10.42.0.2",
    "10.42.0.1",
    "42",
  ]);
  assertEquals(done.stdout.trim(), "arp tagged\nping tagged", done.stderr);
});

Deno.test("tshark finds no malformed packet and no bad checksum in our capture", async () => {
  await using lab = await Lab.open("raw");
  await using dnsmasq = startDnsmasq(lab);
  await dnsmasq.waitFor(/started/);
  const path = await Deno.makeTempFile({ suffix: ".pcapng" });
  try {
    await using server = lab.startKernel("iperf", "-s", "-B", KERNEL_ADDRESS);
    await server.waitFor(/listening/);
    const common = ["--dhcp", "--no-offload", "--pcap", path];
    const done = await lab.ethup([...common, "iperf", "-c", "www.lab.test", "-t", "1"]);
    assertEquals(done.code, 0, done.stderr);
    await assertClean(path, 100);
    const ping = await lab.ethup([...common, "ping", "-c", "2", "-s", "4000", "-i", "0.1", KERNEL_ADDRESS]);
    assertEquals(ping.code, 0, ping.stderr);
    await assertClean(path, 10);
  } finally {
    await Deno.remove(path);
  }
});

/** Decodes a capture with every checksum checked. The kernel leaves its own to the hardware: only what we sent is judged. */
async function assertClean(path: string, minPackets: number): Promise<void> {
  const checks = ["ip", "udp", "tcp"].flatMap((p) => ["-o", `${p}.check_checksum:TRUE`]);
  const all = await run("tshark", ["-r", path, ...checks, "-T", "fields", "-e", "frame.number"]);
  const count = all.stdout.trim().split("\n").length;
  assert(count >= minPackets, `${count} packets in the capture; ${all.stderr}`);
  const bad = await run("tshark", [
    "-r",
    path,
    ...checks,
    "-Y",
    `_ws.malformed || (eth.src[0:1] == 02 && (ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || tcp.checksum.status == "Bad" || icmp.checksum.status == "Bad"))`,
  ]);
  assertEquals(bad.stdout, "", bad.stderr);
}
