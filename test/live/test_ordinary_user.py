# SPDX-License-Identifier: MIT
"""An ordinary user: with datagram ICMP sockets open to all, the same results as root; with them closed
and no capability, one line with the commands that would grant it."""

import concurrent.futures
import os
import re
import shutil

from cases import Skip, add, case, contains, equal, main
from net import NOBODY, Net, require_root
from runs import PING, normal, ping_json, trace_json

require_root()

RULES = """table inet f {
  chain p { type filter hook prerouting priority -300
    ip daddr 10.0.3.100 drop
    ip6 daddr 2001:db8:3::64 drop
  }
  chain g { type filter hook forward priority 0
    ip daddr 10.0.3.1 reject with icmp type host-unreachable
    ip daddr 10.0.3.2 reject with icmp type admin-prohibited
    ip6 daddr 2001:db8:3::1 reject with icmpv6 type addr-unreachable
    ip6 daddr 2001:db8:3::2 reject with icmpv6 type admin-prohibited
  }
}"""

net = Net()


def world(name):
    """src - gate - dst. There are two: what one run leaves in a kernel (path MTUs) is not there for
    the other."""
    src, gate, dst = (net.node(part + name) for part in ("src", "gate", "dst"))
    net.link(src, gate, "10.0.1.0/24", "2001:db8:1::/64")
    net.link(gate, dst, "10.0.2.0/24", "2001:db8:2::/64", mtu=1300)
    gate.forward()
    src.ip("route add default via 10.0.1.2", "route add default via 2001:db8:1::2")
    dst.ip("route add default via 10.0.2.1", "route add default via 2001:db8:2::1")
    gate.ip("route add 10.0.3.0/24 via 10.0.2.2", "route add 2001:db8:3::/64 via 2001:db8:2::2")
    gate.nft(RULES)
    for node, dev in ((src, "eth0"), (gate, "eth1")):
        node.sysctl(**{"net__ipv%d__neigh__%s__retrans_time_ms" % (v, dev): 50 for v in (4, 6)})
    return src


src, roots_src = world("1"), world("2")
command = net.command_for_all()

TARGETS = {4: ["127.0.0.1", "10.0.1.1", "10.0.1.2", "10.0.2.2", "10.0.3.1", "10.0.3.2", "10.0.3.100",
               "10.0.1.77", "10.0.2.77"],
           6: ["::1", "2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::2", "2001:db8:3::1",
               "2001:db8:3::2", "2001:db8:3::64", "2001:db8:1::77", "2001:db8:2::77"]}


def essence(records):
    """What must not depend on the kind of socket: the fate of each probe, and each known error."""
    fates = {}
    for r in records:
        if r["record"] == "reply":
            fates.setdefault((r["addr"], r["seq"]), set()).add(
                ("reply", r["state"], r["from"], r["bytes"], r["ttl"]))
        elif r["record"] == "icmp_error":
            fates.setdefault((r["addr"], r["seq"]), set()).add(
                ("error", r["from"], r["type"], r["code"]))
        elif r["record"] == "lost":
            fates.setdefault((r["addr"], r["seq"]), set()).add(("lost", r["state"]))
    keys = ("sent", "received", "late", "lost", "unknown", "in_flight", "duplicates", "corrupt",
            "errors", "send_errors", "local_drops")
    sums = {s["addr"]: {k: s[k] for k in keys} for s in records.of("ping_summary", final=True)}
    return fates, sums


def same_as_root(family, extra):
    def run():
        src.ping_sockets(True)
        results, clocks = [], []
        args = ["-c", "2", "-i", "0.3", "-W", "0.6", *extra, *TARGETS[family]]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            both = [(user, pool.submit(ping_json, node, args, user=user, command=command, status=1))
                    for node, user in ((roots_src, None), (src, NOBODY))]
        for user, future in both:
            records = future.result()
            equal(records.one("run")["socket"], "raw" if user is None else "datagram")
            results.append(essence(records))
            clocks.append({r["clock"] for r in records.of("reply")})
        for place, what in enumerate(("fates", "sums")):
            root, mine = results[0][place], results[1][place]
            for key in sorted(set(root) | set(mine), key=str):
                equal(mine.get(key), root.get(key), "%s of %s: user, root" % (what, key))
        for clock in clocks:  # the first answers may come before the kernel has begun to stamp
            equal("kernel" in clock and clock <= {"kernel", "user"}, True, "stamps: %r" % clock)
    return run


for a_family in (4, 6):
    add("same_as_root_%d" % a_family, same_as_root(a_family, []))
    add("same_as_root_small_payload_%d" % a_family, same_as_root(a_family, ["-s", "8"]))
    add("same_as_root_ttl_1_%d" % a_family, same_as_root(a_family, ["-t", "1"]))
    add("same_as_root_big_payload_%d" % a_family, same_as_root(a_family, ["-s", "1400", "-M", "do"]))


@case
def both_families_in_one_run():
    """Each has a socket of its own, and the kernel gives an identifier only once."""
    src.ping_sockets(True)
    src.hosts("127.0.0.1 here.example", "::1 here.example")
    records = ping_json(src, ["-c", "1", "127.0.0.1", "::1", "here.example"], user=NOBODY,
                        command=command, status=0)
    equal(records.one("run")["socket"], "datagram")
    equal(len(records.of("reply")), 3)


@case
def round_trips_agree_with_root():
    src.ping_sockets(True)
    least = []
    for user in (None, NOBODY):
        records = ping_json(src, ["-c", "20", "-i", "0.01", "10.0.2.2"], user=user, command=command,
                            status=0)
        least.append(records.one("ping_summary", final=True)["rtt_ns"]["min"])
    if not all(0 < rtt < 5 * 10**6 for rtt in least) or abs(least[0] - least[1]) > 10**6:
        raise AssertionError("least round trips, root and user: %r ns" % least)


@case
def text_is_the_same_as_iputils_for_users():
    src.ping_sockets(True)
    for target in ("10.0.2.2", "2001:db8:2::2", "10.0.3.1", "2001:db8:3::1"):
        args = ["-c", "1", "-W", "1", target]
        ours = src.run([command, "ping", *args], user=NOBODY)
        theirs = src.run([PING, *args], user=NOBODY)
        equal(normal(ours.stdout), normal(theirs.stdout))
        equal(ours.returncode, theirs.returncode)


def closed(verb, args, family):
    def run():
        src.ping_sockets(False)
        for extra in ([], ["--json"]):
            done = src.run([command, verb, *extra, *args], user=NOBODY)
            equal(done.returncode, 2, done.stdout + done.stderr)
            equal(done.stdout, "")
            equal(len(done.stderr.splitlines()), 1, done.stderr)
            contains(done.stderr, "setcap cap_net_raw")
            contains(done.stderr, command, "the command names the file")
            if verb == "ping":
                contains(done.stderr, "sysctl -w net.ipv4.ping_group_range=")
    return run


for a_family, a_target in ((4, "10.0.2.2"), (6, "2001:db8:2::2")):
    add("closed_ping_%d" % a_family, closed("ping", ["-c", "1", a_target], a_family))
    add("closed_trace_icmp_%d" % a_family, closed("trace", ["-I", a_target], a_family))
    add("closed_trace_tcp_%d" % a_family, closed("trace", ["-T", a_target], a_family))


@case
def a_mark_needs_the_capability():
    """Whatever sockets are open to all: neither a port nor the range of groups is the matter."""
    src.ping_sockets(True)
    for args in ([], ["-I"], ["--sport", "2000"], ["--sport", "80"]):
        done = src.run([command, "trace", "--fwmark", "1", *args, "10.0.2.2"], user=NOBODY)
        equal((done.returncode, done.stdout), (2, ""), done.stderr)
        contains(done.stderr, "--fwmark needs a raw socket; grant it with: sudo setcap cap_net_raw")


@case
def closed_trace_udp_needs_nothing():
    src.ping_sockets(False)
    for target in ("10.0.2.2", "2001:db8:2::2"):
        records = trace_json(src, ["-q", "1", target], user=NOBODY, command=command, status=0)
        equal(records.one("trace_summary")["hops"], 2)


@case
def the_commands_that_it_names_grant_it():
    """The line is followed to the letter: first one of its commands, then the other."""
    src.ping_sockets(False)
    done = src.run([command, "ping", "-c", "1", "10.0.2.2"], user=NOBODY)
    sysctl = re.search(r'sysctl -w \S+="[^"]*"', done.stderr)
    setcap = re.search(r"setcap \S+ \S+", done.stderr)
    if not sysctl or not setcap:
        raise AssertionError("no commands in %r" % done.stderr)
    sysctl, setcap = sysctl.group(0), setcap.group(0)
    src.run(["sh", "-c", sysctl], check=True)
    equal(src.run([command, "ping", "-c", "1", "10.0.2.2"], user=NOBODY).returncode, 0)
    src.ping_sockets(False)
    if not shutil.which("setcap"):
        raise Skip("setcap is not installed")
    granted = net.command_for_all()
    done = src.run(["sh", "-c", setcap.replace(command, granted)])
    if done.returncode != 0:
        raise Skip("no file capabilities on " + os.path.dirname(granted) + ": " + done.stderr.strip())
    equal(src.run([granted, "ping", "-c", "1", "10.0.2.2"], user=NOBODY).returncode, 0)
    equal(src.run([granted, "trace", "-I", "-q", "1", "10.0.2.2"], user=NOBODY).returncode, 0)


@case
def a_user_keeps_the_limits_of_ping():
    """Interval and preload, counted over all targets (DESIGN section 2)."""
    src.ping_sockets(True)
    for args in (["-i", "0.0001"], ["-l", "4"], ["-f"]):
        ours = src.run([command, "ping", *args, "-c", "1", "127.0.0.1"], user=NOBODY)
        theirs = src.run([PING, *args, "-c", "1", "127.0.0.1"], user=NOBODY)
        equal((ours.returncode, ours.stdout), (2, ""), "%s: %s" % (args, ours.stderr))
        equal(theirs.returncode, 2, "%s: %s" % (args, theirs.stderr))


with net:
    main()
