/* SPDX-License-Identifier: MIT
 * Packets in a line of words, for events. What does not fit the writer is left out. */
#pragma once

#include "base/wr.h"
#include "icmpkit/wire.h"

/* An address as text. */
void ik_words_put_addr(struct ik_wr *w, const struct ik_addr *a);
/* Addresses, protocol, type and code or port, TTL and length. */
void ik_words_put_packet(struct ik_wr *w, const struct ik_ip *ip);
/* An ARP packet from its first byte. */
void ik_words_put_arp(struct ik_wr *w, struct ik_rd arp);
/* What an Ethernet frame carries. */
void ik_words_put_frame(struct ik_wr *w, struct ik_rd frame);
