#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The expressions of every entry, given to the tools they are for: tshark, tcpdump and nft take each,
and it selects the messages of that entry and no others."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from cases import Skip, case, equal, main  # noqa: E402
from net import ICMP  # noqa: E402

LINKTYPE_RAW = 101


def run(args, **kw):
    return subprocess.run(args, text=True, capture_output=True, timeout=120, **kw)


def entries():
    done = run([ICMP, "explain", "--all", "--json"])
    equal((done.returncode, done.stderr), (0, ""))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [e for e in found if e["record"] == "explanation" and "type" in e]


def packet(family, kind, code):
    """The shortest message of a type and code in its packet, 32 bytes of body."""
    message = struct.pack("!BBH", kind, code, 0) + bytes(32)
    if family == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0,
                           bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
    else:
        head = struct.pack("!IHBB16s16s", 6 << 28, len(message), 58, 64,
                           bytes([0xfe, 0x80] + [0] * 13 + [1]), bytes([0xfe, 0x80] + [0] * 13 + [2]))
    return head + message


def every_message(rows):
    """Each type with its codes, one that has no entry, and 0."""
    keys = {(e["family"], e["type"], c) for e in rows for c in (e.get("code", 0), 0, 99)}
    return sorted(keys)


def capture(path, keys):
    with open(path, "wb") as out:
        out.write(struct.pack("!IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
        for i, key in enumerate(keys):
            data = packet(*key)
            out.write(struct.pack("!IIII", i, 0, len(data), len(data)) + data)


def need(tool):
    if not shutil.which(tool):
        raise Skip("no " + tool)


def wanted(e, keys):
    return [k for k in keys if k[:2] == (e["family"], e["type"]) and e.get("code", k[2]) == k[2]]


@case
def tcpdump_selects_the_messages_of_each_entry():
    need("tcpdump")
    rows = entries()
    keys = every_message(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "all.pcap")
        capture(path, keys)
        for e in rows:
            done = run(["tcpdump", "-n", "-tt", "-r", path, e["tcpdump"]])
            equal(done.returncode, 0, e["tcpdump"] + ": " + done.stderr)
            stamps = [int(float(line.split()[0])) for line in done.stdout.splitlines()
                      if line[:1].isdigit()]
            equal([keys[i] for i in stamps], wanted(e, keys), e["tcpdump"])


@case
def tshark_takes_each_and_reads_the_same_numbers():
    """A run of tshark takes a second: all expressions are tried in one, as columns."""
    need("tshark")
    rows = entries()
    keys = every_message(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "all.pcap")
        capture(path, keys)
        for first in range(0, len(rows), 20):
            some = rows[first:first + 20]
            both = " || ".join("(%s)" % e["wireshark"] for e in some)
            done = run(["tshark", "-n", "-r", path, "-Y", both, "-T", "fields", "-e", "frame.number"])
            equal(done.returncode, 0, both + "\n" + done.stderr)
            want = {k for e in some for k in wanted(e, keys)}
            equal({keys[int(n) - 1] for n in done.stdout.split()}, want, both)


@case
def nft_takes_each():
    need("nft")
    rows = entries()
    rules = "".join("add rule inet t c %s counter\n" % e["nft"] for e in rows)
    done = run(["unshare", "-n", "nft", "-c", "-f", "-"],
               input="add table inet t\nadd chain inet t c\n" + rules)
    if done.returncode and "Operation not permitted" in done.stderr:
        raise Skip("needs root")
    equal((done.returncode, done.stderr), (0, ""))


main()
