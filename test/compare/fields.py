# SPDX-License-Identifier: MIT
"""What each decoder says about the packets of a capture, in one form: {frame: {field: value}}.
Values are numbers, booleans, lower-case addresses, or lists of them; a field that a decoder does not
tell is not there."""
import ipaddress
import json
import os
import re
import struct
import subprocess

ENVIRONMENT = {**os.environ, 'TZ': 'UTC', 'LC_ALL': 'C'}


def output(*argv):
    """A damaged capture is told by the exit status; what could be read is compared all the same."""
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=ENVIRONMENT, timeout=300)
    return done.stdout.decode('utf-8', 'replace')


def number(text):
    return int(text, 0) if isinstance(text, str) else int(text)


def bool_of(text):
    return bool(number(text))


def address(text):
    return str(ipaddress.ip_address(text))


# ---- link types ----------------------------------------------------------------------------------

# Those that dump reads: BSD loopback, Ethernet, PPP, raw IP, HDLC, Linux cooked
READ = {0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276}


def link_types(path):
    """Those that a capture names, or none where it is no capture that we can read here."""
    data = path.read_bytes()
    if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1'):
        return {struct.unpack('<I', data[20:24])[0] & 0xfffffff}
    if data[:4] in (b'\xa1\xb2\xc3\xd4', b'\xa1\xb2\x3c\x4d'):
        return {struct.unpack('>I', data[20:24])[0] & 0xfffffff}
    out, at, order = set(), 0, '<'
    while data[:4] == b'\x0a\x0d\x0d\x0a' and at + 12 <= len(data):
        if data[at:at + 4] == b'\x0a\x0d\x0d\x0a':
            order = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
        kind, length = struct.unpack(order + 'II', data[at:at + 8])
        if kind == 1:
            out.add(struct.unpack(order + 'H', data[at + 8:at + 10])[0])
        at += max(length, 12)
    return out


# ---- icmpkit -------------------------------------------------------------------------------------

OURS = ('ident', 'seq', 'gateway', 'mtu', 'pointer', 'originate', 'receive', 'transmit', 'mask',
        'count', 'entry_words', 'lifetime', 'target', 'destination', 'group', 'hop_limit',
        'managed', 'other', 'home_agent', 'preference', 'reachable_ms', 'retransmit_ms', 'router',
        'solicited', 'override', 'qtype', 'local', 'active', 'state')


def our_object(obj):
    labels = [(e['label'], e['tc'], e['s'], e['ttl']) for e in obj.get('mpls', [])]
    return {'class': obj.get('class'), 'ctype': obj.get('ctype'), 'labels': labels or None,
            'index': obj.get('index'), 'addr': obj.get('addr'), 'name': obj.get('name') or None,
            'mtu': obj.get('mtu')}


def put_objects(out, objects):
    """By class: tshark's JSON gathers objects of a kind."""
    for i, obj in enumerate(sorted(objects, key=lambda o: o['class'])):
        for key, value in obj.items():
            if value is not None:
                out[f'ext.{i}.{key}'] = value


def our_packet(rec):
    ip, icmp, pair = rec['ip'], rec['icmp'], rec.get('pair', {})
    out = {'family': ip['version'], 'src': ip['src'], 'dst': ip['dst'], 'ttl': ip['ttl'],
           'type': icmp['type'], 'code': icmp['code'], 'checksum': icmp['checksum'],
           'length': icmp.get('length_words')}
    out['checksum_ok'] = icmp['checksum_ok']
    if not out['length']:
        del out['length']  # zero says that there is none
    out.update((key, icmp.get(key)) for key in OURS)
    out.update(('quote.' + key, value) for key, value in icmp.get('quote', {}).items()
               if key in ('src', 'dst', 'proto', 'ttl', 'id', 'sport', 'dport', 'type', 'code',
                          'ident', 'seq'))
    if ip['version'] == 6 and not out.get('quote.id'):
        out.pop('quote.id', None)  # the header has none, only a fragment header
    if 'options' in icmp:
        out['options'] = [o['type'] for o in icmp['options'] if 'type' in o] or None
    put_objects(out, [our_object(o) for o in icmp.get('extensions', []) if 'class' in o])
    if pair.get('kind') == 'reply':
        out['pair'], out['rtt_us'] = pair['n'], round(pair['rtt_ns'] / 1000)
    return {key: value for key, value in out.items() if value is not None}


def ours(command, path):
    """Two: fields by frame, and the records."""
    recs = {}
    for line in output(command, 'dump', '--json', '-r', str(path)).splitlines():
        rec = json.loads(line)
        if rec['record'] == 'packet' and rec['ip'] and rec['icmp']:
            recs[rec['n']] = rec
    recs = {n: r for n, r in recs.items() if not r['ip']['mf'] and not r['ip']['offset']}
    return {n: our_packet(r) for n, r in recs.items()}, recs


# ---- tshark --------------------------------------------------------------------------------------

# field: its names in ICMP and ICMPv6, and how it is read
TSHARK = {
    'type': ('icmp.type', 'icmpv6.type', number),
    'code': ('icmp.code', 'icmpv6.code', number),
    'checksum': ('icmp.checksum', 'icmpv6.checksum', number),
    'length': ('icmp.length', 'icmpv6.length', number),
    'ident': ('icmp.ident', 'icmpv6.echo.identifier', number),
    'seq': ('icmp.seq', 'icmpv6.echo.sequence_number', number),
    'gateway': ('icmp.redir_gw', None, address),
    'mtu': ('icmp.mtu', 'icmpv6.mtu', number),
    'pointer': ('icmp.pointer', 'icmpv6.pointer', number),
    'originate': ('icmp.originate_timestamp', None, number),
    'receive': ('icmp.receive_timestamp', None, number),
    'transmit': ('icmp.transmit_timestamp', None, number),
    'mask': ('icmp.address_mask', None, address),
    'count': ('icmp.num_addrs', ('icmpv6.mldr.nb_mcast_records', 'icmpv6.mld.nb_sources'),
              number),
    'entry_words': ('icmp.addr_entry_size', None, number),
    'lifetime': ('icmp.lifetime', 'icmpv6.nd.ra.router_lifetime', number),
    'target': (None, ('icmpv6.nd.ns.target_address', 'icmpv6.nd.na.target_address',
                      'icmpv6.nd.rd.target_address'), address),
    'destination': (None, 'icmpv6.rd.na.destination_address', address),
    'group': (None, 'icmpv6.mld.multicast_address', address),
    'hop_limit': (None, 'icmpv6.nd.ra.cur_hop_limit', number),
    'reachable_ms': (None, 'icmpv6.nd.ra.reachable_time', number),
    'retransmit_ms': (None, 'icmpv6.nd.ra.retrans_timer', number),
    'qtype': (None, 'icmpv6.ni.qtype', number),
    'state': ('icmp.ext.echo.rsp.state', 'icmpv6.ext.echo.rsp.state', number),
    'local': ('icmp.ext.echo.req.local', 'icmpv6.ext.echo.req.local', bool_of),
    'active': ('icmp.ext.echo.rsp.active', 'icmpv6.ext.echo.rsp.active', bool_of),
}
TSHARK_FLAGS = {
    'managed': ('icmpv6.nd.ra.flag', 'm'), 'other': ('icmpv6.nd.ra.flag', 'o'),
    'home_agent': ('icmpv6.nd.ra.flag', 'h'), 'router': ('icmpv6.nd.na.flag', 'r'),
    'solicited': ('icmpv6.nd.na.flag', 's'), 'override': ('icmpv6.nd.na.flag', 'o'),
}


def last(value):
    return value[-1] if isinstance(value, list) else value


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def ts_read(out, tree, key, names, read):
    for name in names if isinstance(names, tuple) else (names,):
        value = tree.get(name) if name else None
        if value is not None and not isinstance(value, dict):
            out[key] = read(listed(value)[0])


IP_FIELDS = (('src', 'ip.src', 'ipv6.src', str), ('dst', 'ip.dst', 'ipv6.dst', str),
             ('ttl', 'ip.ttl', 'ipv6.hlim', number), ('proto', 'ip.proto', 'ipv6.nxt', number),
             ('id', 'ip.id', None, number))


def ts_ip(tree):
    """Of an ip or ipv6 layer, which may be cut."""
    out = {}
    for key, *names, read in IP_FIELDS:
        ts_read(out, tree, key, tuple(names), read)
    return out


def ts_chain(ip, tree):
    """The protocol behind IPv6 extension headers; they stand inside the ipv6 layer or beside it."""
    at = ip.get('proto')
    heads = {0: 'ipv6.hopopts', 43: 'ipv6.routing', 44: 'ipv6.fraghdr', 60: 'ipv6.dstopts'}
    for _ in range(8):
        head = last(tree.get(heads.get(at)))
        nxt = head.get(heads[at] + '.nxt') if isinstance(head, dict) else None
        if nxt is None:
            break
        if at == 44 and 'ipv6.fraghdr.ident' in head:
            ip['id'] = number(head['ipv6.fraghdr.ident'])
        at = number(listed(nxt)[0])
    ip['proto'] = at


def ts_quote(out, tree):
    v6 = 'ipv6' in tree
    inner = last(tree.get('ipv6' if v6 else 'ip'))
    if not isinstance(inner, dict):
        return
    ip = ts_ip(inner)
    if v6 and ip:
        ts_chain(ip, inner)
    out.update(('quote.' + key, value) for key, value in ip.items())
    for layer in ('udp', 'tcp'):
        at = last(tree.get(layer))
        if isinstance(at, dict) and layer + '.dstport' in at:
            out['quote.sport'] = number(listed(at[layer + '.srcport'])[0])
            out['quote.dport'] = number(listed(at[layer + '.dstport'])[0])
    for layer, at in (('icmp', 0), ('icmpv6', 1)):
        message = last(tree.get(layer))
        if isinstance(message, dict):
            for key in ('type', 'code', 'ident', 'seq'):
                ts_read(out, message, 'quote.' + key, TSHARK[key][at], number)


def flatten(tree):
    """All members of an object of the extension structure, whatever they hang under."""
    out = {}
    for key, value in tree.items():
        for one in listed(value):
            if isinstance(one, dict):
                for name, more in flatten(one).items():
                    out.setdefault(name, []).extend(more)
            else:
                out.setdefault(key, []).append(one)
    return out


def ts_object(tree):
    at = flatten(tree)
    one = lambda *names: next((at[n][0] for n in names if n in at), None)
    num = lambda *names: None if one(*names) is None else number(one(*names))
    name = one('icmp.int_info.name', 'icmp.int_ident.name')
    entries = zip(*(at.get('icmp.mpls.' + n, []) for n in ('label', 'exp', 's', 'ttl')))
    where = one('icmp.int_info.ipv4', 'icmp.int_info.ipv6', 'icmp.int_ident.ipv4',
                'icmp.int_ident.ipv6')
    return {'class': num('icmp.ext.class'), 'ctype': num('icmp.ext.ctype'),
            'labels': [tuple(map(number, e)) for e in entries] or None,
            'index': num('icmp.int_info.index', 'icmp.int_ident.index'),
            'addr': where, 'name': name or None, 'mtu': num('icmp.int_info.mtu')}


def ts_extensions(out, tree):
    ext = last(tree.get('icmp.ext'))
    if not isinstance(ext, dict):
        return
    trees = [t for value in ext.values() for t in listed(value) if isinstance(t, dict)]
    put_objects(out, [o for o in map(ts_object, trees) if o['class'] is not None])


def ts_packet(layers, name):
    at = 0 if name == 'icmp' else 1
    tree = last(layers[name])
    out = {'family': 6 if at else 4}
    if not isinstance(tree, dict):
        return out
    ip = ts_ip(last(layers.get('ipv6' if at else 'ip', {})) or {})
    out.update((key, ip[key]) for key in ('src', 'dst', 'ttl') if key in ip)
    for key, row in TSHARK.items():
        ts_read(out, tree, key, row[at], row[2])
    status = tree.get(f'{name}.checksum.status')
    if status in ('0', '1'):
        out['checksum_ok'] = status == '1'
    for key, (root, flag) in TSHARK_FLAGS.items():
        flags = tree.get(root + '_tree')
        if isinstance(flags, dict) and f'{root}.{flag}' in flags:
            out[key] = bool(number(flags[f'{root}.{flag}']))
    preference = tree.get('icmpv6.nd.ra.flag_tree')
    if isinstance(preference, dict) and 'icmpv6.nd.ra.flag.prf' in preference:
        out['preference'] = number(preference['icmpv6.nd.ra.flag.prf'])
    options = [number(listed(o['icmpv6.opt.type'])[0]) for o in listed(tree.get('icmpv6.opt'))
               if isinstance(o, dict) and 'icmpv6.opt.type' in o]
    if options:
        out['options'] = options
    ts_quote(out, tree)
    ts_extensions(out, tree)
    if name + '.resp_to' in tree:
        out['pair'] = number(tree[name + '.resp_to'])
        out['rtt_us'] = round(float(tree[name + '.resptime']) * 1000)
    if name + '.ext.echo.seq' in tree:
        out['seq'] = number(tree[name + '.ext.echo.seq'])
    return out


def has_more(ip):
    """Whether more fragments follow this one."""
    flags = ip.get('ip.flags_tree') if isinstance(ip, dict) else None
    return isinstance(flags, dict) and number(flags.get('ip.flags.mf', '0')) == 1


def tshark(path):
    """Fields by frame; `malformed`, `part` and `protocols` are not compared, rules look at them."""
    text = output('tshark', '-n', '-r', str(path), '-o', 'ip.defragment:TRUE',
                  '-o', 'ipv6.defragment:TRUE', '-T', 'json', '--no-duplicate-keys')
    out = {}
    for packet in json.loads(text or '[]'):
        layers = packet['_source']['layers']
        name = next((n for n in ('icmp', 'icmpv6') if n in layers), None)
        if name:
            one = out[number(layers['frame']['frame.number'])] = ts_packet(layers, name)
            one['malformed'] = '_ws.malformed' in layers
            one['part'] = has_more(last(layers.get('ip')))
            one['protocols'] = layers['frame']['frame.protocols'].split(':')
    return out


# ---- tcpdump -------------------------------------------------------------------------------------

# what it prints: family, type, code (None: not said), and groups by name
TCPDUMP = [(re.compile(p), f, t, c) for p, f, t, c in (
    (r'ICMP echo request, id (?P<ident>\d+), seq (?P<seq>\d+)', 4, 8, None),
    (r'ICMP echo reply, id (?P<ident>\d+), seq (?P<seq>\d+)', 4, 0, None),
    (r'ICMP \S+ unreachable - need to frag \(mtu (?P<mtu>\d+)\)', 4, 3, 4),
    (r'ICMP \S+ udp port (?P<dport>\d+) unreachable', 4, 3, 3),
    (r'ICMP \S+ tcp port (?P<dport>\d+) unreachable', 4, 3, 3),
    (r'ICMP host \S+ unreachable,', 4, 3, 1),
    (r'ICMP net \S+ unreachable,', 4, 3, 0),
    (r'ICMP redirect \S+ to host (?P<gateway>[\d.]+),', 4, 5, 1),
    (r'ICMP redirect \S+ to net (?P<gateway>[\d.]+),', 4, 5, 0),
    (r'ICMP redirect-tos \S+ to host (?P<gateway>[\d.]+),', 4, 5, 3),
    (r'ICMP time exceeded in-transit', 4, 11, 0),
    (r'ICMP ip reassembly time exceeded', 4, 11, 1),
    (r'ICMP parameter problem - octet (?P<pointer>\d+)', 4, 12, None),
    (r'ICMP source quench', 4, 4, None),
    (r'ICMP time stamp query id (?P<ident>\d+) seq (?P<seq>\d+)', 4, 13, None),
    (r'ICMP time stamp reply id (?P<ident>\d+) seq (?P<seq>\d+)', 4, 14, None),
    (r'ICMP address mask request', 4, 17, None),
    (r'ICMP type-#(?P<type>\d+),', 4, None, None),
    (r'ICMP6, echo request, id (?P<ident>\d+), seq (?P<seq>\d+)', 6, 128, None),
    (r'ICMP6, echo reply, id (?P<ident>\d+), seq (?P<seq>\d+)', 6, 129, None),
    (r'ICMP6, packet too big, mtu (?P<mtu>\d+)', 6, 2, None),
    (r'ICMP6, time exceeded in-transit \(reassembly\)', 6, 3, 1),
    (r'ICMP6, time exceeded in-transit(?!, unknown)', 6, 3, 0),
    (r'ICMP6, ip reassembly time exceeded', 6, 3, 1),
    (r'ICMP6, parameter problem, errorneous - octet (?P<pointer>\d+)', 6, 4, 0),
    (r'ICMP6, parameter problem, next header - octet (?P<pointer>\d+)', 6, 4, 1),
    (r'ICMP6, parameter problem, option - octet (?P<pointer>\d+)', 6, 4, 2),
    (r'ICMP6, destination unreachable, unreachable route', 6, 1, 0),
    (r'ICMP6, destination unreachable, unreachable prohibited', 6, 1, 1),
    (r'ICMP6, destination unreachable, unreachable address', 6, 1, 3),
    (r'ICMP6, destination unreachable, unreachable port', 6, 1, 4),
    (r'ICMP6, router solicitation', 6, 133, None),
    (r'ICMP6, router advertisement', 6, 134, None),
    (r'ICMP6, neighbor solicitation, length \d+, who has (?P<target>[0-9a-f:.]+)', 6, 135, None),
    (r'ICMP6, neighbor advertisement, length \d+, tgt is (?P<target>[0-9a-f:.]+)', 6, 136, None),
    (r'ICMP6, redirect, (?P<destination>[0-9a-f:.]+) to (?P<target>[0-9a-f:.]+)', 6, 137, None),
    (r'ICMP6, multicast listener report v2, (?P<count>\d+) group', 6, 143, None),
)]


def td_packet(text):
    text = text.split('\n\t')[0]  # then comes the quote
    if re.search(r'flags \[\+|offset [1-9]|frag \(', text.split('\n')[0]):
        return None  # it does not put fragments together
    told = [(p.search(text), *row) for p, *row in TCPDUMP]
    first = min((t for t in told if t[0]), key=lambda t: t[0].start(), default=None)
    if first:
        found, family, kind, code = first
        out = {'family': family, 'malformed': 'truncated-ip' in text or '[|icmp' in text}
        for key, value in (('type', kind), ('code', code)):
            if value is not None:
                out[key] = value
        for key, value in found.groupdict().items():
            if key in ('gateway', 'target', 'destination'):
                out[key] = address(value)
            else:
                out['quote.dport' if key == 'dport' else key] = int(value)
        if '[icmp6 sum ok]' in text:
            out['checksum_ok'] = True
        elif re.search(r'\[bad icmp6 cksum|\(wrong icmp cksum', text):
            out['checksum_ok'] = False
        return out
    return None


def tcpdump(path):
    """It prints no number with fragments and other packets; --number gives one to each."""
    out, text, number_ = {}, '', 0
    for line in output('tcpdump', '-nn', '-v', '--number', '-r', str(path)).splitlines() + ['']:
        head = re.match(r' *(\d+)  \d\d:\d\d:\d\d\.', line)
        if not head and line:
            text += '\n' + line
            continue
        found = td_packet(text) if number_ else None
        if found:
            out[number_] = found
        if head:
            number_, text = int(head[1]), line
    return out
