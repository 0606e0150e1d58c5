# SPDX-License-Identifier: MIT
"""That the comparison can fail, and reads what the others print."""
import contextlib
import io
import pathlib
import tempfile
import unittest

import compare
import fields

REC = {'ip': {'version': 4, 'len': 60}, 'icmp': {'type': 8, 'code': 0}, 'flaws': []}


def judged(mine, other, tool='tshark'):
    table = compare.Table()
    table.add(tool, 'x.pcap', mine, {n: REC for n in mine}, other)
    with contextlib.redirect_stdout(io.StringIO()):
        status = compare.report(table, 10, False)
    return table.total(), status


class Compared(unittest.TestCase):
    def test_equal_fields_are_counted(self):
        total, status = judged({1: {'type': 8, 'ident': 7}}, {1: {'type': 8, 'ident': 7}})
        self.assertEqual((total['packets'], total['fields'], total['equal']), (1, 2, 2))
        self.assertEqual(status, 0)

    def test_other_value_is_unexplained(self):
        total, status = judged({1: {'type': 8, 'ident': 7}}, {1: {'type': 8, 'ident': 8}})
        self.assertEqual((total['equal'], total['unexplained']), (1, 1))
        self.assertEqual(status, 1)

    def test_field_of_one_side_is_a_difference_beside_tshark_only(self):
        mine, other = {1: {'type': 8, 'ident': 7}}, {1: {'type': 8}}
        self.assertEqual(judged(mine, other)[0]['unexplained'], 1)
        self.assertEqual(judged(mine, other, 'tcpdump')[0]['unexplained'], 0)

    def test_packet_of_one_side_is_a_difference(self):
        both = {1: {'type': 8}}
        self.assertEqual(judged(both, {**both, 2: {'type': 0}})[1], 1)
        self.assertEqual(judged({**both, 2: {'type': 0}}, both)[1], 1)

    def test_nothing_compared_is_a_failure(self):
        self.assertEqual(judged({}, {})[1], 1)

    def test_rule_that_nothing_needs_fails_with_generated_captures(self):
        table = compare.Table()
        table.add('tshark', 'x.pcap', {1: {'type': 8}}, {1: REC}, {1: {'type': 8}})
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertEqual(compare.report(table, 10, True), 1)
        self.assertIn('no difference needs the rule', said.getvalue())


class Read(unittest.TestCase):
    def test_tcpdump_quote_is_not_the_message(self):
        text = ('1  00:00:00.0 IP (flags [none], proto ICMP (1))\n    192.0.2.1 > 192.0.2.2: '
                'ICMP host 192.0.2.3 unreachable, length 36\n\tIP (tos 0x0)\n    192.0.2.2 > '
                '192.0.2.3: ICMP echo request, id 1, seq 2, length 8 (wrong icmp cksum 1 (->2)!)')
        self.assertEqual(fields.td_packet(text),
                         {'family': 4, 'type': 3, 'code': 1, 'malformed': False})

    def test_tcpdump_fragment_is_left_out(self):
        self.assertIsNone(fields.td_packet('1  00:00:00.0 IP (offset 0, flags [+], proto ICMP (1))'
                                           ' ICMP echo request, id 1, seq 2'))

    def test_link_types_of_both_formats(self):
        pcap = bytes.fromhex('d4c3b2a10200040000000000000000000000040065000000')
        ng = bytes.fromhex('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000'
                           '0100000014000000e20000000000040014000000')
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'x'
            for data, types in ((pcap, {101}), (ng, {226}), (ng[:20], set()), (b'', set())):
                path.write_bytes(data)
                self.assertEqual(fields.link_types(path), types)


if __name__ == '__main__':
    unittest.main()
