/* SPDX-License-Identifier: MIT
 * The typed views of ICMP bodies and their union. Members stand in the order of the wire, values in
 * host order; spans borrow from the decoded bytes. `trailing` is what came after the end that the
 * type defines, so that no byte is lost. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/types.h>

/* ---- both families --------------------------------------------------------------------------- */

/* Echo or Echo Reply after type, code, checksum (RFC 792; RFC 4443 section 4.1). */
struct ik_echo {
    uint16_t id, seq;  /* host order */
    struct ik_rd data; /* may be empty */
};

/* An error: octets 4-7 by type, the quote, and an RFC 4884 structure where the length attribute (or
 * lenience) says there is one; ik_ext_open judges it. Any ICMPv6 type below 128 that no row names
 * is an error too (RFC 4443 sections 2.1 and 3). */
struct ik_icmp_error {
    uint32_t rest;    /* octets 4-7 as they came */
    uint32_t mtu;     /* v4 3/4, v6 2; else 0 */
    uint32_t pointer; /* v4 12 (code 1: the missing option's type), 31, 40; v6 4, and 1/8 in its
                         object */
    struct ik_addr gateway;  /* v4 redirect; else family 0 */
    uint8_t length_words;    /* the RFC 4884 length attribute, 0 where the type has none */
    bool lenient;            /* the structure was found where no length attribute points */
    struct ik_rd quote;      /* quoted bytes: the original datagram field */
    struct ik_rd extensions; /* the structure from its version octet, or empty */
};

/* Extended Echo Request (RFC 8335 section 2), v4 42 and v6 160. */
struct ik_icmp_ext_echo {
    uint16_t id;
    uint8_t seq;
    uint8_t flags;           /* octet 7 as it came */
    struct ik_rd extensions; /* the structure from its version octet */
    struct ik_rd trailing;   /* data that a newer tool appends outside of the checksum of the
                                structure (draft-ietf-intarea-rfc8335bis) */
    bool local;              /* L: the probed interface is on the proxy itself */
};

/* What the proxy knows of a probed neighbour: values of `state` (RFC 8335 section 3). */
#define IK_EXT_ECHO_STATES(X)   \
    X(NONE, "none")             \
    X(INCOMPLETE, "incomplete") \
    X(REACHABLE, "reachable")   \
    X(STALE, "stale")           \
    X(DELAY, "delay")           \
    X(PROBE, "probe")           \
    X(FAILED, "failed")

enum ik_ext_echo_state {
#define X(id, name) IK_EXT_ECHO_##id,
    IK_EXT_ECHO_STATES(X)
#undef X
};

/* Extended Echo Reply (RFC 8335 section 3), v4 43 and v6 161. */
struct ik_icmp_ext_echo_reply {
    uint16_t id;
    uint8_t seq;
    uint8_t flags;           /* octet 7 as it came */
    struct ik_rd data;       /* octets after the header: newer responders copy the request */
    uint8_t state;           /* enum ik_ext_echo_state, 7 is undefined; valid when not local */
    bool active, ipv4, ipv6; /* A, 4, 6 of the probed interface */
};

/* Experimental mobility (RFC 4065), v4 41 and v6 150; the code belongs to the subtype. */
struct ik_icmp_seamoby {
    uint8_t subtype;
    uint8_t reserved[3];
    struct ik_rd data;
};

/* ---- ICMPv4 ---------------------------------------------------------------------------------- */

/* Timestamp and its reply: milliseconds since midnight UT; the top bit marks a non-standard value
 * (RFC 792). */
struct ik_icmp_timestamp {
    uint16_t id, seq;
    uint32_t originate, receive, transmit;
    struct ik_rd trailing;
};

/* Information request and reply (RFC 792); the domain name request (RFC 1788) looks the same. */
struct ik_icmp_information {
    uint16_t id, seq;
    struct ik_rd trailing;
};

/* Address mask request and reply (RFC 950 appendix I). */
struct ik_icmp_mask {
    uint16_t id, seq;
    struct ik_addr mask; /* family 4 */
    struct ik_rd trailing;
};

/* Router advertisement (RFC 1256 section 3). */
struct ik_icmp_router_adv4 {
    uint8_t count, entry_words; /* entries, and 32-bit words of each (2) */
    uint16_t lifetime_s;
    struct ik_rd entries; /* as many whole ones of `count` as are there; ik_icmp_list_take_router */
    struct ik_rd trailing;
};

/* Router solicitation (RFC 1256 section 3). */
struct ik_icmp_router_sol4 {
    uint32_t reserved;
    struct ik_rd trailing;
};

/* Traceroute (RFC 1393 section 2.3). A return hop count of ffff marks an outbound packet; speed and
 * MTU are 0 when unknown. */
struct ik_icmp_traceroute {
    uint16_t id, reserved, out_hops, return_hops;
    uint32_t speed_bytes_s, mtu;
    struct ik_rd trailing;
};

/* Domain name reply (RFC 1788); the names in DNS encoding, as they came. */
struct ik_icmp_domain_name {
    uint16_t id, seq;
    uint32_t ttl_s; /* signed on the wire: a top bit means negative */
    struct ik_rd names;
};

/* ---- multicast listeners and routers --------------------------------------------------------- */

/* Multicast listener query of 24 octets, report, done (RFC 2710 section 3). */
struct ik_icmp_mld {
    uint16_t max_delay_ms, reserved;
    struct ik_addr group;
    struct ik_rd trailing; /* ignored, though the checksum covers it */
};

#define IK_MLD2_SUPPRESS 0x08 /* of ik_icmp_mld2_query.flags */
#define IK_MLD2_QRV 0x07      /* the querier's robustness variable */

/* Multicast listener query of 28 octets or more (RFC 3810 section 5.1). */
struct ik_icmp_mld2_query {
    uint16_t max_code, reserved; /* ik_mld_time_ms gives the time that max_code means */
    struct ik_addr group;
    uint8_t flags, qqic;  /* ik_mld_interval_s gives the interval that qqic means */
    uint16_t count;       /* sources */
    struct ik_rd sources; /* as many whole ones of `count` as are there; ik_icmp_list_take_addr */
    struct ik_rd trailing;
};

/* Multicast listener report, version 2 (RFC 3810 section 5.2). */
struct ik_icmp_mld2_report {
    uint16_t reserved, count; /* records */
    struct ik_rd records;     /* the whole ones of `count`; ik_icmp_list_take_record */
    struct ik_rd trailing;
};

/* Multicast router advertisement (RFC 4286 section 3); the code octet is the interval in seconds.
 */
struct ik_icmp_mrd_adv {
    uint16_t query_interval_s, robustness;
    struct ik_rd trailing;
};

/* Multicast router solicitation and termination (RFC 4286): nothing after the checksum. */
struct ik_icmp_mrd {
    struct ik_rd trailing;
};

/* ---- neighbour discovery: options by ik_ndopt_take ------------------------------------------- */

/* Router solicitation (RFC 4861 section 4.1). */
struct ik_icmp_router_sol {
    uint32_t reserved;
    struct ik_rd options;
};

/* Of ik_icmp_router_adv.flags (RFC 4861, RFC 6275, RFC 4191, RFC 4389). */
#define IK_RA_MANAGED 0x80
#define IK_RA_OTHER 0x40
#define IK_RA_HOME_AGENT 0x20
#define IK_RA_PREFERENCE 0x18 /* 01 high, 00 medium, 11 low, 10 reserved */
#define IK_RA_PROXY 0x04

/* Router advertisement (RFC 4861 section 4.2). */
struct ik_icmp_router_adv {
    uint8_t hop_limit, flags;
    uint16_t lifetime_s;
    uint32_t reachable_ms, retransmit_ms;
    struct ik_rd options;
};

/* Neighbour solicitation (RFC 4861 section 4.3). */
struct ik_icmp_neighbor_sol {
    uint32_t reserved;
    struct ik_addr target;
    struct ik_rd options;
};

/* Of ik_icmp_neighbor_adv.flags. */
#define IK_NA_ROUTER 0x80
#define IK_NA_SOLICITED 0x40
#define IK_NA_OVERRIDE 0x20

/* Neighbour advertisement (RFC 4861 section 4.4). */
struct ik_icmp_neighbor_adv {
    uint8_t flags;
    uint8_t reserved[3];
    struct ik_addr target;
    struct ik_rd options;
};

/* ICMPv6 redirect (RFC 4861 section 4.5); the ICMPv4 one is an error. */
struct ik_icmp_redirect {
    uint32_t reserved;
    struct ik_addr target, destination;
    struct ik_rd options;
};

/* Inverse neighbour solicitation and advertisement (RFC 3122 section 2). */
struct ik_icmp_inverse_nd {
    uint32_t reserved;
    struct ik_rd options;
};

/* Certification path solicitation (RFC 3971 section 6.4.1). */
struct ik_icmp_cert_path_sol {
    uint16_t id, component; /* ffff: all */
    struct ik_rd options;
};

/* Certification path advertisement (RFC 3971 section 6.4.2). */
struct ik_icmp_cert_path_adv {
    uint16_t id, all_components, component, reserved;
    struct ik_rd options;
};

#define IK_FMIP_RTSOLPR 2 /* router solicitation for proxy advertisement */
#define IK_FMIP_PRRTADV 3 /* proxy router advertisement */

/* Fast handovers (RFC 5568 section 6.1); options have the form of ND options. */
struct ik_icmp_fmip {
    uint8_t subtype, reserved;
    uint16_t id;
    struct ik_rd options;
};

/* ---- other ICMPv6 ---------------------------------------------------------------------------- */

/* Node information query or reply (RFC 4620 section 4). */
struct ik_node_info {
    uint16_t qtype, flags;
    uint8_t nonce[8];
    struct ik_rd data;
};

/* Of ik_icmp_renumbering.flags. */
#define IK_RENUM_TEST 0x80
#define IK_RENUM_RESULT 0x40
#define IK_RENUM_ALL_INTERFACES 0x20
#define IK_RENUM_SITE_SPECIFIC 0x10
#define IK_RENUM_PROCESSED 0x08

/* Router renumbering (RFC 2894 section 3.1); operations of a command by ik_icmp_list_take_op,
 * results by ik_icmp_list_take_result. */
struct ik_icmp_renumbering {
    uint32_t seq;
    uint8_t segment, flags;
    uint16_t max_delay_ms;
    uint32_t reserved;
    struct ik_rd body;
};

/* Home agent address discovery request and reply (RFC 6275 sections 6.5, 6.6; RFC 3963 flags). */
struct ik_icmp_home_agent {
    uint16_t id, flags;
    struct ik_rd addresses; /* whole 16-byte addresses: ik_icmp_list_take_addr; none in a request */
    struct ik_rd trailing;
};

/* Of ik_icmp_mobile_prefix.flags in an advertisement. */
#define IK_MOBILE_PREFIX_MANAGED 0x8000
#define IK_MOBILE_PREFIX_OTHER 0x4000

/* Mobile prefix solicitation and advertisement (RFC 6275 sections 6.7, 6.8). */
struct ik_icmp_mobile_prefix {
    uint16_t id, flags;
    struct ik_rd options; /* ND options */
};

/* Locator update of ILNP (RFC 6743 section 3). */
struct ik_icmp_locator_update {
    uint8_t count, operation; /* locators; 1 advertisement, 2 acknowledgement */
    uint16_t reserved;
    struct ik_rd
        locators; /* as many whole ones of `count` as are there; ik_icmp_list_take_locator */
    struct ik_rd trailing;
};

/* Duplicate address request and confirmation, plain (RFC 6775 section 4.4) and extended (RFC 8505
 * section 4.2), where the low bits of the code say how long the ROVR is. */
struct ik_icmp_dup_addr {
    uint8_t status, tid; /* tid: transaction ID; reserved in the plain form */
    uint16_t lifetime_min;
    struct ik_rd rovr; /* 8, 16, 24 or 32 bytes: EUI-64, or owner verifier */
    struct ik_addr address;
    struct ik_rd trailing;
};

/* MPL control (RFC 7731 section 6.3); entries by ik_icmp_list_take_seed. */
struct ik_icmp_mpl {
    struct ik_rd seeds;
};

/* ---- RPL ------------------------------------------------------------------------------------- */

/* The security section of a secure RPL message (RFC 6550 section 6.1). */
struct ik_rpl_security {
    uint8_t flags, algorithm; /* flags: T, counter is time, at the top */
    uint8_t mode_level;       /* key identifier mode 2 bits, reserved 3, level 3 */
    uint8_t reserved;
    uint32_t counter;
    struct ik_rd key; /* key source and index: 0, 1 or 9 bytes by mode and level */
};

#define IK_RPL_DODAGID_PRESENT 0x40     /* D in the flags of DAO and DCO */
#define IK_RPL_ACK_DODAGID_PRESENT 0x80 /* D in the flags of their acknowledgements */
#define IK_RPL_ACK_WANTED 0x80          /* K */

/* The base of a message by code (RFC 6550 section 6; 6997, 9009, 9914). Which members are there is
 * the code's matter; the others are zero. */
struct ik_rpl_base {
    uint8_t instance, version;
    uint16_t rank;       /* DIO */
    uint8_t flags;       /* as they came: G MOP Prf of a DIO; K D; ... */
    uint8_t dtsn;        /* DIO */
    uint16_t flags16;    /* P2P-DRO and its acknowledgement: S, A, Seq */
    uint8_t seq, status; /* of DAO, DCO, PDR and their acknowledgements */
    uint8_t lifetime;    /* PDR and its acknowledgement */
    uint8_t reserved[2]; /* reserved and unused octets, in their order */
    uint16_t nonce;      /* consistency check */
    uint32_t counter;    /* consistency check: the destination's */
    bool has_dodagid;
    struct ik_addr dodagid;
};

/* RPL control message (RFC 6550). The base is not decoded (`has_base` false, the bytes in
 * `options`) when it is encrypted, for a measurement object, and for an unknown code. */
struct ik_icmp_rpl {
    bool has_security, has_base;
    struct ik_rpl_security security;
    struct ik_rpl_base base;
    struct ik_rd
        options; /* ik_icmp_list_take_rpl; a secure message has its MAC or signature at the end */
};

/* ---- one message ----------------------------------------------------------------------------- */

/* Which member of the union is meant. */
enum ik_icmp_kind {
    IK_ICMP_RAW, /* unknown, reserved, experimental or malformed: bytes only */
#define X(kind, member, type) IK_ICMP_##kind,
#include <icmpkit/icmp_bodies.def>
#undef X
    IK_ICMP_KIND_COUNT
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
#define X(kind, member, type) type member;
#include <icmpkit/icmp_bodies.def>
#undef X
    };
};
