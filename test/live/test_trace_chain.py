# SPDX-License-Identifier: MIT
"""`icmp trace` over a chain of 10 kernel routers, both families and all methods: 11 hops, reached, the
right reason to stop, valid records; the same while a router drops all ICMP, and with a router that
quotes only 8 bytes behind NAT; and its text beside traceroute's."""

import ipaddress
import re
import shutil

import short_quote
from cases import Skip, add, case, contains, equal, main
from net import ICMP, NOBODY, Net, require_root, wait_for
from runs import rest_of, trace_json

require_root()

ROUTERS, HOPS = 10, 11
METHODS = {"udp": [], "icmp": ["-I"], "tcp": ["-T"]}
STOPS = {"udp": "port-unreachable", "icmp": "echo-reply", "tcp": "tcp-reset"}
OPEN_PORT = 8080

net = Net()


def chain():
    nodes, four, six = net.chain(ROUTERS)
    return nodes, {4: four, 6: six}


def expected(family):
    """The address of each hop: the left side of each router, then the target."""
    text = "10.9.%d.2" if family == 4 else "2001:db8:9:%x::2"
    return [str(ipaddress.ip_address(text % i)) for i in range(HOPS)]


def hops_of(records):
    """The answering address of each TTL (a set; empty where nothing answered)."""
    table = {}
    for hop in records.of("hop"):
        table.setdefault(hop["ttl"], set())
        if hop["from"]:
            table[hop["ttl"]].add(hop["from"])
    return table


def check_path(records, family, silent=(), queries=3):
    table = hops_of(records)
    equal(sorted(table), list(range(1, HOPS + 1)), "the TTLs")
    for ttl, address in enumerate(expected(family), 1):
        equal(table[ttl], set() if ttl in silent else {address}, "hop %d" % ttl)
    for hop in records.of("hop"):
        want = "lost" if hop["ttl"] in silent else "answered"
        equal(hop["state"], want, "state of %r" % hop)
        if want == "answered":
            if not 0 < hop["rtt_ns"] < 10**9:
                raise AssertionError("round trip of %r" % hop)
            equal(hop["match_bits"] > 0, True, "matched by its own bits: %r" % hop)
    for ttl in table:
        equal(len(records.of("hop", ttl=ttl)), queries, "probes of hop %d" % ttl)


def check_end(records, method, stop=None):
    summary = records.one("trace_summary")
    equal(summary["reached"], True)
    equal(summary["stop"], stop or STOPS[method])
    equal(summary["hops"], HOPS)
    equal(summary["method"], method)
    equal(records[0]["record"], "run", "the first record")


plain_nodes, TARGET = chain()


def plain(method, family, extra=()):
    def run():
        records = trace_json(plain_nodes[0], [*METHODS[method], *extra, TARGET[family]], status=0)
        check_path(records, family)
        check_end(records, method)
        if method == "udp":
            final = records.of("hop", ttl=HOPS)
            equal({(h["type"], h["code"]) for h in final}, {(3, 3) if family == 4 else (1, 4)})
    return run


for a_method in METHODS:
    for a_family in (4, 6):
        add("%s_%d" % (a_method, a_family), plain(a_method, a_family))
        if a_method != "tcp":  # whose ports are its flow
            add("%s_%d_classic" % (a_method, a_family), plain(a_method, a_family, ["--classic"]))


def one_query_at_a_time(family):
    def run():
        records = trace_json(plain_nodes[0], ["-q", "1", "-N", "1", TARGET[family]], status=0)
        check_path(records, family, queries=1)
        check_end(records, "udp")
    return run


for a_family in (4, 6):
    add("one_probe_in_flight_%d" % a_family, one_query_at_a_time(a_family))


@case
def ports_stay_and_with_classic_count_up():
    """DF-traceroute-01, DF-traceroute-05: seen on the wire, in front of the first router."""
    if not shutil.which("tcpdump"):
        raise Skip("tcpdump is not installed")
    for args, distinct in (([], 1), (["--classic"], 3 * HOPS)):
        dump = plain_nodes[0].start(["tcpdump", "-nlti", "eth0", "-Q", "out", "udp"])
        said = dump.stderr.readline() + dump.stderr.readline()
        contains(said, "listening")
        trace_json(plain_nodes[0], [*args, "-n", TARGET[4]], status=0)
        lines, want = [], ".33434: UDP"
        wait_for(lambda: lines.append(dump.stdout.readline()) or len(lines) >= 3 * HOPS, "probes")
        dump.terminate()
        lines += rest_of(dump)[0].splitlines()
        ports = [int(m.group(1)) for m in (re.search(r"\.(\d+): UDP", line) for line in lines) if m]
        contains(lines[0], want, "the first port")
        if distinct == 1:
            equal(set(ports), {33434})
        elif len(set(ports)) < distinct or min(ports) != 33434:
            raise AssertionError("ports with --classic: %r" % ports)


@case
def tcp_to_an_open_port():
    listener = plain_nodes[-1].start(
        ["/usr/bin/python3", "-c", "import socket;s=socket.create_server(('::',%d),"
         "family=socket.AF_INET6,dualstack_ipv6=True);print('ready',flush=True);"
         "import time;time.sleep(60)" % OPEN_PORT])
    equal(listener.stdout.readline(), "ready\n")
    for family in (4, 6):
        records = trace_json(plain_nodes[0], ["-T", "-p", str(OPEN_PORT), TARGET[family]], status=0)
        check_path(records, family)
        check_end(records, "tcp", "tcp-syn-ack")
    listener.kill()


@case
def several_targets_in_one_run():
    targets = [TARGET[4], TARGET[6], "10.9.4.2", "2001:db8:9:4::2"]
    records = trace_json(plain_nodes[0], ["-q", "1", *targets], status=0)
    ends = {s["addr"]: (s["reached"], s["hops"]) for s in records.of("trace_summary")}
    equal(ends, dict(zip(targets, [(True, HOPS), (True, HOPS), (True, 5), (True, 5)])))


@case
def ttl_limits():
    records = trace_json(plain_nodes[0], ["-f", "3", "-m", "5", "-q", "1", TARGET[4]], status=1)
    equal(sorted(hops_of(records)), [3, 4, 5])
    summary = records.one("trace_summary")
    equal((summary["reached"], summary["stop"], summary["hops"]), (False, "max-ttl", 5))


@case
def unreachable_is_the_end():
    gate = plain_nodes[3]
    marks = {"icmp type net-unreachable": "!N", "icmp type host-unreachable": "!H",
             "icmp type prot-unreachable": "!P", "icmp type admin-prohibited": "!X"}
    for kind, mark in marks.items():
        gate.nft("table ip cut { chain f { type filter hook forward priority 0;"
                 " ip daddr 10.9.10.2 reject with %s; }\n}" % kind)
        records = trace_json(plain_nodes[0], ["-q", "1", TARGET[4]], status=1)
        summary = records.one("trace_summary")
        equal((summary["reached"], summary["stop"]), (False, "unreachable"), kind)
        last = records.of("hop", final=True)
        equal([h["mark"] for h in last], [mark], kind)
        equal(max(hops_of(records)), 4, kind)  # what passed the third router's limit of hops
        gate.run(["nft", "delete", "table", "ip", "cut"], check=True)


def silent_router(method, family):
    def run():
        records = trace_json(dark_nodes[0], [*METHODS[method], "-w", "0.3", TARGET[family]], status=0)
        check_path(records, family, silent=(5,))
        check_end(records, method)
    return run


dark_nodes, _ = chain()
dark_nodes[5].nft("table inet dark { chain o { type filter hook output priority 0;"
                  " ip protocol icmp drop; meta l4proto icmpv6 icmpv6 type time-exceeded drop; }\n}")
for a_method in METHODS:
    for a_family in (4, 6):
        add("silent_router_%s_%d" % (a_method, a_family), silent_router(a_method, a_family))


def short_quotes(method, family):
    def run():
        # One at a time: the reset of the target makes the NAT forget the flow, and with it the way
        # back of errors that are still to come.
        extra = ["-N", "1"] if method == "tcp" else []
        records = trace_json(nat_nodes[0], [*METHODS[method], *extra, TARGET[family]], status=0)
        check_path(records, family)
        check_end(records, method)
        bits = {h["match_bits"] for h in records.of("hop", ttl=6)}
        if not bits or min(bits) <= 0:
            raise AssertionError("match_bits of the short quotes: %r" % bits)
    return run


nat_nodes, _ = chain()
nat_nodes[3].nft("table inet nat { chain p { type nat hook postrouting priority 100;"
                 " oifname eth1 masquerade; }\n}")
short_quote.kernel_filter(nat_nodes[6])
quoter = nat_nodes[6].start(["/usr/bin/python3", short_quote.__file__, "eth0"])
equal(quoter.stdout.readline(), "ready\n")
for a_method in METHODS:
    for a_family in (4, 6):
        add("short_quotes_behind_nat_%s_%d" % (a_method, a_family), short_quotes(a_method, a_family))


def loop(family):
    def run():
        records = trace_json(loop_nodes[0], ["-q", "1", "-w", "0.3",
                                             "192.0.2.1" if family == 4 else "2001:db8:fe::1"],
                             status=1)
        summary = records.one("trace_summary")
        equal((summary["reached"], summary["stop"]), (False, "loop"))
    return run


loop_nodes, _ = chain()
loop_nodes[0].ip("route add default via 10.9.0.2", "route add default via 2001:db8:9:0::2")
loop_nodes[1].ip("route add default via 10.9.1.2", "route add default via 2001:db8:9:1::2")
loop_nodes[2].ip("route add default via 10.9.1.1", "route add default via 2001:db8:9:1::1")
for a_family in (4, 6):
    add("loop_%d" % a_family, loop(a_family))


@case
def gap_of_silence_ends_it():
    gate = plain_nodes[3]
    gate.nft("table inet hole { chain f { type filter hook prerouting priority -300;"
             " ip daddr 10.9.10.2 drop; }\n}")
    records = trace_json(plain_nodes[0], ["-q", "1", "-w", "0.2", TARGET[4]], status=1)
    gate.run(["nft", "delete", "table", "inet", "hole"], check=True)
    summary = records.one("trace_summary")
    equal((summary["reached"], summary["hops"], summary["stop"]), (False, 2, "gap"))


def lines_of(text):
    """Hop lines with their times away; where all probes of a hop agree, as one."""
    text = re.sub(r"  [0-9.]+ ms", "  N ms", text)
    return [line.rstrip() for line in text.splitlines()]


TEXTS = {
    "text_udp": ["-n", TARGET[4]],
    "text_udp_6": ["-n", TARGET[6]],
    "text_icmp": ["-I", "-n", TARGET[4]],
    "text_tcp": ["-T", "-n", TARGET[4]],
    "text_tcp_6": ["-T", "-n", TARGET[6]],
    "text_one_query": ["-n", "-q", "1", TARGET[4]],
    "text_names_unknown": ["-q", "2", TARGET[4]],
    "text_first_ttl": ["-n", "-f", "4", TARGET[4]],
    "text_max_ttl": ["-n", "-m", "3", TARGET[4]],
    "text_size": ["-n", "-q", "1", TARGET[4], "100"],
}
TRACEROUTE = shutil.which("traceroute")


def same_text(args):
    def run():
        if not TRACEROUTE:
            raise Skip("traceroute is not installed")
        wait = ["-w", "3,0,0"]  # the peer's waits by what it measured lose answers when we are slow
        ours = plain_nodes[0].run([ICMP, "trace", *wait, *args])
        theirs = plain_nodes[0].run([TRACEROUTE, *wait, *args])
        equal(lines_of(ours.stdout), lines_of(theirs.stdout), str(args))
    return run


plain_nodes[0].resolver("nameserver 127.0.0.1", "options timeout:1 attempts:1")
for text_name, text_args in TEXTS.items():
    add(text_name, same_text(text_args))


@case
def text_silent_hop():
    if not TRACEROUTE:
        raise Skip("traceroute is not installed")
    args = ["-n", "-w", "0.5,0,0", TARGET[4]]
    ours, theirs = (dark_nodes[0].run([*c, *args]) for c in ([ICMP, "trace"], [TRACEROUTE]))
    equal(lines_of(ours.stdout), lines_of(theirs.stdout))


def user_sees_the_same(method, family):
    """What an ordinary user sees is what root sees: by UDP without any privilege, by ICMP where
    datagram ICMP sockets are open to all."""
    def run():
        plain_nodes[0].ping_sockets(method == "icmp")
        command = net.command_for_all()
        for user in (None, NOBODY):
            records = trace_json(plain_nodes[0], [*METHODS[method], TARGET[family]], user=user,
                                 command=command, status=0)
            check_path(records, family)
            check_end(records, method)
    return run


for a_method in ("udp", "icmp"):
    for a_family in (4, 6):
        add("ordinary_user_%s_%d" % (a_method, a_family), user_sees_the_same(a_method, a_family))

with net:
    main()
