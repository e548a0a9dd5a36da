/** Small programs for the kernel's end, where no ready-made one does just this. They use the kernel's sockets through
 * Python's standard library, so nothing of ours is involved.
 *
 * @module
 */

/** Accepts one connection, reads nothing for `argv[2]` seconds, then everything; prints the SHA-256. */
export const SLOW_READER = `
import hashlib, socket, sys, time
server = socket.create_server(("10.9.0.1", int(sys.argv[1])))
print("ready", flush=True)
conn, _ = server.accept()
time.sleep(float(sys.argv[2]))
digest = hashlib.sha256()
while data := conn.recv(1 << 16):
    digest.update(data)
print("sha256", digest.hexdigest(), flush=True)
`;

/** Connects, sends a line, ends its half, reads to the end, prints what came and whether the order was kept. */
export const HALF_CLOSER = `
import socket, sys
conn = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
sent = b"".join(b"line %d\\n" % i for i in range(20000))
conn.sendall(sent)
conn.shutdown(socket.SHUT_WR)
received = b""
while data := conn.recv(1 << 16):
    received += data
print("equal" if received == sent else "different %d %d" % (len(sent), len(received)))
`;

/** Accepts one connection, reads a little, and resets it. */
export const RESETTER = `
import socket, struct, sys
server = socket.create_server(("10.9.0.1", int(sys.argv[1])))
print("ready", flush=True)
conn, _ = server.accept()
conn.recv(10)
conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
conn.close()
print("reset", flush=True)
`;

/** Connects and sends until the connection breaks; prints how. */
export const RESET_WITNESS = `
import socket, sys, time
conn = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
print("connected", flush=True)
try:
    while True:
        conn.sendall(b"x" * 1000)
        time.sleep(0.01)
except ConnectionResetError:
    print("reset", flush=True)
except BrokenPipeError:
    print("broken pipe", flush=True)
`;

/** Sends a datagram to a closed port of ours; prints what the kernel heard of it. */
export const PORT_PROBE = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"anybody?")
try:
    print("answer", s.recv(100))
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silence")
`;

/** Speaks 802.1Q with tag \`argv[4]\`: asks by ARP who has \`argv[2]\`, pings it, prints the answers; all tagged, on a raw socket. */
export const VLAN_PINGER = `
import socket, struct, sys, time
from scapy.all import ARP, Dot1Q, Ether, ICMP, IP, conf, get_if_hwaddr, raw, sendp, AsyncSniffer
conf.verb = 0
iface, target, me, tag = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
mac = get_if_hwaddr(iface)
sniffer = AsyncSniffer(iface=iface, filter="", store=True)
sniffer.start(); time.sleep(0.5)
sendp(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / Dot1Q(vlan=tag) / ARP(psrc=me, pdst=target, hwsrc=mac), iface=iface)
time.sleep(0.5)
answers = [p for p in sniffer.stop() if ARP in p and p[ARP].op == 2 and p[ARP].psrc == target]
print("arp", "tagged" if answers and Dot1Q in answers[0] and answers[0][Dot1Q].vlan == tag else "none")
if answers:
    sniffer = AsyncSniffer(iface=iface, store=True)
    sniffer.start(); time.sleep(0.5)
    sendp(Ether(src=mac, dst=answers[0][ARP].hwsrc) / Dot1Q(vlan=tag) / IP(src=me, dst=target) / ICMP(id=7, seq=1) / b"vlan", iface=iface)
    time.sleep(0.5)
    echoes = [p for p in sniffer.stop() if ICMP in p and p[ICMP].type == 0 and p[IP].src == target]
    print("ping", "tagged" if echoes and Dot1Q in echoes[0] and echoes[0][Dot1Q].vlan == tag else "none")
`;

/** Says "that is me" to the first address that anybody probes by ARP (RFC 5227 §1.1), and to no other. */
export const SQUATTER = `
import sys
from scapy.all import ARP, Ether, conf, sendp, sniff
conf.verb = 0
iface, taken = sys.argv[1], []
def answer(p):
    if ARP not in p or p[ARP].op != 1 or p[ARP].psrc != "0.0.0.0":
        return
    if not taken:
        taken.append(p[ARP].pdst)
        print("squatting", p[ARP].pdst, flush=True)
    if p[ARP].pdst == taken[0]:
        mac = "02:00:00:00:00:99"
        sendp(Ether(src=mac, dst=p[Ether].src) / ARP(op=2, psrc=taken[0], hwsrc=mac, pdst="0.0.0.0", hwdst=p[ARP].hwsrc), iface=iface)
print("ready", flush=True)
sniff(iface=iface, prn=answer, store=False)
`;

/** Announces an address by ARP (RFC 5227 §3) on a raw socket. */
export const ANNOUNCER = `
import socket, struct, sys
iface, address = sys.argv[1], socket.inet_aton(sys.argv[2])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((iface, 0))
mac = s.getsockname()[4]
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, address, b"\\0" * 6, address)
s.send(b"\\xff" * 6 + mac + struct.pack("!H", 0x0806) + arp)
`;

/** One transfer over the kernel's TCP: `send HOST PORT BYTES [CC]` or `receive ADDRESS PORT [PAUSE]`; prints JSON as our own peer does. */
export const KERNEL_TCP_PEER = `
import hashlib, json, os, signal, socket, sys, time
signal.alarm(300)
def say(**values):
    print(json.dumps(values), flush=True)
if sys.argv[1] == "send":
    body = os.urandom(int(sys.argv[4]))
    sent = hashlib.sha256(body).hexdigest()
    conn = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if len(sys.argv) > 5:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, sys.argv[5].encode())
    began = time.monotonic()
    conn.connect((sys.argv[2], int(sys.argv[3])))
    conn.sendall(body)
    conn.shutdown(socket.SHUT_WR)
    received = b""
    while data := conn.recv(64):
        received += data
    say(event="done", ms=(time.monotonic() - began) * 1000, sent=sent, received=received.decode())
else:
    server = socket.create_server((sys.argv[2], int(sys.argv[3])))
    say(event="listening")
    conn, _ = server.accept()
    time.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else 0)
    digest, count = hashlib.sha256(), 0
    while data := conn.recv(1 << 18):
        digest.update(data)
        count += len(data)
    conn.sendall(digest.hexdigest().encode())
    conn.shutdown(socket.SHUT_WR)
    conn.recv(1)
    say(event="done", bytes=count, sha256=digest.hexdigest())
`;
