# SPDX-License-Identifier: MIT
"""The parts of the enforcement bed that need no network: what is a verdict, and what pages say."""

import os
import struct
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import curb  # noqa: E402
import deluge  # noqa: E402
import page  # noqa: E402

HOST, GATEWAY = "nft on the host", "nft on a gateway"


def row(name, after=(100, 0), carried=None, order="some", way=HOST, **more):
    base = curb.Row(name, way, "hping3", order, 0.1, (5, 5), after, 3.0, carried, [0, 0], 0.01,
                    [curb.MTU, curb.MTU], None, "")
    return base._replace(**more)


class Verdicts(unittest.TestCase):
    def test_one_packet_more_than_nothing_goes_on(self):
        self.assertTrue(curb.is_as_wished(row("redirect")))
        self.assertEqual(curb.became(row("redirect", (100, 1))), "limited")
        self.assertFalse(curb.is_as_wished(row("redirect", (100, 1))))
        self.assertEqual(curb.became(row("redirect", (100, 2))), "goes on")

    def test_a_limit_lets_so_many_pass_and_no_more(self):
        self.assertEqual(curb.became(row("flood_from_one_source", (6000, 50))), "limited")
        self.assertEqual(curb.became(row("flood_from_one_source", (6000, 52))), "goes on")
        self.assertFalse(curb.is_as_wished(row("flood_from_one_source", (6000, 52))))

    def test_without_an_order_it_goes_on_though_nothing_came(self):
        self.assertFalse(curb.is_as_wished(row("redirect", (0, 0), order=None)))

    def test_a_tunnel_is_judged_by_what_it_carried(self):
        for carried, what in (((9000, 0), "stopped"), ((9000, 51200), "runs dry"),
                              ((0, 65536), "runs dry"), ((9000, 70000), "goes on")):
            self.assertEqual(curb.became(row("ptunnel_pcap", (0, 0), carried)), what)
        dry = row("ptunnel_pcap", (0, 0), (9000, 51200))
        self.assertTrue(curb.is_as_wished(dry))
        self.assertFalse(curb.is_as_wished(dry._replace(way=GATEWAY)))
        self.assertFalse(curb.is_as_wished(dry._replace(name="ptunnel_socket")))

    def test_a_tunnel_that_nobody_stops_has_to_go_on(self):
        alone = row("ptunnel_pcap", (0, 0), (90000, 0), None, curb.NONE)
        self.assertTrue(curb.is_as_wished(alone))
        self.assertFalse(curb.is_as_wished(alone._replace(bytes=(0, 0))))

    def test_whatever_is_harmed_beside_it_is_no_success(self):
        well = row("redirect")
        for more in ({"lost": [1, 0]}, {"lost": [0, 1]}, {"took": None}, {"mtus": [1400, 1500]},
                     {"missing": "10.21.3.1 is not found"}):
            self.assertFalse(curb.is_as_wished(well._replace(**more)), more)
        shared = row("flood_from_forged_sources", (6000, 1500), lost=[14, 0])
        self.assertTrue(curb.is_as_wished(shared))
        self.assertFalse(curb.is_as_wished(shared._replace(lost=[0, 1])))

    def test_under_the_flood_an_order_and_all_beside_it_are_wanted(self):
        flood = deluge.Flood(HOST, 1e6, 1000, 1100, 0.2, None, 0.01, [1400, 1400], [0, 0], [9, 9], "")
        self.assertTrue(deluge.is_as_wished(flood))
        for more in ({"waited": None}, {"missing": "x"}, {"took": None}, {"mtus": [1500, 1400]},
                     {"own": [0, 1]}, {"through": 5000}):
            self.assertFalse(deluge.is_as_wished(flood._replace(**more)), more)


class Reading(unittest.TestCase):
    def test_the_time_is_that_of_the_kernel(self):
        head = bytes(4) + struct.pack("=HH", 5, 9) + b"x" + bytes(3)
        stamp = struct.pack("=HH", 20, 3) + struct.pack("!QQ", 7, 5)
        self.assertEqual(curb.stamp_of(1, head + stamp), 7 * curb.S + 5000)
        self.assertEqual(curb.stamp_of(1, head), 1)
        self.assertEqual(curb.stamp_of(1, bytes(8)), 1)  # a length of zero ends

    def test_pages_are_compared_by_their_verdicts(self):
        flood = deluge.Flood(HOST, 1e6, 1000, 1100, 0.2, None, 0.01, [1400, 1400], [0, 0], [9, 9], "")
        text = curb.page([row("redirect"), row("redirect", (9, 5), way=GATEWAY)], [GATEWAY, HOST],
                         deluge.table([flood]))
        self.assertEqual(curb.verdicts(text), {
            HOST + ": redirect": "as it should", GATEWAY + ": redirect": "not as it should",
            HOST + ": flood": "as it should"})


class Fairness(unittest.TestCase):
    def measured(self, fair, *results):
        tries = iter(results)
        return fair.measure(lambda name: next(tries), lambda got: got == "good", str, "row")

    def test_the_second_result_counts_whatever_it_is(self):
        self.assertEqual(self.measured(page.Fair(), "good", "bad"), "good")
        self.assertEqual(self.measured(page.Fair(), "bad", "good"), "good")
        self.assertEqual(self.measured(page.Fair(), "bad", "worse", "good"), "worse")

    def test_a_tool_that_fails_twice_fails(self):
        def fail(name):
            raise AssertionError("it does not run")
        with self.assertRaisesRegex(AssertionError, "it does not run"):
            page.Fair().measure(fail, bool, str, "row")

    def test_what_goes_wrong_often_is_no_chance(self):
        fair = page.Fair()
        for _ in range(page.Fair.SECONDS):
            self.assertEqual(self.measured(fair, "bad", "good"), "good")
        with self.assertRaisesRegex(AssertionError, "chance"):
            self.measured(fair, "bad", "good")


if __name__ == "__main__":
    unittest.main()
