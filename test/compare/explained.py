# SPDX-License-Identifier: MIT
"""Differences that are no fault of ours: which, when, and what says so."""
import re


class Rule:
    """`when` takes a difference (compare.py). `generated`: the captures of generate.py need it."""

    # pylint: disable=too-many-arguments
    def __init__(self, tool, field, when, source, reason, generated=True):
        self.tool, self.field, self.when = tool, field, when
        self.source, self.reason, self.generated = source, reason, generated

    def covers(self, diff):
        return (diff.tool == self.tool and re.fullmatch(self.field, diff.field) is not None
                and bool(self.when(diff)))


def only_ours(diff):
    return diff.theirs is None


def only_theirs(diff):
    return diff.ours is None


def flaws(diff):
    return {f['what'] for f in diff.rec['flaws'] if 'what' in f} if diff.rec else set()


def kind(diff, family, *types):
    return (diff.rec is not None and diff.rec['ip']['version'] == family
            and diff.rec['icmp']['type'] in types)


BROKEN = {'short', 'truncated', 'bad-length', 'bad-version', 'bad-count', 'trailing-bytes'}


EXTENSION_HEADERS = {0, 43, 44, 60, 135, 139, 140}


def refused(diff, *more):
    """We show the message, or its quote or options, as bytes, and name the flaw."""
    return only_theirs(diff) and (flaws(diff) & (BROKEN | set(more))
                                  or any(f.startswith('option-') for f in flaws(diff)))


def refused_quote(diff):
    return refused(diff, 'quoted-length', 'header-chain-cut', 'no-quote')


def is_cut(diff):
    return bool(flaws(diff) & {'truncated', 'short'})


UNREAD = 'it shows the body of this type as bytes'
def through(diff, protocol):
    return protocol in diff.all.get('protocols', ())


RULES = [
    Rule('tshark', 'packet', lambda d: only_ours(d) and len_of(d) < 8, 'RFC 792',
         'type, code and checksum are all that a message must have; it gives up on fewer than 8 bytes'),
    Rule('tshark', 'packet', lambda d: only_ours(d) and is_cut(d), 'RFC 792',
         'what there is of a message that was cut is shown; it gives up on fewer than 8 bytes'),
    Rule('tshark', 'packet', lambda d: only_theirs(d) and d.all.get('malformed'), 'RFC 792',
         'fewer bytes than type, code and checksum are no message; it shows them as malformed'),
    Rule('tshark', 'packet', lambda d: only_theirs(d) and d.all.get('part'), 'RFC 791 3.2',
         'a first fragment is no message, dump shows it as a fragment; it takes one that the capture '
         'cut for the message', False),
    Rule('tshark', 'packet', lambda d: only_ours(d) and 'option-past-end' in flaws(d),
         'RFC 791 3.1', 'the header length says where the message begins, whatever its options hold; '
         'it stops reading at an option that ends too soon', False),
    Rule('tshark', 'packet', lambda d: only_theirs(d) and d.all.get('family') == 4
         and 'src' not in d.all, 'RFC 792, RFC 4443 1',
         'protocol 1 in IPv6 is not ICMP: that is 58 there', False),
    Rule('tshark', 'checksum_ok', lambda d: only_theirs(d) and is_cut(d), 'RFC 792, RFC 4443 2.3',
         'the checksum covers the whole message; without its end there is no verdict'),
    Rule('tshark', 'ident|seq|pointer|mtu|count|lifetime|managed|other|options',
         lambda d: only_ours(d) and (kind(d, 4, 30, 31, 37, 38, 40)
                                     or kind(d, 6, 138, 144, 145, 146, 147, 148, 149, 154, 155, 156)),
         'RFC 1393, RFC 1475, RFC 1788, RFC 2521, RFC 2894, RFC 6275, RFC 5568, RFC 6550, RFC 6743',
         UNREAD + ', or under another name'),
    Rule('tshark', 'ttl', lambda d: d.rec and d.rec.get('fragments'), 'RFC 791 3.2, RFC 8200 4.5',
         'the header of a reassembled packet is that of its first fragment, not of its last'),
    Rule('tshark', r'quote\.(sport|dport|type|code|ident|seq)',
         lambda d: only_ours(d) and kind(d, 6, 1, 2, 3, 4) and d.rec['icmp']['quote']['id'],
         'RFC 8200 4.5',
         'a first fragment begins with the upper-layer header; it shows the quoted one as bytes'),
    Rule('tshark', r'ext\.\d\.name', lambda d: only_ours(d) and len(d.ours) > 4, 'RFC 5837 4.3',
         'the length octet of a name counts itself; it drops long names'),
    Rule('tshark', r'ext\..*', lambda d: only_theirs(d) and flaws(d)
         & {'extension-checksum', 'extension-version', 'extension-length', 'extension-value',
            'short', 'truncated', 'extension-missing', 'probe-object'},
         'RFC 4884 7', 'a structure that fails its checks is not believed'),
    Rule('tshark', r'ext\..*', lambda d: only_theirs(d)
         and not (kind(d, 4, 3, 11, 12, 42) or kind(d, 6, 1, 3, 160)), 'RFC 4884 4, RFC 8335 2',
         'only these types have extensions', False),
    Rule('tshark', r'ext\..*', lambda d: only_ours(d)
         and d.rec['icmp'].get('quote', {}).get('truncated'), 'RFC 4884 5',
         'where extensions begin is told by the length attribute, not by the length inside the '
         'quote, which was longer before it was cut', False),
    Rule('tshark', 'length|ident|seq|originate|receive|transmit|mask|pointer', refused, 'RFC 792',
         'a message shorter than its type needs is shown as bytes with the flaw', False),
    Rule('tshark', 'options', lambda d: only_theirs(d) and kind(d, 6, 150), 'RFC 4065 8',
         'what follows the subtype is the subtype\'s own; it reads neighbour discovery options'),
    Rule('tshark', r'(options|target|destination|router|solicited|override|hop_limit|managed|other|'
         r'home_agent|lifetime|reachable_ms|retransmit_ms|preference|qtype|group)',
         refused, 'RFC 4861 6.1, 7.1, 8.1', 'a message with such an option or length is invalid; '
         'it is shown as bytes with the flaw'),
    Rule('tshark', r'quote\..*', lambda d: only_ours(d) and d.rec['ip']['version'] == 6
         and d.rec['icmp']['type'] < 128, 'RFC 4443 2.1, 2.4',
         'types below 128 are errors, known or not, and an error ends in the packet that it is '
         'about, whatever its version'),
    Rule('tshark', r'quote\..*', lambda d: only_ours(d) and flaws(d), 'RFC 792, RFC 4884 4',
         'a quote is cut and may be changed on the way: what its header says is shown, though a '
         'length in it does not fit; it gives up'),
    Rule('tshark', r'quote\.proto', lambda d: flaws(d) & {'header-chain-cut', 'quoted-length',
         'truncated', 'short'}, 'RFC 8200 4',
         'where a chain of headers ends inside one of them, the last whole one is named'),
    Rule('tshark', r'quote\.proto', lambda d: d.ours in EXTENSION_HEADERS
         and d.rec['icmp']['quote']['truncated'], 'RFC 8200 4',
         'a header of the chain that the quote cuts is the last one known; it names what it says '
         'comes next, though that is not there', False),
    Rule('tshark', r'quote\.proto', lambda d: 'option-past-end' in flaws(d), 'RFC 8200 4.2',
         'the length of a header leads to the next, though an option in it is wrong', False),
    Rule('tshark', r'quote\..*', refused_quote, 'RFC 792, RFC 4443 2.4',
         'a quote that is no IP header, or ends inside it, is shown as bytes'),
    # what other captures need
    Rule('tshark', 'packet', lambda d: only_theirs(d) and through(d, 'pim'), 'RFC 7761 4.9.3',
         'a PIM Register carries the first packets of a group; dump does not follow it', False),
    Rule('tshark', 'packet', lambda d: only_theirs(d) and through(d, 'cmd'), 'RFC 2784 2.4',
         'a protocol type of one maker, without a published format, is not followed', False),
    Rule('tshark', 'packet', lambda d: only_ours(d) and any(
        x['layer'] == 'vxlan' for x in d.rec.get('link', {}).get('layers', ())), 'RFC 7348 5',
         'VXLAN on the port that Linux took before there was a number; it knows the number only',
         False),
    Rule('tshark', r'ext\..*', lambda d: only_theirs(d)
         and d.rec['icmp'].get('length_words') == 0, 'RFC 4884 5.4',
         'a length of zero says that there are no extensions, whatever stands after 128 bytes',
         False),
    Rule('tshark', r'ext\..*', lambda d: only_ours(d) and 'extension-unannounced' in flaws(d),
         'RFC 4884 5.5', 'the length is wrong, but after 128 bytes is a structure whose checksum '
         'is right: it is shown, with the flaw', False),
    Rule('tshark', r'ext\.[1-9]\..*', lambda d: only_theirs(d)
         and (kind(d, 4, 42) or kind(d, 6, 160)), 'RFC 8335 2',
         'a probe has one object; what follows is data, not more objects', False),
    Rule('tshark', 'pair|rtt_us', lambda d: only_ours(d)
         and (kind(d, 4, 43) or kind(d, 6, 161)), 'RFC 8335 3',
         'identifier and sequence number aid in matching replies with requests; it matches plain '
         'echoes only', False),
    Rule('tcpdump', 'packet', lambda d: only_theirs(d) and d.all.get('malformed'), 'RFC 792',
         'fewer bytes than type, code and checksum are no message; it names the type'),
    Rule('tcpdump', 'target|destination', refused, 'RFC 4861 7.1, 8.1',
         'a message with an invalid option or length is shown as bytes with the flaw'),
    Rule('tcpdump', 'checksum_ok', lambda d: d.rec['ip'].get('headers'), 'RFC 8200 8.1',
         'the pseudo-header has the final destination, once no segment is left the header\'s own'),
]


def len_of(diff):
    """Bytes of the ICMP message, by the IP header."""
    ip = diff.rec['ip']
    return ip['len'] - (20 if ip['version'] == 4 else 40)
