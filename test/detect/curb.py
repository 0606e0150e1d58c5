# SPDX-License-Identifier: MIT
"""A guard that enforces, in each way there is, against abuse that goes on: until when it passed, what
passed afterwards, and what went on beside it."""

import collections
import json
import os
import re
import signal
import struct
import sys
import tempfile
import time
from concurrent import futures

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lasting  # noqa: E402
from abuse import FAR, FRIEND, HOME, LOOP, SERVER, SERVER6, Site, present  # noqa: E402
from bed import nanoseconds  # noqa: E402
from mix import S, read  # noqa: E402
from net import ICMP, Net, wait_for  # noqa: E402
from traffic import Sniffer  # noqa: E402

# name: (at whom the guard runs, at which interface, how it enforces)
WAYS = {
    "nft on a gateway": ("router", "any", "nft"),
    "nft on the host": ("server", "eth0", "nft"),
    "xdp on the host": ("server", "eth0", "xdp"),
}
NONE = "nothing"  # beside the ways, for what is to be seen to go on
MTU = 1400  # of the friend's link
SETTLE = 0.3  # seconds from a deed until those beside it are asked
IN_FLIGHT = 0.5  # seconds that a tunnel may go on drinking what it took before
PINGS = 30

# Of one kind and one way. order: the first that was given, or None; waited: seconds until it was in
# force; before, after: (came, passed) until then and from then on; window: seconds of the latter;
# bytes: that a tunnel carried (before, after), or None; lost: pings of both families; took: seconds of
# the slower transfer, or None; mtus: that were learnt; missing: who was not found again, or None.
Row = collections.namedtuple("Row", "name way by order waited before after window bytes lost took mtus "
                             "missing why")


class Guard:
    """One that enforces, JSON lines in a file."""

    def __init__(self, node, interface, how):
        self.out, self.err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        args = [ICMP, "guard", "--json", "-i", interface, "--enforce", how, "--control", "none"]
        for net in HOME:
            args += ["--home", net]
        self.child = node.start(args, stdout=self.out, stderr=self.err)
        wait_for(lambda: '"record":"run"' in self.text() or self.child.poll() is not None, "guard", 20)
        if self.child.poll() is not None:
            raise AssertionError("guard: " + os.pread(self.err.fileno(), 4096, 0).decode())

    def text(self):
        return os.pread(self.out.fileno(), 1 << 26, 0).decode()

    def records(self):
        lines = self.text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def deeds(self, orders):
        """What was done of these, the first one first."""
        return [r for r in self.records() if r["record"] == "deed" and r["what"] == "done" and
                r["order"] in orders]

    def told(self):
        """What it found, and what it refused to do, in words for who looks for a fault."""
        found = {r["detector"] + " " + r["severity"] for r in self.records() if r["record"] == "finding"}
        done = {"%s %s %s" % (r["what"], r.get("order", ""), r.get("why", ""))
                for r in self.records() if r["record"] == "deed"}
        return "found: %s; done: %s" % (", ".join(sorted(found)), ", ".join(sorted(done)))

    def end(self):
        self.child.send_signal(signal.SIGINT)
        self.child.wait(timeout=20)


# ---- counting ------------------------------------------------------------------------------------

class Tally:
    """What of a kind comes by at a node: rules of nft number it, and hand it to a capture."""

    def __init__(self, node, match, priority, path):
        self.node, self.path = node, path
        node.nft("table inet tally { counter seen { }; chain c { type filter hook prerouting priority %d; "
                 "%s counter name seen log group 7 queue-threshold 1; }; }" % (priority, match))
        self.sniffer = Sniffer(node, "nflog:7", path)

    def end(self):
        """The times of all, in ns; the counter is the proof that none was lost."""
        listed = self.node.run(["nft", "list", "counter", "inet", "tally", "seen"], check=True).stdout
        self.sniffer.end()
        times = times_of(self.path)
        counted = int(re.search(r"packets (\d+)", listed).group(1))
        if len(times) < counted:
            raise AssertionError("the capture lost %d of %d" % (counted - len(times), counted))
        return times


def stamp_of(at, packet):
    """When the kernel saw what it logged (NFULA_TIMESTAMP), not when that was read."""
    i = 4
    while i + 4 <= len(packet):
        size, kind = struct.unpack_from("=HH", packet, i)
        if kind == 3:
            seconds, us = struct.unpack_from("!QQ", packet, i + 4)
            return seconds * S + us * 1000
        i += max(4, (size + 3) & ~3)
    return at


def times_of(path):
    return [stamp_of(at, packet) for at, packet in read(path)]


# ---- what goes on beside it ----------------------------------------------------------------------

PUSH = """
import socket, sys, time
for address in sys.argv[1:]:
    began = time.monotonic()
    c = socket.create_connection((address, 7007), timeout=8)
    c.settimeout(8)
    c.sendall(bytes(300000))
    c.shutdown(socket.SHUT_WR)
    c.recv(1)
    print(time.monotonic() - began, flush=True)
"""
TAKE = """
import socket
s = socket.create_server(('::', 7007), family=socket.AF_INET6, dualstack_ipv6=True)
print('ready', flush=True)
while True:
    c, _ = s.accept()
    while c.recv(65536): pass
    c.send(b'.')
    c.close()
"""


KNOCK = """
import socket, sys
try: socket.create_connection((sys.argv[1], 9), timeout=3)
except OSError: pass
"""


class Beside:
    """A friend behind a link of a smaller MTU: pings, a TCP transfer to him that has to learn of that
    MTU, and neighbours that have to be found again."""

    def __init__(self, site, count, jealous):
        self.site = site
        to4 = "10.21.3.1" if jealous else SERVER
        site.router.ip("link set %s mtu %d" % (site.devices["friend"], MTU))
        take = site.friend.start(["/usr/bin/python3", "-c", TAKE])
        if "ready" not in take.stdout.readline():
            raise AssertionError("no server")
        self.pings = [site.friend.start(["ping", "-q", "-n", "-i", "0.2", "-c", count, "-W", "2", to])
                      for to in (to4, SERVER6)]

    def neighbours(self):
        """None, or who was not found again."""
        s = self.site
        s.server.ip("neigh flush dev eth0")
        s.router.ip("neigh flush dev " + s.devices["server"])
        for to in ("10.21.3.1", "2001:db8:21:3::1"):
            s.server.run(["/usr/bin/python3", "-c", KNOCK, to])
            known = s.server.run(["ip", "neigh", "show", to, "dev", "eth0"]).stdout
            if "lladdr" not in known:
                return "%s is not found: %s" % (to, known.strip() or "no entry")
        return None

    def transfer(self):
        """(seconds of both families or None, path MTUs that were learnt)."""
        s = self.site
        done = s.server.run(["/usr/bin/python3", "-c", PUSH, FRIEND, lasting.FRIEND6], timeout=40)
        took = [float(t) for t in done.stdout.split()]
        learnt = [re.search(r"mtu (\d+)", s.server.run(["ip", "route", "get", to]).stdout)
                  for to in (FRIEND, lasting.FRIEND6)]
        return max(took) if len(took) == 2 else None, [int(m.group(1)) if m else 0 for m in learnt]

    def lost(self):
        return lost_of(self.pings)


def lost_of(pings):
    """How many of each were not answered, when all are over."""
    out = []
    for ping in pings:
        text, _ = ping.communicate(timeout=30)
        sent, got = re.search(r"(\d+) packets transmitted, (\d+) received", text).groups()
        out.append(int(sent) - int(got))
    return out


# ---- one row -------------------------------------------------------------------------------------

EARLY, LATE = -445, -130  # behind the rules of guard for fragments, and behind all


def split(times, at):
    """How many until then, and how many later."""
    until = sum(t <= at for t in times)
    return until, len(times) - until


def done_within(guard, orders, limit):
    """The first deed of these orders, or None."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        for deed in guard.deeds(orders) if guard else ():
            return deed
        time.sleep(0.02)
    return None


def drunk(child):
    """What came out of a tunnel: [(time in ns, bytes)]."""
    child.kill()
    text, _ = child.communicate()
    return [tuple(map(int, line.split())) for line in text.splitlines(keepends=True)
            if line.endswith("\n")]


def measure(name, way):
    """Runs one kind of abuse against one way of enforcing."""
    kind = lasting.KINDS[name]
    with Net() as net:
        site, folder = Site(net), net.folder()
        # A gateway must have nobody for its own gateway, who would be spared.
        site.router.ip("route del " + FAR, "route del " + LOOP)
        came = Tally(site.router, 'iifname "%s" %s' % (site.devices["stranger"], kind.match), -500,
                     folder + "/came.pcap")
        passed = Tally(site.server, kind.match, EARLY if kind.early else LATE, folder + "/passed.pcap")
        guard = None
        if way != NONE:
            where, interface, how = WAYS[way]
            guard = Guard(getattr(site, where), interface, how)
        beside = Beside(site, PINGS, kind.jealous)
        time.sleep(0.5)  # the friend is first
        child = kind.fn(site)
        deed = done_within(guard, kind.orders, 15 if guard else 1)
        time.sleep(SETTLE)
        missing, (took, mtus) = beside.neighbours(), beside.transfer()
        if not kind.tunnel:
            child.wait(timeout=30)
        lost = beside.lost()
        drops = drunk(child) if kind.tunnel else None
        why, end = guard.told() if guard else "", time.time_ns()
        if guard:
            guard.end()
        times = [[t for t in tally.end() if t < end] for tally in (came, passed)]
    at = nanoseconds(deed["time"]) if deed else 1 << 63
    (came_before, came_after), (passed_before, passed_after) = (split(t, at) for t in times)
    every = sorted(times[0] + times[1])
    carried = None
    if drops is not None:
        late = at + int(IN_FLIGHT * S)
        carried = (sum(n for t, n in drops if t <= late), sum(n for t, n in drops if t > late))
    return Row(name, way, kind.by, deed["order"] if deed else None,
               max(0, at - every[0]) / S if deed and every else None, (came_before, passed_before),
               (came_after, passed_after), max(0, every[-1] - at) / S if deed and every else 0, carried,
               lost, took, mtus, missing, why)


# ---- verdicts ------------------------------------------------------------------------------------

FEW = 20000  # bytes: a tunnel that carries less does not run
BIGGEST, WINDOW = 1024, 64  # bytes in a packet of ptunnel, packets that it sends ahead of answers


def became(row):
    """What became of the abuse."""
    kind = lasting.KINDS[row.name]
    if row.order is None:
        return "goes on" if row.bytes is None or row.bytes[0] > FEW else "does not run"
    if kind.may is lasting.KNOWN:
        return "without effect"
    at_once, a_second = kind.may
    most = at_once + a_second * row.window
    if row.bytes is not None:
        before, after = row.bytes
        if not after:
            return "stopped"
        if after <= BIGGEST * most:
            return "slowed"
        return "runs dry" if before + after <= BIGGEST * WINDOW else "goes on"
    if row.after[1] == 0:
        return "stopped"
    return "limited" if row.after[1] <= most + 1 else "goes on"


def harmed(row):
    """What beside it was harmed."""
    shares = lasting.KINDS[row.name].shares and row.order
    out = ["ping"] if row.lost[0] and not shares else []
    out += ["IPv6 ping"] if row.lost[1] else []
    out += ["TCP"] if row.took is None else []
    out += ["path MTU"] if row.mtus != [MTU, MTU] else []
    out += ["neighbours"] if row.missing else []
    return out


def wish(name, way):
    """What is expected: one of these words."""
    kind = lasting.KINDS[name]
    if way == NONE:
        return ("goes on",)
    if kind.may is lasting.KNOWN:
        return ("without effect",)
    if kind.captures and way == "nft on the host":
        return ("stopped", "slowed", "runs dry")  # libpcap reads before nftables
    if kind.tunnel and kind.may is lasting.SLOW and way == "xdp on the host":
        return ("stopped", "slowed", "goes on")  # what leaves is not filtered
    return ("stopped",) if kind.may == lasting.NOTHING else ("stopped", "limited", "slowed")


def is_as_wished(row):
    return became(row) in wish(row.name, row.way) and not harmed(row)


def cannot(way):
    """Why this way cannot be taken here, or None."""
    with Net() as net:
        host, peer = net.node("host"), net.node("peer")
        net.link(host, peer, "192.0.2.0/24")
        done = host.run([ICMP, "guard", "-i", "eth0", "--enforce", WAYS[way][2], "--control", "none",
                         "--for", "0.1"])
        return None if done.returncode == 0 else done.stderr.strip()


# ---- the tables ----------------------------------------------------------------------------------

def words(name):
    return name.replace("_", " ")


def many(n):
    return format(int(n), ",")


def cells(row):
    yield words(row.name)
    yield row.by
    yield row.order or "none"
    yield "%.0f ms" % (1000 * row.waited) if row.waited is not None else ""
    yield "%s of %s" % tuple(map(many, reversed(row.before)))
    yield "%s of %s in %.1f s" % (many(row.after[1]), many(row.after[0]), row.window)
    yield "%s, then %s" % tuple(map(many, row.bytes)) if row.bytes else ""
    yield "%d and %d of %d" % (*row.lost, PINGS)
    yield "%.0f ms" % (1000 * row.took) if row.took is not None else "stalled"
    yield "%d, %d" % tuple(row.mtus)
    yield row.missing or "found"
    harm = harmed(row)
    yield became(row) + (", harming " + " and ".join(harm) if harm else "") + (
        ": as it should" if is_as_wished(row) else ": not as it should")


HEAD = ("abuse", "made by", "order", "in force after", "passed before", "passed afterwards",
        "bytes through the tunnel", "pings lost", "transfer", "path MTUs", "neighbours", "verdict")


def table(rows):
    yield "| %s |" % " | ".join(HEAD)
    yield "|" + "---|" * len(HEAD)
    for row in rows:
        yield "| %s |" % " | ".join(cells(row))


TEXT = """# What guard stops, and what goes on beside it

This page is written by `make enforcement`, which needs root: the tools of abuse run in network
namespaces that it makes, against a guard that enforces. Nothing leaves the namespaces. A stranger's
abuse of a server goes on for some seconds; "passed" is of what came to the router from the stranger
that which the server got behind the rules of the guard, until the order was in force and from then on.
Beside it, all the while, a friend pings the server (IPv4 and IPv6). When the order is in force,
neighbours are forgotten and have to be found again, and the server sends the friend, whose link takes
%d bytes, as much as makes it learn of that, over both families.

Verdicts: *stopped*: nothing passed. *Limited*: no more than the order lets pass. *Slowed*: of a tunnel,
the same. *Runs dry*: its sender stands when its window of %d packets is full, since it hears no more
answers; a tool that reads with libpcap reads before nftables, so on an end host nothing but its own
answers can be taken from it. XDP takes what arrives before anybody reads it, guard too, which
prolongs its orders by what the program counts, and nothing of what leaves: a tunnel whose far end is on the
host itself goes on where its order only slows it, since one answer a second is enough for a window of data.
*Without effect*: errors about a connection that there is pass, and TCP
itself compares their sequence numbers (RFC 5927). A friend's ping is of the kind that a flood from
forged sources is of, and is limited with it. What is not as it should be is measured once more, three
times in a run at most: a busy machine slows tools down. A test runs all of it again, and holds its verdicts against this page; the
numbers vary from run to run.

"""
FLOOD = """
## Under a flood

Echo requests, half of them IPv4, each packet from a source of its own, as fast as one core makes them
and takes them in beside the rest of the machine, a million a second at most; the rate is that of the
interface's counters. Pings of the host itself are answered by replies, which no order is about; a
friend's pings are part of what is limited.

"""


def page(rows, ways, flood):
    text = TEXT % (MTU, WINDOW)
    for way in ways:
        text += "## %s\n\n" % TITLES[way]
        text += "\n".join(table([r for r in rows if r.way == way])) + "\n\n"
    return text.rstrip("\n") + "\n" + FLOOD + "\n".join(flood) + "\n"


def verdicts(text):
    """What has to be the same each time: "way: abuse" -> whether it is as it should be."""
    out, title = {}, ""
    for line in text.splitlines():
        if line.startswith("## "):
            title = next((w for w, t in TITLES.items() if t == line[3:]), "")
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("| ") and cells[0] not in ("abuse", "guard"):
            out["%s: %s" % (title or cells[0], cells[0] if title else "flood")] = cells[-1].split(": ")[-1]
    return out


TITLES = {**dict(zip(WAYS, WAYS)), NONE: "nothing: tunnels that nobody stops"}

AT_ONCE = 4


def run(kinds, ways, say, fair):
    """Rows of these kinds in these ways, and {name: why it was left out}; say(line) tells how it goes; fair:
    who lets them be measured once more."""
    left = {}
    for name in kinds:
        tool = lasting.KINDS[name].by
        if not present(tool):
            left[name] = tool + " is not installed"
    pairs = [(name, way) for name in kinds for way in ways
            if name not in left and (way != NONE or lasting.KINDS[name].tunnel)]
    with futures.ThreadPoolExecutor(AT_ONCE) as pool:
        rows = [pool.submit(fair.measure, measure, is_as_wished, line_of, name, way) for name, way in pairs]
        for row in rows:
            say(line_of(row.result()))
    return [row.result() for row in rows], left


def line_of(row):
    *_, verdict = cells(row)
    return "%-32s %-18s %s%s" % (words(row.name), row.way, verdict,
                                 "" if is_as_wished(row) else " (%s; %s)" % (row, row.why))
