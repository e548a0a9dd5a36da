/** {@linkcode goldenFrames}: good frames of other people's stacks.
 *
 * @module
 */
import { readPcap } from "./pcap_file.ts";

let frames: readonly Uint8Array[] | undefined;

/** The frames of `testdata/golden.pcap`, captured with tcpdump between two network namespaces (Linux 6.18, veth with
 * offloads off): ARP, ping and TCP of the kernel (handshake, bulk, half close, reset, urgent, refused port), its IGMPv3
 * reports, its fragments and ICMP errors; DHCP and DNS of dnsmasq 2.90; requests, IGMP queries, every ICMP error, IP
 * options, VLAN tags, UDP-Lite and small fragments of scapy 2.5.0. Host A (10.0.0.1) serves, host B (10.0.0.2) asks. */
export function goldenFrames(): readonly Uint8Array[] {
  frames ??= readPcap(Deno.readFileSync(new URL("testdata/golden.pcap", import.meta.url)));
  return frames;
}
