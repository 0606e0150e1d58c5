# SPDX-License-Identifier: MIT
"""The Linux kernel as a subject: in a network namespace, in real time."""

import errno
import os
import select
import socket
import struct
import subprocess
import time

import dissect
import netns
from trial import Cannot
from world import address_text

IP_RECVERR, IPV6_RECVERR, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER = 11, 25, 10, 23


def _text(family, value):
    return address_text(value, family)


class Linux:
    real_time = True
    name = "Linux"

    def __init__(self, world, options, scenario):
        self.world = world
        self.sockets, self.raw, self.held, self.families = {}, [], [], {}
        self.start = time.monotonic_ns()
        self.offset = time.time_ns() - self.start
        self.cables = netns.Cables(world.interfaces, world.mtu)
        try:
            try:
                self._configure(options)
            except OSError as err:
                raise Cannot("Linux refuses: %s" % str(err).split("\n")[0]) from None
            if scenario.uses("told") or scenario.uses("untold"):
                self._listen()
        except BaseException:
            self.close()
            raise
        self.start = time.monotonic_ns()
        self.offset = time.time_ns() - self.start

    # ---- the subject contract -------------------------------------------------------------------

    def now(self):
        return time.monotonic_ns() - self.start

    def send(self, interface, frame):
        try:
            self.cables.send(interface, frame)
        except OSError as err:
            raise Cannot("the packet socket does not send that frame: %s" % err) from None

    def poll(self, until):
        """Waits until something came or that instant."""
        files = list(self.cables.sockets.values()) + list(self.sockets.values()) + self.raw
        while True:
            left = until - self.now()
            poller = select.poll()
            for file in files:
                poller.register(file, select.POLLIN | select.POLLERR)
            poller.poll(max(left, 0) / 1e6)
            events = self._gather()
            if events or self.now() >= until:
                return events

    def real_time_of_day(self):
        """Milliseconds since midnight UT."""
        return time.time_ns() // 10**6 % 86400000

    def link(self, interface, up):
        netns.ip_batch(["link set %s %s" % (interface, "up" if up else "down")])

    def stop(self):
        raise Cannot("the kernel does not end while it is watched")

    def close(self):
        for file in list(self.sockets.values()) + self.raw + self.held:
            file.close()
        self.cables.close()

    def _gather(self):
        events = []
        for name in self.world.interfaces:
            for stamp, frame in self.cables.receive(name):
                events.append(("frame", max(stamp - self.start - self.offset, 0), name, frame))
        events.sort(key=lambda e: e[1])
        for name, file in self.sockets.items():
            events += self._socket_events(name, file)
        for file in self.raw:
            events += self._raw_events(file)
        return events

    # ---- configuration --------------------------------------------------------------------------

    def _configure(self, options):
        netns.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
        lines = ["link set lo up"]
        for name in self.world.interfaces:
            lines.append("link set %s mtu %d up" % (name, self.world.mtu[name]))
        for name, family, address, bits in self.world.addresses:
            more = " nodad" if family == 6 else " brd +" if bits < 31 else ""
            lines.append("addr add %s/%d dev %s%s" % (_text(family, address), bits, name, more))
        for name in self.world.interfaces:
            netns.sysctl(**{"net__ipv4__conf__%s__rp_filter" % name: 0})
        netns.ip_batch(lines)
        self.cables.await_up()
        router = self.world.kind != "host"
        netns.sysctl(net__ipv4__ip_forward=int(router), net__ipv6__conf__all__forwarding=int(router))
        netns.ip_batch([self._route(row) for row in self.world.routes] or ["link show lo"])
        if self.world.kind == "nat":
            self._nft("table ip nat { chain post { type nat hook postrouting priority 100; "
                      'oifname "eth1" masquerade; }; }')
        for name, value in options:
            if name not in OPTIONS:
                raise Cannot("Linux has no setting %s" % name)
            OPTIONS[name](self, value)

    def _route(self, row):
        prefix, via, interface, kind = row[:4]
        kinds = {"drop": "blackhole", "unreachable": "unreachable", "reject": "prohibit"}
        if kind != "unicast":
            text = "route replace %s %s" % (kinds[kind], prefix)
        elif via is None:
            text = "route replace %s dev %s" % (prefix, interface)
        else:
            family = 6 if ":" in prefix else 4
            text = "route replace %s via %s dev %s" % (prefix, _text(family, via), interface)
        return text + (" tos %#x" % row[4] if len(row) > 4 else "")

    def _nft(self, rules):
        try:
            done = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True,
                                  timeout=30)
        except FileNotFoundError:
            raise Cannot("nft is not installed") from None
        if "syntax error" in done.stderr:  # our own: never mistaken for what Linux cannot do
            raise ValueError("nft: " + done.stderr.strip())
        if done.returncode != 0:
            raise Cannot("nft: " + done.stderr.strip().split("\n")[0])

    # ---- the user of the subject ----------------------------------------------------------------

    def _listen(self):
        for family, proto in ((socket.AF_INET, 1), (socket.AF_INET6, 58)):
            file = socket.socket(family, socket.SOCK_RAW, proto)
            file.setblocking(False)
            if family == socket.AF_INET6:
                file.setsockopt(socket.IPPROTO_IPV6, 49, 1)  # IPV6_RECVPKTINFO
            self.raw.append(file)

    def app_family(self, name):
        return self.families[name]

    def app_send(self, packet):
        """A whole packet, as it is."""
        four = packet[0] >> 4 == 4
        with socket.socket(socket.AF_INET if four else socket.AF_INET6, socket.SOCK_RAW,
                           socket.IPPROTO_RAW) as file:
            target = packet[16:20] if four else packet[24:40]
            if four:
                file.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            text = socket.inet_ntop(socket.AF_INET if four else socket.AF_INET6, target)
            try:
                file.sendto(packet, (text, 0) if four else (text, 0, 0, self._scope(text)))
            except OSError as err:
                if err.errno not in (errno.EMSGSIZE, errno.ENETUNREACH, errno.EHOSTUNREACH,
                                     errno.EINVAL, errno.EACCES, errno.EPERM):
                    raise

    @staticmethod
    def _scope(text):
        return socket.if_nametoindex("eth0") if text.lower().startswith(("fe8", "ff02")) else 0

    def app_open(self, name, family, fields):
        file = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        file.setblocking(False)
        level = socket.IPPROTO_IP if family == 4 else socket.IPPROTO_IPV6
        file.setsockopt(level, IP_RECVERR if family == 4 else IPV6_RECVERR, 1)
        if "df" in fields:
            value = {"off": 0, "want": 1, "on": 2, "probe": 3}[fields["df"]]
            file.setsockopt(level, IP_MTU_DISCOVER if family == 4 else IPV6_MTU_DISCOVER, value)
        if "ttl" in fields:
            file.setsockopt(level, 2 if family == 4 else 16, fields["ttl"])
        if "tos" in fields:
            file.setsockopt(level, 1 if family == 4 else 67, fields["tos"])
        source = _text(family, fields["from"]) if "from" in fields else ("" if family == 4 else "::")
        file.bind((source, fields.get("port", 0)))
        if "to" in fields:
            file.connect((_text(family, fields["to"]), fields["peer"]))
        self.sockets[name], self.families[name] = file, family

    def app_sendto(self, name, fields):
        target = (_text(self.families[name], fields["to"]), fields["port"])
        try:
            self.sockets[name].sendto(fields.get("data", b""), target)
        except OSError as err:
            # EMSGSIZE and pending errors are told by the error queue as well
            if err.errno not in (errno.EMSGSIZE, errno.ECONNREFUSED, errno.EHOSTUNREACH,
                                 errno.ENETUNREACH, errno.EPROTO, errno.ENOPROTOOPT, errno.EACCES):
                raise

    def _socket_events(self, name, file):
        events = []
        while True:
            try:
                data, control, _, address = file.recvmsg(70000, 1024, socket.MSG_ERRQUEUE)
            except OSError:
                break
            for _, kind, body in control:
                if kind in (IP_RECVERR, IPV6_RECVERR):
                    events.append(self._error(name, body, data))
        while True:
            try:
                data, address = file.recvfrom(70000)
            except BlockingIOError:
                return [e for e in events if e]
            except OSError:  # the pending error of the socket: it stands in the queue as well
                continue
            if address:
                events.append(("recv", self.now(), name, {
                    "data": data, "port": address[1],
                    "from": int.from_bytes(socket.inet_pton(file.family, address[0]), "big")}))

    def _error(self, name, body, data):
        """struct sock_extended_err, then the offender's address."""
        number, origin, kind, code, _, info, _ = struct.unpack("IBBBBII", body[:16])
        if origin not in (2, 3):  # of this host itself: not received
            return None
        family = self.families[name]
        at = 20 if family == 4 else 24
        offender = int.from_bytes(body[at:at + (4 if family == 4 else 16)], "big")
        fields = {"type": kind, "code": code, "errno": number, "data": data, "from": offender}
        if (family, kind) in ((4, 3), (6, 2)):
            fields["mtu"] = info
        elif (family, kind) in ((4, 12), (6, 4)):
            fields["ptr"] = info
        return ("error", self.now(), name, fields)

    def _raw_events(self, file):
        events = []
        while True:
            try:
                data, control, _, address = file.recvmsg(70000, 256)
            except OSError:
                return events
            if file.family == socket.AF_INET6:
                data = self._with_header(data, control, address)
            seen = dissect.packet(data)
            events.append(("told", self.now(), seen))

    @staticmethod
    def _with_header(message, control, address):
        """A raw IPv6 socket gives no header: the part of it that is known."""
        target = bytes(16)
        for level, kind, body in control:
            if (level, kind) == (socket.IPPROTO_IPV6, 50):
                target = body[:16]
        source = socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0])
        return (b"\x60\0\0\0" + len(message).to_bytes(2, "big") + b"\x3a\x40" + source + target
                + message)


def _sysctl(key, on=1, off=0):
    def change(subject, value):
        netns.sysctl(**{key: on if value else off})
    return change


def _lacks(reason):
    def refuse(subject, value):
        raise Cannot(reason)
    return refuse


def _same_as_default(default, reason):
    def change(subject, value):
        if value != default:
            raise Cannot(reason)
    return change


def _unlimited(subject, value):
    if value:
        netns.sysctl(net__ipv4__icmp_ratelimit=0, net__ipv6__icmp__ratelimit=0)
        if os.path.exists("/proc/sys/net/ipv4/icmp_msgs_per_sec"):
            try:
                netns.sysctl(net__ipv4__icmp_msgs_per_sec=100000,
                             net__ipv4__icmp_msgs_burst=100000)
            except OSError:
                pass  # of the whole machine on older kernels


def _redirects(subject, value):
    for name in ["all"] + subject.world.interfaces:
        key = "net__ipv4__conf__%s__" % name
        netns.sysctl(**{key + "send_redirects": int(value), key + "accept_redirects": int(value)})


def _source_routes(subject, value):
    for name in ["all"] + subject.world.interfaces:
        netns.sysctl(**{"net__ipv4__conf__%s__accept_source_route" % name: int(value)})


def _directed(subject, value):
    for name in ["all"] + subject.world.interfaces:
        netns.sysctl(**{"net__ipv4__conf__%s__bc_forwarding" % name: int(value)})


def _forwarding(subject, value):
    netns.sysctl(net__ipv4__ip_forward=int(value), net__ipv6__conf__all__forwarding=int(value))


def _error_rate(subject, value):
    netns.sysctl(net__ipv4__icmp_ratelimit=1000 // value, net__ipv6__icmp__ratelimit=1000 // value)


def _udp_open(subject, ports):
    for port in ports:
        for family in (socket.AF_INET, socket.AF_INET6):
            file = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                file.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            file.bind(("", port))
            file.setblocking(False)
            subject.sockets["udp-open %d %d" % (port, family)] = file
            subject.families["udp-open %d %d" % (port, family)] = 4 if family == 2 else 6


def _tcp_open(subject, ports):
    for port in ports:
        for family in (socket.AF_INET, socket.AF_INET6):
            file = socket.socket(family, socket.SOCK_STREAM)
            if family == socket.AF_INET6:
                file.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            file.bind(("", port))
            file.listen(16)
            subject.held.append(file)



def _filter(subject, words):
    """set filter ACT [forward|in|out] [4|6] [proto NAME] [port N] [from PREFIX] [to PREFIX]"""
    acts = {"accept": "accept", "drop": "drop",
            "reject": "reject with icmpx type admin-prohibited"}
    if words[0] not in acts:
        raise Cannot("Linux: no filter act " + words[0])
    chain, match, rest = "forward", [], words[1:]
    while rest:
        word = rest.pop(0)
        if word in ("forward", "in", "out"):
            chain = {"forward": "forward", "in": "input", "out": "output"}[word]
        elif word in ("4", "6"):
            match.append("meta nfproto ipv" + word)
        elif word == "proto":
            match.append("meta l4proto " + {"icmp4": "icmp", "icmp6": "ipv6-icmp"}.get(rest[0],
                                                                                  rest[0]))
            rest.pop(0)
        elif word == "port":
            match.append("th dport " + rest.pop(0))
        elif word in ("from", "to"):
            prefix = rest.pop(0)
            match.append("%s %s %s" % ("ip6" if ":" in prefix else "ip",
                                       "saddr" if word == "from" else "daddr", prefix))
        else:
            raise Cannot("Linux: no filter on " + word)
    subject._nft("table inet t_%s { chain c { type filter hook %s priority 0; }; }\n"
                 "add rule inet t_%s c %s %s" % (chain, chain, chain, " ".join(match),
                                                 acts[words[0]]))


def _ttl(subject, value):
    netns.sysctl(net__ipv4__ip_default_ttl=value)
    for name in subject.world.interfaces:
        netns.sysctl(**{"net__ipv6__conf__%s__hop_limit" % name: value})


def _solicit6(subject, value):
    raise Cannot("Linux solicits when its interface comes up, before the tester listens")


def _pmtud(subject, value):
    netns.sysctl(net__ipv4__ip_no_pmtu_disc=0 if value else 1)


def _pmtu_timeout(subject, value):
    netns.sysctl(net__ipv4__route__mtu_expires=value // 10**9)
    netns.sysctl(net__ipv6__route__mtu_expires=value // 10**9)


def _reassembly4(subject, value):
    netns.sysctl(net__ipv4__ipfrag_time=value // 10**9)


def _reassembly6(subject, value):
    netns.sysctl(net__ipv6__ip6frag_time=value // 10**9)


def _probe(subject, words):
    """Linux answers PROBE as a whole or not at all, for both families by the one switch."""
    netns.sysctl(net__ipv4__icmp_echo_enable_probe=1)


# What a setting is on Linux. The rest of the names: Linux has no such thing.
OPTIONS = {
    "echo": lambda s, v: netns.sysctl(net__ipv4__icmp_echo_ignore_all=int(not v),
                                      net__ipv6__icmp__echo_ignore_all=int(not v)),
    "timestamp": _same_as_default(True, "Linux answers timestamps always"),
    "echo-broadcast": _sysctl("net__ipv4__icmp_echo_ignore_broadcasts", 0, 1),
    "echo-multicast6": _sysctl("net__ipv6__icmp__echo_ignore_multicast", 0, 1),
    "mask": _same_as_default(False, "Linux never answers address masks"),
    "mask-learn": _same_as_default(False, "Linux never learns address masks"),
    "error-unlimited": _unlimited, "error-rate": _error_rate,
    "redirects": _redirects, "source-routes": _source_routes, "directed-broadcast": _directed,
    "forwarding": _forwarding, "udp-open": _udp_open, "tcp-open": _tcp_open,
    "filter": _filter, "ttl": _ttl, "solicit6": _solicit6, "pmtud": _pmtud,
    "pmtu-timeout": _pmtu_timeout, "reassembly4": _reassembly4, "reassembly6": _reassembly6,
    "probe": _probe,
    "solicit4": _lacks("Linux has no router discovery of RFC 1256 (a daemon does it)"),
    "advertise4": _lacks("Linux has no router discovery of RFC 1256 (a daemon does it)"),
    "advertise6": _lacks("Linux sends no router advertisements (a daemon does it)"),
}
