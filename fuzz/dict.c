/* SPDX-License-Identifier: MIT
 * Prints a libFuzzer dictionary from the tables: first octets of every ICMP type and code, of every
 * neighbour discovery option, the headers of extension structures, what tells capture files, links
 * and tunnels apart, and the words of filters. */
#include "icmpkit/wire.h"

#include <stdio.h>

int main(void)
{
#define X(value, id, name, ...) printf("icmp4_%s=\"\\x%02x\\x00\"\n", #id, value);
#include <icmpkit/icmp4_types.def>
#undef X
#define X(value, id, name, ...) printf("icmp6_%s=\"\\x%02x\\x00\"\n", #id, value);
#include <icmpkit/icmp6_types.def>
#undef X
#define X(family, type, code, id, name) \
    printf("code%d_%s_%s=\"\\x%02x\\x%02x\"\n", family, #type, #id, IK_ICMP##family##_##type, code);
#include <icmpkit/icmp_codes.def>
#undef X
#define X(value, id, name, min, ...) printf("nd_%s=\"\\x%02x\\x%02x\"\n", #id, value, min);
#include <icmpkit/nd_options.def>
#undef X
    /* RFC 4884: version 2 without a checksum; an object of each class that has one C-Type or more
     */
    puts("ext=\"\\x20\\x00\\x00\\x00\"");
    puts("ext_mpls=\"\\x00\\x08\\x01\\x01\"");
    puts("ext_ifinfo=\"\\x00\\x08\\x02\\x08\"");
    puts("ext_ifident=\"\\x00\\x08\\x03\\x02\"");
    puts("ext_pointer=\"\\x00\\x08\\x04\\x01\"");
    static const struct {
        const char *name;
        unsigned value, bytes;
    } numbers[] = {
        {"pcap", 0xa1b2c3d4, 4},     {"pcap_nano", 0xa1b23c4d, 4}, {"ng_section", 0x0a0d0d0a, 4},
        {"ng_order", 0x1a2b3c4d, 4}, {"ng_interface", 1, 4},       {"ng_simple", 3, 4},
        {"ng_statistics", 5, 4},     {"ng_packet", 6, 4},          {"ng_resolution", 0x90001, 4},
        {"ng_offset", 0xe0008, 4},   {"ipv4", 0x0800, 2},          {"ipv6", 0x86dd, 2},
        {"vlan", 0x8100, 2},         {"qinq", 0x88a8, 2},          {"mpls", 0x8847, 2},
        {"mpls_end", 0x00010140, 4}, {"pppoe", 0x8864, 2},         {"ppp", 0x0021, 2},
        {"bridged", 0x6558, 2},      {"erspan", 0x88be, 2},        {"erspan3", 0x22eb, 2},
        {"vxlan", 4789, 2},          {"geneve", 6081, 2},          {"mpls_udp", 6635, 2},
        {"gre_all", 0xf000, 2},      {"snap", 0xaaaa0300, 4},      {"cooked2", 276, 2},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        for (int little = 0; little < 2; little++) {
            printf("%s_%d=\"", numbers[i].name, little);
            for (unsigned b = 0; b < numbers[i].bytes; b++)
                printf("\\x%02x",
                       numbers[i].value >> 8 * (little ? b : numbers[i].bytes - 1 - b) & 0xff);
            puts("\"");
        }
    }
    unsigned n = 0;
#define X(value, name) printf("word%u=\"%s\"\n", n++, name);
#include "link/capwords.def"
#undef X
    return ferror(stdout) ? 1 : 0;
}
