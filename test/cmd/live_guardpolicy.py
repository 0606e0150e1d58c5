#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp guard policy: nft(8) takes what it prints, the kernel does with messages what it says, and
--check finds what a rule set breaks. Everything happens in namespaces that the command makes; the
machine's own rules are read and never touched."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import case, equal, main  # noqa: E402
from net import ICMP, Net, require_root  # noqa: E402

SUM = re.compile(r"(\d+) messages tried: (\d+) broken, (\d+) let in that nothing needs, (\d+) as they should be")


def policy(*args, rules=None, user=None, status=None, errors=False):
    """What `icmp guard policy ARGS` prints; with `rules` on its standard input."""
    argv = [ICMP, "guard", "policy", *args]
    if user:
        argv = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *argv]
    done = subprocess.run(argv, input=rules, capture_output=True, text=True, timeout=120, check=False,
                          env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    if status is not None:
        equal((done.returncode, done.stderr if not errors else ""), (status, ""))
    return done.stderr if errors else done.stdout


def check(rules, *args, status, user=None):
    """The lines that --check says of these rules, and its sums."""
    text = policy("--check", "--rules", "-", *args, rules=rules, status=status, user=user)
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if SUM.match(line))
    return lines[:at], [int(n) for n in SUM.match(lines[at]).groups()]


def chain(hook, *rules, family="inet", policy_="accept"):
    return "\n".join([f"table {family} t {{", f"chain {hook} {{",
                      f"type filter hook {hook} priority 0; policy {policy_};", *rules, "}", "}", ""])


@case
def every_role__its_own_rules__are_right_message_by_message():
    # R4890-4.3.1-01 to R4890-4.4.5-01, judged by the kernel: what must pass does, the rest does not.
    # R6092-REC10-01, R6092-REC18-01: of a gateway.
    for role in ("host", "router", "gateway", "bridge"):
        for family in ("both", "6") if role == "host" else ("both",):
            text = policy("--role", role, "--family", family, status=0)
            lines, (tried, broken, let_in, right) = check(text, "--role", role, "--family", family, status=0)
            equal((role, family, lines, broken, let_in, tried - right), (role, family, [], 0, 0, 0))
            assert tried > 50, tried


@case
def the_rules_of_a_router__in_a_gateway__let_in_what_it_can_know_better():
    text = policy("--role", "router", "--family", "6", status=0)
    lines, (_, broken, let_in, _) = check(text, "--role", "gateway", "--family", "6", status=0)
    equal(broken, 0)
    assert let_in and all("about nothing that was ever sent, through this machine" in line for line in lines), lines
    assert any(line.startswith("lets in  IPv6 2/0 packet-too-big") for line in lines), lines


TALK = """
import socket, sys
s = socket.create_connection((sys.argv[1], 7007), timeout=5)
print(s.getsockname()[1], flush=True)
sys.stdin.readline()
s.settimeout(5)
print(s.recv(100).decode(), flush=True)
"""
SERVE = """
import socket, sys
s = socket.create_server(("::", 7007), family=socket.AF_INET6)
print("ready", flush=True)
c, _ = s.accept()
sys.stdin.readline()
c.sendall(b"still here")
"""
ERROR = """
import sys
from scapy.all import *
near, far, port = sys.argv[1:]
quote = IPv6(src=near, dst=far) / TCP(sport=int(port), dport=7007)
for code in range(7):
    send(IPv6(src=far, dst=near) / ICMPv6DestUnreach(code=code) / Raw(bytes(quote)), verbose=0)
"""


@case
def errors__through_a_gateway__end_no_flow():
    # R6092-REC19-01: the record stays whatever ICMP says, so what the far end sends still passes.
    near, far = "2001:db8:1::2", "2001:db8:2::2"
    with Net() as net:
        gate, home, world = net.node("gate"), net.node("home"), net.node("world")
        net.link(gate, home, "10.1.1.0/24", "2001:db8:1::/64")
        outer, _ = net.link(gate, world, "10.1.2.0/24", "2001:db8:2::/64")
        gate.forward()
        home.ip("route add default via 2001:db8:1::1")
        world.ip("route add default via 2001:db8:2::1")
        rules = policy("--role", "gateway", status=0) + chain(
            "forward", "meta l4proto ipv6-icmp accept", f'iifname "{outer}" ct state established accept',
            f'iifname "{outer}" drop')
        gate.run(["sh", "-c", f"nft -f - <<'E'\n{rules}E"], check=True)
        server = world.start(["/usr/bin/python3", "-c", SERVE], stdin=subprocess.PIPE)
        equal(server.stdout.readline(), "ready\n")
        client = home.start(["/usr/bin/python3", "-c", TALK, far], stdin=subprocess.PIPE)
        port = client.stdout.readline().strip()
        world.run(["/usr/bin/python3", "-c", ERROR, near, far, port], check=True)
        seen = home.run(["grep", "Icmp6InDestUnreachs", "/proc/net/snmp6"], check=True).stdout
        equal(int(seen.split()[1]), 7)  # R6092-REC18-01: they do arrive
        for child in (client, server):
            child.stdin.write("go\n")
            child.stdin.flush()
        equal(client.stdout.readline(), "still here\n")


@case
def rules__loaded_twice__are_there_once():
    text = policy("--role", "router", status=0)
    with tempfile.NamedTemporaryFile("w", suffix=".nft") as f:
        f.write(text)
        f.flush()
        loaded = subprocess.run(["unshare", "-n", "sh", "-c", f"nft -f {f.name} && nft -f {f.name} && nft list tables"],
                                capture_output=True, text=True, check=True)
    equal(loaded.stdout, "table inet icmpkit_policy\n")


@case
def no_rules__let_in_what_nothing_needs__and_break_nothing():
    lines, (_, broken, let_in, _) = check(chain("input"), status=0)
    equal(broken, 0)
    assert let_in == sum(1 for _ in lines) or let_in > 50, (let_in, len(lines))
    assert any(line.startswith("lets in  IPv4 13/0 timestamp") for line in lines), lines[:5]
    assert any("IPv6 135/0" in line and "hop limit 64" in line for line in lines), "a forged solicitation passes"


@case
def one_rule_against_packet_too_big__is_named_and_nothing_else():
    lines, (_, broken, _, _) = check(chain("input", "icmpv6 type packet-too-big drop"), status=1)
    equal(broken, 1)
    told = [line for line in lines if line.startswith("breaks")]
    equal(len(told), 1)
    assert told[0].startswith("breaks  IPv6 2/0 packet-too-big about what was sent before, to this machine: path MTU"), told


@case
def one_rule_against_fragmentation_needed__in_transit__is_the_routers_fault_alone():
    rules = chain("forward", "icmp type destination-unreachable icmp code frag-needed drop")
    equal(check(rules, "--role", "host", status=0)[1][1], 0)
    lines, (_, broken, _, _) = check(rules, "--role", "router", status=1)
    equal(broken, 1)
    assert any(line.startswith("breaks  IPv4 3/4 fragmentation-needed") and "through this machine" in line
               for line in lines), lines


@case
def a_stateful_firewall__that_knows_what_was_sent__is_strict_and_breaks_no_error():
    rules = chain("input", "ct state established,related accept", "icmp type echo-request accept",
                  "meta l4proto ipv6-icmp icmpv6 type { 128, 130-136, 137, 141-149, 151-154, 159 } accept",
                  "icmp type { 9, 10 } accept", policy_="drop")
    lines, (_, broken, _, _) = check(rules, status=0)
    equal((broken, [line for line in lines if line.startswith("breaks")]), (0, []))
    said = policy("--check", "--rules", "-", rules=rules, status=0)
    assert "errors about nothing that was sent, are dropped: safe" in said, said


@case
def translation_on_the_way__quotes_the_packet_as_it_left():
    rules = "\n".join(["table ip t {", "chain post {", "type nat hook postrouting priority 100;",
                       "masquerade", "}", "chain f {", "type filter hook forward priority 0; policy drop;",
                       "ip protocol udp accept", "icmp type echo-request accept",
                       "ct state established,related accept", "}", "}", ""])
    lines, (_, broken, _, _) = check(rules, "--role", "router", "--family", "4", status=0)
    equal((broken, [line for line in lines if line.startswith("breaks")]), (0, []))


@case
def a_limit_of_rate__is_no_wall():
    lines, (_, broken, _, _) = check(chain("input", "icmp type destination-unreachable limit rate over 5/second burst 5 packets drop"),
                                     "--family", "4", status=0)
    equal(broken, 0)
    assert any(line.startswith("slows  IPv4 3/") for line in lines), lines


@case
def what_is_lost_once__is_no_limit_of_rate():
    # As on a busy machine, which is late with one of them.
    rules = chain("input", "icmp type { echo-reply, echo-request } numgen inc mod 65536 < 1 drop")
    lines, (_, broken, _, _) = check(rules, "--family", "4", status=0)
    equal((broken, [line for line in lines if line.startswith("slows")]), (0, []))


@case
def what_nft_refuses__is_told_with_the_name_of_its_file():
    with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
        file.write("table inet t {\n\tchain c { dorp; }\n}\n")
        file.flush()
        said = policy("--check", "--rules", file.name, status=2, errors=True)
        assert said.startswith(f"guard: nft refused: {file.name}:2:"), said


@case
def rules_that_speak_of_interfaces__see_the_one_that_is_asked_for():
    rules = chain("input", 'iifname "wan7" icmpv6 type echo-request drop')
    equal(check(rules, "--interface", "wan7", status=1)[1][1], 1)
    equal(check(rules, "--interface", "lan3", status=0)[1][1], 0)


@case
def an_ordinary_user__with_a_file_of_rules__needs_no_privilege():
    lines, (_, broken, _, _) = check(chain("input", "icmpv6 type nd-neighbor-solicit drop"), status=1, user="65534")
    equal(broken, 1)
    said = policy("--check", user="65534", status=2, errors=True)
    assert said.startswith("icmp: guard") or "root" in said, said
    equal(said.count("\n"), 1)


@case
def the_machines_rules__are_read_and_left_alone():
    script = (f"nft -f - <<'E'\n{chain('input', 'icmpv6 type packet-too-big drop')}E\n"
              f"nft list ruleset > /proc/self/fd/3; {ICMP} guard policy --check; echo status $?; nft list ruleset > /proc/self/fd/4")
    with tempfile.TemporaryFile("w+") as before, tempfile.TemporaryFile("w+") as after:
        done = subprocess.run(["unshare", "-n", "sh", "-c",
                               script.replace("/fd/3", f"/fd/{before.fileno()}").replace("/fd/4", f"/fd/{after.fileno()}")],
                              pass_fds=(before.fileno(), after.fileno()), capture_output=True, text=True,
                              timeout=120, check=True)
        before.seek(0)
        after.seek(0)
        first = before.read()
        equal(after.read(), first)
        assert "packet-too-big" in first, first
    assert "breaks  IPv6 2/0 packet-too-big" in done.stdout and "status 1" in done.stdout, done.stdout


@case
def a_machine_without_rules__is_told_so():
    done = subprocess.run(["unshare", "-n", ICMP, "guard", "policy", "--check"], capture_output=True, text=True,
                          timeout=120, check=False)
    equal((done.returncode, SUM.search(done.stdout).group(2)), (0, "0"))
    assert "no rules of nftables" in done.stderr, done.stderr


@case
def bad_input__is_one_line_and_status_2():
    for args, rules, word in ((["--check", "--rules", "-"], "table inet x { bad", "nft refused"),
                              (["--check", "--rules", "/nowhere/at/all"], None, "cannot read"),
                              (["--rules", "x"], None, "--check"), (["--all"], None, "--check"),
                              (["now"], None, "operand"), (["--role", "switch"], None, "router")):
        said = policy(*args, rules=rules, status=2, errors=True)
        assert word in said and said.count("\n") == 1, (args, said)


require_root()
main()
