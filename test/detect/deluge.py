# SPDX-License-Identifier: MIT
"""A flood of a million packets a second from forged sources, and what goes on under it: neighbours are
found again, a path MTU is learnt by a transfer, the host's own pings are answered."""

import collections
import os
import re
import time

import curb
from abuse import FAR, FRIEND, LOOP, SERVER, SERVER6, Site
from curb import Beside, Guard, many
from lasting import FRIEND6
from net import ROOT, Net

PROGRAMS = os.environ.get("PROGRAMS") or os.path.join(ROOT, "build", "test")
PROGRAM = os.path.join(PROGRAMS, "detect", "deluge")
PINGS = 20
AT_ONCE = A_SECOND = 500  # that an order lets pass, of each family
MOST = 60  # seconds: it is ended before

# rate: packets a second that came in; through: of these, that the host's ICMP got; most: that it may
# get; waited: seconds until
# orders for both families were in force, or None; own: of the host's own pings that were not answered
# (IPv4, IPv6); lost: of those of a friend, which are of the flood's kind.
Flood = collections.namedtuple("Flood", "way rate through most waited missing took mtus own lost why")


def count_in(node, device):
    with_bytes = node.run(["cat", "/sys/class/net/%s/statistics/rx_packets" % device], check=True)
    return int(with_bytes.stdout)


def echo_requests(node):
    """That the node's ICMP got, of both families."""
    head, values = [line.split() for line in node.run(["cat", "/proc/net/snmp"]).stdout.splitlines()
                    if line.startswith("Icmp:")]
    six = node.run(["cat", "/proc/net/snmp6"]).stdout
    return (int(values[head.index("InEchos")]) +
            int(re.search(r"Icmp6InEchos\s+(\d+)", six).group(1)))


def begin(site, way, rate):
    """Starts the flood at whatever is in the way; returns it, and (node, device) where it arrives."""
    if way == "nft on a gateway":
        source, out, target, device = site.stranger, "eth0", site.router, site.devices["stranger"]
    else:
        source, out, target, device = site.router, site.devices["server"], site.server, "eth0"
    target.run([PROGRAM, "gro", device], check=True)
    time.sleep(0.2)
    # What comes from outside does not wait for the machine; but nftables takes all that a core has, and the
    # others want to live.
    eager = ["nice", "-n", "-20"] if way == "xdp on the host" else []
    child = source.start([*eager, PROGRAM, out, site.mac(target, device), rate, MOST, SERVER, SERVER6])
    return child, target, device


def own_pings(site):
    return [site.server.start(["ping", "-q", "-n", "-i", "0.1", "-c", PINGS, "-W", "2", to])
            for to in (FRIEND, FRIEND6)]


def both_families(guard):
    """Seconds from the first finding until floods of both families were limited, or None."""
    deeds = guard.deeds(["flood"])
    if {8, 128} - {d["type"] for d in deeds}:
        return None
    first = min(r["first"] for r in guard.records() if r["record"] == "finding")
    last = max(min(d["time"] for d in deeds if d["type"] == kind) for kind in (8, 128))
    return (curb.nanoseconds(last) - curb.nanoseconds(first)) / curb.S


def measure(way, rate, seconds):
    """A flood of so many a second against one way of enforcing; `seconds`: over which what came of it is
    counted, at least."""
    with Net() as net:
        site = Site(net)
        site.router.ip("route del " + FAR, "route del " + LOOP)
        guard = None
        if way != curb.NONE:
            where, interface, how = curb.WAYS[way]
            guard = Guard(getattr(site, where), interface, how)
        beside = Beside(site, PINGS, False)
        child, target, device = begin(site, way, rate)
        end, waited = time.monotonic() + 15, None
        while guard and waited is None and time.monotonic() < end:
            time.sleep(0.02)
            waited = both_families(guard)
        time.sleep(0.5)
        began = time.monotonic(), count_in(target, device), echo_requests(site.server)
        own = own_pings(site)
        missing, (took, mtus) = beside.neighbours(), beside.transfer()
        time.sleep(max(0, seconds - (time.monotonic() - began[0])))
        ended = time.monotonic(), count_in(target, device), echo_requests(site.server)
        lost_own, lost = curb.lost_of(own), beside.lost()
        if child.poll() is not None:
            raise AssertionError("the flood ended early: " + child.stderr.read())
        why = guard.told() if guard else ""
        if guard:
            guard.end()
    took_all = ended[0] - began[0]
    return Flood(way, (ended[1] - began[1]) / took_all, (ended[2] - began[2]) / took_all,
                 2 * (A_SECOND + AT_ONCE / took_all) * 1.05, waited, missing, took, mtus, lost_own, lost, why)


def harmed(f):
    out = ["neighbours"] if f.missing else []
    out += ["path MTU"] if f.mtus != [curb.MTU, curb.MTU] else []
    out += ["TCP"] if f.took is None else []
    return out + (["its own pings"] if any(f.own) else [])


def is_as_wished(f):
    return f.way == curb.NONE or (f.waited is not None and f.through <= f.most and not harmed(f))


HEAD = ("guard", "came in a second", "of these to the host's ICMP", "in force after", "neighbours",
        "transfer", "path MTUs", "its own pings lost", "a friend's pings lost", "verdict")


def cells(f):
    yield f.way
    yield many(round(f.rate, -3))
    yield many(round(f.through))
    yield "%.0f ms" % (1000 * f.waited) if f.waited is not None else ""
    yield f.missing or "found"
    yield "%.0f ms" % (1000 * f.took) if f.took is not None else "stalled"
    yield "%d, %d" % tuple(f.mtus)
    yield "%d and %d of %d" % (*f.own, PINGS)
    yield "%d and %d of %d" % (*f.lost, PINGS)
    harm = harmed(f)
    yield ("harming " + " and ".join(harm) if harm else "goes on") + (
        ": as it should" if is_as_wished(f) else ": not as it should")


def table(floods):
    yield "| %s |" % " | ".join(HEAD)
    yield "|" + "---|" * len(HEAD)
    for f in floods:
        yield "| %s |" % " | ".join(cells(f))


def line_of(f):
    *_, verdict = cells(f)
    return "%-32s %-18s %s a second: %s%s" % ("flood", f.way, many(round(f.rate, -3)), verdict,
                                            "" if is_as_wished(f) else " (%s; %s)" % (f, f.why))
