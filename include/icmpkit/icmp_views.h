/* SPDX-License-Identifier: MIT
 * The typed views of ICMP bodies and their union; included by wire.h. */
#pragma once

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
