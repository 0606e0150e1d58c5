#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp guard --enforce xdp: what was found is stopped as it arrives at one interface, what lies beside
it goes on, no program is left when guard ends, however it ends, and none that is not ours is touched."""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import case, contains, equal, main, skip_all  # noqa: E402
from guards import (TUNNEL_END, UNLIMITED, Guard, answered, at_least, deed, pair, pids,  # noqa: E402
                    router_end, spares_its_gateway)
from net import ICMP, NOBODY, Net, require_root, wait_for  # noqa: E402
from xdplinks import detach, program, replace  # noqa: E402

WARDEN = "icmp-warden-xdp"
SEVERITIES = ["info", "low", "medium", "high", "critical"]
HASTY = "enforce: {time: 4s}\nlimits: {hold: 2s, again: 1s}\n"

# bpf(2) by its number, as there may be no bpftool: a program that lets all pass, at an interface for as
# long as this runs.
FOREIGN = r"""
import ctypes, os, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, text):
    attr = ctypes.create_string_buffer(text, 128)
    got = libc.syscall(%d, command, attr, 128)
    if got < 0:
        raise OSError(ctypes.get_errno(), "bpf %%d" %% command)
    return got
code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, 2, 0x95, 0, 0, 0))
name = ctypes.create_string_buffer(b"GPL")
program = bpf(5, struct.pack("<IIQQ", 6, 2, ctypes.addressof(code), ctypes.addressof(name)))
link = bpf(28, struct.pack("<IIII", program, socket.if_nametoindex(sys.argv[1]), 37, 0))
print("attached", flush=True)
time.sleep(60)
""" % {"x86_64": 321, "aarch64": 280}.get(platform.machine(), 321)


def build(net):
    """As pair(), and the interface of the host that the bad one is at."""
    host, bad, good = pair(net)
    return host, bad, good, router_end(host, "192.0.2.1")


def xdp(node, dev, *args, **more):
    return Guard(node, "-i", dev, "--enforce", "xdp", *args, **more)


@contextlib.contextmanager
def guarded(*args, settings=None):
    """As build(), and a guard at that interface, which can be asked."""
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        host, bad, good, dev = build(net)
        os.chmod(folder, 0o755)
        more = ["--config", config(folder, settings)] if settings else []
        yield host, bad, good, dev, xdp(host, dev, "--control", folder + "/guard.sock", *more, *args)


def refused(node, *args):
    """What a guard says that cannot begin."""
    done = node.run([ICMP, "guard", "--enforce", "xdp", "--for", "1"] + list(args))
    equal((done.returncode, done.stdout), (2, ""))
    return done.stderr


def end_of_tunnel(node):
    node.sysctl(net__ipv4__icmp_echo_ignore_all=1)
    node.start([sys.executable, "-c", TUNNEL_END])


def tunnel(node, guard):
    """What goes through a tunnel until it is blocked."""
    def more():
        node.run(["ping", "-n", "-q", "-c", "20", "-i", "0.02", "-W", "1", "192.0.2.2"])
        return deed(guard, "pair")
    return wait_for(more, "the block", 20)


def config(folder, text):
    path = os.path.join(folder, "guard.yaml")
    os.chmod(folder, 0o755)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


@case
def a_flood_is_limited_and_what_lies_beside_it_goes_on():
    with guarded() as (host, bad, good, dev, guard):
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "15", "192.0.2.1"])
        done = wait_for(lambda: deed(guard, "flood"), "the limit", 20)
        equal((done[0]["who"], done[0]["type"], done[0]["seconds"]), ("192.0.2.1", 8, 600))
        # Requests of one source to this host are limited; its answers, what others send, and IPv6
        # are not; and neighbour discovery goes on while it floods.
        equal(answered(host, "-c", "20", "-i", "0.02", "192.0.2.2"), 20)
        equal(answered(good, "-c", "20", "-i", "0.02", "198.51.100.1"), 20)
        host.ip("neigh flush all")
        equal(answered(bad, "-6", "-c", "3", "-i", "0.1", "2001:db8:1::1"), 3)
        equal(answered(host, "-c", "2", "-i", "0.1", "192.0.2.2"), 2)
        flood.kill()
        equal(guard.end(), 1)
        wait_for(lambda: not program(host, dev), "the program to go")


@case
def a_tunnel_is_cut_and_the_ping_beside_it_goes_on():
    """Beside it: through the same interface, to a host behind the tunnel's end."""
    with Net() as net:
        host, bad, far = net.node("host"), net.node("bad"), net.node("far")
        dev, _ = net.link(host, bad, "192.0.2.0/24", "2001:db8:1::/64")
        net.link(bad, far, "198.51.100.0/24")
        bad.forward()
        far.ip("route add 192.0.2.0/24 via 198.51.100.1")
        end_of_tunnel(bad)
        with tempfile.TemporaryDirectory() as folder:
            # A gateway would be spared, so the bad one is none.
            host.ip("route add 198.51.100.2 dev " + dev,
                    "neigh add 198.51.100.2 lladdr %s dev %s" % (address_of(bad, "192.0.2.2"), dev))
            guard = xdp(host, dev, "--config", config(folder, "enforce: {time: 1min}\n"))
        beside = host.start(["ping", "-n", "-q", "-c", "40", "-i", "0.1", "198.51.100.2"])
        done = tunnel(host, guard)
        equal({done[0]["who"], done[0]["other"]}, {"192.0.2.1", "192.0.2.2"})
        equal(done[0]["seconds"], 60)
        equal(answered(host, "-c", "5", "-i", "0.02", "192.0.2.2"), 0)
        out, _ = beside.communicate(timeout=20)
        contains(out, "40 received")
        equal(answered(host, "-6", "-c", "3", "-i", "0.02", "2001:db8:1::2"), 3)
        guard.end()


def address_of(node, addr):
    text = node.run(["ip", "-br", "link", "show", router_end(node, addr)], check=True).stdout
    return text.split()[2]


@case
def fragmentation_needed_passes_whoever_it_is_from():
    with Net() as net:
        host, router, far = net.node("host"), net.node("router"), net.node("far")
        dev, _ = net.link(host, router, "192.0.2.0/24", "2001:db8:1::/64")
        net.link(router, far, "198.51.100.0/24", "2001:db8:2::/64")
        router.forward()
        router.ip("link set %s mtu 1300" % router_end(router, "198.51.100.1"))
        host.ip("route add 198.51.100.0/24 via 192.0.2.2",
                "route add 2001:db8:2::/64 via 2001:db8:1::2")
        far.ip("route add 192.0.2.0/24 via 198.51.100.1",
               "route add 2001:db8:1::/64 via 2001:db8:2::1")
        guard = xdp(host, dev)
        flood = router.start(["ping", "-f", "-q", "-c", "60000", "-w", "10", "192.0.2.1"])
        wait_for(lambda: deed(guard, "flood"), "a deed", 20)
        for family, target, least in (("-4", "198.51.100.2", 1272), ("-6", "2001:db8:2::2", 1252)):
            done = host.run(["ping", family, "-M", "do", "-s", "1400", "-c", "2", "-W", "1", target])
            contains(done.stdout + done.stderr, "1300")
            equal(answered(host, family, "-M", "do", "-s", str(least), "-c", "2", target), 2)
        flood.kill()
        guard.end()


@case
def killed_nothing_is_left():
    with guarded() as (host, _, _, dev, guard):
        first = program(host, dev)
        assert first
        guard.end(signal.SIGKILL)
        wait_for(lambda: not program(host, dev), "the program to go")
        wait_for(lambda: not pids(host), "its processes to end")
        again = xdp(host, dev)
        assert program(host, dev) not in (None, first)
        equal(again.end(), 0)
        wait_for(lambda: not program(host, dev), "the program to go")


@case
def the_warden_killed_guard_ends():
    """A guard that only seems to guard is worse than none."""
    with guarded() as (host, _, _, dev, guard):
        os.kill(pids(host)[WARDEN], signal.SIGKILL)
        equal(guard.child.wait(timeout=20), 2)
        contains(guard.said(), "enforcement has ended; so does guard")
        equal([d["what"] for d in guard.records("deed")], ["lost"])
        equal(program(host, dev), None)


@case
def what_goes_on_unseen_keeps_order_and_finding():
    """Detectors do not see what is stopped; an order's time is short here, and a finding ends after two
    seconds. Without the counts both would end, and a burst pass until all is found anew."""
    with guarded(settings=HASTY) as (host, bad, _, dev, guard):
        flood = bad.start(["ping", "-f", "-q", "-c", "1000000", "-w", "60", "192.0.2.1"])
        wait_for(lambda: len(prolonged(guard)) >= 3, "an order to be prolonged", 40)
        kept = prolonged(guard)[-1]
        key = [kept[k] for k in ("order", "who", "type")]
        counts = [d["stopped"] for d in prolonged(guard) if [d[k] for k in ("order", "who", "type")] == key]
        equal(counts, sorted(set(counts)))
        # It was given once, and its finding never was over.
        equal(len([d for d in deed(guard, kept["order"]) if [d[k] for k in ("who", "type")] == key[1:]]), 1)
        told = [f for f in guard.records("finding") if f["id"] == kept["finding"]]
        equal({f["state"] for f in told}, {"new", "updated"})
        unseen = [f["stopped"] for f in told if "stopped" in f]
        equal(unseen, sorted(unseen))
        at_least(len(unseen), 3)
        last = [f for f in told if "stopped" in f][-1]
        # Told apart: what was stopped is none of what was seen.
        assert last["stopped_last"] > last["last"] and last["time"] == last["stopped_last"], last
        at_least(last["stopped"], counts[-2])
        equal(len({f["packets"] for f in told if f["last"] == last["last"]}), 1)
        equal(last["severity"], max((f["severity"] for f in told), key=SEVERITIES.index))
        listed = [d for d in forces(guard) if d["order"] == kept["order"]]
        at_least(listed[0]["stopped"], counts[-1])
        equal(listed[0]["finding"], kept["finding"])
        contains(guard.ask("list", check=True).stdout, " s, packets stopped: ")
        # As before, it ends by itself when the abuse has ended.
        flood.kill()
        flood.wait()
        wait_for(lambda: [f for f in guard.records("finding")
                          if f["id"] == kept["finding"] and f["state"] == "ended"], "its end", 20)
        wait_for(lambda: not forces(guard), "the orders to expire", 20)
        ended = [f for f in guard.records("finding") if f["id"] == kept["finding"]][-1]
        at_least(ended["stopped"], last["stopped"])
        guard.end()


@case
def what_does_not_go_on_is_not_prolonged():
    with guarded(settings=HASTY) as (host, bad, _, dev, guard):
        end_of_tunnel(bad)
        tunnel(host, guard)
        # What it stopped is not what keeps it: it has to go on.
        host.run(["ping", "-n", "-q", "-c", "3", "-i", "0.02", "-W", "0.1", "192.0.2.2"])
        begun = time.monotonic()
        at_least(sum(d["stopped"] for d in forces(guard)), 1)
        wait_for(lambda: not forces(guard), "the order to expire", 20)
        assert time.monotonic() - begun < 9
        equal(prolonged(guard), [])
        guard.end()


def cut(how):
    """A guard whose program somebody takes away."""
    with guarded() as (host, bad, _, dev, guard):
        end_of_tunnel(bad)
        tunnel(host, guard)
        equal(status(guard)["enforce"], "xdp")
        how(host, dev)
        # From then on it claims nothing, also before it has ended.
        asked = guard.ask("status", "--json")
        if asked.returncode == 0:
            said = json.loads(asked.stdout)
            equal((said["enforce"], said["orders"]), ("none", 0))
        equal(guard.ask("list", "--json").stdout, "")
        equal(guard.child.wait(timeout=20), 2)
        contains(guard.said(), "enforcement has ended; so does guard: the XDP program is at the interface no "
                               "more\n")
        equal([d["what"] for d in guard.records("deed")][-1], "lost")
        wait_for(lambda: WARDEN not in pids(host), "the warden to end")


@case
def a_link_that_is_cut_ends_guard():
    """As `bpftool link detach` does: the interface stays, and so do its packets."""
    cut(detach)


@case
def a_program_put_in_its_place_ends_guard():
    cut(replace)


@case
def two_do_not_enforce_at_one_interface():
    with guarded() as (host, _, _, dev, guard):
        first = program(host, dev)
        contains(refused(host, "-i", dev, "--control", "none"),
                 "guard: another guard enforces at %s already\n" % dev)
        equal((program(host, dev), guard.child.poll()), (first, None))
        other = router_end(host, "198.51.100.1")
        beside = xdp(host, other)
        assert program(host, other)
        beside.end()
        wait_for(lambda: not program(host, other), "the program to go")
        equal(program(host, dev), first)
        guard.end()


@case
def a_foreign_program_is_never_replaced():
    with Net() as net:
        host, bad, _, dev = build(net)
        foreign = host.start([sys.executable, "-c", FOREIGN, dev])
        equal(foreign.stdout.readline(), "attached\n")
        first = program(host, dev)
        contains(refused(host, "-i", dev, "--control", "none"),
                 "guard: %s has an XDP program that is not guard's, which stays: try --enforce nft\n"
                 % dev)
        equal(program(host, dev), first)
        foreign.kill()


@case
def what_is_to_expire_stays_until_its_time_is_up():
    with guarded("--on-exit", "expire", settings="enforce: {time: 6s}\n") as (host, bad, _, dev, guard):
        end_of_tunnel(bad)
        tunnel(host, guard)
        begun = time.monotonic()
        equal(guard.end(), 1)
        time.sleep(1)
        assert program(host, dev)
        equal(list(pids(host)).count(WARDEN), 1)
        equal(answered(host, "-c", "3", "-i", "0.02", "192.0.2.2"), 0)
        wait_for(lambda: not program(host, dev), "the program to go", 15)
        wait_for(lambda: WARDEN not in pids(host), "the warden to end")
        at_least(time.monotonic() - begun, 3)


@case
def without_orders_nothing_lingers():
    with guarded("--on-exit", "expire") as (host, _, _, dev, guard):
        equal(guard.end(), 0)
        wait_for(lambda: not program(host, dev), "the program to go")
        wait_for(lambda: not pids(host), "the warden to end")


@case
def one_that_lingers_makes_room():
    with guarded("--on-exit", "expire") as (host, bad, _, dev, guard):
        end_of_tunnel(bad)
        tunnel(host, guard)
        guard.end(signal.SIGKILL)
        time.sleep(0.5)
        first, warden = program(host, dev), pids(host)[WARDEN]
        assert first
        again = xdp(host, dev)
        assert program(host, dev) not in (None, first)
        assert pids(host)[WARDEN] != warden
        again.end()
        wait_for(lambda: not program(host, dev), "the program to go")
        wait_for(lambda: not pids(host), "its processes to end")


@case
def who_took_the_name_keeps_no_guard_away():
    """The name of the place is anybody's to take, also an ordinary user's."""
    with Net() as net:
        host, _, _, dev = build(net)
        index = int(host.run(["ip", "-o", "link", "show", dev], check=True).stdout.split(":")[0])
        squat = host.start(
            [sys.executable, "-c", "import socket, sys, time\n"
             "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
             "s.bind('\\0icmpkit-guard-xdp-%d')\ns.listen(4)\nprint('taken', flush=True)\n"
             "while True:\n    s.accept()[0].send(b'w')\n" % index], user=NOBODY)
        equal(squat.stdout.readline(), "taken\n")
        guard = xdp(host, dev)
        assert program(host, dev)
        equal(guard.end(), 0)
        squat.kill()


@case
def the_warden_has_no_privileges():
    with guarded() as (host, _, _, dev, guard):
        caps = {}
        for name, pid in pids(host).items():
            with open("/proc/%s/status" % pid, encoding="ascii") as file:
                text = dict(line.split(":", 1) for line in file)
            caps[name] = int(text["CapEff"], 16) | int(text["CapPrm"], 16)
            equal(text["NoNewPrivs"].strip(), "1")
        equal(caps, {"icmp": 0, WARDEN: 0})
        # It may outlive a pipe that guard writes to.
        kept = {os.readlink("/proc/%d/fd/%d" % (pids(host)[WARDEN], fd)) for fd in range(3)}
        equal(kept, {"/dev/null"})
        guard.end()


@case
def who_may_not_is_told():
    with Net() as net:
        host, _, _, dev = build(net)
        done = host.run(["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin", ICMP,
                         "guard", "-i", dev, "--enforce", "xdp", "--for", "1"])
        equal(done.returncode, 2)
        contains(done.stderr, "guard: --enforce xdp needs root, or CAP_BPF and CAP_NET_ADMIN: --dry-run "
                              "shows what it would do\n")
        equal(program(host, dev), None)


@case
def an_ordinary_user_with_the_capabilities_of_the_service_may():
    """As the drop-in for the unit of systemd has it run."""
    caps = "-all,+net_raw,+net_admin,+bpf"
    with Net() as net:
        host, bad, _, dev = build(net)
        with tempfile.NamedTemporaryFile("w+") as out:
            child = host.start(
                ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups",
                 "--inh-caps=" + caps, "--ambient-caps=" + caps, "--bounding-set=" + caps,
                 "--no-new-privs", ICMP, "guard", "--json", "-i", dev, "--enforce", "xdp",
                 "--control", "none"], stdout=out)
            flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "15", "192.0.2.1"])
            wait_for(lambda: '"what":"done"' in os.pread(out.fileno(), 1 << 20, 0).decode() or
                     child.poll() is not None, "the limit", 20)
            contains(os.pread(out.fileno(), 1 << 20, 0).decode(), '"what":"done"')
            assert program(host, dev)
            flood.kill()
            child.send_signal(signal.SIGINT)
            equal(child.wait(timeout=20), 1)
            wait_for(lambda: not program(host, dev), "the program to go")


@case
def a_dry_run_does_nothing():
    with guarded("--dry-run") as (host, bad, _, dev, guard):
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "10", "192.0.2.1"])
        would = wait_for(lambda: [d for d in guard.records("deed") if d["what"] == "would"],
                         "the deed", 20)
        equal((would[0]["order"], would[0]["who"], would[0]["type"]), ("flood", "192.0.2.1", 8))
        equal((program(host, dev), list(pids(host)).count(WARDEN)), (None, 0))
        flood.kill()
        guard.end()


@case
def a_gateway_is_spared():
    with Net() as net:
        host, bad, _, dev = build(net)
        host.ip("route add default via 192.0.2.2")
        end_of_tunnel(bad)
        guard = xdp(host, dev)
        spares_its_gateway(guard, host, bad)


@case
def a_hangup_spares_whom_the_configuration_names_now():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        host, bad, _, dev = build(net)
        end_of_tunnel(bad)
        path = config(folder, "enforce: {time: 1min}\n")
        guard = xdp(host, dev, "--config", path)
        config(folder, "enforce: {time: 1min, spare: [192.0.2.2]}\n")
        guard.child.send_signal(signal.SIGHUP)
        wait_for(lambda: "was read again" in guard.said(), "the hangup")
        host.run(["ping", "-n", "-q", "-c", "20", "-i", "0.02", "-W", "1", "192.0.2.2"])
        what = wait_for(lambda: [d for d in guard.records("deed") if d["what"] == "refused"],
                        "the refusal", 20)
        equal(what[0]["why"], "the configuration spares it")
        guard.end()
        equal(deed(guard, "pair"), [])


@case
def who_runs_it_can_ask_and_let_go():
    with guarded() as (host, bad, _, dev, guard):
        equal(guard.ask("list", check=True).stdout, "nothing is in force\n")
        flood = bad.start(["ping", "-f", "-q", "-c", "60000", "-w", "25", "192.0.2.1"])
        wait_for(lambda: deed(guard, "flood"), "the limit", 20)
        listed = json.loads(guard.ask("list", "--json", check=True).stdout)
        equal([listed[k] for k in ("order", "who", "type", "enforce", "mode")],
              ["flood", "192.0.2.1", 8, "xdp", "native"])
        way = "enforcement: xdp at %s, native (in its driver)\n" % dev
        said = guard.ask("list", check=True).stdout
        equal(said.startswith(way), True)
        contains(said, "192.0.2.1, type 8, for ")
        wait_for(lambda: status(guard)["stopped"], "a drop")
        equal([status(guard)[k] for k in ("interface", "enforce", "mode")], [dev, "xdp", "native"])
        contains(guard.ask("status", check=True).stdout, way)
        equal(guard.ask("unban", "192.0.2.1", check=True).stdout, "orders taken back: 1\n")
        wait_for(lambda: [d for d in guard.records("deed") if d["what"] == "removed"], "the pardon")
        flood.kill()
        flood.wait()
        guard.ask("unban", "192.0.2.2")  # what was done meanwhile against the source
        wait_for(lambda: answered(bad, "-c", "40", "-i", "0.01", "192.0.2.1") >= UNLIMITED, "pings", 20)
        guard.end()


def forces(guard):
    """What is in force."""
    done = guard.ask("list", "--json", check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def prolonged(guard):
    return [d for d in guard.records("deed") if d["what"] == "prolonged"]


def status(guard):
    return json.loads(guard.ask("status", "--json", check=True).stdout)


@case
def where_the_driver_cannot_it_is_generic():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        host = net.node("host")
        host.ip("link add dull type bridge", "link set dull up")
        guard = xdp(host, "dull", "--control", folder + "/guard.sock")
        assert program(host, "dull")
        equal(status(guard)["mode"], "generic")
        contains(guard.ask("status", check=True).stdout,
                 "enforcement: xdp at dull, generic (above its driver)\n")
        guard.end()


@case
def where_it_is_for_nothing_it_says_so():
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        host, _, _, _ = build(net)
        contains(refused(host, "-i", "any", "--control", "none"),
                 "guard: --enforce xdp is for one interface: name it by -i NAME, or --enforce nft\n")
        equal(refused(host, "-r", "/dev/null"),
              "guard: --enforce is for an interface: --dry-run shows what it would do\n")
        # The command without what it would start.
        os.chmod(folder, 0o755)
        alone = os.path.join(folder, "icmp")
        subprocess.run(["cp", ICMP, alone], check=True, timeout=20)
        host.ip("link add dull type bridge", "link set dull up")
        if not any(os.path.exists(p + "/libexec/" + WARDEN) for p in ("/usr", "/usr/local")):
            done = host.run([alone, "guard", "-i", "dull", "--enforce", "xdp", "--for", "1",
                             "--control", "none"])
            equal(done.returncode, 2)
            contains(done.stderr, "guard: --enforce xdp needs icmp-warden-xdp, which is not here")


@case
def an_interface_that_goes_ends_guard():
    with guarded() as (host, _, _, dev, guard):
        host.ip("link del " + dev)
        equal(guard.child.wait(timeout=20), 2)
        wait_for(lambda: not pids(host), "the warden to end")


if __name__ == "__main__":
    require_root()
    if not os.path.exists(os.path.join(os.path.dirname(ICMP), WARDEN)):
        skip_all("built without XDP (libbpf, clang)")
    main()
