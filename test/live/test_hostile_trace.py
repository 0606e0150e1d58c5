# SPDX-License-Identifier: MIT
"""`icmp trace` past a router that misbehaves: every trace reaches its target over three hops, whatever
the second router answers with, and nothing is credited to the wrong probe."""

from cases import add, case, equal, main
from hostile import ROUTERS, Hostile, router_faults
from net import NOBODY, Net, require_root
from runs import trace_json

require_root()

net = Net()
node = net.node("victim")
node.ping_sockets(True)
hostile = Hostile(node)
command = net.command_for_all()

METHODS = {"udp": [], "icmp": ["-I"], "tcp": ["-T"]}
STOPS = {"udp": "port-unreachable", "icmp": "echo-reply", "tcp": "tcp-reset"}

# What the second hop is. Faults that are in neither set may be either.
ANSWERED = {"error", "quote-8", "quote-options", "quote-length-huge", "mpls", "mpls-interface",
            "ext-checksum", "ext-zero-length", "ext-past-end", "ext-unknown", "ext-name-past-end",
            "twice", "redirect", "quench"}
SILENT = {"silent", "quote-ident", "quote-253", "quote-noise", "bad-checksum"}


def run_all(family, method, user=None):
    targets = [hostile.address(name, family) for name in sorted(router_faults(family))]
    return trace_json(node, [*METHODS[method], "-q", "2", "-w", "1", *targets], user=user,
                      command=command, status=0)


runs = {(family, method, "root"): run_all(family, method) for family in (4, 6) for method in METHODS}
runs.update({(family, "udp", "user"): run_all(family, "udp", NOBODY) for family in (4, 6)})


def past(key, name):
    def run():
        family, method, who = key
        address = hostile.address(name, family)
        summary = runs[key].one("trace_summary", addr=address)
        equal((summary["reached"], summary["stop"], summary["hops"]), (True, STOPS[method], 3))
        hops = runs[key].of("hop", addr=address)
        equal({h["from"] for h in hops if h["ttl"] == 1}, {ROUTERS[family][0]})
        equal({h["from"] for h in hops if h["ttl"] == 3}, {address})
        second = [h for h in hops if h["ttl"] == 2]
        equal(len(second), 2, "probes of the second hop: %r" % second)
        if name in ANSWERED:
            equal([(h["from"], h["state"]) for h in second],
                  [(ROUTERS[family][1], "answered")] * 2, name)
        # The kernel, which matches for an unprivileged socket, looks at ports and destination only.
        if name in SILENT and not (who == "user" and name == "bad-checksum"):
            equal([h["from"] for h in second], [None] * 2, name)
    return run


for a_key in runs:
    for a_fault in sorted(router_faults(a_key[0])):
        add("%s_%s_%d_%s" % (a_fault.replace("-", "_"), a_key[1], a_key[0], a_key[2]),
            past(a_key, a_fault))


@case
def labels_and_interface_of_the_hop():
    labels = [{"label": 16001, "tc": 5, "s": 0, "ttl": 1},
              {"label": 16002, "tc": 0, "s": 1, "ttl": 254}]
    for key, records in runs.items():
        for hop in records.of("hop", addr=hostile.address("mpls", key[0]), ttl=2):
            equal(hop["extensions"], [{"class": 1, "ctype": 1, "mpls": labels}], str(key))
            equal(hop["lenient"], False)
        for hop in records.of("hop", addr=hostile.address("mpls-interface", key[0]), ttl=2):
            equal(hop["extensions"][1]["role"], "incoming")
            equal(hop["extensions"][1]["index"], 7)


def rewritten(key, name):
    """An address that changed on the way, with the probe's own bits intact, is NAT, and said."""
    def run():
        hops = runs[key].of("hop", addr=hostile.address(name, key[0]), ttl=2)
        equal([(h["state"], h["nat"]) for h in hops], [("answered", True)] * 2)
    return run


for a_key in runs:
    for a_fault in ("quote-source", "quote-destination"):
        if a_key[2] == "root":
            add("nat_%s_%s_%d" % (a_fault.replace("-", "_"), a_key[1], a_key[0]),
                rewritten(a_key, a_fault))


def text_is_printable(family, args):
    def run():
        targets = [hostile.address(name, family) for name in sorted(router_faults(family))]
        done = node.run([command, "trace", "-e", "-q", "1", "-w", "1", *args, *targets])
        equal(done.returncode, 0, done.stderr)
        for line in (done.stdout + done.stderr).splitlines():
            if not line.isprintable():
                raise AssertionError("unprintable: %r" % line)
    return run


for a_family in (4, 6):
    for a_method, method_args in METHODS.items():
        add("text_is_printable_%s_%d" % (a_method, a_family), text_is_printable(a_family, method_args))


@case
def the_responder_survived():
    equal(hostile.child.poll(), None)


with net:
    main()
