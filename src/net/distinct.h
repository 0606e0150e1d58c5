/* SPDX-License-Identifier: MIT
 * How many different things were seen, in fixed memory: exact up to 32, then HyperLogLog with 64
 * registers (Flajolet, Fusy, Gandouet, Meunier 2007), whose standard error is 13%. Things are known
 * by a keyed hash, so that nobody can choose many that look like one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { IK_DISTINCT_EXACT = 32, IK_DISTINCT_REGISTERS = 64 };

/* Zeroed is empty. */
struct ik_distinct {
    uint32_t n; /* exact; above IK_DISTINCT_EXACT: registers are used */
    union {
        uint32_t exact[IK_DISTINCT_EXACT];
        uint8_t registers[IK_DISTINCT_REGISTERS];
    };
};

/* What add does of all but the first thing. */
bool ik_distinct_add_other(struct ik_distinct *d, uint64_t hash);
/* Adds a thing. True when it was not there before; above 32 only some new ones are told. */
static inline bool ik_distinct_add(struct ik_distinct *d, uint64_t hash)
{
    const bool first = d->n > 0 && d->n <= IK_DISTINCT_EXACT;
    if (first && d->exact[0] == (uint32_t)(hash >> 32))
        return false;
    return ik_distinct_add_other(d, hash);
}
/* How many there are, about. */
uint32_t ik_distinct_count(const struct ik_distinct *d);

/* The same for what has only 8 bytes to spare: each thing sets the bit that its hash names, and
 * this tells from the bits how many things that takes, about (linear counting; Whang,
 * Vander-Zanden, Taylor 1990). Beyond 200 it says 310 at most. */
static inline uint64_t ik_distinct_bit(uint64_t hash)
{
    return (uint64_t)1 << (hash >> 58);
}
uint32_t ik_distinct_of_bits(uint64_t bits);
