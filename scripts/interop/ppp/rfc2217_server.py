#!/usr/bin/env python3
"""Lends a serial port to one caller by RFC 2217, with the server of pyserial: rfc2217_server.py /dev/pts/7

Prints "ready PORT", and then what the caller sets."""
import socket
import sys
import threading

import serial
import serial.rfc2217


class Line(serial.Serial):
    """A pseudo-terminal has no modem lines; here all of them are on."""

    cts = dsr = cd = property(lambda self: True)
    ri = property(lambda self: False)

    def _update_dtr_state(self):
        pass

    def _update_rts_state(self):
        pass


class Sender:
    """What the manager writes Telnet commands to."""

    def __init__(self, connection):
        self.connection = connection
        self.lock = threading.Lock()

    def write(self, octets):
        with self.lock:
            self.connection.sendall(octets)


def main():
    line = Line(sys.argv[1], timeout=0.05)
    server = socket.create_server(("127.0.0.1", 0))
    print("ready", server.getsockname()[1], flush=True)
    connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sender = Sender(connection)
    manager = serial.rfc2217.PortManager(line, sender)
    manager.check_modem_lines(force_notification=True)

    def lend():
        while True:
            octets = line.read(line.in_waiting or 1)
            if octets:
                sender.write(b"".join(manager.escape(octets)))

    threading.Thread(target=lend, daemon=True).start()
    while True:
        octets = connection.recv(4096)
        if not octets:
            break
        line.write(b"".join(manager.filter(octets)))
        print("baud", line.baudrate, flush=True)


main()
