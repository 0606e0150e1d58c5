# SPDX-License-Identifier: MIT
"""A lab instead of the machine's network (--lab), and joined to programs of the machine: `lab shell`
as an ordinary user, `lab up` in a namespace of the test's own. The hops, round trips and MTUs that the
tools have to find are those of the file."""

import os
import re
import shutil
import signal
import subprocess
import time

from cases import Skip, case, contains, equal, main
from net import NOBODY, Net, require_root, wait_for
from runs import Records

# 20 ms there and back; far answers UDP with port unreachable and listens on TCP port 80.
LAB = """
seed: 7
vantage: me
nodes:
  me:   {kind: host}
  gw:   {kind: router}
  core: {kind: router}
  edge: {kind: router}
  far:  {kind: host, tcp_open: [80]}
  star: {kind: host, simulated: true, prefixes: [8.8.8.8/32]}
links:
  - {between: [me, gw],     net: 198.18.0.0/24, net6: "2001:db8:0::/64", delay: 1ms}
  - {between: [gw, core],   net: 198.18.1.0/24, net6: "2001:db8:1::/64", delay: 2ms}
  - {between: [core, edge], net: 198.18.2.0/24, net6: "2001:db8:2::/64", delay: 3ms, mtu: 1400}
  - {between: [edge, far],  net: 198.18.3.0/24, net6: "2001:db8:3::/64", delay: 4ms}
  - {between: [core, star], net: 198.18.4.0/24, delay: 1ms}
"""
FAR4, FAR6 = "198.18.3.2", "2001:db8:3::2"
HOPS4 = ["198.18.0.2", "198.18.1.2", "198.18.2.2", FAR4]
HOPS6 = ["2001:db8::2", "2001:db8:1::2", "2001:db8:2::2", FAR6]

_net = Net()
FOLDER = _net.folder()
COMMAND = _net.command_for_all()
FILE = os.path.join(FOLDER, "lab.yaml")
with open(FILE, "w", encoding="ascii") as _file:
    _file.write(LAB)
os.chmod(FILE, 0o644)

USER = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]


def run(*args, prefix=(), timeout=60, **kw):
    return subprocess.run([*prefix, COMMAND, *args], text=True, capture_output=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **kw)


def good(*args, **kw):
    done = run(*args, **kw)
    equal((done.returncode, done.stderr), (0, ""), done.stdout)
    return done.stdout


def refused(*args, **kw):
    """One line on stderr, nothing on stdout."""
    done = run(*args, **kw)
    equal((done.returncode, done.stdout), (2, ""), done.stderr)
    equal(done.stderr.count("\n"), 1, done.stderr)
    return done.stderr


# ---- ping and trace in virtual time


@case
def trace_through_a_segment_waits_for_its_neighbour_with_every_probe():
    """Sixteen probes leave at once, before the router's address is known."""
    path = os.path.join(FOLDER, "segment.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write(LAB.replace("delay: 1ms}", "delay: 1ms, resolve: on}", 1))
    os.chmod(path, 0o644)
    for family, hops in (("-4", HOPS4), ("-6", HOPS6)):
        out = good("trace", family, "-n", "-q1", "--lab", path, "far", prefix=USER)
        equal([line.split()[1] for line in out.splitlines()[1:]], hops, out)


@case
def ping_in_a_lab_is_instant_exact_and_the_same_twice():
    hour = good("ping", "-c3601", "--lab", FILE, "far", prefix=USER)  # its timeout is a minute
    contains(hour, "3601 packets transmitted, 3601 received, 0% packet loss, time 36000")
    out = good("ping", "--lab", FILE, "far", prefix=USER)
    contains(out, "PING far (198.18.3.2) 56(84) bytes of data.")
    contains(out, "64 bytes from far (198.18.3.2): icmp_seq=4 ttl=61 time=20.")
    contains(out, "4 packets transmitted, 4 received, 0% packet loss")
    equal(good("ping", "--lab", FILE, "far", prefix=USER), out)


@case
def ping_in_a_lab_speaks_ipv6():
    contains(good("ping", "-6", "-c1", "--lab", FILE, "far", prefix=USER),
             "64 bytes from far (2001:db8:3::2): icmp_seq=1 ttl=61 time=20")


@case
def ping_in_a_lab_reaches_what_stands_in_for_a_public_address():
    contains(good("ping", "-c1", "--lab", FILE, "8.8.8.8", prefix=USER),
             "64 bytes from 8.8.8.8: icmp_seq=1 ttl=62 time=8.0")


@case
def ping_in_a_lab_has_the_options_of_the_ip_header():
    done = run("ping", "-c1", "-t2", "--lab", FILE, "far")
    equal(done.returncode, 1)
    contains(done.stdout, "From core (198.18.1.2) icmp_seq=1 Time to live exceeded")
    done = run("ping", "-c1", "-W1", "-s1400", "-M", "do", "--lab", FILE, "far")
    equal(done.returncode, 1)
    contains(done.stdout, "Frag needed and DF set (mtu = 1400)")
    contains(good("ping", "-c1", "-s3000", "-M", "dont", "--lab", FILE, "far"), "3008 bytes from")
    contains(good("ping", "-c1", "-R", "--lab", FILE, "far"), "RR: ")
    contains(good("ping", "-c1", "--timestamp", "--lab", FILE, "far"), "orig=")


@case
def trace_in_a_lab_names_the_hops_by_every_method():
    for options in ([], ["-I"], ["-T"]):
        out = good("trace", *options, "--lab", FILE, "far", prefix=USER)
        lines = out.splitlines()
        equal([re.match(r" \d  (\w+) \((.*?)\)", line).groups() for line in lines[1:]],
              list(zip(["gw", "core", "edge", "far"], HOPS4)), options)
        for line, rtt in zip(lines[1:], (2, 6, 12, 20)):
            contains(line, "  %d.0" % rtt)
        equal(good("trace", *options, "--lab", FILE, "far", prefix=USER), out)


@case
def trace_in_a_lab_speaks_ipv6():
    for options in ([], ["-I"], ["-T"]):
        out = good("trace", "-6", "-n", *options, "--lab", FILE, "far", prefix=USER)
        equal([line.split()[1] for line in out.splitlines()[1:]], HOPS6, options)


@case
def json_says_that_it_was_a_lab():
    for verb in ("ping", "trace"):
        text = good(verb, "--json", "--events", "--lab", FILE, "far")
        records = Records(text)
        r = records.one("run")
        equal((r["clock"], r["socket"], r["seed"], r["kernel"]), ("virtual", "lab", "7", None))
        equal(r["time"], "1970-01-01T00:00:00.000000000Z")
        if not records.of("event"):
            raise AssertionError("no events")
        times = [x["time"] for x in records]
        equal(times, sorted(times), "the order of time")
        equal(good(verb, "--json", "--events", "--lab", FILE, "far"), text)


@case
def another_seed_is_another_run():
    def seeds(*options):
        text = good("ping", "--json", "-c1", *options, "--lab", FILE, "far")
        return Records(text).one("run")["seed"]
    equal((seeds(), seeds("--seed", "9"), seeds("--seed", "0x10")), ("7", "9", "16"))


@case
def events_tell_the_story_of_a_probe():
    done = run("ping", "-c1", "-t2", "--events", "--lab", FILE, "far")
    equal(done.returncode, 1, done.stderr)
    for word in ("gw", "core", "TTL 2 -> 1"):
        contains(done.stdout, word)
    at = done.stdout.index
    if not at("TTL 2 -> 1") < at("Time to live exceeded") < at("statistics"):
        raise AssertionError(done.stdout)


@case
def realtime_takes_as_long_as_the_network():
    began = time.monotonic()
    out = good("ping", "-c3", "-i.2", "--realtime", "--lab", FILE, "far", prefix=USER)
    passed = time.monotonic() - began
    if passed < 0.41:
        raise AssertionError("it took %.3f s" % passed)
    contains(out, "3 packets transmitted, 3 received")


@case
def what_makes_no_sense_in_a_lab_is_refused():
    for option in (["-I", "lo"], ["-B"], ["-m", "1"], ["-r"], ["-L"], ["-C"], ["-S", "99"], ["-d"],
                   ["-U"]):
        contains(refused("ping", *option, "--lab", FILE, "far"), "'%s' is about this machine" % option[0])
    for option in (["-i", "lo"], ["-r"], ["--fwmark", "1"], ["-d"]):
        contains(refused("trace", *option, "--lab", FILE, "far"), "is about this machine")
    for verb in ("ping", "trace"):
        for option in (["--events"], ["--seed", "1"], ["--realtime"]):
            contains(refused(verb, *option, "127.0.0.1"), "is for labs")
        contains(refused(verb, "--lab", FILE, "fe80::1"), "of one link only")
        contains(refused(verb, "--lab", FILE, "nobody"), "no node of that name")
        contains(refused(verb, "--lab", FILE, "-s" if verb == "trace" else "--source", "192.0.2.1",
                         "far"), "192.0.2.1 is not an address of the lab's vantage")
        contains(refused(verb, "--lab", "/nowhere", "far"), "/nowhere: ")


# ---- lab check


@case
def check_shows_the_lab_and_draws_it():
    out = good("lab", "check", FILE)
    for word in ("me", "gw", "core", "edge", "far", "198.18.3.2", "2001:db8:3::2"):
        contains(out, word)
    contains(good("lab", "check", "--dot", FILE), "graph")


@case
def check_says_what_is_wrong_and_where():
    path = os.path.join(FOLDER, "wrong.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write(LAB.replace("delay: 2ms", "dealy: 2ms"))
    line = refused("lab", "check", path)
    contains(line, "lab: %s:13:" % path)
    contains(line, "dealy")
    contains(refused("ping", "--lab", path, "far"), ":13:")


@case
def lab_says_how_it_is_called():
    contains(refused("lab"), "say what to do")
    contains(refused("lab", "frob", FILE), "say what to do")
    contains(refused("lab", "chek", FILE), "did you mean 'icmp lab check'?")
    contains(refused("lab", "check", "--foo", FILE), "'icmp help lab' lists them all")
    contains(refused("lba"), "did you mean 'lab'?")
    contains(refused("lab", "up"), "no lab")
    contains(refused("lab", "check", FILE, "more"), "one lab at a time")
    contains(refused("lab", "check", "--events", FILE), "'--events' is for up, shell, not for check")
    contains(refused("lab", "shell", "--for", "1", FILE), "'--for' is for up, not for shell")
    equal(refused("lab", "check", "/nowhere"), "lab: /nowhere: cannot be read: No such file or directory\n")
    equal(refused("lab", "check", FOLDER), "lab: %s: cannot be read: Is a directory\n" % FOLDER)
    equal(refused("lab", "check", "intrnet"),
          "lab: intrnet: no such file, nor a built-in lab: did you mean internet?\n")
    contains(refused("lab", "shell", "--json", FILE), "'--json' is the form of events: add --events")


# ---- lab shell, as an ordinary user


def shell(*command, options=(), **kw):
    if subprocess.run([*USER, "unshare", "-Un", "true"], capture_output=True).returncode:
        raise Skip("users may not make namespaces here")
    return run("lab", "shell", *options, FILE, "--", *command, prefix=USER, **kw)


@case
def shell_ping_has_right_answers():
    for family, addr in (("-4", FAR4), ("-6", FAR6)):
        done = shell("ping", family, "-c2", "-i.2", "far")
        equal((done.returncode, done.stderr), (0, ""), done.stdout)
        contains(done.stdout, addr)
        contains(done.stdout, "ttl=61 time=")
        contains(done.stdout, "2 packets transmitted, 2 received, 0% packet loss")


@case
def shell_ping_learns_the_path_mtu():
    done = shell("sh", "-c", "ping -4 -c1 -s1400 -Mdo far; ping -4 -c1 -s1372 -Mdo far;"
                             "ping -6 -c1 -s1400 -Mdo far; ping -6 -c1 -s1352 -Mdo far")
    contains(done.stdout, "mtu = 1400")
    contains(done.stdout, "mtu=1400")
    contains(done.stdout, "1380 bytes from")
    contains(done.stdout, "1360 bytes from")


@case
def shell_ping_sends_what_is_larger_than_a_frame():
    contains(shell("ping", "-4", "-c1", "-s4000", "-Mdont", "far").stdout, "4008 bytes from")


@case
def shell_traceroute_finds_every_hop_by_every_method():
    for family, hops in (("-4", HOPS4), ("-6", HOPS6)):
        for method in ([], ["-I"], ["-T"], ["-U", "-p", "9"]):
            done = shell("traceroute", family, "-n", *method, "far")
            equal(done.returncode, 0, done.stderr)
            equal([line.split()[1] for line in done.stdout.splitlines()[1:]], hops,
                  "%s %s" % (family, method))
    contains(shell("traceroute", "far").stdout, " 2  core (198.18.1.2)  ")


@case
def shell_traceroute_mtu_finds_the_narrow_link():
    contains(shell("traceroute", "--mtu", "far").stdout, "F=1400")


@case
def shell_mtr_finds_every_hop():
    for family, hops in (("-4", HOPS4), ("-6", HOPS6)):
        done = shell("mtr", family, "-n", "--report", "-c2", "-i.3", "far")
        equal(re.findall(r"\|-- (\S+) +0\.0%", done.stdout), hops, done.stdout + done.stderr)


@case
def shell_tracepath_finds_path_and_mtu():
    if not os.path.exists("/usr/bin/tracepath"):
        raise Skip("needs iputils-tracepath")
    for family, hops in (("-4", HOPS4), ("-6", HOPS6)):
        out = shell("tracepath", family, "-n", "far").stdout
        for hop in hops:
            contains(out, hop)
        contains(out, "pmtu 1400")
        contains(out, "Resume: pmtu 1400 hops 4 back 4")


@case
def shell_fping_has_right_answers():
    done = shell("fping", "-c2", "-p300", FAR4, FAR6, "198.18.3.77")
    equal(re.findall(r"^(\S+) .*%loss = (\S+?),?(?: |$)", done.stderr, re.M),
          [(FAR4, "2/2/0%"), (FAR6, "2/2/0%"), ("198.18.3.77", "2/0/100%")], done.stderr)


@case
def shell_runs_icmp_itself():
    done = shell(COMMAND, "trace", "-n", "far")
    equal([line.split()[1] for line in done.stdout.splitlines()[1:]], HOPS4, done.stderr)


@case
def shell_leaves_out_what_is_only_simulated():
    done = shell("ping", "-c1", "-W1", "8.8.8.8")
    equal(done.returncode, 1, done.stdout)
    contains(good("ping", "-c1", "--lab", FILE, "8.8.8.8"), "1 received")


@case
def shell_ends_with_the_status_of_the_command():
    equal(shell("sh", "-c", "exit 41").returncode, 41)
    equal(shell("sh", "-c", "kill -9 $$").returncode, 137)
    done = shell("/no/such/command")
    equal((done.returncode, done.stdout), (127, ""), done.stderr)
    contains(done.stderr, "lab: cannot run /no/such/command: not found")
    equal(shell("/etc/passwd").returncode, 126)
    env = dict(os.environ, SHELL="/bin/false")
    equal(run("lab", "shell", FILE, prefix=USER, env=env).returncode, 1)


@case
def shell_ends_with_that_status_when_its_interface_goes_first():
    # As when the kernel takes the namespace down before it says that the command has ended.
    done = shell("unshare", "-n", "sh", "-c", "sleep 0.3; exit 7")
    equal((done.returncode, done.stderr), (7, ""))


@case
def shell_says_when_its_command_takes_the_interface_away():
    done = shell("sh", "-c", "ip link del eth0; exec sleep 30")
    equal((done.returncode, done.stderr), (2, "lab: the interface to the lab went away\n"))


@case
def shell_survives_the_interrupt_that_is_for_its_command():
    child = subprocess.Popen([*USER, COMMAND, "lab", "shell", FILE, "--", "sh", "-c",
                              "trap 'echo caught; got=1' INT; echo ready; "
                              "while [ -z \"$got\" ]; do sleep .1; done; ping -c1 far"],
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True)
    equal(child.stdout.readline(), "ready\n")
    os.killpg(child.pid, signal.SIGINT)
    out, _ = child.communicate(timeout=30)
    contains(out, "caught")
    contains(out, "1 received")


@case
def shell_runs_from_a_command_with_file_capabilities():
    """They are dropped before anything is parsed; /proc must not be root's because of them."""
    path = os.path.join(FOLDER, "capable")
    shutil.copy(COMMAND, path)
    os.chmod(path, 0o755)
    subprocess.run(["setcap", "cap_net_raw=ep", path], check=True)
    shell("true")
    for args in (["lab", "shell", FILE, "--", "ping", "-4", "-c1", "far"],
                 ["ping", "-c1", "--lab", FILE, "far"], ["trace", "--lab", FILE, "far"]):
        done = subprocess.run([*USER, path, *args], text=True, capture_output=True, timeout=60)
        equal(done.returncode, 0, done.stderr)
        contains(done.stdout, "(%s)" % FAR4)


@case
def shell_writes_what_crosses_each_link():
    folder = os.path.join(FOLDER, "nobody's")
    os.mkdir(folder)
    os.chown(folder, NOBODY, NOBODY)
    done = shell("ping", "-4", "-c1", "far", options=["--pcapng", folder + "/deeper"])
    equal(done.returncode, 0, done.stderr)
    equal(len(os.listdir(folder + "/deeper")), 4)
    path = os.path.join(FOLDER, "twins.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write("vantage: me\nnodes: {me: {kind: host}, gw: {kind: router}, r: {kind: router}}\n"
                   "links:\n" + "".join("  - {between: [%s], net: 198.18.%d.0/24}\n" % row for row in
                                        (("me, gw", 0), ("gw, r", 1), ("gw, r", 2), ("gw, r", 3))))
    equal(run("lab", "shell", "--pcapng", folder + "/twins", path, "--", "true",
              prefix=USER).returncode, 0)
    equal(sorted(os.listdir(folder + "/twins")),
          ["gw-r-2.pcapng", "gw-r-3.pcapng", "gw-r.pcapng", "me-gw.pcapng"])
    for where in ("/nowhere/at/all", FOLDER):
        done = shell("true", options=["--pcapng", where])
        equal((done.returncode, done.stdout), (2, ""))
        contains(done.stderr, "lab: cannot ")
        contains(done.stderr, where)


@case
def shell_says_once_that_a_capture_cannot_be_written():
    folder = os.path.join(FOLDER, "full")
    os.mkdir(folder)
    shell("true")
    # Nothing, so that the last to be written fails; and more at once than a buffer holds.
    for command in (["true"], ["ping", "-4", "-c1", "-s", "20000", "far"]):
        done = run("lab", "shell", "--pcapng", folder, FILE, "--", *command,
                   prefix=["unshare", "-m", "sh", "-c",
                           "mount -t tmpfs -o size=4k,uid=%d full %s && exec \"$@\"" % (NOBODY, folder),
                           "sh", *USER])
        equal((done.returncode, done.stderr),
              (2, "lab: cannot write gw-core.pcapng: No space left on device\n"), done.stdout)


@case
def shell_writes_over_no_file_but_its_own():
    folder = os.path.join(FOLDER, "planted")
    os.mkdir(folder)
    os.chmod(folder, 0o777)  # and not sticky: then the kernel would not follow links of others
    path, victim = os.path.join(folder, "me-gw.pcapng"), os.path.join(FOLDER, "victim")

    def plant(make):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        with open(victim, "w", encoding="ascii") as file:
            file.write("precious")
        os.chown(victim, NOBODY, NOBODY)
        make()

    def of_another():
        shutil.copy(victim, path)
        os.chmod(path, 0o666)

    for make in (lambda: os.symlink(victim, path), lambda: os.link(victim, path),
                 lambda: os.mkfifo(path, 0o666), of_another):
        plant(make)
        done = shell("true", options=["--pcapng", folder])
        equal((done.returncode, done.stdout), (2, ""), done.stderr)
        contains(done.stderr, "lab: cannot write %s: " % path)
        equal(done.stderr.count("\n"), 1, done.stderr)
        with open(victim, encoding="ascii") as file:
            equal(file.read(), "precious")
    link = os.path.join(FOLDER, "link")
    os.symlink(folder, link)
    contains(shell("true", options=["--pcapng", link]).stderr, "cannot write into %s: it is no folder" % link)
    plant(lambda: None)
    sizes = []
    for size in (1000, 10):  # a second time, and shorter
        done = shell("ping", "-4", "-c1", "-s", str(size), "far", options=["--pcapng", folder])
        equal(done.returncode, 0, done.stderr)
        sizes.append(os.path.getsize(path))
    if sizes[1] >= sizes[0]:
        raise AssertionError("%s bytes: the first is still in it" % sizes)


@case
def one_family_is_enough():
    path = os.path.join(FOLDER, "four.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write(re.sub(r' net6: "[^"]*",', "", LAB))
    contains(good("ping", "-c1", "--lab", path, "far"), "1 received")
    for verb in ("ping", "trace"):
        contains(refused(verb, "-6", "--lab", path, "far"), "the lab's vantage has no IPv6 address")
    shell("true")
    done = run("lab", "shell", path, "--", "sh", "-c", "ip -6 route; ping -c1 far", prefix=USER)
    contains(done.stdout, "1 received")
    equal("default" in done.stdout, False, done.stdout)


@case
def shell_says_why_where_namespaces_are_forbidden():
    done = run("lab", "shell", FILE, "--", "true",
               prefix=["unshare", "-Ur", "sh", "-c",
                       "echo 0 >/proc/sys/user/max_user_namespaces; exec \"$@\"", "sh"])
    equal((done.returncode, done.stdout), (2, ""))
    contains(done.stderr, "lab: this machine does not let users make a user namespace "
                          "(user.max_user_namespaces is 0); as root: icmp lab up " + FILE)


# ---- lab up, in a namespace of the test's own


def up(node, *options):
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun here")
    child = node.start([COMMAND, "lab", "up", *options, FILE])
    line = child.stderr.readline()
    contains(line, "is up: this machine is me, 198.18.0.1 and 2001:db8::1 on ")
    return child


def end(child, signo=signal.SIGINT):
    child.send_signal(signo)
    return child.communicate(timeout=20)[0]


def interfaces(node):
    return re.findall(r"^\d+: ([\w.]+)", node.run(["ip", "-o", "link"]).stdout, re.M)


@case
def up_joins_the_machine_and_leaves_nothing():
    with Net() as net:
        here, away = net.node("here"), net.node("away")
        net.link(here, away, "10.5.0.0/24", "fd05::/64")
        here.ip("route add default via 10.5.0.2", "route add default via fd05::2")
        routes = [["ip", "route"], ["ip", "-6", "route"]]
        before = [here.run(cmd).stdout for cmd in routes]
        for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            child = up(here)
            for text, was in zip((here.run(cmd).stdout for cmd in routes), before):
                equal(re.findall("^default.*", text, re.M), re.findall("^default.*", was, re.M))
            for addr in (FAR4, FAR6):
                done = here.run(["ping", "-c2", "-i.2", addr])
                contains(done.stdout, "2 received, 0% packet loss", done.stderr)
                contains(done.stdout, "ttl=61 time=")
            hops = here.run(["traceroute", "-n", FAR4]).stdout.splitlines()[1:]
            equal([line.split()[1] for line in hops], HOPS4)
            end(child, signo)
            if signo != signal.SIGKILL:
                equal(child.returncode, 0)
            wait_for(lambda: "lab0" not in interfaces(here), "the device to go")
            equal([here.run(cmd).stdout for cmd in routes], before)


@case
def up_serves_an_ordinary_user_of_the_machine():
    with Net() as net:
        here = net.node("here")
        here.ping_sockets(True)
        child = up(here)
        contains(here.run([COMMAND, "trace", "-n", FAR4], user=NOBODY).stdout, " 4  " + FAR4)
        contains(here.run([COMMAND, "ping", "-c1", FAR6], user=NOBODY).stdout, "1 received")
        end(child)


@case
def up_ends_by_itself_when_told():
    with Net() as net:
        here = net.node("here")
        began = time.monotonic()
        child = up(here, "--for", "1", "--interface", "mylab")
        contains(" ".join(interfaces(here)), "mylab")
        equal(child.wait(timeout=60), 0)
        if time.monotonic() - began < 0.9:
            raise AssertionError("it took %.1f s" % (time.monotonic() - began))


@case
def up_refuses_prefixes_of_the_machine():
    for line, what in (("addr add 198.18.3.9/30 dev eth0", "198.18.3.8/30"),
                       ("route add 198.18.0.0/15 via 10.5.0.2", "198.18.0.0/15"),
                       ("-6 route add 2001:db8:2::/48 via fd05::2", "2001:db8:2::/48")):
        with Net() as net:
            here, away = net.node("here"), net.node("away")
            net.link(here, away, "10.5.0.0/24", "fd05::/64")
            here.run(["ip", *line.split()], check=True)
            done = here.run([COMMAND, "lab", "up", FILE])
            equal((done.returncode, done.stdout), (2, ""))
            contains(done.stderr, "of the lab collides with")
            equal(done.stderr.count("\n"), 1)
            if "lab0" in interfaces(here):
                raise AssertionError("the device was made")


@case
def up_says_what_it_lacks():
    with Net() as net:
        here = net.node("here")
        done = here.run([COMMAND, "lab", "up", FILE], user=NOBODY)
        equal((done.returncode, done.stdout), (2, ""))
        contains(done.stderr, "needs CAP_NET_ADMIN: become root, or use 'icmp lab shell " + FILE)
        here.ip("tuntap add dev lab0 mode tap")
        contains(here.run([COMMAND, "lab", "up", FILE]).stderr, "an interface lab0 exists already")


@case
def up_says_when_the_device_was_taken_away():
    with Net() as net:
        here = net.node("here")
        child = up(here)
        here.ip("link del lab0")
        _, err = child.communicate(timeout=10)
        equal(child.returncode, 2)
        contains(err, "the interface to the lab went away")


@case
def up_writes_what_crosses_each_link():
    with Net() as net:
        here = net.node("here")
        folder = os.path.join(net.folder(), "captures")
        child = up(here, "--pcapng", folder)
        here.run(["ping", "-c1", FAR4], check=True)
        end(child)
        names = sorted(os.listdir(folder))
        equal(len(names), 4, names)  # not that of the simulated node
        for name in names:
            done = subprocess.run(["tshark", "-r", os.path.join(folder, name), "-Y", "icmp",
                                   "-T", "fields", "-e", "icmp.type", "-e", "icmp.checksum.status",
                                   "-e", "ip.ttl"], text=True, capture_output=True, timeout=60)
            equal([row.split("\t")[:2] for row in done.stdout.splitlines()],
                  [["8", "1"], ["0", "1"]], name + done.stderr)


@case
def up_parses_with_no_right_but_to_make_interfaces():
    """Root reads the file of a user's, but what is in it could not have written to that folder."""
    private = os.path.join(FOLDER, "private")
    os.mkdir(private, 0o700)
    path = os.path.join(private, "lab.yaml")
    shutil.copy(FILE, path)
    os.chmod(path, 0o600)
    theirs = os.path.join(FOLDER, "theirs")
    os.mkdir(theirs)
    for name in (private, path, theirs):
        os.chown(name, NOBODY, NOBODY)
    with Net() as net:
        here = net.node("here")
        done = here.run([COMMAND, "lab", "up", "--for", "1", "--pcapng", theirs, path])
        equal((done.returncode, done.stderr),
              (2, "lab: cannot write %s/me-gw.pcapng: Permission denied\n" % theirs))
        made = os.path.join(theirs, "made")  # by root, before
        equal(here.run([COMMAND, "lab", "up", "--for", "1", "--pcapng", made, path]).returncode, 0)
        equal(len(os.listdir(made)), 4)
        with open(path, "a", encoding="ascii") as file:
            file.write("wrong: 1\n")
        again = os.path.join(FOLDER, "again")
        contains(here.run([COMMAND, "lab", "up", "--pcapng", again, path]).stderr, "unknown key")
        equal(os.path.exists(again), False)


@case
def up_tells_events():
    with Net() as net:
        here = net.node("here")
        child = up(here, "--events")
        here.run(["ping", "-c1", "-t2", FAR4])
        contains(end(child), "TTL 2 -> 1")
        child = up(here, "--events", "--json")
        here.run(["ping", "-c1", "-t2", FAR4])
        records = Records(end(child))
        if not [r for r in records.of("event", node="core") if "11/0" in r["what"]]:
            raise AssertionError([r for r in records if r.get("node") == "core"])


if __name__ == "__main__":
    require_root()
    try:
        main()
    finally:
        _net.close()
