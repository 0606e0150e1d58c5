#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Is the judge right? Subjects that answer wrongly on purpose have to fail, each for its reason; the
right one has to pass; and files that make no sense have to be refused, each with its line."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

import dissect  # noqa: E402
import formats  # noqa: E402
import runs  # noqa: E402
import script  # noqa: E402
import table  # noqa: E402
from build import Builder, Environment, fragments  # noqa: E402
from syntax import Wrong, packet, split  # noqa: E402
from world import World  # noqa: E402

MS = 10**6
HEADER = "# R792-Echo-01\n# A duty.\nsubject host\n"
ECHO = HEADER + """
+0     in  eth0 ip4 A > S / icmp4 echo id=0x1234 seq=7 data="abc"
<50ms  out eth0 ip4 S > A / icmp4 echo-reply code=0 id=0x1234 seq=7 data="abc"
+1s    silence
"""
CLOSED = HEADER + """
+0     in  eth0 ip4 A > S id=0xbeef / udp dport=9 data="0123456789"
<50ms  out eth0 ip4 S > A / icmp4 unreachable code=3 quote=same quotelen>=28
+1s    silence
"""
FRAGMENTED = HEADER + """
+0     in  eth0 ip4 A > S / icmp4 echo id=1 seq=1 data=600
<50ms  out eth0 whole ip4 S > A / icmp4 echo-reply id=1 seq=1 data=600
"""
TIMED = HEADER + """
+0       in  eth0 ip4 A > S / udp dport=9
60s..61s out eth0 ip4 S > A / icmp4 time-exceeded code=1
"""
COUNTED = HEADER + """
+0   in  eth0 x10 ip4 A > S / udp dport=9+$n
<1s  out count=2..3 ip4 S > A / icmp4 unreachable
"""
RESOLVED = HEADER + """
listen arp
+0     in  eth0 arp op=1 sha=A spa=A tpa=S
<50ms  out eth0 arp op=2 sha=S spa=S tpa=A
+1s    silence
"""
EITHER = HEADER + """
+0     in  eth0 ip4 A > S / icmp4 info id=1 seq=1
<50ms  maybe eth0 ip4 S > A / icmp4 info-reply id=1 seq=1
  or   eth0 ip4 S > A / icmp4 parameter code=0
+1s    silence
"""
KEPT = HEADER + """
+0     in  eth0 ip4 A > S / icmp4 timestamp id=1 seq=1 orig=5
<50ms  out eth0 ip4 S > A / icmp4 timestamp-reply orig=5 rx=?r tx=$r..$r+1000
"""


class Fake:
    """A subject that says, `delay` after each frame that it gets, what `answers` tells (packets as
    text; None: nothing). `spoil` may turn octets of the frames over."""

    real_time = False

    def __init__(self, world, answers, delay=MS, spoil=None):
        self.builder = Builder(Environment(world))
        self.answers, self.delay, self.spoil = answers, delay, spoil
        self.time, self.queue = 0, []

    def now(self):
        return self.time

    def real_time_of_day(self):
        return 0

    def send(self, interface, frame):
        for text in self.answers:
            packet_octets = self.builder.build(packet(split(text)))
            if not text.startswith("ether"):
                packet_octets = bytes.fromhex("020000000a00020000000101") + (
                    b"\x86\xdd" if text.startswith("ip6") else b"\x08\x00") + packet_octets
            if self.spoil:
                packet_octets = self.spoil(packet_octets)
            self.queue.append((self.time + self.delay, interface, packet_octets))

    def poll(self, until):
        due = [e for e in self.queue if e[0] <= until]
        if not due:
            self.time = max(self.time, until)
            return []
        self.time = max(self.time, due[0][0])
        self.queue.remove(due[0])
        return [("frame",) + due[0]]

    def close(self):
        pass


def verdict(text, answers, **how):
    """(verdict, why) of a scenario with such a subject."""
    scenario = script.parse("fake.txt", text)[0]
    result = runs.run_one(scenario, lambda world, options, _: Fake(world, answers, **how))
    return result.verdict, result.why


REPLY = 'ip4 S > A / icmp4 echo-reply id=0x1234 seq=7 data="abc"'
ERROR = 'ip4 S > A / icmp4 unreachable code=3 quote(ip4 A > S id=0xbeef / udp dport=9 data="0123456789")'


class Answers(unittest.TestCase):
    def passes(self, *args, **how):
        self.assertEqual(verdict(*args, **how), (runs.PASS, ""))

    def fails(self, text, answers, why, **how):
        came, because = verdict(text, answers, **how)
        self.assertEqual(came, runs.FAIL, because)
        self.assertIn(why, because)

    def test_right_answers_pass(self):
        self.passes(ECHO, [REPLY])
        self.passes(CLOSED, [ERROR])
        self.passes(EITHER, ["ip4 S > A / icmp4 info-reply id=1 seq=1"])
        self.passes(EITHER, ["ip4 S > A / icmp4 parameter ptr=20"])
        self.passes(RESOLVED, ["ether dst=A src=02:00:00:00:01:01 / arp op=2 "
                               "sha=02:00:00:00:01:01 spa=S tha=A tpa=A"])
        self.passes(KEPT, ["ip4 S > A / icmp4 timestamp-reply id=1 seq=1 orig=5 rx=7 tx=8"])

    def test_silence_fails(self):
        self.fails(ECHO, [], "did not come")

    def test_the_silence_of_the_dead_fails(self):
        text = HEADER + "+0 in eth0 ip4 A > S / icmp4 type=7\n+1s silence\n"
        self.fails(text, [], "proves nothing")

    def test_wrong_checksums_fail(self):
        self.fails(ECHO, [REPLY.replace("code", "") + " sum=bad"], "icmp4: checksum")
        self.fails(ECHO, [REPLY.replace("S > A", "S > A sum=bad")], "header checksum")

    def test_any_octet_that_changes_fails(self):
        """From the destination of the frame to the last octet of the data; the identification, DSCP
        and TTL of a reply are its own affair, but then its checksum is wrong."""
        frame_octets = 14 + 20 + 8 + 3
        for at in range(frame_octets):
            def spoil(frame, at=at):
                return frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1:]
            came, why = verdict(ECHO, [REPLY], spoil=spoil)
            self.assertEqual(came, runs.FAIL, "octet %d: %s" % (at, why))

    def test_wrong_lengths_fail(self):
        self.fails(ECHO, [REPLY.replace("S > A", "S > A len=30")], "after its end")
        self.fails(ECHO, [REPLY.replace("S > A", "S > A len=99")], "99 octets")
        self.fails(ECHO, ["ip4 S > A / udp sport=1 dport=2 len=9 data=4"], "udp: says 9")
        self.fails(ECHO, [REPLY], "says 31 octets, 30", spoil=lambda f: f[:-1])

    def test_padding_of_a_short_frame_passes(self):
        self.passes(ECHO, [REPLY], spoil=lambda f: f.ljust(60, b"\0"))
        self.fails(ECHO, [REPLY], "after its end", spoil=lambda f: f.ljust(60, b"\1"))

    def test_other_answers_fail(self):
        self.fails(ECHO, [REPLY.replace("seq=7", "seq=8")], "seq")
        self.fails(ECHO, [REPLY.replace("abc", "abd")], "data")
        self.fails(ECHO, [REPLY.replace("S >", "S2 >")], "src")
        self.fails(ECHO, [REPLY.replace("echo-reply", "echo-reply code=1")], "code")
        self.fails(ECHO, [REPLY.replace("S > A", "S > A ttl=0")], "TTL 0")

    def test_one_too_many_fails(self):
        self.fails(ECHO, [REPLY, REPLY], "nothing expects")
        self.fails(CLOSED, [ERROR, "ip4 S > A / icmp4 quench"], "nothing expects")
        self.fails(EITHER, ["ip4 S > A / icmp4 unreachable"], "nothing expects")

    def test_a_late_one_fails(self):
        self.fails(ECHO, [REPLY], "did not come", delay=51 * MS)
        self.passes(ECHO, [REPLY], delay=50 * MS)

    def test_an_early_one_fails(self):
        answer = ["ip4 S > A / icmp4 time-exceeded code=1"]
        self.fails(TIMED, answer, "too early", delay=59999 * MS)
        self.passes(TIMED, answer, delay=60000 * MS)
        self.fails(TIMED, answer, "did not come", delay=61001 * MS)

    def test_wrong_quotes_fail(self):
        self.fails(CLOSED, [ERROR.replace("0xbeef", "0xbeee")], "octet 5")
        self.fails(CLOSED, [ERROR.replace("A > S id", "A > S ttl=63 id")], "octet 8")
        self.fails(CLOSED, [ERROR + " quotelen=27"], "quotelen")
        self.passes(CLOSED, [ERROR + " quotelen=28"])
        self.fails(CLOSED, [ERROR.replace("6789", "67890")], "octet 3")

    def test_the_wrong_neighbour_fails(self):
        def to_b(frame):
            return bytes.fromhex("020000000a01") + frame[6:]
        self.fails(ECHO, [REPLY], "hardware address", spoil=to_b)

        def from_b(frame):
            return frame[:6] + bytes.fromhex("020000000a01") + frame[12:]
        self.fails(ECHO, [REPLY], "strange hardware address", spoil=from_b)

    def test_counting(self):
        self.fails(COUNTED, ["ip4 S > A / icmp4 unreachable code=3"], "10 came")
        self.fails(COUNTED, [], "0 came")

    def test_captured_values_are_compared(self):
        self.fails(KEPT, ["ip4 S > A / icmp4 timestamp-reply id=1 seq=1 orig=5 rx=7 tx=6"], "tx")

    def test_fragments_are_joined(self):
        whole = "ip4 S > A id=77 / icmp4 echo-reply id=1 seq=1 data=600"
        world = World("host")
        octets = Builder(Environment(world)).build(packet(split(whole)))
        pieces = fragments(octets, 256)
        self.assertEqual([len(p) for p in pieces], [252, 252, 164])

        class Pieces(Fake):
            def send(self, interface, frame):
                head = bytes.fromhex("020000000a000200000001010800")
                for piece in self.answers:
                    self.queue.append((self.time, interface, head + piece))
        scenario = script.parse("fake.txt", FRAGMENTED)[0]
        for wanted, sent in ((runs.PASS, pieces), (runs.PASS, pieces[::-1]),
                             (runs.FAIL, pieces[:2]), (runs.FAIL, pieces[1:]),
                             (runs.FAIL, [pieces[0], pieces[0], pieces[2]])):
            result = runs.run_one(scenario, lambda w, o, _, s=sent: Pieces(w, s))
            self.assertEqual(result.verdict, wanted, result.why)


class Files(unittest.TestCase):
    def refused(self, body, why, header=HEADER):
        with self.assertRaises(Wrong) as caught:
            for scenario in script.parse("fake.txt", header + body):
                result = runs.run_one(scenario, lambda world, options, _: Fake(world, []))
                if result.verdict == runs.BROKEN:
                    raise Wrong(result.why)
        self.assertIn(why, str(caught.exception))

    def test_nonsense_is_refused_with_its_line(self):
        self.refused("+0 in eth0 ip4 A > S / icmp9 echo\n", "fake.txt:4: unknown layer")
        self.refused("\n+0 in eth7 ip4 A > S / icmp4 echo\n", "fake.txt:5: this subject has no")
        self.refused("+0 in eth0 ip4 A > S / icmp4 ecko\n", "unknown message")
        self.refused("+0 in eth0 ip4 A > S / icmp4 echo ident=1\n", "no field ident")
        self.refused("+0 in eth0 ip4 A > S tll=1 / icmp4 echo\n", "no field tll")
        self.refused("+0 in eth0 ip4 Q > S / icmp4 echo\n", "Q")
        self.refused("+0 in eth0 ip4 A > S / icmp4 echo id=$x\n", "$x is not known")
        self.refused("+0 in eth0 ip4 A > S / icmp4 echo id=70000\n", "does not fit")
        self.refused("<1s in eth0 ip4 A > S\n", "in happens at")
        self.refused("+1s out eth0 ip4 A > S\n", "in happens at")
        self.refused("+1 silence\n", "no duration")
        self.refused("+1s silent\n", "unknown step")
        self.refused("set colour blue\n+1s silence\n", "unknown setting")
        self.refused("set echo perhaps\n+1s silence\n", "on or off")
        self.refused("mute E\n+1s silence\n", "no neighbour")
        self.refused("listen radio\n+1s silence\n", "listen to")
        self.refused("", "nothing happens")
        self.refused('+0 in eth0 ip4 A > S / icmp4 echo data="x\n', "left open")
        self.refused("for X in 1 2\n+1s silence\n", "for without end")
        self.refused("case a\n+1s silence\ncase a\n+1s silence\n", "two cases have one name")
        self.refused("+1s silence\n", "no `subject", "# R792-Echo-01\n# A duty.\n")
        self.refused("+1s silence\n", "then the duty", "# R792-Echo-01\nsubject host\n")
        self.refused("+1s silence\n", "no id of a duty", "# Echo\n# A duty.\nsubject host\n")

    def test_an_expectation_with_an_unknown_field_is_broken_and_not_failed(self):
        text = ECHO.replace("id=0x1234 seq=7 data=\"abc\"\n+1s", "ident=1\n+1s")
        self.assertEqual(verdict(text, [REPLY])[0], runs.BROKEN)

    def test_cases_and_loops(self):
        made = script.parse("fake.txt", HEADER + "case one\nfor T in 1 3..4\n+${T}s silence\nend\n"
                            "case two\n+1s silence\n")
        self.assertEqual([s.case for s in made], ["one", "two"])
        self.assertEqual([step.high for step in made[0].steps], [10**9, 3 * 10**9, 4 * 10**9])


class Octets(unittest.TestCase):
    """Against packets whose octets are known from elsewhere."""

    def test_known_header_checksum(self):
        header = bytes.fromhex("450000730000400040110000c0a80001c0a800c7")
        self.assertEqual(formats.checksum(header), 0xB861)
        built = Builder(Environment(World("host"))).build(packet(split(
            "ip4 192.168.0.1 > 192.168.0.199 id=0 df=1 ttl=64 len=0x73 proto=17")))
        self.assertEqual(built.hex(), "45000073000040004011b861c0a80001c0a800c7")

    def test_known_echo(self):
        """By hand: 0800 + 0102 + 0304 + 6162 + 6364 + 6566 + 6768 = 19d9a, folded 9d9b, of which 6264
        is the complement."""
        built = Builder(Environment(World("host"))).build(packet(split(
            'ip4 A > S / icmp4 echo id=0x0102 seq=0x0304 data="abcdefgh"')))
        self.assertEqual(built[20:].hex(), "08006264" + "01020304" + "6162636465666768")

    def test_ipv6_pseudo_header(self):
        """RFC 8200 section 8.1: a neighbour solicitation as a capture has it."""
        octets = bytes.fromhex("6000000000183afffe800000000000000000000000000001"
                               "ff0200000000000000000001ff000002"
                               "870000000000000" + "0fe800000000000000000000000000002")
        built = Builder(Environment(World("host"))).build(packet(split(
            "ip6 fe80::1 > ff02::1:ff00:2 hlim=255 / icmp6 ns target=fe80::2")))
        self.assertEqual(built[:42], octets[:42])
        total = int.from_bytes(octets[8:40], "big")
        words = [total >> shift & 0xFFFF for shift in range(0, 256, 16)] + [24, 58, 0x8700]
        words += [0xFE80, 2]
        total = sum(words)
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        self.assertEqual(int.from_bytes(built[42:44], "big"), total ^ 0xFFFF)
        self.assertEqual(dissect.packet(built).problems, [])

    def test_what_is_built_is_seen(self):
        """What the builder makes the dissector finds in order, in all kinds of packets."""
        env = Environment(World("router"))
        for text in ("ip4 A > C opt(rr slots=3) opt(nop) opt(ts ptr=5 slots=2) / icmp4 echo data=9",
                     "ip4 A > C / icmp4 rdisc-adv router(R 5) router(R2 0x80000000)",
                     "ip4 A > C / icmp4 time-exceeded quote(ip4 C > A / udp dport=7) "
                     "ext(obj(1 1 0x00005101))",
                     "ip6 A > C / hopopts opt(ra) / dstopts opt(0x1e 0x00) / udp dport=9 data=5",
                     "ip6 A > C / routing rtype=4 left=1 D / icmp6 echo data=1",
                     "ip6 A > C / frag off=0 m=0 id=9 / icmp6 echo data=1",
                     "ip6 R > A hlim=255 / icmp6 ra lifetime=5 slla(R) mtu(1400) "
                     "prefix(2001:db8::/64)",
                     "ip6 Rl > A hlim=255 / icmp6 redirect target=R2l dest=X tlla(R2) "
                     "rh(ip6 A > X / udp dport=9)",
                     "ip4 A > C / tcp dport=80 flags=SA seq=1 options=0x020405b4"):
            built = Builder(env).build(packet(split(text)))
            self.assertEqual(dissect.packet(built).problems, [], text)


class Rows(unittest.TestCase):
    ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

    def rows(self, *names):
        return [table.Duty(n, "792", "1", level, "HOST", status, reason)
                for n, level, status, reason in names]

    def judged(self, rows, verdict_of):
        scenario = script.parse("fake.txt", ECHO)[0]
        strange = table.judge(rows, [scenario], {"ours": [runs.Result(scenario, verdict_of)]})
        return strange, [d.id for d, _ in table.wrong_rows(rows)]

    def test_every_row_of_the_rules_is_read(self):
        rows = table.duties(os.path.join(self.ROOT, "include", "icmpkit", "rules.def"))
        self.assertGreater(len(rows), 300)
        for duty in rows:
            self.assertIn(duty.level, ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"))

    def test_only_a_binding_row_has_to_pass(self):
        for level, verdict_of, wrong in (("MUST", runs.PASS, []), ("MUST", runs.FAIL, ["R792-Echo-01"]),
                                         ("MUST_NOT", runs.FAIL, ["R792-Echo-01"]),
                                         ("SHOULD", runs.FAIL, []),
                                         ("MAY", runs.BROKEN, ["R792-Echo-01"]),
                                         ("MUST", runs.UNSEEN, ["R792-Echo-01"])):
            rows = self.rows(("R792-Echo-01", level, "HOLDS", ""))
            self.assertEqual(self.judged(rows, verdict_of), ([], wrong))

    def test_a_row_needs_a_scenario_or_a_reason(self):
        rows = self.rows(("R792-Echo-01", "MUST", "HOLDS", ""), ("R1-1-1", "MAY", "HOLDS", ""),
                         ("R1-1-2", "MUST", "NOT_APPLICABLE", ""),
                         ("R1-1-3", "MUST", "NOT_APPLICABLE", "a reason"))
        self.assertEqual(self.judged(rows, runs.PASS), ([], ["R1-1-1", "R1-1-2"]))

    def test_a_scenario_of_no_row_is_told(self):
        strange, _ = self.judged(self.rows(("R1-1-1", "MAY", "HOLDS", "")), runs.PASS)
        self.assertEqual(len(strange), 1)


if __name__ == "__main__":
    unittest.main()
