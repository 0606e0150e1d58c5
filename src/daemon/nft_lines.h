/* SPDX-License-Identifier: MIT
 * Our table, and orders, in the language of nftables. */
#pragma once

#include "icmpkit/daemon.h"

/* Says all counters, and begins them anew. To list them nft(8) 1.0.6 would read all elements of all
 * sets first, which under a flood from forged sources has no end. */
#define IK_NFT_COUNT "reset counters table inet " IK_NFT_TABLE

enum { IK_NFT_LINE = 1024, IK_NFT_LINES = 16384 };

/* One transaction that makes the table, in place of one that was there. `owned`: it goes with the
 * nft that made it. Returns buf; NULL when `cap` (IK_NFT_LINES is enough) is too little. */
const char *ik_nft_lines_table(bool owned, char *buf, size_t cap);
/* What IK_ORDER_LIMIT_UNKNOWN needs besides, once. */
const char *ik_nft_lines_flows(char *buf, size_t cap);

/* Puts an order's elements in, or again for as long as it says; takes them out. Return buf, or NULL
 * for one that is too long. */
const char *ik_nft_lines_add(const struct ik_order *o, char buf[static IK_NFT_LINE]);
const char *ik_nft_lines_remove(const struct ik_order *o, char buf[static IK_NFT_LINE]);

/* Lets all pass that comes from there. Returns as those above. */
const char *ik_nft_lines_spare(const struct ik_prefix *who, char buf[static IK_NFT_LINE]);
