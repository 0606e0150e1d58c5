#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The parts of the detection bed that need no network: hosts are renumbered without a checksum going
wrong, mixes are in order and begin in the middle, and pages are compared by what they say."""

import io
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
import craft  # noqa: E402
import mix  # noqa: E402
from craft import MS, S, Host, p  # noqa: E402


def small():
    """Ping, a trace with its quotes, TCP, both families, in the networks that are renumbered."""
    cap = craft.Capture(3, 1767261600 * S)
    a, b, r = Host(1, "10.11.0.1"), Host(2, "10.11.0.2"), Host(3, "10.21.2.1")
    craft.ping(cap, 0, a, b, 3)
    craft.traceroute(cap, 4 * S, a, b, [r])
    craft.too_big(cap, 5 * S, a, b, r)
    craft.ping(cap, 100 * MS, Host(1, "2001:db8:11::1"), Host(2, "2001:db8:11::2"), 3)
    return cap


def sums_are_right(frame):
    """Of headers, messages, segments, and of IPv4 headers in quotes."""
    ip = frame[14:]
    if ip[0] >> 4 == 6:
        pseudo = ip[8:40] + len(ip[40:]).to_bytes(4, "big") + b"\0\0\0" + ip[6:7]
        return p.ones_sum(pseudo + ip[40:]) == 0xffff
    body = ip[20:]
    if ip[9] == p.TCP:
        body = ip[12:20] + b"\0" + ip[9:10] + len(body).to_bytes(2, "big") + body
    quote = ip[28:48] if ip[9] == p.ICMP and ip[20] in (3, 11) else b""
    return all(p.ones_sum(each) == 0xffff for each in (ip[:20], body, quote) if each)


class Bed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "small.pcapng")
        self.cap = small()
        self.cap.write(self.path)

    def tearDown(self):
        self.folder.cleanup()

    def test_what_was_written_is_read(self):
        frames = mix.read(self.path)
        self.assertEqual([f for _, f in frames], [f for *_, f in sorted(self.cap.frames)])
        self.assertEqual(frames[0][0], 1767261600 * mix.S)
        self.assertTrue(all(sums_are_right(f) for _, f in frames))

    def test_renumbered_hosts_have_right_checksums(self):
        conversation = mix.Conversation(self.path)
        seen = set()
        for k in (1, 255, 256, 1000, mix.HOSTS):
            for (*_, frame), (_, before) in zip(conversation.again(0, k, 0), mix.read(self.path)):
                self.assertTrue(sums_are_right(frame))
                for new, old in zip(mix.addresses(frame), mix.addresses(before)):
                    self.assertNotEqual(new, old)
                    seen.add(new)
        self.assertEqual(len(seen), 5 * len(conversation.ours))

    def test_broadcast_stays_broadcast(self):
        cap = craft.Capture(3, S)
        everybody = Host(0xff, "10.11.0.255")
        everybody.mac = b"\xff" * 6
        craft.ping(cap, 0, Host(1, "10.11.0.1"), everybody, 1)
        cap.write(self.path)
        frames = [f for *_, f in mix.Conversation(self.path).again(0, 5, 0)]
        self.assertEqual(frames[0][33], 255)
        self.assertNotEqual(frames[0][30:34], p.packed("10.11.0.255"))
        self.assertEqual(frames[0][30:33], frames[0][26:29])

    def test_a_mix_is_in_order_and_as_long_as_asked(self):
        out = io.BytesIO()
        mix.write(500, [self.path], out)
        mixed = os.path.join(self.folder.name, "mixed.pcap")
        with open(mixed, "wb") as file:
            file.write(out.getvalue())
        frames = mix.read(mixed)
        self.assertEqual(len(frames), 500)
        self.assertEqual([at for at, _ in frames], sorted(at for at, _ in frames))
        hosts = {mix.addresses(f)[0] for _, f in frames}
        self.assertGreater(len(hosts), 50)
        again = io.BytesIO()
        mix.write(500, [self.path], again)
        self.assertEqual(out.getvalue(), again.getvalue())

    def test_friends_pings_are_no_abuse(self):
        friend, server = Host(1, bed.abuse.FRIEND), Host(2, bed.abuse.SERVER)
        cap = craft.Capture(3, 0)
        craft.ping(cap, 0, friend, server, 2)
        self.assertFalse(any(bed.is_abuse(f) for *_, f in cap.frames))
        cap.icmp(0, friend, server, 3, 2, bytes(4), bytes(28))  # forged in its name
        craft.ping(cap, 0, Host(3, bed.abuse.STRANGER), server, 1)
        self.assertEqual(sum(bed.is_abuse(f) for *_, f in cap.frames), 3)

    def test_a_finding_is_one_alarm_however_often_it_is_told(self):
        def record(number, state, severity, detector="sweep"):
            return {"record": "finding", "id": number, "state": state, "severity": severity,
                    "detector": detector, "also": [], "last": "2026-01-01T10:00:00.000000001Z"}
        records = [record(1, "new", "info"), record(1, "updated", "medium"), record(1, "updated", "high"),
                   record(1, "ended", "high"), record(2, "new", "low", "recon"), {"record": "run"}]
        self.assertEqual(bed.heard(records), (["sweep"], {"sweep", "recon"}))

    def test_a_capture_ends_though_packets_go_on_coming(self):
        class Talked(bed.traffic.Sniffer):
            """One that reads what came a second ago, on a link where a packet comes each second."""
            def __init__(self):
                self.read, self.child, self.stopped = 9, self, False

            def send_signal(self, _):
                self.read += 1

            def counts(self):
                return self.read, self.read + 1, 0

            def stop(self):
                self.stopped = True

        talked = Talked()
        talked.end()
        self.assertTrue(talked.stopped)
        self.assertEqual(talked.read, 11)

    def test_times_of_records_and_of_captures_are_on_one_scale(self):
        self.assertEqual(bed.nanoseconds("1970-01-02T00:00:01.000000005Z"), 86401000000005)

    def test_pages_are_compared_by_their_verdicts(self):
        told = bed.Told(1, "flood-src", "medium", 0, [])
        row = bed.Row("flood_x", "hping3", told, 500, 0.25, [], "seconds", True)
        quiet = bed.Quiet("ping", "ping", 100, [], [])
        page = bed.page([row], [quiet])
        self.assertEqual(bed.verdicts(page), {"flood x": "met", "ping": "0"})
        late = bed.page([row._replace(seconds=2.5, met=False)], [quiet._replace(alarms=["sweep"])])
        self.assertEqual(bed.verdicts(late), {"flood x": "missed", "ping": "sweep"})
        self.assertEqual(bed.verdicts(bed.page([row._replace(packets=700)], [quiet])),
                         bed.verdicts(page))


if __name__ == "__main__":
    unittest.main()
