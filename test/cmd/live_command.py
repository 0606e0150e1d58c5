#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command as a process: descriptors that are closed or full, arguments that a terminal obeys."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import case, contains, equal, main  # noqa: E402
from net import ICMP, Net, require_root  # noqa: E402


def run(args, **kw):
    return subprocess.run([ICMP] + args, text=True, capture_output=True, timeout=20, **kw)


@case
def closed_output_goes_nowhere_and_is_an_error():
    """Without care the first socket becomes standard output, and the results become packets."""
    with Net() as net:
        a, b = net.node("a"), net.node("b")
        net.link(a, b, "10.0.0.0/24")
        for closed in (">&-", "<&- >&-", "<&- >&- 2>&-"):
            for args in ("ping -C -c1 -i.1", "ping -c1", "trace -n -q1 -m1"):
                sniffer = b.start(["tcpdump", "-nn", "-l", "--immediate-mode", "-x", "-i", "eth0",
                                   "icmp or udp"])
                while "listening" not in sniffer.stderr.readline():
                    pass
                done = a.run(["sh", "-c", "exec %s %s 10.0.0.2 %s" % (ICMP, args, closed)])
                equal(done.returncode, 2, args + " " + closed)
                a.run(["ping", "-c1", "-s7", "10.0.0.2"], check=True)  # ends the capture
                seen = ""
                while "length 15" not in seen:
                    seen += sniffer.stdout.readline()
                sniffer.terminate()
                hex_text = seen.replace(" ", "").replace("\n", "")
                for word in (b"PING", b"statistics", b"traceroute"):
                    if word.hex()[:8] in hex_text:
                        raise AssertionError("%s %s sent %r:\n%s" % (args, closed, word, seen))


@case
def closed_error_output_stays_closed():
    done = subprocess.run(["sh", "-c", "exec %s ping --nonsense 2>&-" % ICMP], timeout=20)
    equal(done.returncode, 2)


@case
def closed_input_is_an_error_where_it_is_read():
    done = subprocess.run(["sh", "-c", "exec %s ping -c1 --targets - <&-" % ICMP], text=True,
                          capture_output=True, timeout=20)
    equal(done.returncode, 2)
    contains(done.stderr, "cannot read standard input: Bad file descriptor")


@case
def help_is_for_one_verb():
    done = run(["help", "ping", "trace"])
    equal((done.returncode, done.stdout), (2, ""))
    equal(done.stderr, "icmp: help is for one verb at a time: 'icmp help VERB'\n")


@case
def help_that_messages_point_to_is_there():
    for words in (["guard"], ["guard", "policy"], ["guard", "list"], ["guard", "unban"],
                  ["guard", "status"], ["dump"], ["lab"], ["trace"]):
        done = run(words + ["--no-such"])
        equal(done.returncode, 2)
        pointed = done.stderr.split("'icmp ")[1].split("'")[0].split()
        equal(pointed, ["help"] + words)
        there = run(pointed)
        equal((there.returncode, there.stderr), (0, ""))
        contains(there.stdout, "Usage: icmp " + " ".join(words))
    for words in (["guard", "polcy"], ["guard", "policy", "list"], ["ping", "policy"]):
        equal(run(["help"] + words).returncode, 2)


@case
def help_for_what_is_not_there_says_what_is():
    for words, said in (
            (["pnig"], "unknown verb 'pnig'; did you mean 'ping'?"),
            (["versoin"], "unknown verb 'versoin'; did you mean 'version'?"),
            (["enforcement"], "unknown verb 'enforcement'; 'icmp help' lists them"),
            (["guard", "polcy"], "no help for 'guard polcy'; did you mean 'icmp help guard policy'?"),
            (["guard", "unba"], "no help for 'guard unba'; did you mean 'icmp help guard unban'?"),
            (["guard", "enforcement"], "no help for 'guard enforcement'; there is for guard policy, guard list, "
                                       "guard unban, guard status"),
            (["guard", "p\033[2Jlicy"], "no help for 'guard p\\x1b[2Jlicy'; there is for guard policy, "
                                        "guard list, guard unban, guard status")):
        done = run(["help"] + words)
        equal((done.returncode, done.stdout, done.stderr), (2, "", "icmp: %s\n" % said))
    everything = run(["help"]).stdout
    for word in ("help", "version"):
        done = run(["help", word])
        equal((done.returncode, done.stdout, done.stderr), (0, everything, ""))


@case
def reader_that_stops_reading_does_not_make_it_unstoppable():
    """The pipe is full from the start, so no line of the command fits and it cannot end by itself.
    A signal that its loop has taken already is followed by another, as an impatient user's is."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
        child = subprocess.Popen([ICMP, "ping", "--json", "-i0", "-c200000", "127.0.0.1"],
                                 stdout=writer)
        os.close(writer)
        try:
            for _ in range(5):
                try:
                    child.wait(timeout=1)
                    raise AssertionError("it ended by itself: %r" % child.returncode)
                except subprocess.TimeoutExpired:
                    child.send_signal(stop)
                try:
                    child.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    pass
            equal(child.returncode, -stop)
        finally:
            child.kill()
            child.wait()
            os.close(reader)


@case
def options_for_one_address_refuse_names_and_more():
    many4 = (["localhost"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.0/30"])
    many6 = (["localhost"], ["::1", "::2"], ["::/126"])
    for option, many in ((["-B"], many4), (["-C"], many4), (["-F", "7"], many6)):
        for targets in many:
            done = run(["ping", "-c1"] + option + targets)
            equal(done.returncode, 2, str(option + targets))
            contains(done.stderr, option[0] + " is for a single target, given as an address")


@case
def full_disk_is_told():
    for args in (["help"], ["version"], ["ping", "--help"], ["help", "trace"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([ICMP] + args, stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=20)
        equal(done.returncode, 2, str(args))
        contains(done.stderr, "No space left on device", str(args))


@case
def arguments_do_not_reach_the_terminal_as_commands():
    escape = "\033[31m"
    for args in (["ping", "-c", escape, "127.0.0.1"], ["ping", "--" + escape, "127.0.0.1"],
                 [escape], ["help", escape], ["trace", "-q", escape, "127.0.0.1"], ["x" * 100000]):
        done = run(args)
        equal(done.returncode, 2, str(args)[:80])
        if "\033" in done.stderr + done.stdout or len(done.stderr) > 1000:
            raise AssertionError("raw or long: %r" % done.stderr[:1200])


if __name__ == "__main__":
    require_root()
    main()
