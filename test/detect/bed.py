# SPDX-License-Identifier: MIT
"""What `icmp guard` makes of real tools, of tunnels by their documented formats, and of harmless
traffic: captures are made, looked at, and told of as a table (tools/detection)."""

import calendar
import collections
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent import futures

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import abuse  # noqa: E402
import craft  # noqa: E402
import harmless  # noqa: E402
import mix  # noqa: E402
import traffic  # noqa: E402
from craft import S, Host  # noqa: E402
from net import ICMP  # noqa: E402
from page import Fair  # noqa: E402

WORTH = ("medium", "high", "critical")  # of these the exit status is 1
TUNNEL = ("tunnel-mismatch", "tunnel-orphan", "ip-in-icmp", "tool-signature", "template-diversity")
TUNNEL_PACKETS, FLOOD_SECONDS = 20, 2.0
LINK_LAYER = (133, 135, 136, 143)  # solicitations, neighbours, listeners: beside all else

Told = collections.namedtuple("Told", "id detector severity at also")
Row = collections.namedtuple("Row", "name by told packets seconds others aim met")
Quiet = collections.namedtuple("Quiet", "name by packets alarms notes")


# ---- guard ---------------------------------------------------------------------------------------

def nanoseconds(text):
    """A time of a record, since 1970, as captures have it."""
    whole, frac = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * mix.S + int(frac)


def guard(args, **more):
    """The records that guard has to say."""
    done = subprocess.run([ICMP, "guard", "--json", *args], capture_output=True, timeout=3600, **more)
    if done.returncode not in (0, 1):
        raise AssertionError("guard %s: %s" % (args, done.stderr.decode()))
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    if not records or records[-1]["record"] != "guard_summary":
        raise AssertionError("guard %s ended early" % args)
    return records


def homes(home):
    return [word for net in home for word in ("--home", net)]


def told(records):
    """What it told of causes, and when."""
    return [Told(r["id"], r["detector"], r["severity"], nanoseconds(r["last"]), r["also"])
            for r in records if r["record"] == "finding" and r["state"] != "ended"]


# ---- frames --------------------------------------------------------------------------------------

def icmp_of(frame):
    """(type, part of a datagram?) of an ICMP packet; None for what is none."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 1:
        part = bool(int.from_bytes(frame[20:22], "big") & 0x1fff)
        return frame[14 + 4 * (frame[14] & 15)] if not part else -1, part
    if frame[12:14] == b"\x86\xdd" and frame[20] in (0, 44, 58):
        at = 54 + (8 if frame[20] != 58 else 0)
        return (frame[at], False) if len(frame) > at else (-1, True)
    return None


FRIENDS = {craft.p.packed(abuse.FRIEND), craft.p.packed("2001:db8:21:1::2")}
ROUTER = craft.p.packed("fe80::1")


def is_abuse(frame):
    """In a capture of abuse.py: ICMP that is neither a friend's ping nor the link's own talk."""
    icmp = icmp_of(frame)
    if icmp is None or (icmp[0] in LINK_LAYER and frame[12:14] == b"\x86\xdd"):
        return False
    ends = mix.addresses(frame)
    pings = icmp[0] in (0, 8, 128, 129)
    return not (pings and FRIENDS & set(ends)) and ends[0] != ROUTER


def is_icmp(frame):
    icmp = icmp_of(frame)
    return icmp is not None and not (icmp[0] in LINK_LAYER and frame[12:14] == b"\x86\xdd")


# ---- abuse ---------------------------------------------------------------------------------------

def judge(name, by, path, wanted, counts, home, aim):
    """A row: when the first of the wanted detectors spoke up for good."""
    times = [at for at, frame in mix.read(path) if counts(frame)]
    news = told(guard(["-r", path, *homes(home)]))
    hits = [t for t in news if t.detector in wanted and t.severity != "info"]
    hits = [t for t in hits if t.severity in WORTH] or hits
    first = min(hits, key=lambda t: t.at, default=None)
    others = {d for t in news for d in (t.detector, *t.also)} - {first.detector if first else ""}
    if not first:
        return Row(name, by, None, None, None, sorted(others), aim, False)
    packets, waited = sum(at <= first.at for at in times), (first.at - times[0]) / mix.S
    met = {"packets": packets <= TUNNEL_PACKETS, "seconds": waited <= FLOOD_SECONDS}.get(aim, True)
    return Row(name, by, first, packets, waited, sorted(others), aim, met)


def crafted(folder):
    """Captures of tunnels that Debian lacks: [(name, program, path)]."""
    out = []

    def one(name, by, fill):
        cap = craft.Capture(31, 1767261600 * S)
        inside, outside = Host(0x44, "192.0.2.44"), Host(1, "198.51.100.99", hops=8)
        fill(cap, inside, outside)
        path = os.path.join(folder, name + ".pcapng")
        cap.write(path)
        out.append((name, by, path))

    web = lambda cap: craft.web_over(cap, "10.1.2.100", "203.0.113.80", 60)
    one("hans", "hans 1.1", lambda c, a, b: craft.hans(c, 0, a, b, web(c)))
    one("icmptunnel_ip", "icmptunnel (DhavalKapil)",
        lambda c, a, b: craft.icmptunnel(c, 0, a, b, web(c)))
    one("icmptunnel_magic", "icmptunnel (jamesbarlow)",
        lambda c, a, b: craft.icmptunnel(c, 0, a, b, web(c), magic=b"LNUT"))
    one("icmpsh", "icmpsh", lambda c, a, b: craft.icmpsh(c, 0, a, b))
    one("pingtunnel", "pingtunnel", lambda c, a, b: craft.pingtunnel(c, 0, a, b, 40))
    one("icmpdoor", "icmpdoor",
        lambda c, a, b: craft.icmpdoor(c, 0, a, b, [b"id\n", b"uid=0(root)\n"] * 8))
    one("pingback", "Pingback", lambda c, a, b: craft.pingback(
        c, 0, a, b, [(53764, b"exep"), (54020, b"shell"), (54276, b"download")] * 3))
    return out


def aim_of(name):
    return "seconds" if name.startswith("flood") else ""


def abuses(folder, paths):
    """Rows of everything that has to be found."""
    sets = [(n, by, paths[n], TUNNEL, is_icmp, (), "packets")
            for n, (by, _) in traffic.TUNNELS.items() if n in paths]
    sets += [(n, by, path, TUNNEL, is_icmp, (), "packets") for n, by, path in crafted(folder)]
    sets += [(n, by, paths[n], wanted, is_abuse, abuse.HOME, aim_of(n))
             for n, (by, wanted, *_) in abuse.ABUSE.items() if n in paths]
    fair = Fair()
    for name, by, path, *rest in sets:
        if name not in paths:
            yield judge(name, by, path, *rest)
            continue
        tries = iter((lambda: path, lambda: record(folder, name)))  # the tool may have been slow
        yield fair.measure(lambda: judge(name, by, next(tries)(), *rest), lambda row: row.met, line_of)


# ---- harmless ------------------------------------------------------------------------------------

def one_way(frames):
    """What a wire sees that carries one direction only: of those who ask, and of those asked."""
    ends = next((mix.addresses(f) for _, f in frames if is_icmp(f) and mix.addresses(f)), None)
    for place in (0, 1) if ends else ():
        yield [(at, f) for at, f in frames if not mix.addresses(f) or mix.addresses(f)[0] != ends[place]]


def views(path):
    """The whole capture, begun in the middle, and with one direction missing."""
    frames = mix.read(path)
    yield frames
    for part in (1, 2, 3):
        yield frames[len(frames) * part // 4:]
    yield from one_way(frames)


def heard(records):
    """Detectors of the alarms, one for each finding, and of what was only noted."""
    news = told(records)
    alarms = {t.id: t.detector for t in news if t.severity in WORTH}
    return list(alarms.values()), {d for t in news if t.severity not in WORTH for d in (t.detector, *t.also)}


def listen(name, by, path, home):
    packets, alarms, notes = 0, [], set()
    for frames in views(path):
        packets += sum(is_icmp(f) for _, f in frames)
        data = mix.PCAP + b"".join(mix.packet(at, f) for at, f in frames)
        false, true = heard(guard(["-r", "-", *homes(home)], input=data))
        alarms += false
        notes |= true
    return Quiet(name, by, packets, alarms, sorted(notes))


def quiets(paths):
    """Rows of everything that has to be silent."""
    for name, (by, _) in traffic.BENIGN.items():
        if name in paths:
            yield listen(name, by, paths[name], ())
    for name, (by, *_) in harmless.HARMLESS.items():
        if name in paths:
            yield listen(name, by, paths[name], abuse.HOME)


def mixed(paths, count):
    """All of it at once, between thousands of hosts."""
    maker = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "mix.py"),
                              str(count), *paths], stdout=subprocess.PIPE)
    records = guard(["-r", "-"], stdin=maker.stdout)
    maker.stdout.close()
    if maker.wait() != 0:
        raise AssertionError("no mix")
    alarms, notes = heard(records)
    return Quiet("all of these mixed", "%d frames" % count, records[-1]["packets"], alarms, sorted(notes))


# ---- the table -----------------------------------------------------------------------------------

def words(name):
    return name.replace("_", " ")


def after(s):
    return "%.0f ms" % (1000 * s) if s < 0.9995 else "%.1f s" % s


def abuse_table(rows):
    yield "| traffic | made by | found by | as | after packets | after | aim | beside |"
    yield "|---|---|---|---|---|---|---|---|"
    aims = {"packets": "%d packets" % TUNNEL_PACKETS, "seconds": "%g s" % FLOOD_SECONDS, "": "found"}
    for r in rows:
        found = ([r.told.detector, r.told.severity, str(r.packets), after(r.seconds)] if r.told
                 else ["not found", "", "", ""])
        aim = aims[r.aim] + (": met" if r.met else ": missed")
        yield "| %s |" % " | ".join([words(r.name), r.by, *found, aim, ", ".join(r.others)])


def quiet_table(rows):
    yield "| traffic | made by | ICMP packets | false alarms | per million | noted below medium |"
    yield "|---|---|---|---|---|---|"
    for r in rows:
        yield "| %s |" % " | ".join([
            words(r.name), r.by, str(r.packets), ", ".join(r.alarms) or "0",
            "%g" % (1e6 * len(r.alarms) / max(r.packets, 1)), ", ".join(r.notes)])


TEXT = """# What guard finds, and after how long

This page is written by `make detection`, which needs root: it runs the tools in network namespaces
that it makes, captures what passes a router, and gives that to `icmp guard -r`. Nothing leaves the
namespaces; floods have 2,000 packets a second at most and end after seconds. What is not as it should
be is made once more, three times in a run at most: a busy machine slows tools down. A test runs it
again and holds the verdicts of both tables against this page; the numbers vary a little from run to run.

## Abuse

The packets of the abuse, both ways, are counted up to the one at which the finding was told (as
medium or worse, where it ever is), and so is the time, both from the first of them. While the tools
run, a friend pings the same server; "beside" is what else was told, at any severity, in the same
finding or in another. Tunnels that Debian has no package of are made by their documented formats
(`test/detect/craft.py`). A sweep shows by answers that do not come, for which it waits two seconds.

"""

QUIET = """
## Harmless traffic

Each capture is looked at six times: whole, begun in the middle three times, and with each direction
missing; in the end all of them are played again and again between thousands of hosts. An alarm is a
finding of medium severity or more: the exit status is 1 from there on. What is noted below that is
true and worth knowing: `nmap -sn` does ask for timestamps.

"""


def page(rows, quiet):
    return (TEXT + "\n".join(abuse_table(rows)) + "\n" + QUIET + "\n".join(quiet_table(quiet)) + "\n")


def verdicts(text):
    """What has to be the same each time: which rows there are, and whether they are as wished."""
    out = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not line.startswith("| ") or cells[0] == "traffic":
            continue
        out[cells[0]] = cells[6].split(": ")[-1] if len(cells) == 8 else cells[3]
    return out


# ---- the command ---------------------------------------------------------------------------------

BUSY = ("flood", "routing", "rate", "ping_100", "ping_250", "sweep")  # want the machine for themselves
AT_ONCE = 5


def made_by(name):
    """The program that makes it, and fn(folder) that has it made."""
    if name in traffic.TUNNELS or name in traffic.BENIGN:
        return {**traffic.TUNNELS, **traffic.BENIGN}[name][0], lambda folder: traffic.record(folder, name)
    by, _, at, fn = {**abuse.ABUSE, **harmless.HARMLESS}[name]
    return by, lambda folder: abuse.record(folder, name, at, fn)


def record(folder, name):
    """A capture."""
    return made_by(name)[1](folder)


def captures(folder):
    """Makes all: {name: path}, and {name: why it was left out}."""
    names = [*traffic.TUNNELS, *traffic.BENIGN, *abuse.ABUSE, *harmless.HARMLESS]
    left = {n: made_by(n)[0] + " is not installed" for n in names if not abuse.present(made_by(n)[0])}
    present, fair = [n for n in names if n not in left], Fair()
    one = functools.partial(fair.measure, record, os.path.exists, str, folder)
    made = {n: one(n) for n in present if n.startswith(BUSY)}
    with futures.ThreadPoolExecutor(AT_ONCE) as pool:
        rest = {n: pool.submit(one, n) for n in present if n not in made}
    made.update({n: done.result() for n, done in rest.items()})
    return made, left


def line_of(row):
    """A row in a line, for who waits."""
    if isinstance(row, Quiet):
        return "%-28s %s" % (words(row.name), ", ".join(row.alarms) or "silent")
    if not row.told:
        return "%-28s not found" % words(row.name)
    return "%-28s %s after %d packets, %s" % (words(row.name), row.told.detector, row.packets,
                                              after(row.seconds))


def run(packets, say):
    """Both tables, and what could not be run; say(line) tells how it goes."""
    folder = tempfile.mkdtemp(prefix="icmpkit-bed-")
    rows, quiet = [], []
    try:
        paths, left = captures(folder)
        for row in abuses(folder, paths):
            rows.append(row)
            say(line_of(row))
        for row in quiets(paths):
            quiet.append(row)
            say(line_of(row))
        quiet.append(mixed([paths[n] for n in (*traffic.BENIGN, *harmless.HARMLESS) if n in paths],
                           packets))
        say(line_of(quiet[-1]))
        return rows, quiet, left
    finally:
        shutil.rmtree(folder)
