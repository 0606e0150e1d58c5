/* SPDX-License-Identifier: MIT
 * The typed views of neighbour discovery options. Members stand in the order of the wire after type
 * and length, values in host order, spans borrow from the decoded bytes. */
#pragma once

#include <icmpkit/base.h>

#define X(value, id, ...) IK_NDOPT_##id = value,
enum ik_ndopt_type {
#include <icmpkit/nd_options.def>
};
#undef X

/* Source or target link-layer address (RFC 4861 section 4.6.1): as long as the link has them, then
 * padding that the option alone cannot tell from it. */
struct ik_nd_link {
    struct ik_rd addr;
};

#define IK_ND_PREFIX_ON_LINK 0x80
#define IK_ND_PREFIX_AUTONOMOUS 0x40
#define IK_ND_PREFIX_ROUTER_ADDRESS 0x20

/* Prefix information (RFC 4861 section 4.6.2, RFC 6275). */
struct ik_nd_prefix {
    uint8_t prefix_bits, flags;
    uint32_t valid_s, preferred_s, reserved;
    struct ik_addr prefix;
};

/* Redirected header (RFC 4861 section 4.6.3): the packet that was redirected, perhaps padded. */
struct ik_nd_redirected {
    uint8_t reserved[6];
    struct ik_rd packet;
};

/* MTU (RFC 4861 section 4.6.4). */
struct ik_nd_mtu {
    uint16_t reserved;
    uint32_t mtu;
};

/* Advertisement interval (RFC 6275 section 7.3). */
struct ik_nd_adv_interval {
    uint16_t reserved;
    uint32_t interval_ms;
};

/* Home agent information (RFC 6275 section 7.4; flags of RFC 3963). */
struct ik_nd_home_agent {
    uint16_t flags, preference, lifetime_s; /* preference is signed on the wire */
};

/* Source or target address list (RFC 3122 section 3): whole addresses, ik_icmp_list_take_addr. */
struct ik_nd_addr_list {
    uint8_t reserved[6];
    struct ik_rd addresses;
};

/* CGA (RFC 3971 section 5.1): the parameters, `pad` bytes shorter than what is there. */
struct ik_nd_cga {
    uint8_t pad, reserved;
    struct ik_rd parameters, padding;
};

/* RSA signature (RFC 3971 section 5.2); the padding is part of the span. */
struct ik_nd_rsa {
    uint16_t reserved;
    uint8_t key_hash[16];
    struct ik_rd signature;
};

/* Timestamp (RFC 3971 section 5.3.1): seconds since 1970 in the high 48 bits, 1/65536 s below. */
struct ik_nd_timestamp {
    uint8_t reserved[6];
    uint64_t time;
};

/* Nonce (RFC 3971 section 5.3.2). */
struct ik_nd_nonce {
    struct ik_rd nonce;
};

/* Trust anchor (RFC 3971 section 6.4.3): name type 1 DER, 2 domain name. */
struct ik_nd_trust_anchor {
    uint8_t name_type, pad;
    struct ik_rd name, padding;
};

/* Certificate (RFC 3971 section 6.4.4): type 1 X.509v3; the padding is part of the span. */
struct ik_nd_certificate {
    uint8_t cert_type, reserved;
    struct ik_rd certificate;
};

/* IP address or prefix of fast handovers (RFC 5568 section 6.4.1). */
struct ik_nd_ip_prefix {
    uint8_t option_code, prefix_bits;
    uint32_t reserved;
    struct ik_addr address;
};

#define IK_ND_ROUTE_PREFERENCE 0x18 /* as in a router advertisement */

/* Route information (RFC 4191 section 2.3): the prefix in 0, 8 or 16 bytes as it came. */
struct ik_nd_route {
    uint8_t prefix_bits, flags;
    uint32_t lifetime_s;
    struct ik_rd prefix;
};

/* Recursive DNS servers (RFC 8106 section 5.1): whole addresses, ik_icmp_list_take_addr. */
struct ik_nd_rdnss {
    uint16_t reserved;
    uint32_t lifetime_s;
    struct ik_rd addresses;
};

/* More flags of a router advertisement (RFC 5175 section 4): 48 bits and whatever follows. */
struct ik_nd_ra_flags {
    uint8_t flags[6];
    struct ik_rd more;
};

/* DNS search list (RFC 8106 section 5.2): names by ik_ndopt_take_name. */
struct ik_nd_dnssl {
    uint16_t reserved;
    uint32_t lifetime_s;
    struct ik_rd names;
};

#define IK_ND_ARO_REGISTER 0x02 /* R: route for the address wanted (RFC 8505) */
#define IK_ND_ARO_EXTENDED 0x01 /* T: tid is valid, the option is an EARO */

/* Address registration (RFC 6775 section 4.1), extended (RFC 8505 section 4.1). */
struct ik_nd_aro {
    uint8_t status, opaque, flags, tid;
    uint16_t lifetime_min;
    struct ik_rd rovr; /* 8, 16, 24 or 32 bytes: EUI-64, or owner verifier */
};

#define IK_ND_6CO_COMPRESS 0x10 /* C */
#define IK_ND_6CO_CID 0x0f

/* 6LoWPAN context (RFC 6775 section 4.2): the prefix in 8 or 16 bytes. */
struct ik_nd_context_6lo {
    uint8_t context_bits, flags;
    uint16_t reserved, lifetime_min;
    struct ik_rd prefix;
};

/* Authoritative border router (RFC 6775 section 4.3). */
struct ik_nd_abro {
    uint16_t version_low, version_high, lifetime_min;
    struct ik_addr address;
};

/* Captive portal (RFC 8910 section 2.3): a URI, then NULs. */
struct ik_nd_captive_portal {
    struct ik_rd uri, padding;
};

/* PREF64 (RFC 8781 section 4). */
struct ik_nd_pref64 {
    uint16_t lifetime_plc; /* as it came: scaled lifetime 13 bits, prefix length code 3 bits */
    uint8_t prefix[12];    /* highest 96 bits */
    uint16_t lifetime_s;   /* worked out of it */
    uint8_t prefix_bits;   /* 96, 64, 56, 48, 40, 32; 0 for a code that means nothing */
};

/* One option as bytes. */
struct ik_ndopt {
    uint8_t type;
    struct ik_rd body; /* after type and length */
};

enum ik_ndopt_kind {
    IK_NDOPT_KIND_BYTES, /* unknown, of a wrong length, or of no view: the body alone */
#define X(kind, member, type) IK_NDOPT_KIND_##kind,
#include <icmpkit/nd_bodies.def>
#undef X
    IK_NDOPT_KIND_COUNT
};

/* One option, read. */
struct ik_ndopt_view {
    uint8_t type;
    enum ik_ndopt_kind kind;
    struct ik_rd body;
    union {
#define X(kind, member, type) type member;
#include <icmpkit/nd_bodies.def>
#undef X
    };
};

/* Takes the next option. IK_E_NOT_FOUND at the end; IK_E_ZERO_LEN (a length of zero), IK_E_SHORT
 * (past the end): the whole message is invalid (RFC 4861 section 4.6), and nothing more is taken.
 * Faults count from where the reader stood. */
struct ik_faults;
IK_MUST_USE enum ik_err ik_ndopt_take(struct ik_rd *options, struct ik_ndopt *out,
                                      struct ik_faults *faults);
/* Reads an option. IK_E_LENGTH or IK_E_VALUE with kind BYTES when it is not what its type allows:
 * the option is to be ignored. Unknown types are BYTES and right. Faults count from the type octet
 * of the option. */
IK_MUST_USE enum ik_err ik_ndopt_decode(struct ik_ndopt_view *out, const struct ik_ndopt *option,
                                        struct ik_faults *faults);
/* Writes type, length and body, zeros up to a unit of 8 bytes. IK_E_FULL; IK_E_TOO_BIG beyond 2040
 * bytes. Reserved members go out as they stand. */
IK_MUST_USE enum ik_err ik_ndopt_encode(const struct ik_ndopt_view *view, uint8_t *out, size_t cap,
                                        size_t *len);
/* Spelling of a type in all outputs ("prefix-information"), static, NULL when unknown. */
const char *ik_ndopt_name(uint8_t type);

/* Bytes of a name as text, every byte escaped to four, with dots and terminator. */
#define IK_ND_NAME_TEXT 1024

/* Takes the next name of a search list as text in the presentation form of DNS: any byte that is no
 * letter, digit, hyphen or underscore becomes \DDD (RFC 1035 section 5.1), for what comes from a
 * packet may end in a shell. IK_E_NOT_FOUND at the end (zeros are padding); IK_E_SHORT, IK_E_LENGTH
 * (a label over 63, compression, a name over 255), after which nothing more is taken. */
IK_MUST_USE enum ik_err ik_ndopt_take_name(struct ik_rd *names, char text[static IK_ND_NAME_TEXT]);
