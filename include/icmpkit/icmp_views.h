/* SPDX-License-Identifier: MIT
 * The typed views of ICMP bodies and their union; included by wire.h. */
#pragma once

#include <icmpkit/base.h>

/* Echo or Echo Reply after type, code, checksum (RFC 792; RFC 4443 section 4.1). */
struct ik_echo {
    uint16_t id, seq;  /* host order */
    struct ik_rd data; /* may be empty */
};

/* An error: octets 4-7 by type, the quote, and an RFC 4884 structure where the length attribute (or
 * lenience) says there is one. */
struct ik_icmp_error {
    uint32_t rest;           /* octets 4-7 as they came */
    uint32_t mtu;            /* v4 3/4, v6 2; else 0 */
    uint32_t pointer;        /* v4 12, 31, 40; v6 4; else 0 */
    struct ik_addr gateway;  /* v4 redirect; else family 0 */
    uint8_t length_words;    /* the RFC 4884 length attribute, 0 where the type has none */
    bool lenient;            /* the structure was found without a length attribute */
    struct ik_rd quote;      /* quoted bytes: the original datagram field */
    struct ik_rd extensions; /* the structure from its version octet, or empty */
};

/* Timestamp and its reply: milliseconds since midnight UT; the top bit marks a non-standard value
 * (RFC 792). */
struct ik_icmp_timestamp {
    uint16_t id, seq;
    uint32_t originate, receive, transmit;
    struct ik_rd trailing;
};

/* Node information query or reply (RFC 4620 section 4). */
struct ik_node_info {
    uint16_t qtype, flags;
    uint8_t nonce[8];
    struct ik_rd data;
};

/* Which member of the union is meant. */
enum ik_icmp_kind {
    IK_ICMP_RAW, /* unknown, reserved, experimental or malformed: bytes only */
    IK_ICMP_ECHO,
    IK_ICMP_ERROR,
    IK_ICMP_TIMESTAMP,
    IK_ICMP_NODE_INFO,
};

/* One ICMP message. */
struct ik_icmp {
    uint8_t family; /* 4 or 6 */
    uint8_t type, code;
    uint16_t checksum;   /* as it stands */
    bool checksum_known; /* false: ICMPv6 without addresses, or a cut packet */
    bool checksum_ok;    /* true when not known */
    enum ik_icmp_kind kind;
    struct ik_rd raw; /* everything after the checksum, whatever the kind */
    union {
        struct ik_echo echo;
        struct ik_icmp_error error;
        struct ik_icmp_timestamp timestamp;
        struct ik_node_info node_info;
    };
};
