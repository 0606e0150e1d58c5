# SPDX-License-Identifier: MIT
"""What `icmp trace` says of this host and of what it was given: addresses that are not its own,
operands that have no path."""

from cases import add, case, contains, equal, main
from net import ICMP, Net, require_root

require_root()

net = Net()
src, gate, dst = (net.node(name) for name in ("src", "gate", "dst"))
net.link(src, gate, "10.0.1.0/24", "2001:db8:1::/64")
net.link(gate, dst, "10.0.2.0/24", "2001:db8:2::/64", mtu=1300)
gate.forward()
src.ip("route add default via 10.0.1.2", "route add default via 2001:db8:1::2")
dst.ip("route add default via 10.0.2.1", "route add default via 2001:db8:2::1")

TARGET = {4: "10.0.2.2", 6: "2001:db8:2::2"}
METHODS = {"udp": [], "icmp": ["-I"], "tcp": ["-T"]}


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
def prefix_has_no_single_path():
    for text in ("10.77.3.0/30", "10.77.3.1/30", "2001:db8::/64", "10.0.0.0/99"):
        equal(refused([text]), "trace: %s: a prefix has no single path; give one address of it\n" % text)


with net:
    main()
