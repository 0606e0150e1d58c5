#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp guard --enforce nft: what was found is stopped, what lies beside it goes on, and nothing is left
when guard ends, however it ends."""

import json
import os
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import case, contains, equal, main  # noqa: E402
from guards import (TUNNEL_END, UNLIMITED, Guard, answered, at_least, deed, pair, pids,  # noqa: E402
                    router_end, spares_its_gateway)
from net import ICMP, NOBODY, Net, require_root, wait_for  # noqa: E402

TABLE = "table inet icmpkit_guard"


def table(node):
    done = node.run(["nft", "list", "table", "inet", "icmpkit_guard"])
    return done.stdout if done.returncode == 0 else ""


@case
def a_flood_is_limited_and_what_lies_beside_it_goes_on():
    with Net() as net:
        host, bad, good = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        contains(table(host), TABLE)
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "15", "192.0.2.1"])
        done = wait_for(lambda: deed(guard, "flood"), "the limit", 20)
        equal((done[0]["who"], done[0]["type"], done[0]["seconds"]), ("192.0.2.1", 8, 600))
        wait_for(lambda: "packets 0" not in host.run(
            ["nft", "list", "counter", "inet", "icmpkit_guard", "stopped_flood"]).stdout, "a drop")
        # Requests of one source to this host are limited; its answers, what others send, and IPv6
        # are not; and neighbour discovery goes on while it floods.
        equal(answered(host, "-c", "20", "-i", "0.02", "192.0.2.2"), 20)
        equal(answered(good, "-c", "20", "-i", "0.02", "198.51.100.1"), 20)
        host.ip("neigh flush all")
        equal(answered(bad, "-6", "-c", "3", "-i", "0.1", "2001:db8:1::1"), 3)
        equal(answered(host, "-c", "2", "-i", "0.1", "192.0.2.2"), 2)
        flood.kill()
        equal(guard.end(), 1)
        wait_for(lambda: not table(host), "the table to go")


@case
def fragmentation_needed_passes_whoever_it_is_from():
    """All kinds that our orders can name are dropped or limited for a router; what it says of the
    path MTU is still heard."""
    with Net() as net:
        host, router, far = net.node("host"), net.node("router"), net.node("far")
        net.link(host, router, "192.0.2.0/24", "2001:db8:1::/64")
        net.link(router, far, "198.51.100.0/24", "2001:db8:2::/64")
        router.forward()
        router.ip("link set %s mtu 1300" % router_end(router, "198.51.100.1"))
        host.ip("route add 198.51.100.0/24 via 192.0.2.2",
                "route add 2001:db8:2::/64 via 2001:db8:1::2")
        far.ip("route add 192.0.2.0/24 via 198.51.100.1",
               "route add 2001:db8:1::/64 via 2001:db8:2::1")
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        # The table is guard's: what stands in its sets is put there by a flood of errors.
        flood = router.start(["ping", "-f", "-q", "-c", "60000", "-w", "10", "192.0.2.1"])
        wait_for(lambda: [d for d in guard.records("deed")], "a deed", 20)
        for family, target, least in (("-4", "198.51.100.2", 1272), ("-6", "2001:db8:2::2", 1252)):
            done = host.run(["ping", family, "-M", "do", "-s", "1400", "-c", "2", "-W", "1", target])
            contains(done.stdout + done.stderr, "1300")
            equal(answered(host, family, "-M", "do", "-s", str(least), "-c", "2", target), 2)
        flood.kill()
        guard.end()


@case
def a_tunnel_is_cut_and_the_ping_beside_it_goes_on():
    with Net() as net:
        host, bad, good = pair(net)
        bad.sysctl(net__ipv4__icmp_echo_ignore_all=1)
        bad.start([sys.executable, "-c", TUNNEL_END])
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        beside = host.start(["ping", "-n", "-q", "-c", "40", "-i", "0.1", "198.51.100.2"])
        host.run(["ping", "-n", "-q", "-c", "20", "-i", "0.02", "-W", "1", "192.0.2.2"])
        done = wait_for(lambda: deed(guard, "pair"), "the block", 20)
        equal({done[0]["who"], done[0]["other"]}, {"192.0.2.1", "192.0.2.2"})
        equal(answered(host, "-c", "5", "-i", "0.02", "192.0.2.2"), 0)
        out, _ = beside.communicate(timeout=20)
        contains(out, "40 received")
        # Only echo: the host may tell of closed ports as before.
        equal(answered(host, "-6", "-c", "3", "-i", "0.02", "2001:db8:1::2"), 3)
        guard.end()


@case
def killed_nothing_is_left():
    with Net() as net:
        host, _, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        contains(table(host), TABLE)
        guard.end(signal.SIGKILL)
        wait_for(lambda: not table(host), "the table to go")
        wait_for(lambda: not pids(host), "its processes to end")
        again = Guard(host, "-i", "any", "--enforce", "nft")
        equal(host.run(["nft", "list", "tables"]).stdout.count("icmpkit_guard"), 1)
        equal(again.end(), 0)


@case
def two_do_not_enforce_in_one_place():
    with Net() as net:
        host, _, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        second = host.run([ICMP, "guard", "-i", "any", "--enforce", "nft", "--for", "1", "--control", "none"])
        equal(second.returncode, 2)
        equal(second.stderr, "guard: another guard enforces here already\n")
        contains(table(host), TABLE)
        equal(guard.child.poll(), None)
        guard.end()


@case
def what_is_to_expire_stays_and_is_replaced():
    with Net() as net:
        host, _, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft", "--on-exit", "expire")
        guard.end(signal.SIGKILL)
        time.sleep(0.5)
        contains(table(host), TABLE)
        host.run(["nft", "add", "element", "inet", "icmpkit_guard", "limit4",
                  "{ 203.0.113.9 . echo-request timeout 1h }"], check=True)
        again = Guard(host, "-i", "any", "--enforce", "nft")
        stands = table(host)
        contains(stands, "flags owner")
        equal("203.0.113.9" in stands, False)
        again.end()
        wait_for(lambda: not table(host), "the table to go")


@case
def what_stays_is_told_with_the_way_to_end_it():
    with Net() as net:
        host, bad, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft", "--on-exit", "expire")
        equal(guard.end(), 0)
        equal("stays" in guard.said(), False, "nothing is in force")
        guard = Guard(host, "-i", "any", "--enforce", "nft", "--on-exit", "expire")
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "10", "192.0.2.1"])
        wait_for(lambda: [d for d in guard.records("deed")], "a deed", 20)
        flood.kill()
        equal(guard.end(), 1)
        contains(table(host), TABLE)
        last = guard.said().splitlines()[-1]
        contains(last, "stays until its time is up; this ends it before: sudo nft ")
        host.run(last.split("sudo ")[1].split(), check=True)
        equal(table(host), "")


@case
def nft_gone_guard_ends():
    """A guard that only seems to guard is worse than none."""
    with Net() as net:
        host, _, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        os.kill(pids(host)["nft"], signal.SIGKILL)
        equal(guard.child.wait(timeout=20), 2)
        contains(guard.said(), "enforcement has ended; so does guard")
        equal([d["what"] for d in guard.records("deed")], ["lost"])


@case
def the_warden_has_no_privileges():
    with Net() as net:
        host, _, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        caps = {}
        for pid in pids(host).values():
            with open("/proc/%s/status" % pid, encoding="ascii") as file:
                text = dict(line.split(":", 1) for line in file)
            caps[text["Name"].strip()] = int(text["CapEff"], 16)
        equal(caps["icmp"], 0)
        equal(caps["icmp-warden"], 0)
        guard.end()


@case
def who_may_not_is_told():
    with Net() as net:
        host, _, _ = pair(net)
        done = host.run(["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", ICMP,
                         "guard", "-i", "any", "--enforce", "nft", "--for", "1"])
        equal((done.returncode, done.stderr),
              (2, "guard: --enforce needs root, or CAP_NET_ADMIN: --dry-run shows what it would do\n"))
        equal(table(host), "")


@case
def an_ordinary_user_with_two_capabilities_may():
    """As the unit of systemd has it run."""
    with Net() as net:
        host, bad, _ = pair(net)
        with tempfile.NamedTemporaryFile("w+") as out:
            child = host.start(
                ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups",
                 "--inh-caps=-all,+net_raw,+net_admin", "--ambient-caps=-all,+net_raw,+net_admin",
                 "--bounding-set=-all,+net_raw,+net_admin", "--no-new-privs", ICMP, "guard", "--json",
                 "-i", "any", "--enforce", "nft"], stdout=out)
            flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "15", "192.0.2.1"])
            wait_for(lambda: '"what":"done"' in os.pread(out.fileno(), 1 << 20, 0).decode() or
                     child.poll() is not None, "the limit", 20)
            contains(os.pread(out.fileno(), 1 << 20, 0).decode(), '"what":"done"')
            contains(table(host), "192.0.2.1 . echo-request")
            flood.kill()
            child.send_signal(signal.SIGINT)
            equal(child.wait(timeout=20), 1)
            wait_for(lambda: not table(host), "the table to go")


@case
def a_dry_run_does_nothing():
    with Net() as net:
        host, bad, _ = pair(net)
        guard = Guard(host, "-i", "any", "--dry-run")
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "10", "192.0.2.1"])
        would = wait_for(lambda: [d for d in guard.records("deed") if d["what"] == "would"],
                         "the deed", 20)
        equal((would[0]["order"], would[0]["who"], would[0]["type"]), ("flood", "192.0.2.1", 8))
        equal(table(host), "")
        flood.kill()
        guard.end()


@case
def whom_it_spares_is_told_as_it_starts():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        host, _, _ = pair(net)
        host.ip("route add default via 192.0.2.2", "route add default via 2001:db8:1::2")
        path = folder + "/guard.yaml"
        with open(path, "w", encoding="ascii") as file:
            file.write("enforce: {spare: [203.0.113.0/24]}\n")
        for way in (["--enforce", "nft"], ["--dry-run"]):
            begun = ["env", "SSH_CONNECTION=198.51.100.2 40000 198.51.100.1 22", ICMP, "guard", "-i", "any"]
            done = host.run(begun + way + ["--config", path, "--control", "none", "--for", "0.2"])
            told = [line for line in done.stderr.splitlines() if line.startswith("guard: enforcement spares ")]
            equal((done.returncode, len(told)), (0, 1))
            for part in ("198.51.100.2 (it is the peer of an SSH session here)",
                         "192.0.2.2 (it is a gateway of ours)", "2001:db8:1::2 (it is a gateway of ours)",
                         "203.0.113.0/24 (the configuration spares it)"):
                contains(told[0], part)
            for part in ("192.0.2.1 ", "127.0.0", "::1/"):  # its own; no host's
                equal(part in told[0], False, part)
        # Where there is none of these, but in this machine's resolv.conf.
        alone = net.node("alone")
        alone.ip("link set lo up")
        done = alone.run(["env", "-u", "SSH_CONNECTION", ICMP, "guard", "-i", "lo", "--dry-run", "--control", "none",
                          "--for", "0.2"])
        equal(done.stderr.count("guard: enforcement spares "), 1)


@case
def a_gateway_is_spared():
    """It may be the far end of a tunnel, or its address borrowed: without it there is no network."""
    with Net() as net:
        host, bad, _ = pair(net)
        host.ip("route add default via 192.0.2.2")
        bad.sysctl(net__ipv4__icmp_echo_ignore_all=1)
        bad.start([sys.executable, "-c", TUNNEL_END])
        guard = Guard(host, "-i", "any", "--enforce", "nft")
        contains(host.run(["nft", "list", "set", "inet", "icmpkit_guard", "spared4"]).stdout,
                 "192.0.2.2")
        spares_its_gateway(guard, host, bad)


@case
def who_runs_it_can_ask_and_let_go():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = folder + "/run/guard.sock"
        host, bad, _ = pair(net)
        guard = Guard(host, "-i", "any", "--enforce", "nft", "--control", path)
        ask = [ICMP, "guard"]
        at = ["--control", path]
        equal(host.run(ask + ["list"] + at, check=True).stdout, "nothing is in force\n")
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "25", "192.0.2.1"])
        wait_for(lambda: deed(guard, "flood"), "the limit", 20)
        # There may be an order against the source by now, too.
        listed = orders(host, at)["flood"]
        equal((listed["who"], listed["type"]), ("192.0.2.1", 8))
        assert 590 <= listed["left"] <= 600, listed
        contains(host.run(ask + ["list"] + at, check=True).stdout, "192.0.2.1, type 8, for ")
        wait_for(lambda: stopped(host, at) > 0, "a drop")
        said = host.run(ask + ["status"] + at, check=True).stdout
        for part in ("process %d looks at any" % guard.child.pid, "enforcement: nft",
                     "orders in force: ", "packets that flood stopped: "):
            contains(said, part)
        # Whoever may not read what guard finds may not ask it either.
        for word in (["list"], ["status"], ["unban", "192.0.2.1"]):
            done = host.run(ask + word + at, user=NOBODY)
            equal((done.returncode, done.stdout), (2, ""))
            contains(done.stderr, "ask as root")
        equal(host.run(ask + ["unban", "203.0.113.1"] + at).returncode, 1)
        done = host.run(ask + ["unban", "192.0.2.1"] + at, check=True)
        equal(done.stdout, "orders taken back: 1\n")
        equal("flood" in orders(host, at), False)
        wait_for(lambda: "echo-request" not in host.run(
            ["nft", "list", "set", "inet", "icmpkit_guard", "flood4"]).stdout, "the pardon")
        time.sleep(11)  # findings that go on are told again every ten seconds
        equal(len(deed(guard, "flood")), 1)  # it floods on, and stays pardoned
        flood.kill()
        flood.wait()
        host.run(ask + ["unban", "192.0.2.2"] + at)
        at_least(answered(bad, "-c", "40", "-i", "0.01", "192.0.2.1"), UNLIMITED)
        guard.end()
        equal(os.path.exists(path), False)
        equal(host.run(ask + ["status"] + at).stderr,
              "guard: no guard listens at %s: is one running?\n" % path)


def orders(node, at):
    """Those in force, by their kind."""
    lines = node.run([ICMP, "guard", "list", "--json"] + at, check=True).stdout.splitlines()
    return {record["order"]: record for record in map(json.loads, lines)}


def stopped(node, at):
    done = node.run([ICMP, "guard", "status", "--json"] + at, check=True)
    counts = json.loads(done.stdout)["stopped"]
    return sum(c["n"] for c in counts if c["what"] == "flood")


@case
def a_folder_that_is_missing_is_made_and_a_second_guard_is_told():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        path = folder + "/run/guard.sock"
        host, _, _ = pair(net)
        guard = Guard(host, "-i", "any", "--control", path)
        done = host.run([ICMP, "guard", "-i", "any", "--control", path, "--for", "1"])
        equal(done.returncode, 2)
        contains(done.stderr, "another guard listens at " + path)
        guard.end(signal.SIGKILL)
        again = Guard(host, "-i", "any", "--control", path)
        contains(host.run([ICMP, "guard", "status", "--control", path], check=True).stdout,
                 "enforcement: none")
        again.end()


if __name__ == "__main__":
    require_root()
    main()
