# SPDX-License-Identifier: MIT
"""The one topology that every subject is put into: names, addresses, who answers for whom."""

import ipaddress
import re

SUBJECT_MACS = {"eth0": 0x020000000101, "eth1": 0x020000000102}
BROADCAST = 0xFFFFFFFFFFFF


def link_local(mac):
    """fe80:: with the interface identifier of RFC 4291 appendix A."""
    octets = mac.to_bytes(6, "big")
    ident = bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return int.from_bytes(b"\xfe\x80" + bytes(6) + ident, "big")


def ip(text):
    return int(ipaddress.ip_address(text))


def address_text(value, family):
    return str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))


def mac_text(mac):
    return ":".join("%02x" % b for b in mac.to_bytes(6, "big"))


def multicast_mac(value, family):
    if family == 4:
        return 0x01005E000000 | value & 0x7FFFFF
    return 0x333300000000 | value & 0xFFFFFFFF


def is_multicast(value, family):
    return value >> (28 if family == 4 else 120) == (0xE if family == 4 else 0xFF)


class World:
    """Names of a scenario and what they stand for. `names[NAME]` is {4: address, 6: address};
    `neighbours[NAME]` is (interface, mac, set of (family, address)) that the tester plays."""

    def __init__(self, kind):
        self.kind = kind
        self.interfaces = ["eth0"] if kind == "host" else ["eth0", "eth1"]
        self.mtu = {name: 1500 for name in self.interfaces}
        self.names, self.neighbours, self.next_hop = {}, {}, {}
        self.prefixes = {name: [] for name in self.interfaces}
        self.addresses = []  # (interface, family, address, prefix length)
        self.routes = []  # (prefix, via address or None, interface, kind)
        self.muted = set()
        self._subject("eth0", "S", "192.0.2.1", "2001:db8:0:1::1")
        for name, last in (("A", 2), ("B", 3), ("R", 254), ("R2", 253)):
            self.neighbour(name, "eth0", "192.0.2.%d" % last, "2001:db8:0:1::%x" % last)
        self.next_hop["eth0"] = "R"
        self.name("X", "203.0.113.200", "2001:db8:0:f::c8")
        self.name("Y", "203.0.113.9", "2001:db8:0:3::9")
        self.name("Z", "198.18.0.1", "2001:db8:ffff::1")
        if kind == "host":
            self._address("eth0", "192.0.2.33", 24)
            self._address("eth0", "2001:db8:0:1::33", 64)
            self.name("S2", "192.0.2.33", "2001:db8:0:1::33")
            self.routes += [("0.0.0.0/0", self.names["R"][4], "eth0", "unicast"),
                            ("::/0", self.names["R"][6], "eth0", "unicast")]
            return
        self._subject("eth1", "T", "198.51.100.1", "2001:db8:0:2::1")
        for name, last in (("C", 2), ("D", 3), ("Q", 254)):
            self.neighbour(name, "eth1", "198.51.100.%d" % last, "2001:db8:0:2::%x" % last)
        self.next_hop["eth1"] = "Q"
        self.routes += [("203.0.113.0/24", self.names["Q"][4], "eth1", "unicast"),
                        ("2001:db8:0:3::/64", self.names["Q"][6], "eth1", "unicast")]

    def _subject(self, interface, name, four, six):
        self.name(name, four, six)
        self._address(interface, four, 24)
        self._address(interface, six, 64)
        self.names[name + "l"] = {6: link_local(SUBJECT_MACS[interface])}

    def _address(self, interface, text, bits):
        address = ipaddress.ip_interface("%s/%d" % (text, bits))
        self.addresses.append((interface, address.version, int(address.ip), bits))
        if address.network not in self.prefixes[interface]:
            self.prefixes[interface].append(address.network)

    def add_address(self, interface, text):
        address = ipaddress.ip_interface(text)
        self._address(interface, str(address.ip), address.network.prefixlen)

    def drop_addresses(self, interface, family=None):
        self.addresses = [a for a in self.addresses
                          if a[0] != interface or family not in (None, a[1])]

    def name(self, name, *texts):
        for text in texts:
            address = ipaddress.ip_address(text)
            self.names.setdefault(name, {})[address.version] = int(address)

    def neighbour(self, name, interface, *texts):
        """Its link-local address is NAMEl."""
        mac = 0x020000000A00 + len(self.neighbours)
        self.name(name, *texts)
        self.names[name + "l"] = {6: link_local(mac)}
        mine = {(f, a) for f, a in self.names[name].items()} | {(6, link_local(mac))}
        self.neighbours[name] = (interface, mac, mine)

    def address(self, text, family):
        """NAME, NAME+NUMBER, sn(NAME) for the solicited-node group, or a literal; an integer."""
        grouped = re.fullmatch(r"sn\((.+)\)", text)
        if grouped:
            return ip("ff02::1:ff00:0") | self.address(grouped[1], 6) & 0xFFFFFF
        if "+" in text:
            base, plus = text.rsplit("+", 1)
            return self.address(base, family) + int(plus, 0)
        if text in self.names:
            if family not in self.names[text]:
                raise ValueError("%s has no IPv%d address" % (text, family))
            return self.names[text][family]
        value = ipaddress.ip_address(text)
        if value.version != family:
            raise ValueError("%s is not IPv%d" % (text, family))
        return int(value)

    def family_of(self, text):
        """The family of an address written without one around it: a NAME counts as IPv4."""
        return 6 if ":" in text else 4

    def mac(self, text):
        if text in self.neighbours:
            return self.neighbours[text][1]
        if text in ("S", "T"):
            return SUBJECT_MACS["eth0" if text == "S" else "eth1"]
        if text == "broadcast":
            return BROADCAST
        if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", text):
            raise ValueError("no neighbour or hardware address: " + text)
        return int(text.replace(":", ""), 16)

    def owner(self, interface, family, address):
        """The neighbour that has that address, or None."""
        for name, (where, _, mine) in self.neighbours.items():
            if where == interface and (family, address) in mine:
                return name
        return None

    def on_link(self, interface, family, address):
        if family == 6 and address >> 118 == 0xFE80 >> 6:
            return True
        return any(p.version == family and address in
                   range(int(p.network_address), int(p.broadcast_address) + 1)
                   for p in self.prefixes[interface])

    def is_broadcast(self, interface, family, address):
        if family != 4:
            return False
        return address == 0xFFFFFFFF or any(
            p.version == 4 and p.prefixlen < 31
            and address in (int(p.broadcast_address), int(p.network_address))
            for p in self.prefixes[interface])

    def group_mac(self, interface, family, address):
        """The hardware address of a group or broadcast, or None for a unicast address."""
        if is_multicast(address, family):
            return multicast_mac(address, family)
        return BROADCAST if self.is_broadcast(interface, family, address) else None
