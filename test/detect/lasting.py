# SPDX-License-Identifier: MIT
"""Abuse that goes on for some seconds, so that it can be seen to end: made with the tools of Debian, of
every kind that guard has an order for. A maker starts it at a site of abuse.py and returns the process."""

import collections
import subprocess

from abuse import FAR, FRIEND, SERVER, SERVER6, STRANGER, connection
from net import wait_for
from traffic import listens

STRANGER6, FRIEND6 = "2001:db8:21:2::2", "2001:db8:21:1::2"
EVERYBODY = "10.21.3.255"
SECONDS = 3.5  # as long as one lasts

# What an order lets pass: so many at once, so many a second.
NOTHING, TEN, ALL, SLOW = (0, 0), (20, 10), (500, 500), (10, 2)
KNOWN = None  # all that quotes a flow which there is: TCP itself looks at the sequence number (RFC 5927)

# by: programs; orders: those of which one has to be given; match: of nft, what is counted; fn(site):
# starts it; may: see above; early: counted before fragments are put together; tunnel: fn returns who
# drinks from it; shares: a friend's ping is limited with it; jealous: whoever pings it is taken for its
# other end; captures: it reads with libpcap.
Kind = collections.namedtuple("Kind", "by orders match fn may early tunnel shares jealous captures")
KINDS = {}


def kind(by, orders, match, may=NOTHING, early=False, tunnel=False, shares=False, jealous=False,
         captures=False):
    """Registers a maker of abuse."""
    def add(fn):
        KINDS[fn.__name__] = Kind(by, orders.split(), match, fn, may, early, tunnel, shares, jealous,
                                 captures)
        return fn
    return add


def hping3(s, per_second, *args):
    count = int(per_second * SECONDS)
    return s.stranger.start(["hping3", "-q", "-i", "u%d" % (1000000 // per_second), "-c", count, *args],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def scapy(s, packets, layers="inet", per_second=50):
    """Sends what the expression says, a list of packets for each i."""
    script = ("import logging; logging.getLogger('scapy').setLevel(logging.ERROR)\n"
              "from scapy.layers.inet import *\nfrom scapy.layers.inet6 import *\n"
              "import sys, time\n"
              "out = conf.L3socket6() if %r == 'inet6' else conf.L3socket()\n"
              "due, each = time.monotonic(), %r\n"
              "for i in range(%d):\n"
              "    for p in %s: out.send(p)\n"
              "    due += each\n"
              "    time.sleep(max(0, due - time.monotonic()))\n"
              % (layers, 1 / per_second, int(SECONDS * per_second), packets))
    return s.stranger.start(["/usr/bin/python3", "-c", script], stdout=subprocess.DEVNULL)


# ---- tunnels -------------------------------------------------------------------------------------

POUR = """
import socket, sys, time
s = socket.create_server((sys.argv[1], 7007))
print('ready', flush=True)
c, _ = s.accept()
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    c.sendall(bytes(2000))
    time.sleep(0.01)
time.sleep(60)
"""
DRINK = """
import socket, sys, time
c = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60)
while True:
    got = c.recv(4096)
    if not got: break
    print(time.time_ns(), len(got), flush=True)
"""


def pour(node, address):
    """A TCP server that would go on for as long as a kind lasts."""
    child = node.start(["/usr/bin/python3", "-c", POUR, address, SECONDS])
    if "ready" not in child.stdout.readline():
        raise AssertionError("no server: " + child.stderr.read())


def drink(node, address, port):
    return node.start(["/usr/bin/python3", "-u", "-c", DRINK, address, port])


def quiet(node, *argv):
    return node.start(list(argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def through_ptunnel(near, far, far_address, *mode):
    pour(far, "127.0.0.1")
    quiet(far, "ptunnel", *mode)
    quiet(near, "ptunnel", *mode, "-p", far_address, "-lp", "8000", "-da", "127.0.0.1", "-dp", "7007")
    wait_for(listens(near, 8000), "ptunnel")
    return drink(near, "127.0.0.1", 8000)


ECHO = "ip saddr %s ip daddr %s icmp type { echo-request, echo-reply }" % (STRANGER, SERVER)


@kind("ptunnel", "pair", ECHO, tunnel=True)
def ptunnel_socket(s):
    return through_ptunnel(s.server, s.stranger, STRANGER)


@kind("ptunnel", "pair", ECHO, tunnel=True, captures=True)
def ptunnel_pcap(s):
    return through_ptunnel(s.server, s.stranger, STRANGER, "-c", "eth0")


@kind("ptunnel", "pair slow", ECHO, SLOW, tunnel=True)
def ptunnel_from_outside(s):
    """Its far end is here; who comes in may be forged, as far as guard knows."""
    return through_ptunnel(s.stranger, s.server, SERVER)


@kind("ptunnel", "pair slow", ECHO, SLOW, tunnel=True, captures=True)
def ptunnel_pcap_from_outside(s):
    return through_ptunnel(s.stranger, s.server, SERVER, "-c", "eth0")


@kind("icmptx", "pair", ECHO, tunnel=True, jealous=True)
def icmptx(s):
    s.stranger.sysctl(net__ipv4__icmp_echo_ignore_all=1)
    for node, args, own in ((s.stranger, ["-s", STRANGER], "10.12.0.2"),
                            (s.server, ["-c", STRANGER], "10.12.0.1")):
        quiet(node, "icmptx", *args)
        wait_for(lambda: node.run(["ip", "link", "show", "tun0"]).returncode == 0, "tun0")
        node.sysctl(net__ipv6__conf__tun0__disable_ipv6=1)
        node.ip("addr add %s/24 dev tun0" % own, "link set tun0 up mtu 1400")
    pour(s.stranger, "10.12.0.2")
    return drink(s.server, "10.12.0.2", 7007)


# ---- floods --------------------------------------------------------------------------------------

@kind("hping3", "flood limit", "ip saddr %s ip daddr %s icmp type echo-request" % (STRANGER, SERVER), TEN)
def flood_from_one_source(s):
    return hping3(s, 2000, "-1", SERVER)


@kind("hping3", "flood", "ip saddr != %s ip daddr %s icmp type echo-request" % (FRIEND, SERVER), ALL,
      shares=True)
def flood_from_forged_sources(s):
    return hping3(s, 2000, "-1", "--rand-source", SERVER)


@kind("ping", "flood limit", "ip6 saddr %s ip6 daddr %s icmpv6 type echo-request" % (STRANGER6, SERVER6),
      TEN)
def flood_of_ipv6(s):
    return s.stranger.start(["ping", "-q", "-f", "-l", "20", "-w", "%d" % SECONDS, SERVER6],
                            stdout=subprocess.DEVNULL)


@kind("hping3", "unknown", "ip saddr %s icmp type destination-unreachable" % STRANGER, TEN)
def flood_of_errors(s):
    return hping3(s, 2000, "-1", "-C", "3", "-K", "3", SERVER)


@kind("ping", "group", "ip saddr %s ip daddr %s icmp type echo-request" % (STRANGER, EVERYBODY))
def broadcast_asked(s):
    """A router that lets it in, as none should."""
    s.router.sysctl(net__ipv4__conf__all__bc_forwarding=1,
                    **{"net__ipv4__conf__%s__bc_forwarding" % s.devices["stranger"]: 1})
    s.server.sysctl(net__ipv4__icmp_echo_ignore_broadcasts=0)
    return s.stranger.start(["ping", "-q", "-b", "-i", "0.02", "-w", "%d" % SECONDS, EVERYBODY],
                            stdout=subprocess.DEVNULL)


@kind("fping", "limit", "ip saddr %s icmp type echo-request" % STRANGER, TEN)
def sweep(s):
    s.router.ip("route add %s via %s" % (FAR, SERVER))
    s.far("10.22.0.0/26")
    return quiet(s.stranger, "fping", "-q", "-i", "5", "-c", "5", "-p", "1300", "-g", "10.22.0.1", "10.22.0.254")


# ---- fragments -----------------------------------------------------------------------------------

@kind("scapy", "oversize", "ip saddr %s ip frag-off & 0x1fff > 7999" % STRANGER, early=True)
def ping_of_death(s):
    return scapy(s, "[IP(dst=%r, id=i, frag=8189, proto=1) / Raw(bytes(100))]" % SERVER)


@kind("scapy", "fragment", "ip saddr %s ip frag-off & 0x3fff != 0" % STRANGER, TEN, early=True)
def teardrop(s):
    return scapy(s, "(IP(dst=%r, id=i, flags='MF', proto=1) / Raw(bytes(ICMP(id=1, seq=i)) + bytes(40)), "
                 "IP(dst=%r, id=i, frag=3, proto=1) / Raw(b'x' * 40))" % (SERVER, SERVER))


# ---- forged errors -------------------------------------------------------------------------------

QUOTE = "bytes(IP(src=%r, dst=%r) / TCP(sport=7007, dport=2000 + i, seq=i * 100000007 %% 2**32))[:28]" % (
    SERVER, FRIEND)


@kind("scapy", "unknown", "ip saddr %s icmp type destination-unreachable icmp code prot-unreachable"
      % FRIEND, KNOWN)
def blind_reset(s):
    """Of a connection that there is, sequence numbers are guessed."""
    port = connection(s)
    return scapy(s, "[IP(src=%r, dst=%r) / ICMP(type=3, code=2) / Raw(%s)]"
                 % (FRIEND, SERVER, QUOTE.replace("2000 + i", str(port))))


@kind("scapy", "mtu", "icmp type destination-unreachable icmp code frag-needed icmp mtu 68")
def path_mtu_of_68(s):
    return scapy(s, "[IP(src=%r, dst=%r) / ICMP(type=3, code=4, nexthopmtu=68) / Raw(%s)]"
                 % (FRIEND, SERVER, QUOTE))


@kind("scapy", "mtu", "icmpv6 type packet-too-big icmpv6 mtu 68")
def path_mtu_of_68_v6(s):
    return scapy(s, "[IPv6(dst=%r) / ICMPv6PacketTooBig(mtu=68) / "
                 "Raw(bytes(IPv6(src=%r, dst=%r) / TCP(sport=80, dport=4000 + i)))]"
                 % (SERVER6, SERVER6, FRIEND6), "inet6")


@kind("nping", "kind", "ip saddr %s icmp type redirect" % STRANGER)
def redirect(s):
    return s.stranger.start(["nping", "--icmp", "-q", "--icmp-type", "5", "--icmp-code", "1",
                             "--icmp-redirect-addr", STRANGER, "-c", int(SECONDS * 50), "--rate", "50",
                             SERVER], stdout=subprocess.DEVNULL)


# ---- what a link is told, and hidden fields ------------------------------------------------------

@kind("scapy", "hops", "ip6 saddr %s icmpv6 type nd-router-advert" % STRANGER6)
def router_advertisement_from_afar(s):
    return scapy(s, "[IPv6(src=%r, dst=%r, hlim=64) / ICMPv6ND_RA(routerlifetime=1800) / "
                 "ICMPv6NDOptPrefixInfo(prefix='2001:db8:bad::')]" % (STRANGER6, SERVER6), "inet6")


@kind("scapy", "kind", "ip saddr %s icmp type address-mask-request" % STRANGER)
def data_in_mask_requests(s):
    return scapy(s, "[IP(dst=%r) / ICMP(type=17, id=9, seq=i) / Raw(b'leak %%05d' %% i)]" % SERVER)
