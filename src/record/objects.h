/* SPDX-License-Identifier: MIT
 * RFC 4884 extension structures as JSON. */
#pragma once

#include <icmpkit/wire.h>

#include "base/rd.h"
#include "base/wr.h"

/* Most bytes of JSON that the objects of one structure take before the rest is only said to exist:
 * strangers choose how many there are, and a record has to fit. */
enum { IK_OBJECTS_JSON_BYTES = 12288 };

/* Appends an array with an object {class ctype ...} for each object of the structure: class 1
 * C-Type 1 {mpls[{label tc s ttl}]}, class 2 {role index? addr? name? mtu?}, class 3 {name | index
 * | afi addr}; others {hex}. What cannot be decoded is told as {flaw hex}, in place of the
 * structure when its version or checksum is wrong; {more:true} closes a list that was cut. */
void ik_objects_put(struct ik_wr *w, struct ik_rd structure);
/* Appends the members flaw and hex: why bytes could not be decoded, and the first of them. */
void ik_objects_put_flaw(struct ik_wr *w, enum ik_err err, struct ik_rd bytes);
