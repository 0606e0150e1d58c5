# SPDX-License-Identifier: MIT
"""What `icmp trace` says of this host and of what it was given: addresses that are not its own,
operands that have no path, path MTUs that the host has learnt, probes that it does not let out."""

import signal

from cases import add, case, contains, equal, main
from net import ICMP, NOBODY, Net, require_root
from runs import Records, rest_of, trace_json

require_root()

net = Net()
src, gate, dst = (net.node(name) for name in ("src", "gate", "dst"))
net.link(src, gate, "10.0.1.0/24", "2001:db8:1::/64")
net.link(gate, dst, "10.0.2.0/24", "2001:db8:2::/64", mtu=1300)
gate.forward()
src.ip("route add default via 10.0.1.2", "route add default via 2001:db8:1::2")
dst.ip("route add default via 10.0.2.1", "route add default via 2001:db8:2::1")

TARGET = {4: "10.0.2.2", 6: "2001:db8:2::2"}
HOP = {4: "10.0.1.2", 6: "2001:db8:1::2"}
METHODS = {"udp": [], "icmp": ["-I"], "tcp": ["-T"]}
command = net.command_for_all()


def refused(args):
    """One line on stderr and nothing else: gives the line."""
    done = src.run([ICMP, "trace", *args])
    equal((done.returncode, done.stdout), (2, ""), done.stderr)
    equal(len(done.stderr.splitlines()), 1, done.stderr)
    return done.stderr


@case
def source_that_is_not_ours():
    for source, family in (("9.9.9.9", 4), ("2001:db8:9::9", 6)):
        for method in METHODS.values():
            equal(refused(["-s", source, *method, TARGET[family]]),
                  "trace: %s is not an address of this host\n" % source)


@case
def unspecified_address_is_this_host():
    for target, hop in (("::", "::1"), ("0.0.0.0", "127.0.0.1")):
        for method in METHODS.values():
            done = src.run([ICMP, "trace", "-n", "-q1", *method, target])
            equal((done.returncode, done.stderr), (0, ""), done.stdout)
            contains(done.stdout, "traceroute to %s (%s), 30 hops max" % (target, hop))
            contains(done.stdout, "\n 1  %s  " % hop)


@case
def prefix_has_no_single_path():
    for text in ("10.77.3.0/30", "10.77.3.1/30", "2001:db8::/64", "10.0.0.0/99"):
        equal(refused([text]), "trace: %s: a prefix has no single path; give one address of it\n" % text)


def dont_fragment(family, method, user):
    """The host learns the path MTU, from ping or from the trace itself: each run shows the same."""
    def run():
        src.ping_sockets(True)
        src.run(["ping", "-c", "1", "-W", "0.1", "-s", "1400", "-M", "do", TARGET[family]])
        for _ in range(2):
            args = ["-F", "-q", "1", *METHODS[method], TARGET[family], "1400"]
            records = trace_json(src, args, user=user, command=command, status=1)
            # A router looks at the limit of hops first.
            hops = [(h["ttl"], h["from"], h.get("mark")) for h in records.of("hop")]
            equal(hops, [(1, HOP[family], None), (2, HOP[family], "!F-1300")])
            equal(records.one("trace_summary")["stop"], "unreachable")
            equal(records.stderr, "")
    return run


def larger_than_the_interface(family, method, user):
    def run():
        src.ping_sockets(True)
        src.run(["ping", "-c", "1", "-W", "0.1", "-s", "1400", "-M", "do", TARGET[family]])
        args = ["-n", "-F", *METHODS[method], TARGET[family], "1501"]
        done = src.run([command, "trace", *args], user=user)
        equal(done.stderr, "trace: cannot send to %s: message too long, at most 1500 bytes\n"
              % TARGET[family])
        equal(len(done.stdout.splitlines()), 1, done.stdout)
        equal(done.returncode, 2)
        records = trace_json(src, args, user=user, command=command, status=2)
        equal({(h["state"], h["mtu"], h.get("mark")) for h in records.of("hop")},
              {("send_error", 1500, None)})
    return run


for a_family in (4, 6):
    for a_method, a_user in (("udp", None), ("icmp", None), ("udp", NOBODY), ("icmp", NOBODY)):
        kind = "%s_%d_%s" % (a_method, a_family, "user" if a_user else "root")
        add("dont_fragment_" + kind, dont_fragment(a_family, a_method, a_user))
        add("too_large_" + kind, larger_than_the_interface(a_family, a_method, a_user))


def nothing_leaves(args, why, family, user):
    def run():
        src.ping_sockets(True)
        target = TARGET[family] if "-r" not in args else "10.0.2.9"
        done = src.run([command, "trace", "-n", *args, target], user=user)
        equal(done.stderr, "trace: cannot send to %s: %s\n" % (target, why))
        contains(done.stdout, "traceroute to ")
        equal(len(done.stdout.splitlines()), 1, done.stdout)
        equal(done.returncode, 2)
    return run


def filtered(family, user):
    def run():
        src.nft("table inet out { chain o { type filter hook output priority 0;"
                " ip daddr 10.0.2.2 drop; ip6 daddr 2001:db8:2::2 drop; }\n}")
        try:
            nothing_leaves([], "refused by a filter", family, user)()
            # What is sent to another target is another matter.
            done = src.run([ICMP, "trace", "-n", TARGET[family], HOP[family]])
            equal(done.returncode, 2, done.stderr)
            equal(len(done.stdout.splitlines()), 3, done.stdout)
        finally:
            src.run(["nft", "delete", "table", "inet", "out"], check=True)
    return run


for a_user in (None, NOBODY):
    kind = "user" if a_user else "root"
    for a_method in ("udp", "icmp"):
        add("nothing_leaves_direct_%s_%s" % (a_method, kind),
            nothing_leaves(["-r", *METHODS[a_method]], "network is unreachable", 4, a_user))
    for a_family in (4, 6):
        add("nothing_leaves_filtered_%d_%s" % (a_family, kind), filtered(a_family, a_user))


@case
def sigquit_tells_how_far_it_is():
    """A line for each target that has not ended; what is on stdout stays what it was."""
    dst.nft("table inet hole { chain p { type filter hook prerouting priority -300;"
            " ip daddr 10.0.2.2 drop; }\n}")
    src.hosts("127.0.0.1 localhost")
    src.resolver("nameserver 10.0.2.2", "options timeout:1 attempts:1")
    try:
        args = ["-n", "-q", "1", "-m", "5", "-w", "1", HOP[4], TARGET[4], "name.example"]
        child = src.start([ICMP, "trace", *args])
        before = [child.stdout.readline() for _ in range(4)]  # all of one target, a hop of the other
        child.send_signal(signal.SIGQUIT)
        said = [child.stderr.readline() for _ in range(2)]
        out, _ = rest_of(child)
    finally:
        dst.run(["nft", "delete", "table", "inet", "hole"], check=True)
    equal(said, ["trace: 10.0.2.2: hops told 1, probes sent 5, answered 1\n",
                 "trace: name.example: its address is being looked up\n"])
    contains(before[3], " 1  10.0.1.2")
    equal(out.splitlines()[:4], [" 2  *", " 3  *", " 4  *", " 5  *"])


@case
def sigquit_leaves_records_alone():
    args = ["--json", "-m", "3", "-w", "1", "-q", "1", "10.0.2.77"]
    child = src.start([ICMP, "trace", *args])
    lines = [child.stdout.readline() for _ in range(2)]
    child.send_signal(signal.SIGQUIT)
    contains(child.stderr.readline(), "trace: 10.0.2.77: hops told 1, probes sent 3, answered 1")
    out, err = rest_of(child)
    records = Records("".join(lines) + out)
    equal([len(records.of(kind)) for kind in ("run", "hop", "trace_summary")], [1, 3, 1])
    equal(err, "")


with net:
    main()
