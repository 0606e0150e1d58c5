# SPDX-License-Identifier: MIT
"""A router that quotes only 8 bytes of what it reports, as old ones do: runs in the namespace of a
kernel router whose own Time Exceeded are filtered, and sends them in its place.

usage: short_quote.py INTERFACE...   (the interfaces towards the prober); says "ready"."""

import select
import socket
import struct
import sys

MARK = 7  # the filter of the router lets through what carries it
SO_MARK = 36


def kernel_filter(node):
    """The rules for the node that this program runs in."""
    node.nft("table inet quote { chain out { type filter hook output priority 0;"
             " meta mark != %d icmp type time-exceeded drop;"
             " meta mark != %d icmpv6 type time-exceeded drop; }\n}" % (MARK, MARK))


def raw(family, proto):
    sock = socket.socket(family, socket.SOCK_RAW, proto)
    sock.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
    return sock


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer(packet, out4, out6):
    if packet[0] >> 4 == 4 and packet[8] == 1:
        quote = packet[:4 * (packet[0] & 15) + 8]
        message = struct.pack("!BBHI", 11, 0, 0, 0) + quote
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        out4.sendto(message, (socket.inet_ntop(socket.AF_INET, packet[12:16]), 0))
    elif packet[0] >> 4 == 6 and packet[7] == 1 and packet[24] != 0xFF:
        message = struct.pack("!BBHI", 3, 0, 0, 0) + packet[:48]  # the kernel fills the checksum in
        out6.sendto(message, (socket.inet_ntop(socket.AF_INET6, packet[8:24]), 0))


def main(interfaces):
    out4, out6 = (raw(socket.AF_INET, socket.IPPROTO_ICMP),
                  raw(socket.AF_INET6, socket.IPPROTO_ICMPV6))
    taps = []
    for name in interfaces:
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        tap.bind((name, 3))
        taps.append(tap)
    print("ready", flush=True)
    while True:
        for tap in select.select(taps, [], [])[0]:
            packet, address = tap.recvfrom(65536)
            if address[2] != 4 and len(packet) >= 28:  # 4: PACKET_OUTGOING
                answer(packet, out4, out6)


if __name__ == "__main__":
    main(sys.argv[1:])
