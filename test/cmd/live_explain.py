#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""icmp explain on a terminal: as wide as that is, in colour unless it is not wanted; and into a pipe
whose reader leaves."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import case, equal, main  # noqa: E402
from net import ICMP  # noqa: E402

MARK = re.compile("\x1b\\[[0-9;]*m")


def on_terminal(columns, **env):
    """What the command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm"}
    environment.update(env)
    child = subprocess.Popen([ICMP, "explain", "3/3"], stdin=theirs, stdout=theirs, stderr=theirs,
                             env=environment)
    os.close(theirs)
    text = b""
    try:
        while True:
            piece = os.read(ours, 65536)
            if not piece:
                break
            text += piece
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    equal(child.wait(timeout=20), 0)
    return text.decode().replace("\r\n", "\n")


def prose(text):
    """The lines that are filled: before the layout, without commands."""
    before = MARK.sub("", text).split("\nLayout\n")[0]
    return [line for line in before.split("\n") if not re.match("  (?! |-)(icmp|ss|nft|tcpdump) ", line)]


@case
def lines_are_as_wide_as_the_terminal():
    for columns in (50, 80, 120):
        longest = max(len(line) for line in prose(on_terminal(columns)))
        if not columns - 12 <= longest <= columns:
            raise AssertionError("%d columns: the longest line has %d" % (columns, longest))


@case
def colour_is_on_a_terminal_alone():
    text = on_terminal(80)
    if "\x1b[1mICMPv4 3/3: Port unreachable\x1b[0m\n" not in text:
        raise AssertionError("no colour: %r" % text[:80])
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        if "\x1b" in on_terminal(80, **env):
            raise AssertionError("colour with %r" % env)
    plain = subprocess.run([ICMP, "explain", "3/3"], capture_output=True, text=True, timeout=20)
    equal(MARK.sub("", text), plain.stdout)


@case
def empty_no_color_is_none():
    if "\x1b" not in on_terminal(80, NO_COLOR=""):
        raise AssertionError("an empty NO_COLOR was obeyed")


@case
def reader_that_leaves_ends_it_quietly():
    for args in (["--all"], ["--all", "--json"]):
        child = subprocess.Popen([ICMP, "explain"] + args, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        child.stdout.readline()
        child.stdout.close()
        equal(child.stderr.read(), "", " ".join(args))
        child.wait(timeout=20)


@case
def full_disk_is_an_error():
    for args in (["3/3"], ["--common"], ["--json", "3/3"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([ICMP, "explain"] + args, stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=20)
        equal(done.returncode, 2)
        equal(done.stderr, "explain: cannot write the results: No space left on device\n")


main()
