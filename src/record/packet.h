/* SPDX-License-Identifier: MIT
 * The parts of a captured packet as JSON. */
#pragma once

#include <icmpkit/record.h>

#include "base/wr.h"

/* Appends {version src dst ttl tos id? len df mf offset proto flow? checksum? checksum_ok? options?
 * headers?}. */
void ik_packet_put_ip(struct ik_wr *w, const struct ik_rec_ip *ip);
/* Appends {type code name checksum checksum_ok ...}; checksum_ok is null when it cannot be known;
 * what follows is by type (told.h). */
void ik_packet_put_icmp(struct ik_wr *w, const struct ik_rec_icmp *icmp);
/* Appends {src_mac? dst_mac? layers[{layer at bytes ident? priority?}] more?}. */
void ik_packet_put_layers(struct ik_wr *w, const struct ik_layers *layers);
/* Appends [{what at}]; {more:true} closes a list that was cut. */
void ik_packet_put_flaws(struct ik_wr *w, const struct ik_faults *faults);
/* Appends {kind n? rtt_ns?}. */
void ik_packet_put_pair(struct ik_wr *w, const struct ik_rec_pair *pair);
/* Appends [{n time at bytes}]. */
void ik_packet_put_evidence(struct ik_wr *w, const struct ik_rec_evidence *evidence);
