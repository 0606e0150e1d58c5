# SPDX-License-Identifier: MIT
"""Our stack as a subject, in virtual time: the program `subject`, spoken to through pipes."""

import os
import select
import subprocess

import dissect
from formats import LAYOUTS, checksum, pack, pseudo_header
from trial import Cannot
from world import SUBJECT_MACS, address_text, mac_text

PROGRAM = os.environ.get("SUBJECT", "")
NOON = 12 * 3600 * 1000  # virtual time begins at noon of a day


class Sockets:
    """UDP sockets of a user above our stack: ports, and what is told to them. A socket sends whole
    packets, and knows its errors by the quoted ports."""

    def __init__(self, world):
        self.world, self.open = world, {}

    def add(self, name, family, fields):
        source = fields.get("from", self.world.names["S"][family])
        self.open[name] = {"family": family, "port": fields.get("port", 0), "source": source,
                           "ttl": fields.get("ttl", 64), "tos": fields.get("tos", 0),
                           "df": fields.get("df", "want")}

    def packet(self, name, fields):
        mine = self.open[name]
        family, data = mine["family"], fields.get("data", b"")
        head = {"sport": mine["port"], "dport": fields["port"], "len": 8 + len(data)}
        datagram = pack(LAYOUTS["udp"], head) + data
        total = checksum(pseudo_header(family, mine["source"], fields["to"], 17, len(datagram))
                         + datagram)
        datagram = pack(LAYOUTS["udp"], {**head, "sum": total or 0xFFFF}) + data
        ends = {"src": mine["source"], "dst": fields["to"]}
        if family == 6:
            return pack(LAYOUTS["ip6"], {"v": 6, "tc": mine["tos"], "len": len(datagram), "nh": 17,
                                         "hlim": mine["ttl"], **ends}) + datagram
        return pack(LAYOUTS["ip4"], {"v": 4, "ihl": 5, "tos": mine["tos"],
                                     "len": 20 + len(datagram), "ttl": mine["ttl"], "proto": 17,
                                     "df": mine["df"] != "off", **ends}) + datagram

    def events(self, time, seen):
        """What a packet that was told to the user means to the sockets."""
        udp, ip = seen.layer("udp"), seen.layer("ip4", "ip6")
        icmp = seen.layer("icmp4", "icmp6")
        if udp is not None:
            return [("recv", time, name, {"data": udp.data, "port": udp.values["sport"],
                                          "from": ip.values["src"]})
                    for name, mine in self.open.items()
                    if mine["family"] == seen.family and mine["port"] == udp.values["dport"]]
        if icmp is None or icmp.quote is None:
            return []
        if (seen.family, icmp.values["type"]) == (4, 4):  # no transport hears of it (RFC 6633)
            return []
        if any("checksum" in text for text in dissect.packet(seen.ip).problems):
            return []  # a raw socket is shown what is damaged, a transport is not
        inside = dissect.packet(icmp.quote, partial=True)
        udp = inside.layer("udp")
        if udp is None or "sport" not in udp.values:
            return []
        fields = {"type": icmp.values["type"], "code": icmp.values["code"],
                  "from": ip.values["src"]}
        for name in ("mtu", "ptr"):
            if name in icmp.values:
                fields[name] = icmp.values[name]
        return [("error", time, name, fields) for name, mine in self.open.items()
                if mine["port"] == udp.values["sport"] and inside.family == mine["family"]]


def configuration(world, options, scenario):
    """Lines that tell the subject what it is."""
    kind = "router" if world.kind == "nat" else world.kind
    lines = ["kind " + kind, "seed 7"]
    lines += ["iface %s %s %d" % (name, mac_text(SUBJECT_MACS[name]), world.mtu[name])
              for name in world.interfaces]
    lines += ["addr %s %s/%d" % (name, address_text(address, family), bits)
              for name, family, address, bits in world.addresses]
    for row in world.routes:
        prefix, via, interface, how = row[:4]
        tos = " %d" % row[4] if len(row) > 4 else ""
        if how != "unicast":
            lines.append("route %s %s - -%s" % (prefix, how, tos))
        elif via is None:
            lines.append("route %s via - %s%s" % (prefix, interface, tos))
        else:
            family = 6 if ":" in prefix else 4
            lines.append("route %s via %s %s%s" % (prefix, address_text(via, family), interface,
                                                   tos))
    if world.kind == "nat":
        lines.append("option nat eth1")
    for name, value in options:
        lines.append("option %s %s" % (name, _option_text(value)))
    if any(step.kind == "app" for step in scenario.steps):
        lines.append("option upper on")
    for step in scenario.steps:
        if step.kind == "app" and step.words[0] in ("udp", "udp6"):
            ports = [w[5:] for w in step.words if w.startswith("port=")]
            lines += ["option udp-open " + port for port in ports]
    return lines


def _option_text(value):
    if value is None:
        return "never"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return " ".join(str(v) for v in value)
    return str(value)


class Ours:
    real_time = False
    name = "ours"
    arguments = ()

    def __init__(self, world, options, scenario):
        self.time, self.waiting, self.buffer = 0, [], b""
        self.world, self.sockets = world, Sockets(world)
        if not PROGRAM:
            raise Cannot("the program `subject` is not built (SUBJECT names it)")
        self.program = subprocess.Popen([PROGRAM] + list(self.arguments), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            for line in configuration(world, options, scenario) + ["start"]:
                self._say(line)
            self.program.stdin.flush()
            self._answer("ready")
        except BaseException:
            self.close()
            raise

    def now(self):
        return self.time

    def real_time_of_day(self):
        return (NOON + self.time // 10**6) % 86400000

    def send(self, interface, frame):
        self._say("in %s %s" % (interface, frame.hex()))

    def app_send(self, packet):
        self._say("upper %s" % packet.hex())

    def app_open(self, name, family, fields):
        self.sockets.add(name, family, fields)

    def app_family(self, name):
        return self.sockets.open[name]["family"]

    def app_sendto(self, name, fields):
        self.app_send(self.sockets.packet(name, fields))

    def link(self, interface, up):
        self._say("link %s %s" % (interface, "up" if up else "down"))

    def stop(self):
        self._say("stop")

    def poll(self, until):
        """Runs until something comes out, or that instant."""
        self._say("run %d" % until)
        self.program.stdin.flush()
        return self._answer("now")

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
        self.program.wait()
        for pipe in (self.program.stdin, self.program.stdout, self.program.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def _say(self, line):
        try:
            self.program.stdin.write(line.encode() + b"\n")
        except BrokenPipeError:
            self._ended()

    def _ended(self):
        text = self.program.stderr.read().decode(errors="replace").strip()
        raise RuntimeError("the subject ended (%s): %s" % (self.program.wait(), text))

    def _line(self):
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.program.stdout], [], [], 20)
            if not ready:
                raise RuntimeError("the subject does not answer")
            chunk = os.read(self.program.stdout.fileno(), 1 << 16)
            if not chunk:
                self._ended()
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode().split()

    def _answer(self, last):
        """Lines up to the one that begins with `last`, as events."""
        events = []
        while True:
            words = self._line()
            if words[0] == "cannot":
                raise Cannot(" ".join(words[1:]))
            if words[0] == last:
                if last == "now":
                    self.time = int(words[1])
                return events
            events += self._events(words)

    def _events(self, words):
        time = int(words[1])
        if words[0] == "out":
            return [("frame", time, words[2], bytes.fromhex(words[3]))]
        if words[0] == "told":
            seen = dissect.packet(bytes.fromhex(words[2]), partial=True)
        elif words[0] == "told6":
            seen = dissect.packet(self._header6(words), partial=True)
        else:
            raise RuntimeError("the subject says: " + " ".join(words))
        return [("told", time, seen)] + self.sockets.events(time, seen)

    def _header6(self, words):
        """told6 TIME SOURCE DESTINATION HOP-LIMIT OCTETS: a message without its header."""
        message = bytes.fromhex(words[5])
        ends = [self.world.address(w, 6) for w in words[2:4]]
        return pack(LAYOUTS["ip6"], {"v": 6, "len": len(message), "nh": 58, "hlim": int(words[4]),
                                     "src": ends[0], "dst": ends[1]}) + message


