/* SPDX-License-Identifier: MIT
 * The fields of a message as JSON: the walk of <icmpkit/tell.h>, written down. */
#pragma once

#include <icmpkit/wire.h>

#include "base/wr.h"

/* Most bytes of JSON that what a message lists takes before the rest is only said to exist, beside
 * the extension objects (objects.h); and the same of IP options and extension headers. */
enum { IK_TOLD_ICMP_BYTES = 12288, IK_TOLD_IP_BYTES = 3072 };

/* Appends the members of an object that already has type, code, name and checksum: all fields of
 * the body. A number with a word is followed by `<key>_name` (`type` by `name`); bytes are
 * hexadecimal, cut after 128; the packet in an error is a `quote`, a structure `extensions`;
 * {more:true} closes a list that was cut. */
void ik_told_put_icmp(struct ik_wr *w, const struct ik_icmp *msg, struct ik_rd bytes);
/* Appends the member `options` (IPv4) or `headers` (IPv6) where there are any. */
void ik_told_put_ip(struct ik_wr *w, const struct ik_ip *ip, struct ik_rd bytes);
