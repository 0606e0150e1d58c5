#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp dump of interfaces: beside pings whose own stamps are compared with, on all interfaces at
once, under a flood, to its end by a signal, by a reader that leaves and by an interface that goes,
and for people who may not."""

import json
import os
import re
import shutil
import signal
import stat
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import Skip, case, contains, equal, main  # noqa: E402
from net import ICMP, NOBODY, Net, require_root, wait_for  # noqa: E402

FLOOD = os.path.join(os.environ.get("PROGRAMS", ""), "live_cmd_flood")
NEAR_NS = 5000


class Dump:
    """A dump in the background; its standard error is read once it listens."""

    def __init__(self, node, *args, **kw):
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        kw.setdefault("stdout", self.out)
        self.child = node.start([ICMP, "dump"] + list(args), stderr=self.err, **kw)
        wait_for(lambda: "listening" in self.said() or self.child.poll() is not None, "dump")

    def said(self):
        return os.pread(self.err.fileno(), 65536, 0).decode()

    def printed(self):
        return os.pread(self.out.fileno(), 1 << 26, 0).decode()

    def end(self, signo=signal.SIGINT, status=0):
        """Ends it and returns what it printed."""
        if signo:
            self.child.send_signal(signo)
        equal(self.child.wait(timeout=20), status, self.said())
        return self.printed()

    def count(self, what):
        found = re.search(r"dump: (\d+) " + what, self.said())
        if not found:
            raise AssertionError("no count of %s in %s" % (what, self.said()))
        return int(found.group(1))


def packets(text):
    return [r for r in map(json.loads, text.splitlines()) if r["record"] == "packet"]


@case
def round_trips_are_those_of_a_ping_beside_it():
    """Every request is paired with its reply, and half of the round trips and more differ from those
    that ping takes between the kernel's stamps by less than 5 us (the machine may be busy)."""
    with Net() as net:
        node = net.node("a")
        for target in ("127.0.0.1", "::1"):
            dump = Dump(node, "-i", "lo", "--json")
            ping = node.run([ICMP, "ping", "--json", "-c", "30", "-i", "0.01", target], check=True)
            seen = packets(dump.end())
            replies = [r for r in map(json.loads, ping.stdout.splitlines())
                       if r["record"] == "reply"]
            equal({r["clock"] for r in replies}, {"kernel"})
            equal(len(replies), 30)
            ours = {p["icmp"]["seq"]: p for p in seen if p["icmp"]["name"] == "echo-reply"}
            equal(len(seen), 60)
            equal({p["pair"]["kind"] for p in ours.values()}, {"reply"})
            equal([p["pair"]["n"] for p in ours.values()], [p["n"] - 1 for p in ours.values()])
            differ = [abs(ours[r["seq"]]["pair"]["rtt_ns"] - r["rtt_ns"]) for r in replies]
            if statistics.median(differ) > NEAR_NS:
                raise AssertionError("%s: %s ns" % (target, sorted(differ)))
            equal(dump.count("frames dropped"), 0)


@case
def round_trips_are_those_of_iputils():
    if not shutil.which("ping"):
        raise Skip("needs ping")
    with Net() as net:
        node = net.node("a")
        dump = Dump(node, "-i", "lo", "--json")
        ping = node.run(["ping", "-c", "20", "-i", "0.01", "127.0.0.1"], check=True)
        theirs = [float(t) * 1e6 for t in re.findall(r"time=([0-9.]+) ms", ping.stdout)]
        ours = [p["pair"]["rtt_ns"] for p in packets(dump.end()) if "pair" in p]
        equal(len(ours), 20)
        equal(len(theirs), 20)
        # It prints microseconds, and takes the time of the request before the system call.
        if not all(o <= t + 1000 for o, t in zip(ours, theirs)):
            raise AssertionError("%s\n%s" % (ours, theirs))


@case
def any_tells_which_interface():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24", "2001:db8::/64")
        dump = Dump(a, "-i", "any", "--json")
        for target in ("10.0.0.2", "2001:db8::2", "127.0.0.1"):
            a.run([ICMP, "ping", "-c1", target], check=True)
        seen = [p for p in packets(dump.end()) if p["icmp"]["name"].startswith("echo-")]
        equal([(p["interface"], p["icmp"]["name"]) for p in seen],
              [(dev, "echo-" + kind) for dev in ("eth0", "eth0", "lo")
               for kind in ("request", "reply")])
        equal({p["link"]["layers"][0]["layer"] for p in seen}, {"cooked"})
        equal([p["pair"]["kind"] for p in seen if "pair" in p], ["reply"] * 3)


@case
def any_begins_lines_as_tcpdump_does():
    """Interface, and where the frame goes."""
    if not shutil.which("tcpdump"):
        raise Skip("needs tcpdump")
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24", "2001:db8::/64")
        theirs = a.start(["tcpdump", "-i", "any", "-nn", "--immediate-mode", "-l", "icmp"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while "listening" not in theirs.stderr.readline():
            pass
        ours = Dump(a, "-i", "any", "-nn", "icmp")
        for args in (["10.0.0.2"], ["127.0.0.1"], ["-b", "10.0.0.255"]):
            a.run([ICMP, "ping", "-c1", "-W", "0.2", *args])
        time.sleep(0.3)
        theirs.send_signal(signal.SIGINT)
        heads = [[" ".join(line.split()[1:4]) for line in text.splitlines() if line]
                 for text in (theirs.communicate(timeout=10)[0], ours.end())]
        contains(heads[0], "eth0 Out IP")
        contains(heads[0], "lo In IP")
        equal(heads[1], heads[0])


@case
def flood_loses_nothing_uncounted():
    """200,000 requests a second: what was seen and what was counted as dropped is what was sent."""
    if not os.path.exists(FLOOD):
        raise Skip("needs the program live_cmd_flood")
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24")
        dump = Dump(b, "-i", "eth0", "--summary", "ip")  # IPv6 speaks unasked
        done = a.run([FLOOD, "eth0", "200000", "200000"], check=True)
        sent, lost, seconds = done.stdout.split()
        dump.end()
        seen, dropped = dump.count("frames seen"), dump.count("frames dropped")
        print("    %s sent in %s s: %d seen, %d dropped and counted" % (sent, seconds, seen, dropped))
        equal(seen + dropped, int(sent) - int(lost), dump.said())
        if not seen:
            raise AssertionError("nothing was seen")


@case
def what_came_before_a_signal_is_told():
    """The kernel hands frames over in blocks: the last is not full when the signal comes."""
    for signo in (signal.SIGINT, signal.SIGTERM):
        with Net() as net:
            node = net.node("a")
            dump = Dump(node, "-i", "lo")
            node.run([ICMP, "ping", "-c3", "-i0.01", "127.0.0.1"], check=True)
            text = dump.end(signo)
            equal(len(text.splitlines()), 6, text)
            equal(dump.count("packets? captured"), 6)


@case
def reader_that_leaves_ends_it_quietly():
    with Net() as net:
        node = net.node("a")
        read_end, write_end = os.pipe()
        dump = Dump(node, "-i", "lo", "-l", stdout=write_end)
        os.close(write_end)
        os.close(read_end)
        for _ in range(50):
            node.run([ICMP, "ping", "-c1", "127.0.0.1"], check=True)
            if dump.child.poll() is not None:
                break
        if dump.child.poll() is None:
            raise AssertionError("it goes on")
        if "rror" in dump.said() or "ipe" in dump.said():
            raise AssertionError(dump.said())


@case
def interface_that_goes_ends_it():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24")
        dump = Dump(a, "-i", "eth0", "ip")  # IPv6 speaks unasked
        a.run([ICMP, "ping", "-c1", "10.0.0.2"], check=True)
        a.ip("link set eth0 down")
        text = dump.end(signo=None, status=2)
        equal(len(text.splitlines()), 2, text)
        contains(dump.said(), "went down")
        for name in ("eth0", "eth7"):
            done = a.run([ICMP, "dump", "-i", name])
            equal(done.returncode, 2)
            contains(done.stderr, "no interface '%s', or it is down" % name)


@case
def lists_interfaces():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24")
        a.ip("link set eth0 down")
        done = a.run([ICMP, "dump", "-D"], user=NOBODY, check=True)
        contains(done.stdout, "1.lo [Up, Running, Loopback]\n")
        contains(done.stdout, "eth0 [Down]\n")
        contains(done.stdout, "any ")


@case
def ordinary_user_is_refused():
    with Net() as net:
        node = net.node("a")
        done = node.run([ICMP, "dump", "-i", "lo", "-c1"], user=NOBODY)
        equal(done.returncode, 2)
        equal(done.stdout, "")
        contains(done.stderr, "dump: capturing needs root: sudo ")
        done = node.run([ICMP, "guard", "-i", "lo", "--for", "1"], user=NOBODY)
        contains(done.stderr, "guard: capturing needs root: sudo ")


@case
def file_capabilities_let_nobody_sniff():
    if not shutil.which("setcap"):
        raise Skip("needs setcap")
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = os.path.join(folder, "icmp")
        shutil.copy(ICMP, copy)
        os.chmod(copy, os.stat(copy).st_mode | stat.S_IXOTH | stat.S_IROTH)
        if subprocess.run(["setcap", "cap_net_raw=ep", copy]).returncode != 0:
            raise Skip("no file capabilities on this file system")
        node = net.node("a")
        ping = node.run([copy, "ping", "-c1", "--json", "127.0.0.1"], user=NOBODY, check=True)
        contains(ping.stdout, '"socket":"raw"')  # they do work
        done = node.run([copy, "dump", "-i", "lo", "-c1"], user=NOBODY)
        equal(done.returncode, 2, done.stderr)
        equal(done.stdout, "")
        equal("setcap" in done.stderr, False, "what was done already, and does not help")


@case
def totals_on_the_way_are_not_the_last():
    with Net() as net:
        node = net.node("a")
        dump = Dump(node, "-i", "lo", "--summary", "--json")
        node.run([ICMP, "ping", "-c1", "127.0.0.1"], check=True)

        def so_far():
            dump.child.send_signal(signal.SIGQUIT)
            wait_for(lambda: dump.printed().endswith("}\n"), "totals")
            last = json.loads(dump.printed().splitlines()[-1])
            return last["record"] == "dump_summary" and last["packets"] == 2  # some ms later

        wait_for(so_far, "the totals of a ping")
        totals = [json.loads(line) for line in dump.end().splitlines()][1:]
        equal({t["final"] for t in totals[:-1]}, {False})
        equal((totals[-1]["final"], totals[-1]["packets"], totals[-1]["dropped"]), (True, 2, 0))


if __name__ == "__main__":
    require_root()
    main()
