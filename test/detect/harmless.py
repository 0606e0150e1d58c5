#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Captures of what goes on in every network and is no abuse, though it looks like it here and there:
monitors, hurried pings, traces, path MTU discovery, scans of one's own, address translation. In
namespaces of their own, with the tools of Debian; bounded.

    harmless.py FOLDER [PART-OF-NAME...]"""

import time

from abuse import ADVERT, FRIEND, HEAR, SERVER, SERVER6, command

HARMLESS = {}


def kind(needs, at="server"):
    """Registers a maker of traffic: fn(site)."""
    def add(fn):
        HARMLESS[fn.__name__] = (needs, (), at, fn)
        return fn
    return add


@kind("ping")
def ping_100_a_second(s):
    s.stranger.run(["ping", "-q", "-i", "0.01", "-c", "300", SERVER])


@kind("ping")
def ping_250_in_a_second(s):
    s.stranger.run(["ping", "-q", "-i", "0.004", "-c", "250", SERVER])


@kind("fping")
def monitor_fping(s):
    """SmokePing asks so: twenty packets each to sixty hosts, of which one in ten is down."""
    s.far("10.22.0.0/27", "10.22.0.32/28", "10.22.0.48/29")
    hosts = ["10.22.0.%d" % i for i in range(1, 61)]
    s.friend.run(["fping", "-q", "-C", "10", "-B", "1", "-r", "1", "-i", "5", "-p", "500", *hosts])
    s.see_the_end()


@kind("mtr")
def mtr_through_a_router(s):
    for more in ([], ["-u"], ["-T"]):
        s.friend.run(["mtr", "-r", "-n", "-c", "10", "-i", "0.1", *more, SERVER], timeout=60)
    s.friend.run(["mtr", "-6", "-r", "-n", "-c", "10", "-i", "0.1", SERVER6], timeout=60)


@kind("traceroute")
def traces_through_a_router(s):
    for more in (["-I"], [], ["-T"], ["-U"], ["-6", "-I"]):
        s.friend.run(["traceroute", "-n", *more, SERVER6 if "-6" in more else SERVER], timeout=60)


@kind("nmap")
def port_scan_of_our_own(s):
    """The server asks a host outside for many UDP ports; the errors that come back are its own."""
    s.server.run(["nmap", "-n", "-Pn", "-sU", "--top-ports", "300", "--max-retries", "0", FRIEND],
                 timeout=60)


@kind("nmap")
def is_it_up_nmap(s):
    for more in ([], ["-PE"]):
        s.friend.run(["nmap", "-n", "-sn", *more, SERVER], timeout=60)


BULK = """
import socket, sys
c = socket.create_connection((sys.argv[1], 7007), timeout=10)
c.sendall(bytes(400000))
c.close()
"""


@kind("ping")
def path_mtu_of_1400(s):
    """A real one: the friend's link takes 1400 bytes, the server's more."""
    device = s.devices["friend"]
    s.router.ip("link set %s mtu 1400" % device)
    child = s.friend.start(["/usr/bin/python3", "-c", HEAR])
    if "ready" not in child.stdout.readline():
        raise AssertionError("no server")
    s.server.run(["/usr/bin/python3", "-c", BULK, FRIEND], check=True)
    s.server.run(["ping", "-q", "-c", "3", "-i", "0.2", "-s", "1450", "-M", "do", FRIEND])
    s.server.run(["ping", "-q", "-c", "3", "-i", "0.2", "-s", "1440", "2001:db8:21:1::2"])


@kind("ping")
def closed_ports(s):
    """A resolver that is down, asked now and then; a web server that refuses."""
    s.friend.run(["/usr/bin/python3", "-c",
                  "import socket, time\n"
                  "for i in range(30):\n"
                  "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "    s.sendto(bytes(30), (%r, 53))\n"
                  "    time.sleep(0.05)\n"
                  "    t = socket.socket()\n"
                  "    t.connect_ex((%r, 80))\n" % (SERVER, SERVER)], check=True)


@kind("ping")
def pings_behind_nat(s):
    """Two hosts whose pings leave with one address, and with identifiers that the router chose."""
    s.router.nft('table ip nat { chain out { type nat hook postrouting priority 100; oifname "%s" '
                 'masquerade; }; }' % s.devices["server"])
    other = s.stranger.start(["ping", "-q", "-i", "0.1", "-c", "40", SERVER])
    s.friend.run(["ping", "-q", "-i", "0.1", "-c", "40", SERVER])
    other.wait(timeout=10)


@kind("ping")
def nobody_answers(s):
    """The server's filter drops echo; the ping goes on, also to a host that is not there."""
    s.server.nft("table inet f { chain in { type filter hook input priority 0; "
                 "icmp type echo-request drop; }; }")
    s.stranger.run(["ping", "-q", "-i", "0.1", "-c", "40", "-W", "1", SERVER])
    s.stranger.run(["ping", "-q", "-i", "0.1", "-c", "20", "-W", "1", "10.22.0.9"])
    s.see_the_end()


@kind("scapy", at="stranger")
def router_that_renews(s):
    """Its advertisements, the same each time, and neighbours that look for each other."""
    device = s.devices["stranger"]
    sound = ("ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptSrcLLAddr(lladdr=%r) / "
             "ICMPv6NDOptPrefixInfo(prefix='2001:db8:21:2::') / ICMPv6NDOptRDNSS(dns=['2001:db8::53'])"
             % s.mac(s.router, device))
    s.scapy(ADVERT % (s.mac(s.router, device), "fe80::1", 10, sound, device), node=s.router)
    for _ in range(3):
        s.stranger.run(["ping", "-q", "-c", "2", "-i", "0.2", "2001:db8:21:2::1"])
        s.stranger.ip("neigh flush dev eth0")
        time.sleep(0.1)


if __name__ == "__main__":
    command(HARMLESS, __doc__)
