/* SPDX-License-Identifier: MIT
 * Tokens of probes. */
#include "probe/token.h"

#include "base/bytes.h"
#include "base/siphash.h"

#include <string.h>

uint64_t ik_token_hash(const uint8_t key[static 16], const struct ik_token *token)
{
    /* The family is not there: an IPv4 address is followed by zeros, which is no IPv6 address that
     * anything answers from (RFC 4291 section 2.5.5). */
    uint8_t in[24];
    memcpy(in, token->to->bytes, 16);
    ik_store_be32(in + 16, token->number);
    ik_store_be16(in + 20, token->seq);
    ik_store_be16(in + 22, token->ident);
    return ik_siphash(key, in, sizeof(in));
}

void ik_token_put(uint8_t out[static IK_TOKEN_BYTES], uint32_t tag, uint32_t number, uint64_t hash)
{
    ik_store_be32(out, tag);
    ik_store_be32(out + 4, number);
    ik_store_be64(out + 8, hash);
}

bool ik_token_get(struct ik_rd in, uint32_t tag, uint32_t *number, uint64_t *hash)
{
    if (in.left < IK_TOKEN_BYTES || ik_load_be32(in.p) != tag)
        return false;
    *number = ik_load_be32(in.p + 4);
    *hash = ik_load_be64(in.p + 8);
    return true;
}
