/* SPDX-License-Identifier: MIT
 * Prints a libFuzzer dictionary from the tables: first octets of every ICMP type and code, of every
 * neighbour discovery option, and the headers of extension structures. */
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
    return ferror(stdout) ? 1 : 0;
}
