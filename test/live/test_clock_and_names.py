# SPDX-License-Identifier: MIT
"""The wall clock stepped by an hour during a run leaves round trips as they are; a resolver that does
not answer delays no probe."""

import datetime
import os
import time

from cases import Skip, add, case, contains, equal, main
from net import ICMP, NOBODY, Net, require_root
from runs import Records, check_totals, ping_json, trace_json

require_root()

net = Net()
src, dst = net.node("src"), net.node("dst")
net.link(src, dst, "10.0.0.0/24", "2001:db8::/64")
src.ping_sockets(True)
command = net.command_for_all()
STEP_CLOCK = os.environ.get("STEP_CLOCK") and net.copy_for_all(os.environ["STEP_CLOCK"])


def moment(record):
    text = record["time"]
    return datetime.datetime.strptime(text[:26], "%Y-%m-%dT%H:%M:%S.%f").timestamp()


# What one look-up costs whoever waits for it, in seconds: less than that more is none.
SILENT_SERVER = 9


def stepped(by_s, target, user):
    """50 probes, the step in their middle."""
    def run():
        if not STEP_CLOCK:
            raise Skip("the preloaded library was not built")
        env = dict(os.environ, LC_ALL="C", LD_PRELOAD=STEP_CLOCK, STEP_CLOCK_BY_S=str(by_s),
                   STEP_CLOCK_AFTER_MS="500")
        start = time.monotonic()
        done = src.run([command, "ping", "--json", "-c", "50", "-i", "0.02", "-W", "1", target],
                       user=user, env=env)
        took = time.monotonic() - start
        records = Records(done.stdout)
        equal(done.returncode, 0, done.stderr)
        moments = [moment(r) for r in records.of("reply")]
        equal(abs(abs(moments[-1] - moments[0]) - 3600) < 10, True,
              "the step was seen: %r" % (moments[-1] - moments[0]))
        summary = records.one("ping_summary", final=True)
        check_totals(summary)
        equal((summary["sent"], summary["received"], summary["lost"]), (50, 50, 0))
        equal(took < 3600, True, "took %.1f s" % took)
        rtts = [r["rtt_ns"] for r in records.of("reply")]
        equal(all(rtt is not None and 0 < rtt < 10**8 for rtt in rtts), True, "%r" % rtts)
        equal(summary["rtt_ns"]["max"] < 10**8, True, repr(summary))
        equal(0 < summary["duration_ns"] < 5 * 10**9, True, repr(summary))
    return run


for mode, who in (("raw", None), ("datagram", NOBODY)):
    for direction, seconds in (("forward", 3600), ("back", -3600)):
        add("clock_stepped_%s_%s_4" % (direction, mode), stepped(seconds, "10.0.0.2", who))
        add("clock_stepped_%s_%s_6" % (direction, mode), stepped(seconds, "2001:db8::2", who))


@case
def clock_stepped_during_a_trace():
    if not STEP_CLOCK:
        raise Skip("the preloaded library was not built")
    env = dict(os.environ, LC_ALL="C", LD_PRELOAD=STEP_CLOCK, STEP_CLOCK_BY_S="3600",
               STEP_CLOCK_AFTER_MS="150")
    done = src.run([command, "trace", "--json", "-q", "10", "-N", "1", "-z", "0.05", "10.0.0.2"],
                   env=env)
    equal(done.returncode, 0, done.stderr)
    for hop in Records(done.stdout).of("hop"):
        equal(0 < hop["rtt_ns"] < 10**8, True, repr(hop))


class Resolver:
    """What /etc/resolv.conf names: silent, refusing, or answering what it is told."""

    def __init__(self, node, answer=None):
        code = ("import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
                "s.bind(('127.0.0.1',53));print('ready',flush=True)\n"
                "name=%r\n"
                "while True:\n"
                "    q,a=s.recvfrom(512)\n"
                "    if name is None: continue\n"
                "    end=q.index(0,12)+5\n"
                "    rr=b'\\xc0\\x0c\\x00\\x0c\\x00\\x01\\x00\\x00\\x00\\x05'\n"
                "    rd=b''.join(bytes([len(l)])+l for l in name)+b'\\0'\n"
                "    s.sendto(q[:2]+b'\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0'+q[12:end]+rr"
                "+len(rd).to_bytes(2,'big')+rd,a)\n" % (answer,))
        self.child = node.start(["/usr/bin/python3", "-c", code])
        equal(self.child.stdout.readline(), "ready\n")


@case
def dns_silent_delays_no_probe():
    node = net.node("mute")
    node.resolver("nameserver 127.0.0.1")
    Resolver(node)
    node.ip("addr add 192.0.2.1/32 dev lo")
    start = time.monotonic()
    done = node.run([ICMP, "ping", "-i", "0.2", "-c", "20", "192.0.2.1"], timeout=20)
    took = time.monotonic() - start
    equal(done.returncode, 0, done.stderr)
    equal(3.7 < took < 3.8 + SILENT_SERVER, True, "took %.2f s, wanted 3.8" % took)
    equal(done.stdout.count("bytes from"), 20)


@case
def dns_unroutable_delays_no_probe():
    node = net.node("lost")
    node.resolver("nameserver 192.0.2.53")
    node.ip("addr add 192.0.2.1/32 dev lo")
    start = time.monotonic()
    done = node.run([ICMP, "ping", "-i", "0.2", "-c", "10", "192.0.2.1"], timeout=20)
    took = time.monotonic() - start
    equal(done.returncode, 0, done.stderr)
    equal(1.7 < took < 1.8 + SILENT_SERVER, True, "took %.2f s, wanted 1.8" % took)


@case
def dns_silent_fails_a_name_and_pings_the_rest():
    """A name that cannot be resolved keeps nobody else waiting, and is said."""
    node = net.node("half")
    node.resolver("nameserver 127.0.0.1", "options timeout:1 attempts:1")
    Resolver(node)
    done = ping_json(node, ["-c", "2", "-i", "0.2", "127.0.0.1", "no.such.name.example"], timeout=20)
    equal(done.status, 2, "not every target was tried")
    equal(done.one("ping_summary", addr="127.0.0.1", final=True)["received"], 2)
    equal(len(done.of("notice", what="name-error", target="no.such.name.example")), 1)


@case
def targets_not_traced_are_in_the_stream():
    node = net.node("untraced")
    node.resolver("nameserver 127.0.0.1", "options timeout:1 attempts:1")
    Resolver(node)
    records = trace_json(node, ["127.0.0.1", "no.such.name.example", "192.0.2.1"], status=2)
    equal(records.one("trace_summary")["addr"], "127.0.0.1")
    equal({(n["target"], n["what"]) for n in records.of("notice")},
          {("no.such.name.example", "name-error"), ("192.0.2.1", "not-tried")})


HOSTILE_NAME = [b';$(x)`id`', b'\x1b[31mred\x1b]0;t\x07', b'\xff\xfe"\\', b"example"]


@case
def hostile_names_are_escaped():
    """2025-14558: a name of shell and terminal commands, in every output. From DNS the resolver
    refuses it; from a file it comes as it is."""
    node = net.node("evil")
    node.resolver("nameserver 127.0.0.1")
    node.hosts("192.0.2.2 ;$(x)`id`\x1b[31mred\x1b]0;t\x07\\\".example")
    Resolver(node, HOSTILE_NAME)
    node.ip("addr add 192.0.2.1/32 dev lo", "addr add 192.0.2.2/32 dev lo")
    for argv in (["ping", "-H", "-c", "2", "-i", "0.3"], ["trace"],
                 ["ping", "--json", "-c", "2", "-i", "0.3"], ["trace", "--json"]):
        done = node.run([ICMP, *argv, "192.0.2.1", "192.0.2.2"], timeout=20)
        equal(done.returncode, 0, done.stderr)
        for line in (done.stdout + done.stderr).splitlines():
            if not line.isprintable():
                raise AssertionError("unprintable in %s: %r" % (argv, line))
        if "--json" in argv:
            Records(done.stdout)
        if argv != ["ping", "--json", "-c", "2", "-i", "0.3"]:  # which has no names
            contains(done.stdout, "x1b[31mred", "the name from the file is shown")


@case
def a_name_that_answers_is_shown_in_traces():
    node = net.node("named")
    node.resolver("nameserver 127.0.0.1")
    Resolver(node, [b"router-1", b"example", b"net"])
    node.ip("addr add 192.0.2.1/32 dev lo")
    records = trace_json(node, ["-q", "1", "192.0.2.1"], status=0)
    equal([h["name"] for h in records.of("hop", final=True)], ["router-1.example.net"])
    text = node.run([ICMP, "trace", "-q", "1", "192.0.2.1"]).stdout
    equal("router-1.example.net (192.0.2.1)" in text, True, text)


@case
def a_family_without_a_route_falls_back():
    """A name in both families, one of which goes nowhere: the other is taken at once, and it is said."""
    node = net.node("four")
    node.resolver("nameserver 127.0.0.1", "options timeout:1 attempts:1")
    node.hosts("2001:db8:77::1 both.example", "10.9.9.9 both.example")
    node.ip("addr add 10.9.9.9/32 dev lo")
    start = time.monotonic()
    records = ping_json(node, ["-c", "1", "both.example"], status=0)
    equal(time.monotonic() - start < 1.5, True)
    equal(records.one("ping_summary", final=True)["addr"], "10.9.9.9")
    equal(len(records.of("notice", what="family-fallback", target="both.example")), 1)


with net:
    main()
