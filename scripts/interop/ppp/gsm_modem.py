#!/usr/bin/env python3
"""A GSM modem on a pseudo-terminal, in front of a real PPP peer on another one.

  gsm_modem.py --link ./modem --peer-tty /dev/pts/7 [--pin 1234] [--apn internet] [--noise] [--guard 1.0]

Its AT interpreter shares nothing with lightwire's. Signals: USR1 loses the carrier, USR2 rings; TERM ends it.
What was said is logged on standard output, a line each: "> " from the computer, "< " to it.
"""
import argparse
import os
import pty
import re
import select
import signal
import sys
import time
import tty

parser = argparse.ArgumentParser()
for option in ("--link", "--peer-tty", "--pin", "--apn"):
    parser.add_argument(option)
parser.add_argument("--number", default="*99")
parser.add_argument("--guard", type=float, default=1.0, help="seconds of silence around +++")
parser.add_argument("--noise", action="store_true", help="an unsolicited line in front of each answer")
options = parser.parse_args()

NUMERIC = {"OK": 0, "CONNECT": 1, "RING": 2, "NO CARRIER": 3, "ERROR": 4, "NO DIALTONE": 6, "BUSY": 7}
CME_TEXT = {3: "operation not allowed", 4: "operation not supported", 11: "SIM PIN required", 16: "incorrect password"}
NEEDS_SIM = {"CSQ", "COPS", "CREG", "CGREG", "CEREG", "CGDCONT", "CGATT", "CIMI", "CGACT"}
INFORMATION = {
    "CGMI": "FarmTelecom", "GMI": "FarmTelecom", "CGMM": "FM-100", "GMM": "FM-100", "CGMR": "1.0", "GMR": "1.0",
    "CGSN": "356938035643809", "GSN": "356938035643809", "CIMI": "001010123456789", "GCAP": "+GCAP: +CGSM,+DS,+ES",
    "CCID": "+CCID: 8988211000000000001", "CPAS": "+CPAS: 0", "IPR": "+IPR: 115200", "CSCS": '+CSCS: "GSM"',
}
ACCEPTED = {"IPR", "CSCS", "CRC", "CMGF", "CNMI", "CLIP", "CGEREP", "CSMS", "IFC", "ICF", "CGQREQ", "CGQMIN", "DS"}
NETWORK = "FarmNet"


class CmeError(Exception):
    """A command that fails with a number."""


class Modem:
    """State of the modem and the call."""

    def __init__(self):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        if os.path.islink(options.link):
            os.unlink(options.link)
        os.symlink(os.ttyname(slave), options.link)
        os.close(slave)
        self.is_unlocked = options.pin is None
        self.peer = None
        self.is_data = False
        self.is_ringing = False
        self.is_lost = False
        self.line = b""
        self.pluses = 0
        self.last_input = 0.0
        self.reset()

    def reset(self):
        self.is_echoing = True
        self.is_verbose = True
        self.is_quiet = False
        self.cme_level = 0
        self.contexts = {1: ("IP", "")}
        self.registers = {0: 0}
        self.functionality = 1

    # -- towards the computer

    def write(self, octets):
        try:
            os.write(self.master, octets)
        except OSError:
            pass  # nobody has the other end open

    def say(self, text):
        print("<", text, flush=True)
        self.write(f"\r\n{text}\r\n".encode())

    def result(self, text):
        if self.is_quiet:
            return
        if self.is_verbose:
            self.say(text)
        else:
            print("<", text, flush=True)
            self.write(b"%d\r" % NUMERIC.get(text.split(" 1")[0], 4))

    # -- towards the peer

    def connect(self):
        try:
            self.peer = os.open(options.peer_tty, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return "NO CARRIER"
        tty.setraw(self.peer)
        self.is_data = True
        self.is_ringing = False
        self.pluses = 0
        return "CONNECT 115200"

    def hang_up(self):
        self.is_data = False
        if self.peer is not None:
            os.close(self.peer)
            self.peer = None
            print("call ended", flush=True)

    def lose_carrier(self):
        if self.peer is not None:
            self.hang_up()
            self.result("NO CARRIER")

    def dial(self, number):
        digits = number.rstrip(";").upper().lstrip("TP").replace(" ", "")
        if not self.is_unlocked:
            return "NO CARRIER"
        if not digits.startswith(options.number):
            return "NO CARRIER" if digits[:1] == "*" else "NO DIALTONE"
        context = re.match(r"\*99\*\*\*(\d+)#", digits)
        number = int(context.group(1)) if context else 1
        if options.apn and self.contexts.get(number, ("", ""))[1] != options.apn:
            return "NO CARRIER"
        return self.connect()

    # -- commands

    def extended(self, name, operator, value):
        """A command that begins with +. Returns its lines of information, a final result, or None for ERROR."""
        plain = value.strip().strip('"')
        is_read, is_test, is_set = operator == "?", operator == "=?", operator == "="
        if name in NEEDS_SIM and not self.is_unlocked:
            raise CmeError(11)
        if name == "CPIN":
            if is_read:
                return ["+CPIN: " + ("READY" if self.is_unlocked else "SIM PIN")]
            if is_set and options.pin and plain == options.pin:
                self.is_unlocked = True
                return []
            raise CmeError(16 if options.pin else 3)
        if name == "CMEE":
            if is_set and value.isdigit():
                self.cme_level = int(value)
                return []
            return [f"+CMEE: {self.cme_level}"] if is_read else ["+CMEE: (0-2)"]
        if name == "CFUN":
            if is_set:
                self.functionality = int(value.split(",")[0] or 1)
                return []
            return [f"+CFUN: {self.functionality}"] if is_read else ["+CFUN: (0,1,4),(0,1)"]
        if name in ("CREG", "CGREG", "CEREG"):
            return [] if is_set else [f"+{name}: 0,1"] if is_read else [f"+{name}: (0-2)"]
        if name == "COPS":
            if is_test:
                return [f'+COPS: (2,"{NETWORK}","{NETWORK}","00101",7),,(0-4),(0-2)']
            return [f'+COPS: 0,0,"{NETWORK}",7'] if is_read else []
        if name == "CSQ":
            return ["+CSQ: (0-31,99),(0-7,99)"] if is_test else ["+CSQ: 21,99"]
        if name == "CGDCONT":
            if is_read:
                return [f'+CGDCONT: {k},"{v[0]}","{v[1]}","",0,0' for k, v in sorted(self.contexts.items())]
            if is_test:
                return [f'+CGDCONT: (1-16),"{kind}",,,(0),(0)' for kind in ("IP", "IPV6", "IPV4V6")]
            fields = [field.strip().strip('"') for field in value.split(",")]
            if not fields[0].isdigit():
                return None
            if len(fields) == 1:
                self.contexts.pop(int(fields[0]), None)
            else:
                self.contexts[int(fields[0])] = (fields[1], fields[2] if len(fields) > 2 else "")
            return []
        if name == "CGATT":
            return ["+CGATT: 1"] if is_read else ["+CGATT: (0,1)"] if is_test else []
        if name == "CGACT":
            active = 0 if self.peer is None else 1
            return [f"+CGACT: {k},{active}" for k in sorted(self.contexts)] if is_read else []
        if name == "CGDATA":
            return self.connect()
        if is_test:
            return []
        if name in INFORMATION and not is_set:
            return [INFORMATION[name]]
        return [] if is_set and name in ACCEPTED else None

    def basic(self, letter, word, register):
        """A command of one letter. Returns a final result, or None to go on with the line."""
        number = word[1:] or "0"
        if letter == "E":
            self.is_echoing = number == "1"
        elif letter == "V":
            self.is_verbose = number == "1"
        elif letter == "Q":
            self.is_quiet = number == "1"
        elif letter == "Z" or word in ("&F", "&F0"):
            self.reset()
        elif letter == "S":
            index, value = int(register.group(1)), register.group(2) or "?"
            if value == "?":
                self.say("%03d" % self.registers.get(index, 0))
            else:
                self.registers[index] = int(value[1:] or 0)
        elif letter == "I":
            self.say({"0": "FM-100", "3": "1.0"}.get(number, "FarmTelecom FM-100 1.0"))
        elif letter == "H":
            self.hang_up()
        elif letter == "A":
            return self.connect() if self.is_ringing else "NO CARRIER"
        elif letter == "O":
            if self.peer is None:
                return "NO CARRIER"
            self.is_data = True
            return "CONNECT 115200"
        elif letter not in "XLMNTPB&\\%W":
            return "ERROR"
        return None

    def command(self, text):
        """One line without its AT. Returns the final result."""
        while text:
            letter = text[0].upper()
            if letter in " ;":
                text = text[1:]
                continue
            if letter == "D":
                return self.dial(text[1:])
            if letter == "+":
                match = re.match(r'\+([A-Za-z]+)(=\?|\?|=)?((?:"[^"]*"|[^;"])*)', text)
                text = text[match.end():]
                try:
                    said = self.extended(match.group(1).upper(), match.group(2) or "", match.group(3))
                    if said is None:
                        raise CmeError(4)
                except CmeError as error:
                    code = error.args[0]
                    return ("ERROR" if self.cme_level == 0 else
                            f"+CME ERROR: {code if self.cme_level == 1 else CME_TEXT[code]}")
                if isinstance(said, str):
                    return said
                for line in said:
                    self.say(line)
                continue
            pattern = r".[A-Za-z]?\d*" if letter in "&\\%" else r"S(\d+)(=\d*|\?)?" if letter == "S" else r"[A-Za-z]\d*"
            match = re.match(pattern, text, re.I)
            if match is None:
                return "ERROR"
            text = text[match.end():]
            said = self.basic(letter, match.group(0).upper(), match)
            if said is not None:
                return said
        return "OK"

    # -- input

    def typed(self, octets):
        for index, value in enumerate(octets):
            octet = bytes((value,))
            if self.is_echoing:
                self.write(octet)
            if octet == b"\x08":
                self.line = self.line[:-1]
            elif octet not in b"\r\n":
                self.line += octet
            else:
                match = re.search(r"[aA][tT](.*)$", self.line.decode("latin-1").strip())
                self.line = b""
                if match is None:
                    continue
                print("> AT" + match.group(1), flush=True)
                if options.noise:
                    self.say("+CREG: 1")
                self.result(self.command(match.group(1)))
                if self.is_data:
                    os.write(self.peer, octets[index + 1:])
                    return

    def passed_on(self, octets):
        now = time.time()
        # The escape has silence in front and behind; it is passed on like any data.
        if octets.strip(b"+") == b"" and (self.pluses or now - self.last_input >= options.guard):
            self.pluses += len(octets)
        else:
            self.pluses = 0
        self.last_input = now
        try:
            os.write(self.peer, octets)
        except OSError:
            self.lose_carrier()

    def read_computer(self):
        try:
            octets = os.read(self.master, 4096)
        except OSError:
            octets = b""
        if not octets:  # closed: as if DTR had fallen
            self.hang_up()
            self.line = b""
            time.sleep(0.05)
        elif self.is_data:
            self.passed_on(octets)
        else:
            self.typed(octets)

    def read_peer(self):
        try:
            octets = os.read(self.peer, 4096)
        except OSError:
            octets = b""
        if not octets:
            self.lose_carrier()
        elif self.is_data:
            self.write(octets)

    def run(self):
        while True:
            watched = [self.master] + ([] if self.peer is None else [self.peer])
            ready, _, _ = select.select(watched, [], [], 0.05)
            if self.is_lost:
                self.is_lost = False
                self.lose_carrier()
            if self.is_data and self.pluses == 3 and time.time() - self.last_input >= options.guard:
                self.pluses = 0
                self.is_data = False
                print("escape", flush=True)
                self.result("OK")
            if self.master in ready:
                self.read_computer()
            if self.peer is not None and self.peer in ready:
                self.read_peer()


def main():
    modem = Modem()

    def lose(*_):
        modem.is_lost = True

    def ring(*_):
        modem.is_ringing = True
        modem.say("RING")

    def end(*_):
        os.unlink(options.link)
        sys.exit(0)

    signal.signal(signal.SIGUSR1, lose)
    signal.signal(signal.SIGUSR2, ring)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print("ready", flush=True)
    modem.run()


main()
