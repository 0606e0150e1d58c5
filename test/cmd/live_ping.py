#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The text and exit status of `icmp ping` beside those of iputils ping, run in the same networks."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import Skip, case, contains, equal, main, skip_all  # noqa: E402
from hostile import Hostile  # noqa: E402
from net import ICMP, NOBODY, Net, require_root  # noqa: E402

PING = "ping" if shutil.which("ping") else None

NUMBERS = [
    (r"time=[0-9.]+ ms", "time=T ms"),
    (r"time [0-9]+ms", "time Tms"),
    (r"= [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms", "= T/T/T/T ms"),
    (r"ipg/ewma [0-9.]+/[0-9.]+ ms", "ipg/ewma T/T ms"),
    (r"^\[[0-9]{10}\.[0-9]{6}\] ", "[WHEN] "),
    (r"ident=[0-9]+", "ident=I"),
    (r"[0-9]+ absolute", "T absolute"),
    (r"(?m)^(\t[0-9.]+)\t[0-9]+$", r"\1\tT"),
    (r"(?m)^\t[0-9]$", r"\tT"),  # milliseconds since the hop before
]


def flat(text):
    """The text without what differs from run to run."""
    for pattern, to in NUMBERS:
        text = re.sub(pattern, to, text, flags=re.M)
    return text


def both(node, args, user=None, ours=ICMP, **kw):
    """Runs both, and expects the same results and status. Returns our run."""
    theirs = node.run([PING] + args, user=user, **kw)
    node.run(["ip", "neigh", "flush", "all"])
    node.run(["sh", "-c", "ip route flush cache; ip -6 route flush cache"])
    mine = node.run([ours, "ping"] + args, user=user, **kw)
    what = "ping " + " ".join(args)
    equal(flat(mine.stdout), flat(theirs.stdout), what + "\n" + mine.stderr + theirs.stderr)
    equal(mine.returncode, theirs.returncode, what + "\n" + mine.stderr + theirs.stderr)
    return mine


@case
def loopback_prints_the_same():
    with Net() as net:
        node = net.node("a")
        for args in (["-c3", "-i0.2", "127.0.0.1"], ["-c3", "-i0.2", "::1"], ["-c1", "localhost"],
                     ["-c1", "-n", "localhost"], ["-c2", "-i.1", "-q", "127.0.0.1"],
                     ["-c1", "-D", "127.0.0.1"], ["-c1", "-a", "127.0.0.1"],
                     ["-c1", "-p", "ff00", "127.0.0.1"], ["-c1", "-p", "f", "127.0.0.1"],
                     ["-c1", "-p", "ff", "-q", "127.0.0.1"], ["-c2", "-l2", "127.0.0.1"],
                     ["-c1", "-s", "16", "127.0.0.1"], ["-c1", "-s", "65507", "127.0.0.1"],
                     ["-c1", "-t", "1", "127.0.0.1"], ["-c1", "-Q", "0x10", "127.0.0.1"],
                     ["-c1", "-I", "lo", "127.0.0.1"], ["-c1", "-I", "127.0.0.1", "127.0.0.1"],
                     ["-c1", "-I", "lo", "-I", "127.0.0.1", "127.0.0.1"],
                     ["-c1", "-I", "lo", "::1"], ["-c1", "-I", "::1", "::1"],
                     ["-c1", "-B", "127.0.0.1"], ["-c1", "-M", "do", "127.0.0.1"],
                     ["-c1", "-M", "dont", "127.0.0.1"], ["-c1", "-M", "want", "::1"],
                     ["-c1", "-m", "7", "127.0.0.1"], ["-c1", "-d", "127.0.0.1"],
                     ["-c1", "-r", "127.0.0.1"], ["-c1", "-L", "127.0.0.1"],
                     ["-c1", "-S", "20000", "127.0.0.1"], ["-c1", "-U", "127.0.0.1"],
                     ["-c1", "-C", "127.0.0.1"], ["-c1", "-R", "127.0.0.1"],
                     ["-c3", "-i.1", "-R", "127.0.0.1"], ["-c1", "-T", "tsonly", "127.0.0.1"],
                     ["-c1", "-T", "tsandaddr", "127.0.0.1"],
                     ["-c1", "-T", "tsprespec", "127.0.0.1", "127.0.0.1"],
                     ["-c1", "-w2", "127.0.0.1"], ["-c1", "-W1", "127.0.0.1"], ["-c1", "127.1"],
                     ["-c1", "0"], ["-c1", "0.0.0.0"], ["-c1", "::"], ["-c", "2", "-A", "127.0.0.1"], ["127.0.0.1", "-c1"]):
            both(node, args)
    # the kernel keeps a flow label for some seconds after its owner: one namespace each
    with Net() as net:
        out = [net.node(name).run(cmd + ["-c1", "-F", "0xabcde", "::1"]).stdout
               for name, cmd in (("a", [PING]), ("b", [ICMP, "ping"]))]
        equal(flat(out[1]), flat(out[0]))


@case
def flood_prints_dots_and_takes_them_back():
    with Net() as net:
        node = net.node("a")
        for dots, args in ((50, ["-f", "-c50", "127.0.0.1"]), (50, ["-f", "-c50", "::1"]),
                           (0, ["-f", "-q", "-c50", "127.0.0.1"]),
                           (10, ["-f", "-i0.01", "-c10", "127.0.0.1"])):
            theirs = node.run([PING] + args)
            mine = node.run([ICMP, "ping"] + args)
            equal(mine.returncode, theirs.returncode)
            for out in (mine.stdout, theirs.stdout):
                line = out.split("\n")[1]
                equal(line.count("."), dots, out)
                equal(line.count("\b \b"), line.count("."), out)
            # a window may be out at once: pipe is ours to choose
            tail = [flat(re.sub(", pipe [0-9]+", "", o)).split("\n---", 1)[1]
                    for o in (mine.stdout, theirs.stdout)]
            equal(tail[0], tail[1])


@case
def small_payloads_differ_by_our_time_only():
    with Net() as net:
        node = net.node("a")
        for size in ("0", "8", "15"):
            theirs = node.run([PING, "-c1", "-s", size, "127.0.0.1"]).stdout
            mine = node.run([ICMP, "ping", "-c1", "-s", size, "127.0.0.1"]).stdout
            contains(mine, " time=")
            contains(mine, "\nrtt min/avg/max/mdev = ")
            mine = re.sub(" time=.*", "", mine)
            mine = re.sub("rtt .*", "", mine)
            equal(flat(mine), flat(theirs))


@case
def errors_of_routers_print_the_same():
    """No such host, no route there, TTL used up, too big, prohibited: both families."""
    with Net() as net:
        nodes, dst4, dst6 = net.chain(2)
        src, r1, r2 = nodes[0], nodes[1], nodes[2]
        r2.ip("route add unreachable 10.77.0.0/24", "route add prohibit 10.78.0.0/24",
              "route add unreachable 2001:db8:77::/64", "route add prohibit 2001:db8:78::/64")
        for node, via4, via6 in ((src, "10.9.0.2", "2001:db8:9::2"),
                                 (r1, "10.9.1.2", "2001:db8:9:1::2")):
            for net4 in ("10.77.0.0/24", "10.78.0.0/24"):
                node.ip("route add %s via %s" % (net4, via4))
            for net6 in ("2001:db8:77::/64", "2001:db8:78::/64"):
                node.ip("route add %s via %s" % (net6, via6))
        for args in (["-c1", "10.9.0.77"], ["-c1", "2001:db8:9::77"],
                     ["-c1", "10.77.0.1"], ["-c1", "10.78.0.1"],
                     ["-c1", "2001:db8:77::1"], ["-c1", "2001:db8:78::1"],
                     ["-c1", "-t1", dst4], ["-c1", "-t1", dst6], ["-c1", "-t2", dst4],
                     ["-c1", "-q", "10.77.0.1"], ["-c1", "-D", "10.77.0.1"],
                     ["-c1", dst4], ["-c1", dst6], ["-c1", "-R", dst4],
                     ["-c1", "-T", "tsandaddr", dst4],
                     ["-c1", "-I", "eth0", dst6], ["-c1", "-w1", "10.77.0.1"]):
            if args[-1].startswith(("10.77.", "10.78.")):
                time.sleep(2)  # IPv4 without a route says so once a second, and has a burst of five
            both(src, args)


@case
def path_mtu_prints_the_same():
    with Net() as net:
        nodes, dst4, dst6 = net.chain(2)
        src, r1, r2 = nodes[0], nodes[1], nodes[2]
        for node, dev in ((r1, "eth1"), (r2, "eth0")):
            node.ip("link set %s mtu 1300" % dev)
        for dst in (dst4, dst6):
            src.run(["ip", "route", "flush", "cache"])
            args = ["-c2", "-i.3", "-M", "do", "-s1400", dst]
            theirs = src.run([PING] + args)
            src.run(["sh", "-c", "ip route flush cache; ip -6 route flush cache"])
            mine = src.run([ICMP, "ping"] + args)
            equal(flat(mine.stdout), flat(theirs.stdout))
            equal(mine.returncode, theirs.returncode)
            equal(mine.stderr, theirs.stderr)
        too_long = src.run([ICMP, "ping", "-c2", "-i.2", "-M", "do", "-s1600", "10.9.0.2"])
        theirs = src.run([PING, "-c2", "-i.2", "-M", "do", "-s1600", "10.9.0.2"])
        equal(flat(too_long.stdout), flat(theirs.stdout))
        equal(too_long.stderr, theirs.stderr)
        contains(too_long.stderr, "local error: message too long, mtu=1500")


@case
def no_answer_prints_the_same():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.1.0.0/24", "2001:db8:1::/64")
        b.nft("table inet t {\n chain c {\n type filter hook input priority 0;\n"
              "icmp type echo-request drop\n icmpv6 type echo-request drop\n }\n}\n")
        for args in (["-c2", "-i.2", "-W.5", "10.1.0.2"], ["-c2", "-i.2", "-W.5", "2001:db8:1::2"],
                     ["-w1", "-i.6", "10.1.0.2"], ["-c3", "-O", "-i.3", "-W.5", "10.1.0.2"],
                     ["-c3", "-w1", "-i.6", "10.1.0.2"]):
            both(a, args)


@case
def odd_answers_print_the_same():
    with Net() as net:
        node = net.node("a")
        hostile = Hostile(node)
        for name in ("cut", "other-source", "redirect", "quench", "prohibited", "too-big",
                     "parameter"):
            both(node, ["-c2", "-i.2", "-W.5", hostile.address(name)])
        for name in ("cut", "other-source"):
            both(node, ["-c1", "-W.5", hostile.address(name, 6)])
        # whether the last duplicate is still read is a matter of chance
        for name, more in (("duplicate", 1), ("triple", 2)):
            args = ["-c2", "-i.2", hostile.address(name)]
            out = [flat(node.run(cmd + args).stdout).split("\n") for cmd in ([PING], [ICMP, "ping"])]
            equal(out[1][:2 + more], out[0][:2 + more])
            contains(out[1][2], "icmp_seq=1 ttl=64 time=T ms (DUP!)")
            contains("\n".join(out[1]), "2 packets transmitted, 2 received, +")
        # a payload that differs counts as corrupted with us, which iputils only shows
        args = ["-c1", "-W.5", hostile.address("flip")]
        mine = node.run([ICMP, "ping"] + args).stdout
        contains(mine, ", +1 corrupted, 0% packet loss")
        equal(flat(mine.replace(", +1 corrupted", "")), flat(node.run([PING] + args).stdout))


@case
def interrupts_print_the_same():
    with Net() as net:
        node = net.node("a")

        def interrupted(cmd, *signals):
            child = node.start(cmd + ["-i", "0.2", "127.0.0.1"])
            for line in child.stdout:  # two answers
                if "icmp_seq=2" in line:
                    break
            for number in signals:
                child.send_signal(number)
                time.sleep(0.05)
            out, err = child.communicate(timeout=10)
            return child.returncode, flat(out), re.sub("[0-9]+[.][0-9]+", "T", err)

        for signals in ((signal.SIGINT,), (signal.SIGQUIT, signal.SIGINT)):
            equal(interrupted([ICMP, "ping"], *signals), interrupted([PING], *signals))


@case
def refusals_have_status_2():
    with Net() as net:
        node = net.node("a")
        for args in ([], ["--nosuch"], ["-c0", "127.0.0.1"], ["-c", "x", "127.0.0.1"],
                     ["-4", "-6", "127.0.0.1"], ["-i", "-1", "127.0.0.1"], ["-s", "65508", "::1"],
                     ["-R", "-T", "tsonly", "127.0.0.1"], ["-Q", "256", "127.0.0.1"],
                     ["-I", "nosuch0", "127.0.0.1"], ["nosuch.invalid"], ["10.0.0.0/8"],
                     ["2001:db8::/32"], ["10.9.9.9"], ["-6", "127.0.0.1"], ["fe80::1"],
                     ["--targets", "/nonexistent"], ["-h"], ["--until", "up:0", "127.0.0.1"]):
            done = node.run([ICMP, "ping"] + args, timeout=20)
            equal(done.returncode, 2, str(args) + done.stderr)
            equal(done.stdout, "", str(args))
            if args != ["-h"]:
                equal(done.stderr.count("\n"), 1, str(args) + done.stderr)
        contains(node.run([ICMP, "ping", "10.0.0.0/8"]).stderr, "16777214 addresses")
        listed = node.run([ICMP, "ping", "--targets", "-"], input="127.0.0.1\n\n10.0.0.0/33\n")
        contains(listed.stderr, "ping: in standard input, line 3\n")
        empty = node.run([ICMP, "ping", "--targets", "-"], input="# none\n")
        equal(empty.stderr, "ping: no targets in standard input\n")
        contains(node.run([ICMP, "ping", "2001:db8::/32"]).stderr, "2^96 addresses")


@case
def users_have_the_limits_of_iputils():
    with Net() as net:
        node = net.node("a")
        node.ping_sockets(True)
        ours = net.command_for_all()
        both(node, ["-c3", "-i.2", "127.0.0.1"], user=NOBODY, ours=ours)
        both(node, ["-c3", "-i.2", "::1"], user=NOBODY, ours=ours)
        both(node, ["-c3", "-l3", "127.0.0.1"], user=NOBODY, ours=ours)
        both(node, ["-c1", "-i0.002", "127.0.0.1"], user=NOBODY, ours=ours)
        for args in (["-f", "127.0.0.1"], ["-i0.001", "127.0.0.1"], ["-l4", "127.0.0.1"],
                     ["-l2", "127.0.0.1", "127.0.0.2"]):
            done = node.run([ours, "ping", "-c1"] + args, user=NOBODY)
            equal((done.returncode, done.stdout), (2, ""), str(args))


@case
def an_identifier_in_use_is_told():
    """By another run, or by our own other socket: only then does a family help."""
    with Net() as net:
        node = net.node("a")
        node.ping_sockets(True)
        ours = net.command_for_all()
        other = node.start([ours, "ping", "-e", "77", "127.0.0.1"], user=NOBODY)
        other.stdout.readline()
        other.stdout.readline()
        for target in ("127.0.0.1", "localhost"):
            done = node.run([ours, "ping", "-e", "77", "-c1", target], user=NOBODY)
            equal((done.returncode, done.stderr), (2, "ping: identifier 77 is in use\n"))
        other.kill()
        other.communicate()
        done = node.run([ours, "ping", "-e", "77", "-c1", "localhost"], user=NOBODY)
        contains(done.stderr, "ping: identifier 77 is in use; without privilege both families share")


@case
def users_have_the_limits_of_groups_among_many_targets():
    """A multicast or broadcast address once a second at most, in a prefix and in a long list too."""
    with Net() as net:
        node, other = net.node("a"), net.node("b")
        net.link(node, other, "10.0.0.0/25")
        node.ip("route add 224.0.0.0/4 dev eth0")
        node.ping_sockets(True)
        ours = net.command_for_all()
        many = ["127.0.0.%d" % n for n in range(1, 80)]
        told = "a group of hosts: the least interval for a user is 1 s"
        for args in (["224.0.0.0/30"], ["224.0.0.9", *many], ["-b", "10.0.0.126/31"],
                     ["-b", "10.0.0.127", *many]):
            done = node.run([ours, "ping", "-c1", "-i.5", "-W.2", *args], user=NOBODY)
            group = "10.0.0.127" if "-b" in args else args[0]
            contains(done.stderr, "ping: %s: %s" % (group, told), str(args))
            equal(done.returncode, 2, str(args))


@case
def a_user_without_permission_is_told_the_commands():
    with Net() as net:
        node = net.node("a")
        node.ping_sockets(False)
        ours = net.command_for_all()
        for args in (["127.0.0.1"], ["::1"], ["localhost"]):
            done = node.run([ours, "ping", "-c1"] + args, user=NOBODY)
            equal((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)
            contains(done.stderr, "sudo setcap cap_net_raw=ep " + ours)
            contains(done.stderr, 'sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"')


@case
def file_capabilities_are_used_by_a_user():
    if not shutil.which("setcap"):
        raise Skip("needs setcap")
    with Net() as net:
        node = net.node("a")
        node.ping_sockets(False)
        ours = net.command_for_all()
        subprocess.run(["setcap", "cap_net_raw=ep", ours], check=True)
        both(node, ["-c2", "-i.1", "127.0.0.1"], user=NOBODY, ours=ours)
        both(node, ["-c1", "-R", "127.0.0.1"], user=NOBODY, ours=ours)
        run = json.loads(node.run([ours, "ping", "-c1", "--json", "::1"], user=NOBODY)
                         .stdout.split("\n")[0])
        equal((run["socket"], run["unseen"]), ("raw", []))


@case
def sockets_of_either_kind_see_the_same():
    """Datagram and raw: the same replies, losses and errors."""
    with Net() as net:
        node = net.node("a")
        hostile = Hostile(node)
        node.ping_sockets(True)
        ours = net.command_for_all()
        names = ("normal", "silent", "duplicate", "cut", "flip", "other-source", "wrong-token",
                 "wrong-ident", "wrong-seq", "prohibited", "too-big", "quote-8", "quote-ident",
                 "quote-token")
        args = ["ping", "--json", "-c2", "-i.2", "-W.4", "-q"] + [hostile.address(n) for n in names]
        seen = []
        for user in (None, NOBODY):
            done = node.run([ours] + args, user=user)
            records = [json.loads(line) for line in done.stdout.splitlines()]
            equal(records[0]["socket"], "datagram" if user else "raw")
            seen.append([{k: r[k] for k in ("target", "sent", "received", "late", "lost", "unknown",
                                            "duplicates", "corrupt", "errors")}
                         for r in records if r["record"] == "ping_summary"])
        for name, raw, datagram in zip(names, *seen):
            equal(datagram, raw, name)


@case
def many_targets_answer_for_themselves():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.1.0.0/24", "2001:db8:1::/64")
        done = a.run([ICMP, "ping", "-c1", "-i.1", "-W.5", "10.1.0.2", "2001:db8:1::2", "10.1.0.1"])
        equal(done.returncode, 0, done.stdout + done.stderr)
        for target in ("10.1.0.2", "2001:db8:1::2", "10.1.0.1"):
            contains(done.stdout, "64 bytes from %s: icmp_seq=1 " % target)
            contains(done.stdout, "--- %s ping statistics ---\n1 packets transmitted, 1 received, "
                     "0%% packet loss" % target)
        contains(done.stdout, "3 of 3 targets answered")
        one = a.run([ICMP, "ping", "-c1", "10.1.0.2/32"])
        contains(one.stdout, "PING 10.1.0.2/32 (1 address) 56(84) bytes of data.\n")
        some = a.run([ICMP, "ping", "-c1", "-i.1", "-W.5", "-q", "10.1.0.0/29"])
        equal(some.returncode, 1)
        contains(some.stdout, "2 of 6 targets answered")
        listed = a.run([ICMP, "ping", "-c1", "-i.1", "--targets", "-"],
                       input="# ours\n 10.1.0.1 \n\n10.1.0.2 # theirs\n")
        equal(listed.returncode, 0, listed.stderr)
        contains(listed.stdout, "2 of 2 targets answered")


@case
def a_full_disk_is_told_and_a_closed_pipe_is_not():
    with Net() as net:
        node = net.node("a")
        for args in (["--json"], []):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run(node.argv([ICMP, "ping", "-c2", "-i.1", "127.0.0.1"] + args),
                                      stdout=full, stderr=subprocess.PIPE, text=True, timeout=10)
            equal(done.returncode, 2)
            equal(done.stderr, "ping: cannot write the results: No space left on device\n")
            child = node.start([ICMP, "ping", "-i.05", "127.0.0.1"] + args)
            child.stdout.readline()
            child.stdout.close()
            child.wait(timeout=10)
            equal(child.stderr.read(), "")
            child.stdout = None


# What one look-up costs whoever waits for it (5 s, then 4 more): less than that is none.
SILENT_SERVER_MS = 9000


def with_hosts(net, node, *lines):
    """A hosts file for the node, and a name server that never answers."""
    node.resolver("nameserver 10.1.0.99")
    with open("/etc/netns/%s/hosts" % node.ns, "w", encoding="ascii") as hosts:
        hosts.write("\n".join(lines) + "\n")


@case
def a_dead_name_server_delays_no_probe():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.1.0.0/24")
        with_hosts(net, a)
        done = a.run([ICMP, "ping", "-H", "-i.2", "-c20", "10.1.0.2"])
        equal(done.returncode, 0, done.stderr)
        took = int(re.search("time ([0-9]+)ms", done.stdout).group(1))
        if not 3800 <= took < 3800 + SILENT_SERVER_MS:
            raise AssertionError("20 probes at 0.2 s took %d ms" % took)
        # the known target is probed while the unknown one is looked up
        child = a.start([ICMP, "ping", "-i.1", "-c3", "10.1.0.2", "unknown.example"])
        out, _ = child.communicate(timeout=60)
        contains(out, "icmp_seq=3")
        took = int(re.search("3 received.* time ([0-9]+)ms", out).group(1))
        if not took < SILENT_SERVER_MS:
            raise AssertionError("the known target waits for a name: %d ms" % took)
        equal(child.returncode, 2)


@case
def a_family_without_route_is_left_out_and_said():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.1.0.0/24")
        with_hosts(net, a, "2001:db8:99::1 both", "10.1.0.2 both")
        done = a.run([ICMP, "ping", "-c1", "both"])
        equal((done.returncode, done.stderr), (0, "ping: both: no route by IPv6, using IPv4\n"))
        contains(done.stdout, "64 bytes from both (10.1.0.2): icmp_seq=1 ")
        records = [json.loads(line) for line in
                   a.run([ICMP, "ping", "-c1", "--json", "both"]).stdout.splitlines()]
        equal([r["record"] for r in records], ["run", "notice", "reply", "ping_summary"])
        equal(records[1]["what"], "family-fallback")
        only6 = a.run([ICMP, "ping", "-6", "-c1", "both"])
        equal((only6.returncode, only6.stderr), (2, "ping: both: Network is unreachable\n"))


@case
def routes_that_refuse_say_how():
    with Net() as net:
        node, other = net.node("a"), net.node("b")
        net.link(node, other, "10.1.0.0/24", "2001:db8:1::/64")
        for kind, words in (("unreachable", "No route to host"), ("throw", "Network is unreachable"),
                            ("prohibit", "Permission denied, by a prohibit route"),
                            ("blackhole", "discarded by a blackhole route")):
            node.ip("route add %s 10.9.0.0/24" % kind, "route add %s 2001:db8:9::/64" % kind)
            for target in ("10.9.0.1", "2001:db8:9::1"):
                for verb in ("ping", "trace"):
                    done = node.run([ICMP, verb, target])
                    equal((done.returncode, done.stderr), (2, "%s: %s: %s\n" % (verb, target, words)))
            node.ip("route del 10.9.0.0/24", "route del 2001:db8:9::/64")


@case
def probes_that_are_not_sent_have_the_words_of_the_system():
    with Net() as net:
        node, other = net.node("a"), net.node("b")
        net.link(node, other, "10.1.0.0/24", "2001:db8:1::/64")
        node.nft("table inet t {\n chain c {\n type filter hook output priority 0;\n"
                 "icmp type echo-request drop\n icmpv6 type echo-request drop\n }\n}\n")
        for target in ("10.1.0.2", "2001:db8:1::2"):
            done = node.run([ICMP, "ping", "-c1", "-W.1", target])
            equal(done.stderr, "ping: sendmsg: Operation not permitted\n")


@case
def a_source_of_another_interface_is_warned_of():
    with Net() as net:
        node, other = net.node("a"), net.node("b")
        net.link(node, other, "10.1.0.0/24")
        for args in (["-I", "lo", "10.1.0.2"], ["-I", "eth0", "127.0.0.1"],
                     ["-I", "lo", "-I", "10.1.0.1", "10.1.0.2"], ["-I", "eth0", "10.1.0.2"]):
            mine = both(node, ["-c1", "-W.2"] + args)
            warning = "ping: Warning: source address might be selected on device other than: lo\n"
            equal(mine.stderr, warning if args == ["-I", "lo", "10.1.0.2"] else "")


def link_local(node, dev):
    shown = node.run(["ip", "-6", "-o", "addr", "show", "dev", dev, "scope", "link"]).stdout
    return shown.split("inet6 ")[1].split("/")[0]


@case
def the_zone_of_a_link_local_address_is_found_where_only_one_can_be_meant():
    with Net() as net:
        node, other = net.node("a"), net.node("b")
        net.link(node, other, "10.1.0.0/24", "2001:db8:1::/64")
        mine, peer = link_local(node, "eth0"), link_local(other, "eth0")
        both(node, ["-c1", "-W1", peer])
        for args in (["-I", mine, peer], ["-I", mine, peer + "%eth0"],
                     ["-I", mine + "%eth0", peer]):
            done = node.run([ICMP, "ping", "-c1", "-W1"] + args)
            equal(done.returncode, 0, done.stderr)
            contains(done.stdout, "64 bytes from %s%%eth0: icmp_seq=1 " % peer)
        net.link(node, other, "10.2.0.0/24", "2001:db8:2::/64")
        done = node.run([ICMP, "ping", "-c1", "-W1", "-I", mine, peer + "%eth0"])
        equal(done.returncode, 0, done.stderr)
        done = node.run([ICMP, "ping", "-c1", peer])
        equal((done.returncode, done.stderr), (2, "ping: %s: a link-local address needs its "
              "interface: %s%%eth0, or -I eth0\n" % (peer, peer)))
        done = node.run([ICMP, "ping", "-c1", "-I", mine, "2001:db8:1::2"])
        equal((done.returncode, done.stderr), (2, "ping: a link-local source needs its interface: "
              "%s%%eth0, or -I eth0 too\n" % mine))


@case
def all_addresses_of_a_name_are_pinged():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.1.0.0/24", "2001:db8:1::/64")
        with_hosts(net, a, "2001:db8:1::2 two", "10.1.0.2 two")
        done = a.run([ICMP, "ping", "-c1", "-i.1", "--all-addresses", "two"])
        equal(done.returncode, 0, done.stderr)
        for address in ("2001:db8:1::2", "10.1.0.2"):
            contains(done.stdout, "--- two (%s) ping statistics ---\n1 packets transmitted, "
                     "1 received" % address)


@case
def json_cut_by_sigkill_has_whole_lines():
    with Net() as net:
        node = net.node("a")
        for delay in (0.01, 0.02, 0.03, 0.05, 0.08, 0.13, 0.21):
            with tempfile.TemporaryFile("w+", encoding="ascii") as out:
                child = node.start([ICMP, "ping", "-f", "--json", "127.0.0.1"], stdout=out)
                while os.fstat(out.fileno()).st_size == 0:
                    time.sleep(0.001)
                time.sleep(delay)
                child.kill()
                child.wait()
                out.seek(0)
                lines = out.read().split("\n")[:-1]
                equal(json.loads(lines[0])["record"], "run")
                for line in lines[1:]:
                    equal(json.loads(line)["record"], "reply")


@case
def until_ends_when_the_state_is_there():
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.1.0.0/24")
        done = a.run([ICMP, "ping", "--until", "up:2", "-i.1", "10.1.0.2"])
        equal(done.returncode, 0)
        contains(done.stdout, "2 packets transmitted, 2 received")
        contains(done.stderr, "ping: 10.1.0.2: answers\n")
        child = a.start([ICMP, "ping", "--until", "down:3", "-i.1", "-W.3", "-q", "10.1.0.2"])
        time.sleep(0.5)
        b.ip("link set eth0 down")
        out, err = child.communicate(timeout=20)
        equal(child.returncode, 0, out + err)
        contains(err, "ping: 10.1.0.2: does not answer any more")
        equal(a.run([ICMP, "ping", "--until", "up:1", "-c2", "-i.1", "-W.2", "10.1.0.2"]).returncode, 1)


if __name__ == "__main__":
    if not PING:
        skip_all("needs iputils ping")
    require_root()
    main()
