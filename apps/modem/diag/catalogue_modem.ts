/** The catalogue's first half: from the port to the dialled call.
 *
 * @module
 */
import type { LinkCause } from "@lightwire/ppp/modem";
import type { CauseEntry } from "./cause_entry.ts";

/** Causes that lie in front of PPP. */
export type ModemCause = Extract<
  LinkCause,
  | "no-port"
  | "no-permission"
  | "port-in-use"
  | "no-answer"
  | "wrong-baud"
  | "data-mode"
  | "data-mode-stuck"
  | "no-sim"
  | "sim-pin"
  | "sim-puk"
  | "no-signal"
  | "not-registered"
  | "registration-denied"
  | "roaming"
  | "wrong-apn"
  | "attach-refused"
  | "no-carrier"
  | "busy"
  | "no-dialtone"
>;

/** What is written down about them. */
export const MODEM_ENTRIES: Readonly<Record<ModemCause, CauseEntry>> = {
  "no-port": {
    meaning:
      "No device has this name now. A USB modem shows up as several ports, and gets other numbers when it is " +
      "plugged in elsewhere or comes back from a reset.",
    next:
      "List the ports there are with `ls -l /dev/serial/by-id/ /dev/ttyUSB* /dev/ttyACM*`, and name one with --device.",
    reasons: [
      {
        when: "the list is empty",
        then:
          "Watch `sudo dmesg -w` while plugging the modem in: no line at all is the cable or the supply; a line " +
          "without a tty is a missing driver (`sudo modprobe option`).",
      },
      {
        when: "`lsusb` shows a CD-ROM or mass storage device of the modem's maker",
        then: "Install `usb-modeswitch`, and plug it in again.",
      },
      {
        when: "this is a container or a virtual machine",
        then: "Hand the device through to it (`docker run --device {device}`).",
      },
    ],
  },
  "no-permission": {
    meaning: "The port exists, but belongs to a group of which you are no member.",
    next:
      "`sudo usermod -aG {group} $USER`, then log out and in again (or `newgrp {group}` in this terminal).",
    reasons: [
      {
        when: "`id` names the group already",
        then: "This session began before you were added: log in anew.",
      },
      {
        when: "it has to work now and only once",
        then: "`sudo setfacl -m u:$USER:rw {device}` lasts until the modem is unplugged.",
      },
    ],
  },
  "port-in-use": {
    meaning: "Two programs on one port steal each other's answers, so it is not shared.",
    next: "End {holder}; if that is ModemManager: `sudo systemctl stop ModemManager`.",
    reasons: [
      { when: "you do not know who it is", then: "`sudo fuser -v {device}` tells." },
      {
        when: "ModemManager takes it again and again",
        then:
          '`sudo systemctl disable --now ModemManager`, or a udev rule with `ENV{ID_MM_DEVICE_IGNORE}="1"`.',
      },
      { when: "it is pppd", then: "`sudo poff -a` ends its call." },
      {
        when: "it is a getty (a login on the serial line)",
        then:
          "`sudo systemctl stop serial-getty@NAME.service`, and take `console=` out of the kernel's command line.",
      },
      { when: "it is minicom, screen or another pppup", then: "Leave it, also in the other window." },
    ],
  },
  "no-answer": {
    meaning: "`AT` was sent at all usual speeds, and no modem answered.",
    next:
      "Check that the modem is switched on and that {device} is its AT port: of the several ports of a USB modem, " +
      "try each.",
    reasons: [
      {
        when: "the modem has several ports",
        then:
          "`for p in /dev/ttyUSB*; do pppup --device $p at AT; done` finds the one that says OK; the others are for " +
          "GNSS and debugging.",
      },
      {
        when: "exactly what was sent comes back, without OK",
        then: "TX and RX touch, or the line ends in a loop: look at the wiring.",
      },
      {
        when: "nothing comes back over a cable that you made",
        then: "Cross TX and RX, join GND, and compare the levels: many modules take 1.8 V, not 3.3 V.",
      },
      {
        when: "CTS or DSR is off in the check of the lines",
        then: "The modem is off (hold PWRKEY for a second), or has no flow control wires: `--flow none`.",
      },
      {
        when: "ModemManager is running",
        then: "It may read the answers away: `sudo systemctl stop ModemManager`.",
      },
      { when: "the peer is no modem but a null-modem cable", then: "Leave the AT dialogue out: --direct." },
    ],
  },
  "wrong-baud": {
    meaning: "The modem was found at another speed than the one asked for. The link works at that speed.",
    next: "Give the speed that was found: `--baud {baud}`.",
    reasons: [
      {
        when: "you want the faster speed",
        then:
          "`pppup --device {device} --baud {baud} at 'AT+IPR=115200'` changes the modem's, and `… at 'AT&W'` makes it stay.",
      },
    ],
  },
  "data-mode": {
    meaning:
      "The modem was still connected from a call before (a program crashed, or the host was restarted), and was " +
      "called back to commands.",
    next: "Nothing: it works now. End pppup with Ctrl-C rather than a kill, so that it hangs up.",
    reasons: [
      {
        when: "it happens after each restart of the host",
        then:
          "Let the modem hang up when DTR falls: `pppup --device {device} at 'AT&D2'`, then `… at 'AT&W'`.",
      },
    ],
  },
  "data-mode-stuck": {
    meaning:
      "The modem sends PPP or multiplexer frames of an old call and takes no command: neither `+++`, nor a farewell " +
      "in PPP, nor DTR brought it back.",
    next: "Switch the modem's supply off and on (unplug a USB modem for five seconds).",
    reasons: [
      {
        when: "the cable has only TX, RX and GND",
        then: "DTR cannot hang up: wire it, and set `AT&D2` in the modem once it answers.",
      },
      {
        when: "the other end is a PPP peer and no modem",
        then: "There are no commands to be had: --direct.",
      },
      {
        when: "another program used the multiplexer (F9 bytes in the evidence)",
        then: "Let that program end properly, or wait: most modems leave it after a minute of silence.",
      },
    ],
  },
  "no-sim": {
    meaning: "The modem works, but finds no SIM.",
    next: "Put the SIM in (chamfered corner as drawn at the slot), then switch the modem off and on.",
    reasons: [
      {
        when: "it is in",
        then: "Take it out, wipe the contacts, try it in a telephone; a SIM that works there is not it.",
      },
      {
        when: "the module has two slots or a detect pin",
        then:
          "Choose the slot (`AT+QDSIM`, `AT+CSIMLOCK`, see the maker's manual), or switch detection off " +
          "(`AT+QSIMDET=0,0`, `AT+UIMHOTSWAPON=0`).",
      },
      { when: "the board has a SIM socket and an eSIM", then: "Enable the profile of the eSIM first." },
    ],
  },
  "sim-pin": {
    meaning:
      "The SIM does nothing until it is given its PIN. Three wrong ones lock it, so a PIN is tried once.",
    next: "Give the PIN: `--pin N`; it is on the letter that came with the SIM.",
    reasons: [
      {
        when: "you gave one and it was refused",
        then:
          "Do not try others: look it up; `pppup --device {device} at 'AT+CPINR=\"SIM PIN\"'` tells how many attempts are left.",
      },
      {
        when: "nobody is there to type it",
        then:
          'Switch the question off: `pppup --device {device} at \'AT+CLCK="SC",0,"N"\'` with the PIN for N.',
      },
    ],
  },
  "sim-puk": {
    meaning:
      "A wrong PIN was entered three times. The SIM takes a new PIN only together with its PUK, and is lost for ever after " +
      "ten wrong PUKs.",
    next: "Get the PUK from the operator (the SIM's letter, or the customer's page), then " +
      '`pppup --device {device} at \'AT+CPIN="PUK","NEW PIN"\'`.',
    reasons: [],
  },
  "no-signal": {
    meaning: "The modem hears no cell it may use, or the aerial is not connected.",
    next: "Connect the aerial to the socket marked MAIN, and try again near a window.",
    reasons: [
      {
        when: "a telephone of the same operator has signal in the same place",
        then:
          "The modem may lack the band or the technology: `pppup --device {device} at 'AT+COPS=?'` (takes two minutes) lists what it " +
          "hears; 2G and 3G are switched off in many countries.",
      },
      {
        when: "the modem is told to use one technology only",
        then: 'Let it choose: `AT+CNMP=2` (SIMCom), `AT+QCFG="nwscanmode",0` (Quectel), `AT+URAT` (u-blox).',
      },
      {
        when: "`AT+CFUN?` does not answer 1",
        then: "The radio is off: `pppup --device {device} at 'AT+CFUN=1'`.",
      },
    ],
  },
  "not-registered": {
    meaning: "The modem hears a network, but no network has taken it in yet.",
    next: "Wait two minutes and run it again: the first search in a new place takes that long.",
    reasons: [
      {
        when: 'it stays at "searching" (0,2)',
        then:
          "Compare bands and technologies with the operator's (`AT+COPS=?` lists what is there), and look at the signal.",
      },
      {
        when: 'it says "not searching" (0,0)',
        then: "A manual choice is stored: `pppup --device {device} at 'AT+COPS=0'` sets it to automatic.",
      },
      {
        when: "it is an IoT module (NB-IoT, LTE-M)",
        then: "The SIM must be meant for that, and the operator have it here.",
      },
    ],
  },
  "registration-denied": {
    meaning: "The network has looked at the SIM, or at the modem's serial number, and refused it (0,3).",
    next:
      "Ask the operator whether the SIM is active and paid for, and whether it may be used in this device and country.",
    reasons: [
      {
        when: "the SIM is new",
        then: "It may have to be activated first; some are only after a call or a payment.",
      },
      {
        when: "you are abroad",
        then: "Roaming is not allowed for this SIM: choose another network by `AT+COPS=?`.",
      },
      {
        when: "the same SIM works in a telephone",
        then: "The modem's IMEI is not admitted, or the SIM is bound to a device.",
      },
    ],
  },
  "roaming": {
    meaning:
      "The modem is registered in a foreign network. It works, may cost more, and needs roaming in the contract.",
    next: "Nothing, if you know what it costs.",
    reasons: [
      {
        when: "you are at home",
        then:
          "Near a border, or with an international IoT SIM, that is usual; `pppup --device {device} at 'AT+COPS=?'` shows whether the home network is there.",
      },
    ],
  },
  "wrong-apn": {
    meaning:
      "The name says which part of the operator's network the link leads to; a wrong one is refused when it is dialled.",
    next: "Look the access point name (APN) up on the operator's pages, and give it: `--apn NAME`.",
    reasons: [
      {
        when: "you do not know it",
        then: "A telephone with the same SIM shows it in its settings for mobile networks.",
      },
      {
        when: "the APN is right",
        then: "Some want a user and a password (--user, --password), others IPv4 and IPv6 (--ipv6).",
      },
      {
        when: "it is an IoT or a company's SIM",
        then: "It has an APN of its own, which the contract names.",
      },
    ],
  },
  "attach-refused": {
    meaning: "The modem is registered for calls, but the network refuses packet service.",
    next: "Ask the operator whether the contract has data, and whether the volume is used up.",
    reasons: [
      {
        when: "the modem told a reason (+CEER, in the evidence)",
        then: "Tell it to the operator; it is theirs.",
      },
      {
        when: "the SIM has data in a telephone",
        then: "On LTE the attach needs the right APN already: `--apn NAME`.",
      },
    ],
  },
  "no-carrier": {
    meaning: "The modem dialled and gave up: NO CARRIER, or ERROR in place of CONNECT.",
    next:
      'Check the APN (`--apn`) and run it again: on mobile networks the dialled "call" is the APN\'s context.',
    reasons: [
      {
        when: "the evidence has a line +CEER",
        then:
          'That is the network\'s own reason; "Requested service option not subscribed" is the contract, "Unknown APN" the APN.',
      },
      {
        when: "it worked a minute ago",
        then:
          "The old context is still up: `pppup --device {device} at 'AT+CGACT=0,1'`, or switch the modem off and on.",
      },
      {
        when: "the modem wants another number",
        then: "`--number '*99***1#'`, `--number '*99#'`, or for CDMA `--number '#777'`.",
      },
      {
        when: "it is a telephone line",
        then: "The other modem did not answer, or the two have no modulation in common.",
      },
    ],
  },
  "busy": {
    meaning: "The number is engaged.",
    next: "Try again in a minute.",
    reasons: [
      {
        when: "it is a mobile modem",
        then:
          "Another program uses the context, perhaps over the modem's network interface (`qmicli`, `mmcli`): end it.",
      },
      { when: "it stays so", then: "Check the number: `--number N`." },
    ],
  },
  "no-dialtone": {
    meaning:
      "The modem hears no dial tone on the telephone line, or a mobile modem has no channel for the call.",
    next:
      "Check the telephone cable, then try `--init ATX3` (or X1), with which the modem dials without waiting for the tone.",
    reasons: [
      {
        when: "the line is behind a private exchange",
        then: "Dial the digit for an outside line first: `--number '0,N'`.",
      },
      {
        when: "it is a mobile modem",
        then: "It is not registered for this kind of call: see the check of the registration.",
      },
    ],
  },
};
