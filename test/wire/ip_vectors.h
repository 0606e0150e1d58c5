/* SPDX-License-Identifier: MIT
 * Vectors of the decoders around ICMP: which decoder, name, bytes; origins beside them. Tests cut
 * and flip each one; the fuzz targets start from them. */
#pragma once

#include <stddef.h>

struct ip_vector {
    const char *decoder, *name, *hex;
};

static const struct ip_vector ip_vectors[] = {
    /* iputils ping to a neighbour, captured on an Ethernet, payload cut */
    {"ip", "echo4",
     "45000054 d2454000 4001e70f c0a80001 c0a80002 0800d0a8 00010001 0011223344556677"},
    /* router alert: IGMP as the Linux kernel sends it (RFC 2113, RFC 3376) */
    {"ip", "igmp",
     "46c00028 00004000 0102f9f8 0a000001 e0000016 94040000 2200f9fd 00000001 04000000 e00000fb"},
    /* iputils ping -R after two hops */
    {"ip", "record-route",
     "48000024 00004000 40010000 c0000201 c0000202 070b08 c0000201 00000000 00 0800f7fd 00010001"},
    {"ip", "fragment4",
     "45000024 12342003 40110000 c0000201 c0000202 00112233445566778899aabbccddee"},
    /* tcpdump's test ipv6-routing-header.pcap: type 0, one segment left, and two */
    {"ip", "route-one",
     "6000000000202b04 220000000000024402123ffffeae22f7 22000000000002400002000000000004"
     "3a02000100000000 22000000000002100002000000000004 8000d3ab00000000"},
    {"ip", "route-two",
     "6000000000302b05 220000000000024402123ffffeae22f7 22000000000002110002000000000002"
     "3a04000200000000 22000000000002100002000000000004 22000000000002400002000000000004"
     "8000d37b00000000"},
    /* tcpdump's test ipv6-srh-ext-header.pcap, cut after the inner fixed header */
    {"ip", "srv6",
     "600889ad00502b40 000a000b000c00120000000000000001 000a000b000c00020000000000f10000"
     "2904040101000000 000a000b000c000300000000000000d6 000a000b000c00020000000000f10000"
     "600889ad00003a40 000a000b000c00120000000000000001 00b20000000000000000000000000002"},
    /* RFC 6554: two compressed addresses, 15 octets elided, 6 of padding */
    {"ip", "rpl",
     "6000000000182b40 20010db8000000000000000000000001 20010db8000000000000000000000002"
     "3a010302 ff600000 0304000000000000 8000000000000000"},
    /* hop-by-hop, destination options, fragment, ICMPv6; by scapy */
    {"ip", "chain",
     "6000000000200040 fe800000000000000000000000000001 ff020000000000000000000000000001"
     "3c00050200000100 2c00010400000000 3a000001deadbeef 8000123400010002"},
    /* the head of a jumbogram (RFC 2675) */
    {"ip", "jumbo",
     "6000000000000040 fe800000000000000000000000000001 fe800000000000000000000000000002"
     "3a00c20400011170 8000123400010002"},

    /* tcpdump's test udp-icmp-ttl-exceeded.pcap: an RFC 792 quote of 28 bytes */
    {"quote", "udp8", "45000024 00000000 0111e806 c0a80105 08080808 5dc0829a 00102162"},
    /* the same, whole, after a router that swaps the bytes of the total length */
    {"quote", "udp-swapped",
     "45002400 00000000 0111e806 c0a80105 08080808 5dc0829a 00102162 2c54000000000001"},
    /* an IPv6 packet with destination options, quoted whole */
    {"quote", "udp6",
     "6000000000193c01 2a048ec000000164620ce59adaf821e9 20014860486000000000000000008888"
     "1100010400000000 5dc0829a0011b8cb 616263646566676869"},
    /* a header of 32 bytes */
    {"quote", "options",
     "48000054 00010000 01110000 c0000201 c0000202 070b04 00000000 00000000 01"
     "1111222200100000 0001"},
    /* tcpdump's test icmp-icmp-ttl-exceeded-mpls.pcap, with less padding */
    {"quote", "padded",
     "4500002a b4960000 0201d37e 84e37b08 4153ef7f 08005dc0 5dc0bc95 7fe9 0000000000000000"
     "0000000000000000 0000000000000000"},
    {"quote", "tcp", "4500003c 00010000 01060000 c0000201 c0000202 a4d20050 12345678 00000000"},

    /* tcpdump's test icmp-icmp-ttl-exceeded-mpls.pcap */
    {"ext", "mpls", "2000707d 000c0101 073d9001 0635d101"},
    /* as tcpdump's test icmp-rfc5837.pcap, without its checksum and with a shorter name */
    {"ext", "ifinfo",
     "20000000 0020020f 0000000f 00010000 0a0a0a0a 08657468 30000000 000005dc 00080101 00010101"},
    /* tcpdump's test icmp-rfc8335.pcap, a name; the others by hand */
    {"ext", "ident-name", "2000d819 000c0301 66787030 2e300000"},
    {"ext", "ident-address", "20000000 00100303 00060600 d2dd22ac 5c6b0000"},
    {"ext", "ident-index", "20000000 00080302 00000007"},
    {"ext", "unknown", "20000000 0008c807 deadbeef 00080101 00010101"},

    {"ipopt", "routes", "01 070b08 c0000201 00000000 94040000 520c 1234 0005 0003 c0000201 00"},
    {"ipopt", "timestamp", "44140d11 c0000201 00abcdef c0000202 00000000 8307 04 c0000201 01"},

    {"ip6ext", "six",
     "2b000502 00000100 2c020401 00000000 20010db8000000000000000000000009"
     "33000001 deadbeef 3c010000 00000000 00000000 3a000104 00000000"},
    {"ip6ext", "routes",
     "2b000502 00000100 2b010302 ef500000 0008090000000000"
     "2b020001 00000000 20010db8000000000000000000000009 3a00fa00 00000000"},

    {"udp", "data", "5dc0829a 00101021 0011223344556677"},
    /* a SYN of Linux, with its options */
    {"tcp", "syn",
     "a4d20050 12345678 00000000 a002faf0 fe300000"
     "020405b40402080a001122330000000001030307 6869"},
};

enum { IP_VECTORS = sizeof(ip_vectors) / sizeof(ip_vectors[0]) };
