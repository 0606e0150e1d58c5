/* SPDX-License-Identifier: MIT
 * What the kernel lets through to a raw socket: classic BPF, built for one run. Pure. */
#pragma once

#include "icmpkit/base.h"

#include <linux/filter.h>

/* Which messages concern the run. */
struct ik_filter_cfg {
    uint8_t family;   /* 4 or 6 */
    uint16_t ident;   /* ICMP identifier, or source port of TCP and UDP */
    uint32_t answers; /* enum ik_link_answer */
    uint32_t tag;     /* of answers, when `filter_tag` */
    bool filter_tag;
    bool ports; /* errors about TCP and UDP packets with our source port pass also */
};

enum { IK_FILTER_MAX = 80 }; /* instructions */

/* For a raw ICMP socket. IPv4 programs expect the IP header at offset 0, IPv6 ones the ICMPv6
 * header, as the kernel shows packets to the filter of a raw socket. Lets through: the answers
 * asked for, with our identifier (and tag); error messages (also source quench and redirect of
 * IPv4) that quote an ICMP packet with our identifier; with `ports`, those that quote a TCP or UDP
 * packet from our port. The header length of the quoted packet is honoured (IPv4); a quoted IPv6
 * packet with extension headers passes, to be judged above. Returns the number of instructions. */
size_t ik_filter_icmp(struct sock_filter out[static IK_FILTER_MAX],
                      const struct ik_filter_cfg *cfg);
/* For a raw TCP socket: SYN-ACK and RST to our port. */
size_t ik_filter_tcp(struct sock_filter out[static IK_FILTER_MAX], const struct ik_filter_cfg *cfg);
