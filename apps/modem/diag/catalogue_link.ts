/** The catalogue's second half: PPP, the line below it, and the network behind it.
 *
 * @module
 */
import type { LinkCause } from "@lightwire/ppp/modem";
import type { CauseEntry } from "./cause_entry.ts";
import type { ModemCause } from "./catalogue_modem.ts";

/** What is written down about the causes from the call on. */
export const LINK_ENTRIES: Readonly<Record<Exclude<LinkCause, ModemCause>, CauseEntry>> = {
  "silence-after-connect": {
    meaning: "The line was open, and then not one byte came: PPP asked into the void.",
    next: "Run it again after switching the modem off and on; if it stays so, try `--number '*99***1#'`.",
    reasons: [
      {
        when: "with --direct",
        then: "The other side waits for us to log in or is not running: start its PPP, or check TX and RX.",
      },
      {
        when: "flow control is on (--flow rtscts) and CTS is off",
        then: "Our bytes never leave: `--flow none`, or wire RTS and CTS.",
      },
      {
        when: "CONNECT named another speed than the port has",
        then:
          "The modem changed its speed on CONNECT: fix it with `pppup --device {device} at 'AT+IPR={baud}'`.",
      },
      {
        when: "it is a mobile network",
        then: "The context may be up without a session behind it: check --apn.",
      },
    ],
  },
  "loopback": {
    meaning:
      "Everything that was sent came back: our own LCP requests with our own magic number. There is no peer, only an echo.",
    next: "Run it again: the modem has probably fallen back to commands and echoes them.",
    reasons: [
      {
        when: "the evidence shows NO CARRIER or ERROR in between",
        then: "The call ended at once: see the checks before, APN and number.",
      },
      {
        when: "with --direct",
        then:
          "TX and RX are joined, a loop-back plug is on the line, or the device is another than you think.",
      },
      { when: "on a leased line", then: "The provider has put it into a test loop." },
    ],
  },
  "lcp-timeout": {
    meaning: "Bytes came from the other side, but the two never agreed on how the link shall be (LCP).",
    next:
      "Look at the evidence: requests without an answer are a one-way line, the same options refused again and again are a " +
      "disagreement.",
    reasons: [
      {
        when: "our requests are never answered, but the peer's come in",
        then:
          "What we send does not arrive: swap the cable, check flow control (`--flow none`) and the speed (`--baud`).",
      },
      {
        when: "the peer refuses one option each time",
        then: "Leave it out: `--accm ffffffff`, `--mru 1500`, `--no-vj`, `--auth pap,chap`.",
      },
      {
        when: "what came was no frame but text",
        then: "The other side wants a login first, or is at a prompt: it needs a chat, not PPP.",
      },
      {
        when: "frames came with a wrong check sum",
        then: "Speed or parity differ on the two sides: `--baud`, and 8N1.",
      },
    ],
  },
  "auth-type-refused": {
    meaning:
      "The peer wants a proof of identity of a kind that we did not offer, or none that we could give.",
    next:
      "Give a user and a password, even invented ones: `--user x --password x`, and do not restrict --auth.",
    reasons: [
      { when: "--auth was given", then: "Add what the evidence says the peer asked for." },
      {
        when: "the peer asked for EAP-TLS",
        then: "That is not spoken here: set the peer to CHAP or MS-CHAPv2.",
      },
      {
        when: "it is a mobile network",
        then: "Most operators take any name and password: `--auth pap,chap --user x --password x`.",
      },
    ],
  },
  "auth-failed": {
    meaning: "The peer refused the name or the password, or did not answer the proof.",
    next:
      "Check `--user` and `--password`, capital letters included; the peer's own words are in the evidence.",
    reasons: [
      { when: "it is a mobile network", then: "The pair belongs to the APN: look both up together." },
      { when: "the name wants a domain", then: "`--user 'DOMAIN\\name'` or `--user name@realm`." },
      {
        when: "the password is right for sure",
        then: "Try another method: `--auth pap`, `--auth chap`, `--auth mschapv2`.",
      },
      {
        when: "the peer says E=691 and R=1",
        then:
          "It is the password; E=647 or 648 means that the account is blocked or the password has expired.",
      },
    ],
  },
  "no-address": {
    meaning:
      "PPP came up, but the peer gives us no IPv4 address: it offered 0.0.0.0, or refused to name one.",
    next: "Check the APN (`--apn`): a context that is not really active gives no address.",
    reasons: [
      {
        when: "you were connected moments ago",
        then: "The network still holds the old session: wait a minute.",
      },
      {
        when: "with --direct",
        then: "Give the address on the peer's side (pppd: `:10.0.0.2` behind its own), or on ours.",
      },
      { when: "the network may be IPv6 only", then: "Run it with --ipv6." },
    ],
  },
  "no-dns": {
    meaning:
      "Packets flow, but names do not resolve: no name server was given, or none of those given answers.",
    next: "Use a public one: `--dns 9.9.9.9` (or 1.1.1.1, 8.8.8.8).",
    reasons: [
      {
        when: "a public one does not answer either",
        then: "The network lets no DNS out: the contract may reach only its own servers; ask for theirs.",
      },
      {
        when: "the servers given are 10.11.12.13 or the like",
        then: "They are place holders of the modem; the real ones come once the APN is right.",
      },
      { when: "with --direct", then: "Let the peer hand them out (pppd: `ms-dns ADDRESS`)." },
    ],
  },
  "peer-terminates": {
    meaning: "It did so by its own decision and in an orderly way: modem and line are well.",
    next:
      "Read the reason it gave, in the evidence; without one, check the APN and whether the contract's volume is used up.",
    reasons: [
      {
        when: "it comes right after the authentication",
        then: "The account has no right to a session, or has one already.",
      },
      {
        when: "it comes after minutes of silence",
        then: "The peer has an idle timer: keep something going, or let pppup dial again.",
      },
      {
        when: "it comes when IPCP should follow",
        then: "The peer did not like our address or options: try `--no-vj`.",
      },
    ],
  },
  "ipv6-only": {
    meaning: "The network has no IPv4 for this contract: IPCP was refused, IPv6 was not.",
    next:
      "Run it with `--ipv6 --no-ipv4`; what has only IPv4 addresses is reached through the operator's NAT64.",
    reasons: [
      {
        when: "you need IPv4",
        then:
          'Ask for an APN with IPv4, or set the context to it: `pppup --device {device} at \'AT+CGDCONT=1,"IP","{apn}"\'`.',
      },
    ],
  },
  "mtu-black-hole": {
    meaning:
      "Small packets pass and full-size ones vanish, and nobody on the way says so. Pages begin to load and stop; " +
      "logging in over ssh hangs.",
    next: "Use the size that passes: `--mru {size}`.",
    reasons: [
      {
        when: "it is a tunnel or a VPN on the way",
        then: "Its overhead is missing: the size that passes tells how much.",
      },
      {
        when: "you run the network",
        then: 'Let ICMP "fragmentation needed" through, and clamp the MSS to the path\'s MTU.',
      },
    ],
  },
  "not-8-bit-clean": {
    meaning:
      "The line swallows or changes some characters: control characters that somebody takes for flow control, or the " +
      "eighth bit. PPP frames with them are lost each time, others pass: ping works and names do not.",
    next: "Have those characters escaped: `--accm {accm}`.",
    reasons: [
      {
        when: "11 and 13 are among them",
        then:
          "Somebody does XON/XOFF flow control: switch it off (`AT+IFC=0,0` or `2,2`), also in a terminal server.",
      },
      { when: "it is the eighth bit", then: "Parity is on somewhere: set both sides to 8N1." },
      {
        when: "it is telnet or a terminal server",
        then: "It eats FF and CR: use its raw mode, `--device tcp:HOST:PORT` to the raw port.",
      },
    ],
  },
  "flow-control": {
    meaning:
      "Frames arrive damaged as soon as there is much to carry, and whole when there is little: bytes fall out of a " +
      "buffer that overflows, because nobody says stop.",
    next:
      "Switch on hardware flow control: `--flow rtscts` here, `pppup --device {device} at 'AT+IFC=2,2'` in the modem.",
    reasons: [
      { when: "RTS and CTS are not wired", then: "Go slower: `--baud 115200` or less, or wire them." },
      {
        when: "the port counts overruns",
        then: "The computer reads too late: a USB adapter behind a hub, or a UART without a FIFO.",
      },
      {
        when: "it is an ESP32 or another microcontroller",
        then: "Raise its UART buffers (rx_buffer_size, rx FIFO threshold).",
      },
    ],
  },
  "clock-skew": {
    meaning:
      "The clock of this computer differs from the network's time. The link works; certificates may seem to be invalid, " +
      "and log files do not fit together.",
    next: "Set the clock: `sudo timedatectl set-ntp true`, or `pppup … sntp` to see the difference.",
    reasons: [
      {
        when: "the computer has no battery for its clock",
        then: "It starts in the past each time: let it ask NTP at start, before anything with TLS.",
      },
    ],
  },
};
