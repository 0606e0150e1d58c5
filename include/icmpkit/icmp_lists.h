/* SPDX-License-Identifier: MIT
 * Iterators over what ICMP bodies list. Each takes from the front of a span that a view holds (copy
 * it first): IK_OK, or IK_E_NOT_FOUND at the end, or IK_E_SHORT / IK_E_LENGTH for an entry that is
 * cut or contradicts itself, after which nothing more is taken. *out is written on success only. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/icmp_views.h>

/* IPv6 addresses: sources of MLDv2, home agents, RDNSS, address lists. */
IK_MUST_USE enum ik_err ik_icmp_list_take_addr(struct ik_rd *addresses, struct ik_addr *out);

/* Entry of a router advertisement (RFC 1256 section 3). A preference of INT32_MIN: not to be used
 * as a default router. */
struct ik_icmp_router {
    struct ik_addr addr;
    int32_t preference;
    struct ik_rd more; /* words of an entry beyond the two that are defined */
};
/* `entry_words` is the view's. IK_E_LENGTH when it is below 2. */
IK_MUST_USE enum ik_err ik_icmp_list_take_router(struct ik_rd *entries, uint8_t entry_words,
                                                 struct ik_icmp_router *out);

/* Types of records (RFC 3810 section 5.2.12). */
enum ik_mld2_record_type {
    IK_MLD2_IS_INCLUDE = 1,
    IK_MLD2_IS_EXCLUDE,
    IK_MLD2_TO_INCLUDE,
    IK_MLD2_TO_EXCLUDE,
    IK_MLD2_ALLOW_NEW,
    IK_MLD2_BLOCK_OLD,
};

/* Record of a multicast listener report (RFC 3810 section 5.2). */
struct ik_mld2_record {
    uint8_t type, aux_words;
    uint16_t count; /* sources */
    struct ik_addr group;
    struct ik_rd sources; /* count * 16 bytes */
    struct ik_rd aux;     /* aux_words * 4 bytes */
};
IK_MUST_USE enum ik_err ik_icmp_list_take_record(struct ik_rd *records, struct ik_mld2_record *out);

/* Locator of an ILNP locator update (RFC 6743 section 3). */
struct ik_ilnp_locator {
    uint8_t locator[8];
    uint16_t preference, lifetime_s;
};
IK_MUST_USE enum ik_err ik_icmp_list_take_locator(struct ik_rd *locators,
                                                  struct ik_ilnp_locator *out);

/* Seed of an MPL control message (RFC 7731 section 6.4). */
struct ik_mpl_seed {
    uint8_t min_seqno;
    uint8_t bitmap_bytes,
        id_form; /* form 0: the source address is the id; 1, 2, 3: 2, 8, 16 bytes */
    struct ik_rd id;
    struct ik_rd buffered; /* bitmap of buffered messages */
};
IK_MUST_USE enum ik_err ik_icmp_list_take_seed(struct ik_rd *seeds, struct ik_mpl_seed *out);

/* Operation of a router renumbering command (RFC 2894 section 3.2): what matches, then use-prefix
 * parts of 32 bytes. */
struct ik_renum_op {
    uint8_t op, length_units, ordinal, match_bits, min_bits, max_bits; /* unit 8 bytes */
    uint16_t reserved;
    struct ik_addr prefix;
    struct ik_rd uses; /* ik_icmp_list_take_use */
};
IK_MUST_USE enum ik_err ik_icmp_list_take_op(struct ik_rd *body, struct ik_renum_op *out);
/* Use-prefix part. */
struct ik_renum_use {
    uint8_t use_bits, keep_bits, flag_mask, ra_flags;
    uint32_t valid_s, preferred_s, flags;
    struct ik_addr prefix;
};
IK_MUST_USE enum ik_err ik_icmp_list_take_use(struct ik_rd *uses, struct ik_renum_use *out);
/* Result of a command (RFC 2894 section 3.3): flags has B (2) and F (1). */
struct ik_renum_result {
    uint16_t flags;
    uint8_t ordinal, matched_bits;
    uint32_t interface;
    struct ik_addr prefix;
};
IK_MUST_USE enum ik_err ik_icmp_list_take_result(struct ik_rd *body, struct ik_renum_result *out);

/* Option of an RPL message (RFC 6550 section 6.7). Pad1 (type 0) has no length and no body. */
struct ik_rpl_option {
    uint8_t type;
    struct ik_rd body; /* after type and length */
};
IK_MUST_USE enum ik_err ik_icmp_list_take_rpl(struct ik_rd *options, struct ik_rpl_option *out);

/* Time that a maximum response code stands for (RFC 3810 section 5.1.3), ms. */
uint32_t ik_mld_time_ms(uint16_t max_code);
/* Interval that a QQIC stands for (RFC 3810 section 5.1.9), s. */
uint32_t ik_mld_interval_s(uint8_t qqic);
