# SPDX-License-Identifier: MIT
"""The text and the exit status of `icmp ping` beside those of iputils' ping in the same namespace,
measured numbers replaced. Messages of errors are ours; of those only the status is held."""

import os
import re
import signal

from cases import Skip, add, case, contains, equal, main, skip_all
from net import ICMP, Net, require_root
from runs import PING, Pairs, interrupt_after, normal

require_root()
if not os.path.exists(PING):
    skip_all("iputils' ping is not installed")

# Each address of this net is refused by the gate in one way, or goes nowhere without a word.
REJECTS = [("10.0.3.%d" % n, "icmp type " + kind) for n, kind in enumerate(
    ["net-unreachable", "host-unreachable", "prot-unreachable", "port-unreachable", "net-prohibited",
     "host-prohibited", "admin-prohibited"], 1)]
REJECTS6 = [("2001:db8:3::%d" % n, "icmpv6 type " + kind) for n, kind in enumerate(
    ["no-route", "admin-prohibited", "addr-unreachable", "port-unreachable", "policy-fail",
     "reject-route"], 1)]
RULES = ["table inet f {", "chain f { type filter hook prerouting priority -300; policy accept;",
         "ip daddr 10.0.3.100 drop", "ip6 daddr 2001:db8:3::64 drop",
         "}", "chain g { type filter hook forward priority 0; policy accept;"]
RULES += ["ip daddr %s reject with %s" % row for row in REJECTS]
RULES += ["ip6 daddr %s reject with %s" % row for row in REJECTS6]

net = Net()


def world(name):
    """src - gate - dst. There are two: what one run leaves in a kernel (path MTUs, neighbours, leases
    of flow labels) is not there for its twin."""
    src, gate, dst = (net.node(part + name) for part in ("src", "gate", "dst"))
    net.link(src, gate, "10.0.1.0/24", "2001:db8:1::/64")
    net.link(gate, dst, "10.0.2.0/24", "2001:db8:2::/64", mtu=1300)
    gate.forward()
    src.ip("route add default via 10.0.1.2", "route add default via 2001:db8:1::2")
    dst.ip("route add default via 10.0.2.1", "route add default via 2001:db8:2::1",
           # big packets go to addresses of their own: a path MTU once learned changes the next run
           *["addr add 10.0.2.%d/32 dev lo" % n for n in range(10, 20)],
           *["addr add 2001:db8:2::%d/128 dev lo" % n for n in range(10, 20)])
    src.sysctl(net__ipv4__neigh__eth0__retrans_time_ms=50,
               net__ipv6__neigh__eth0__retrans_time_ms=50)
    gate.sysctl(net__ipv4__neigh__eth1__retrans_time_ms=50,
                net__ipv6__neigh__eth1__retrans_time_ms=50)
    src.resolver("nameserver 127.0.0.1", "options timeout:1 attempts:1")
    src.hosts("127.0.0.1 four.example", "::1 six.example")
    gate.nft("\n".join(RULES + ["}", "}"]))
    gate.ip("route add 10.0.3.0/24 via 10.0.2.2", "route add 2001:db8:3::/64 via 2001:db8:2::2")
    return src


ours_src, theirs_src = world("1"), world("2")

FAST = ["-i", "0.2"]
QUIET = ["-c", "1", "-W", "1"]

# name: arguments. Those of PAIRS give the same text and status.
PAIRS = {
    "loopback": ["-c", "3", "-i", "0.2", "127.0.0.1"],
    "loopback_6": ["-c", "3", "-i", "0.2", "::1"],
    "name": ["-c", "2", *FAST, "four.example"],
    "name_4": ["-4", "-c", "1", "four.example"],
    "name_6": ["-6", "-c", "1", "six.example"],
    "name_6_numeric": ["-n", "-c", "1", "six.example"],
    "two_hops": ["-c", "2", *FAST, "10.0.2.2"],
    "two_hops_6": ["-c", "2", *FAST, "2001:db8:2::2"],
    "dead_neighbour": ["-c", "1", "10.0.1.77"],
    "dead_neighbour_6": ["-c", "1", "2001:db8:1::77"],
    "dead_behind_gate": ["-c", "1", "10.0.2.77"],
    "dead_behind_gate_6": ["-c", "1", "2001:db8:2::77"],
    "silence": ["-c", "2", *FAST, "-W", "0.3", "10.0.3.100"],
    "silence_6": ["-c", "2", *FAST, "-W", "0.3", "2001:db8:3::64"],
    "silence_outstanding": ["-O", "-c", "3", *FAST, "-W", "0.3", "10.0.3.100"],
    "silence_outstanding_quiet": ["-O", "-q", "-c", "2", *FAST, "-W", "0.3", "10.0.3.100"],
    "quiet": ["-q", "-c", "2", *FAST, "10.0.2.2"],
    "numeric": ["-n", "-c", "2", *FAST, "10.0.2.2"],
    "time_of_day": ["-D", "-c", "2", *FAST, "10.0.2.2"],
    "time_of_day_6": ["-D", "-c", "2", *FAST, "2001:db8:2::2"],
    "empty_payload": ["-s", "0", *QUIET, "10.0.2.2"],
    "payload_8": ["-s", "8", *QUIET, "10.0.2.2"],
    "payload_15": ["-s", "15", *QUIET, "10.0.2.2"],
    "payload_16": ["-s", "16", *QUIET, "10.0.2.2"],
    "payload_8_6": ["-s", "8", *QUIET, "2001:db8:2::2"],
    "payload_fragmented": ["-s", "4000", *QUIET, "10.0.2.10"],
    "payload_fragmented_6": ["-s", "4000", *QUIET, "2001:db8:2::10"],
    "payload_largest": ["-s", "65507", *QUIET, "127.0.0.1"],
    "pattern": ["-p", "ff00", *QUIET, "10.0.2.2"],
    "pattern_odd": ["-p", "a", *QUIET, "10.0.2.2"],
    "preload": ["-l", "3", "-c", "3", *FAST, "10.0.2.2"],
    "deadline": ["-w", "1", "-i", "0.3", "10.0.2.2"],
    "deadline_silence": ["-w", "1", "-i", "0.3", "10.0.3.100"],
    "deadline_and_count_silence": ["-w", "1", "-c", "2", "-i", "0.3", "10.0.3.100"],
    "adaptive": ["-A", "-c", "5", "10.0.2.2"],
    "flood_quiet": ["-f", "-q", "-c", "50", "10.0.2.2"],
    "audible": ["-a", "-c", "2", *FAST, "10.0.2.2"],
    "interface_name": ["-I", "eth0", *QUIET, "10.0.2.2"],
    "interface_name_6": ["-I", "eth0", *QUIET, "2001:db8:2::2"],
    "interface_address": ["-I", "10.0.1.1", *QUIET, "10.0.2.2"],
    "interface_address_6": ["-I", "2001:db8:1::1", *QUIET, "2001:db8:2::2"],
    "interface_repeated": ["-I", "eth0", "-I", "10.0.1.1", *QUIET, "10.0.2.2"],
    "type_of_service": ["-Q", "0x10", *QUIET, "10.0.2.2"],
    "mark": ["-m", "7", *QUIET, "10.0.2.2"],
    "identifier": ["-e", "77", *QUIET, "10.0.2.2"],
    "sndbuf": ["-S", "20000", *QUIET, "10.0.2.2"],
    "user_latency": ["-U", *QUIET, "10.0.2.2"],
    "flow_label_6": ["-F", "0x12345", *QUIET, "2001:db8:2::2"],
    "sticky_source": ["-B", *QUIET, "10.0.2.2"],
    "bypass_routes_neighbour": ["-r", *QUIET, "10.0.1.2"],
    "record_route": ["-R", "-c", "2", *FAST, "10.0.2.2"],
    "timestamp_option": ["-T", "tsandaddr", *QUIET, "10.0.2.2"],
    "ttl_one": ["-t", "1", "-c", "2", *FAST, "10.0.2.2"],
    "ttl_one_6": ["-t", "1", "-c", "2", *FAST, "2001:db8:2::2"],
    "ttl_one_quiet": ["-q", "-t", "1", "-c", "2", *FAST, "10.0.2.2"],
    "ttl_one_numeric": ["-n", "-t", "1", "-c", "1", "10.0.2.2"],
    "frag_needed": ["-M", "do", "-s", "1400", "-c", "1", "-W", "1", "10.0.2.11"],
    "too_big_6": ["-M", "do", "-s", "1400", "-c", "1", "-W", "1", "2001:db8:2::11"],
    "too_big_local": ["-M", "do", "-s", "2000", "-c", "2", *FAST, "-W", "0.3", "10.0.1.2"],
    "pmtu_dont": ["-M", "dont", "-s", "1400", *QUIET, "10.0.2.12"],
    "pmtu_want": ["-M", "want", *QUIET, "10.0.2.2"],
    "options_behind_target": ["10.0.2.2", "-c", "1"],
    "double_dash": ["-c", "1", "--", "10.0.2.2"],
    "joined_options": ["-nqc2", "-i0.2", "10.0.2.2"],
    "mapped_literal": ["-c", "1", "-W", "1", "10.0.514"],
    "verbose": ["-v", *QUIET, "10.0.2.2"],
    "numeric_verbose_6": ["-nv", *QUIET, "2001:db8:2::2"],
    "broadcast": ["-b", "-c", "1", "-W", "0.3", "10.0.1.255"],
    "multicast": ["-c", "1", "-W", "0.3", "-I", "eth0", "224.0.0.99"],
    "multicast_no_loop": ["-L", "-c", "1", "-W", "0.3", "-I", "eth0", "224.0.0.1"],
}
for place, (address, kind) in enumerate(REJECTS + REJECTS6):
    PAIRS["refused_" + kind.replace("-", "_").replace(" type ", "_")] = ["-c", "1", "-W", "1", address]

# Those whose output is an error message: the status and an empty stdout.
STATUS = {
    "unknown_name": ["-c", "1", "no.such.name.invalid"],
    "unknown_name_6": ["-6", "-c", "1", "no.such.name.invalid"],
    "bad_option": ["--no-such-option", "-c", "1", "127.0.0.1"],
    "bad_short_option": ["-y", "-c", "1", "127.0.0.1"],
    "no_target": [],
    "count_zero": ["-c", "0", "127.0.0.1"],
    "count_word": ["-c", "many", "127.0.0.1"],
    "count_tail": ["-c", "3x", "127.0.0.1"],
    "count_negative": ["-c", "-1", "127.0.0.1"],
    "interval_word": ["-i", "soon", "-c", "1", "127.0.0.1"],
    "interval_negative": ["-i", "-1", "-c", "1", "127.0.0.1"],
    "size_too_large": ["-s", "65508", "-c", "1", "127.0.0.1"],
    "size_negative": ["-s", "-1", "-c", "1", "127.0.0.1"],
    "ttl_too_large": ["-t", "256", "-c", "1", "127.0.0.1"],
    "ttl_negative": ["-t", "-1", "-c", "1", "127.0.0.1"],
    "preload_zero": ["-l", "0", "-c", "1", "127.0.0.1"],
    "pattern_word": ["-p", "xyz", "-c", "1", "127.0.0.1"],
    "pmtu_word": ["-M", "maybe", "-c", "1", "127.0.0.1"],
    "timestamp_word": ["-T", "never", "-c", "1", "127.0.0.1"],
    "interface_unknown": ["-I", "nosuch0", "-c", "1", "127.0.0.1"],
    "interface_foreign_address": ["-I", "192.0.2.1", "-c", "1", "10.0.2.2"],
    "four_and_six": ["-4", "-c", "1", "::1"],
    "six_and_four": ["-6", "-c", "1", "127.0.0.1"],
    "broadcast_unasked": ["-c", "1", "10.0.1.255"],
    "missing_argument": ["-c"],
    "empty_target": ["-c", "1", ""],
}

TAKEN_BY_PEER = {"interval_word", "interval_negative", "size_too_large"}

pairs = Pairs()
started = {name: pairs.ping(ours_src, theirs_src, args) for name, args in PAIRS.items()}
refused = {name: pairs.ping(ours_src, theirs_src, args) for name, args in STATUS.items()}


# iputils has its clock in the payload, so no times below 16 bytes; ours are the kernel's and stay.
TIMELESS = {"empty_payload", "payload_8", "payload_15", "payload_8_6"}
# How many were in flight at once depends on the moment.
FLOOD = {"flood_quiet", "adaptive"}


def results(name, done):
    """The text of results. Not among them: iputils' words on its own address structures (-v), and its
    "Unknown code" for codes that it has no words for, where we have."""
    text = normal(done.stdout)
    if name in TIMELESS:
        text = text.replace(" time=N ms", "").replace("rtt min/avg/max/mdev = N/N/N/N ms", "")
    if name in FLOOD:
        text = text.replace(", pipe N", "")
    text = re.sub(r"^ai->ai_family.*\n", "", text, flags=re.M)
    return re.sub(r"(Unknown code \d|Source address failed ingress/egress policy"
                  r"|Reject route to destination)", "CODE", text)


def same_text(name):
    def run():
        ours, theirs = started[name]()
        equal(results(name, ours), results(name, theirs), "stdout of %s" % PAIRS[name])
        equal(ours.returncode, theirs.returncode, "status of %s: %s" % (PAIRS[name], ours.stderr))
    return run


def same_status(name):
    def run():
        ours, theirs = refused[name]()
        equal(ours.stdout, "", "stdout of %s" % STATUS[name])
        # iputils gives 1 for some bad values and takes "soon" for a number; a bad call is 2 here.
        if not (name in TAKEN_BY_PEER or theirs.returncode in (1, 2)):
            raise AssertionError("the peer accepts %s: %s" % (STATUS[name], theirs.stdout))
        equal(ours.returncode, 2, "status of %s: %s" % (STATUS[name], ours.stderr))
        equal(len(ours.stderr.splitlines()), 1, "one line on stderr: %r" % ours.stderr)
        if "\n" in ours.stderr[:-1] or not ours.stderr.startswith("ping: "):
            raise AssertionError("stderr: %r" % ours.stderr)
    return run


for pair_name in PAIRS:
    add("text_" + pair_name, same_text(pair_name))
for pair_name in STATUS:
    add("status_" + pair_name, same_status(pair_name))


@case
def no_route():
    lonely = net.node("lonely")
    for target in ("192.0.2.1", "2001:db8:99::1"):
        ours, theirs = (lonely.run([*c, "-c", "1", target]) for c in ([ICMP, "ping"], [PING]))
        equal(ours.stdout, theirs.stdout)
        equal(ours.returncode, theirs.returncode, ours.stderr)


def twice(how, args, *more):
    """The same done to us and to the peer, each in its world."""
    return how(ours_src, [ICMP, "ping", *args], *more), how(theirs_src, [PING, *args], *more)


@case
def interrupt_prints_the_summary():
    ours, theirs = twice(interrupt_after, ["-i", "0.4", "10.0.2.2"], 3, [signal.SIGINT])
    equal(normal(ours[0]), normal(theirs[0]))
    equal(ours[2], theirs[2])


@case
def interrupt_without_an_answer():
    args = ["-i", "0.2", "-O", "-W", "0.2", "10.0.3.100"]
    ours, theirs = twice(interrupt_after, args, 2, [signal.SIGINT])
    equal(ours[2], theirs[2])
    contains(ours[0], "100% packet loss")


@case
def quit_prints_a_line_and_goes_on():
    ours, theirs = twice(interrupt_after, ["-i", "0.4", "10.0.2.2"], 3,
                         [signal.SIGQUIT, signal.SIGINT])
    equal(normal(ours[0]), normal(theirs[0]))
    equal(ours[2], theirs[2])


@case
def flood_prints_dots():
    """A dot for each probe, wiped by a backspace at each answer."""
    for target, answered in (("10.0.3.100", False), ("10.0.2.2", True)):
        args = ["-f", "-c", "20", "-W", "0.3", "-w", "1", target]
        for node, command in ((ours_src, [ICMP, "ping"]), (theirs_src, [PING])):
            done = node.run([*command, *args])
            sent = int(re.search(r"(\d+) packets transmitted", done.stdout).group(1))
            equal(done.stdout.splitlines()[1].count("."), sent, done.stdout)
            equal(done.stdout.count("\b"), 2 * sent if answered else 0, done.stdout)
            equal(done.returncode, 0 if answered else 1)


@case
def closed_pipe_ends_it_quietly():
    done = ours_src.run(["sh", "-c", "%s ping -i 0.2 -c 20 127.0.0.1 | head -n 2" % ICMP], timeout=10)
    equal(done.stderr, "")
    equal(len(done.stdout.splitlines()), 2)


@case
def full_disk_is_an_error():
    if not os.path.exists("/dev/full"):
        raise Skip("no /dev/full")
    done = ours_src.run(["sh", "-c", "%s ping -c 1 127.0.0.1 > /dev/full" % ICMP], timeout=10)
    equal(done.returncode, 2, done.stderr)
    equal(len(done.stderr.splitlines()), 1, done.stderr)


with net:
    main()
