#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp guard of interfaces: a flood through a gateway and the ping beside it, its configuration read
again, its end, and its privileges."""

import json
import os
import re
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import case, contains, equal, main  # noqa: E402
from net import ICMP, NOBODY, Net, require_root, wait_for  # noqa: E402


class Guard:
    """A guard in the background, once it listens."""

    def __init__(self, node, *args, **kw):
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        self.child = node.start([ICMP, "guard", "--control", "none"] + list(args), stdout=self.out, stderr=self.err, **kw)
        wait_for(lambda: "listening" in self.said() or self.child.poll() is not None, "guard")

    def said(self):
        return os.pread(self.err.fileno(), 1 << 20, 0).decode()

    def printed(self):
        return os.pread(self.out.fileno(), 1 << 26, 0).decode()

    def records(self, kind):
        return [r for r in map(json.loads, self.printed().splitlines()) if r["record"] == kind]

    def end(self, signo=signal.SIGINT, status=0):
        if signo:
            self.child.send_signal(signo)
        equal(self.child.wait(timeout=30), status, self.said() + self.printed())
        return self.printed()


def gateway(net):
    a, gw, b = net.node("a"), net.node("gw"), net.node("b")
    net.link(a, gw, "10.0.1.0/24")
    net.link(gw, b, "10.0.2.0/24")
    gw.forward()
    a.run(["ip", "route", "add", "default", "via", "10.0.1.2"], check=True)
    b.run(["ip", "route", "add", "default", "via", "10.0.2.1"], check=True)
    a.run([ICMP, "ping", "-c", "1", "10.0.2.2"], check=True)
    return a, gw, b


@case
def a_gateway__seen_by_all_its_interfaces__counts_a_packet_once():
    with Net() as net:
        a, gw, _ = gateway(net)
        guard = Guard(gw, "-i", "any", "--json")
        a.run([ICMP, "ping", "-c", "40", "-i", "0.05", "10.0.2.2"], check=True)
        guard.end(status=0)
        equal(guard.records("finding"), [])
        total = guard.records("guard_summary")[0]
        equal(total["senders"], [{"what": "icmp ping", "n": 40}])
        # And what the nodes say of themselves in IPv6.
        assert 80 <= total["packets"] < 120, total
        # Each of them came in and left.
        assert total["frames"] >= 160, total


@case
def a_flood__is_told_while_it_goes_on__and_the_ping_beside_it_is_none():
    with Net() as net:
        a, gw, b = gateway(net)
        guard = Guard(gw, "-i", "any", "--json")
        quiet = b.start([ICMP, "ping", "-c", "20", "-i", "0.2", "10.0.2.1"])
        flood = a.start([ICMP, "ping", "-q", "-c", "2500", "-i", "0.001", "10.0.2.2"])
        wait_for(lambda: any("flood-src" in f["also"] for f in guard.records("finding")), "a finding", 20)
        flood.wait(timeout=30)
        quiet.wait(timeout=30)
        guard.end(status=1)
        found = guard.records("finding")
        equal({(f["detector"], f["src"], f["dst"]) for f in found if "flood-src" in f["also"]},
              {("flood-dst", "10.0.1.1", "10.0.2.2")})
        equal(len({f["id"] for f in found}), 1)
        equal([f for f in found if f.get("src") == "10.0.2.2" or "tunnel" in f["detector"]], [])
        assert "limit rate" in found[0]["rule"], found[0]
        equal({f["state"] for f in found} >= {"new", "ended"}, True)


@case
def text__tells_at_once_and_sums_up():
    with Net() as net:
        a, gw, _ = gateway(net)
        guard = Guard(gw, "-i", "any")
        a.run([ICMP, "ping", "-q", "-c", "2500", "-i", "0.001", "10.0.2.2"], timeout=60)
        wait_for(lambda: "flood-src: 10.0.1.1 -> 10.0.2.2" in guard.printed(), "a finding", 20)
        assert "Findings:" not in guard.printed()
        guard.child.send_signal(signal.SIGQUIT)
        wait_for(lambda: "ICMP packets among" in guard.printed(), "word on the way")
        contains(guard.printed(), "now medium: flood-dst, flood-src: 10.0.1.1 -> 10.0.2.2 [")
        assert "nothing found" not in guard.printed()
        text = guard.end(status=1)
        contains(text, "over: ")
        contains(text, "Findings: ")


@case
def for_a_time__it_ends_by_itself_though_nothing_passes():
    with Net() as net:
        node = net.node("a")
        begin = time.monotonic()
        text = Guard(node, "-i", "lo", "--for", "1.5").end(signo=None)
        took = time.monotonic() - begin
        assert 1.4 < took < 10
        said = re.fullmatch(r"0 ICMP packets among 0 frames in ([0-9.]+) s, nothing found\n", text)
        assert said and 1.4 < float(said.group(1)) <= took, text
        guard = Guard(node, "-i", "lo", "--for", "0.2", "--json")
        guard.end(signo=None)
        run, total = guard.records("run")[0], guard.records("guard_summary")[0]
        assert run["time"] <= total["time"] < "9", (run, total)
        equal({"first", "last"} & set(total), set())


@case
def hangup__reads_the_configuration_again__without_privileges():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        node = net.node("a")
        config = os.path.join(folder, "guard.yaml")

        def write(text):
            with open(config, "w", encoding="utf-8") as f:
                f.write(text)

        write("interface: lo\nlimits: {flood-src: 1000000/s, flood-dst: 1000000/s}\n")
        os.chmod(folder, 0o755)
        guard = Guard(node, "--config", config, "--json")
        with open(f"/proc/{guard.child.pid}/status", encoding="ascii") as f:
            status = f.read()
        equal(re.findall(r"Cap(?:Prm|Eff):\s*(\w+)", status), ["0" * 16] * 2)
        node.run([ICMP, "ping", "-q", "-c", "1200", "-i", "0.001", "127.0.0.1"], timeout=60)
        equal(guard.records("finding"), [])
        write("interface: lo\nlimits: {flood-src: 1e}\n")
        guard.child.send_signal(signal.SIGHUP)
        wait_for(lambda: "as it was" in guard.said(), "a refusal")
        write("interface: lo\nlimits: {flood-src: 100/s}\n")
        guard.child.send_signal(signal.SIGHUP)
        wait_for(lambda: "was read again" in guard.said(), "a new configuration")
        node.run([ICMP, "ping", "-q", "-c", "2500", "-i", "0.001", "127.0.0.1"], timeout=60)
        wait_for(lambda: [f for f in guard.records("finding") if f["threshold"] == 100], "a finding", 20)
        guard.end(status=1)


@case
def who_may_not__is_told_so_in_a_line():
    with Net() as net:
        node = net.node("a")
        done = node.run([ICMP, "guard", "-i", "lo"], user=NOBODY)
        equal((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1))
        contains(done.stderr, "needs root: sudo ")


@case
def an_interface_that_goes__is_an_error_after_what_was_found():
    with Net() as net:
        a, gw, _ = gateway(net)
        dev = json.loads(gw.run(["ip", "-j", "link"], check=True).stdout)[1]["ifname"]
        guard = Guard(gw, "-i", dev)
        a.run([ICMP, "ping", "-c", "3", "-i", "0.05", "10.0.1.2"], check=True)
        time.sleep(.3)
        gw.run(["ip", "link", "del", dev], check=True)
        contains(guard.end(signo=None, status=2), "known senders: icmp ping (3)")
        contains(guard.said(), "went down")


require_root()
main()
