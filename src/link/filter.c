/* SPDX-License-Identifier: MIT
 * Classic BPF programs. A program is a row of blocks; each judges one kind of message and ends in
 * accept or drop, and a message that a block is not about jumps over it. A load beyond the end of
 * the packet drops it: that is the kernel's rule, and what is wanted of a quote cut short. */
#include "link/filter.h"

#include "icmpkit/link.h"

#include <assert.h>

struct prog {
    struct sock_filter *out;
    size_t n;
};

static void emit(struct prog *p, uint16_t code, uint32_t k)
{
    assert(p->n < IK_FILTER_MAX);
    p->out[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Goes on when the accumulator equals k, drops the packet otherwise. */
static void require(struct prog *p, uint32_t k)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, k);
    p->out[p->n - 1].jt = 1;
    emit(p, BPF_RET | BPF_K, 0);
}

static void accept_all(struct prog *p)
{
    emit(p, BPF_RET | BPF_K, UINT32_MAX);
}

/* Opens a block for packets whose accumulator is one of `values`; block_close() ends it. */
static size_t block_open(struct prog *p, const uint8_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, values[i]);
        p->out[p->n - 1].jt = (uint8_t)(n - i); /* past the remaining tests and the jump */
    }
    emit(p, BPF_JMP | BPF_JA, 0);
    return p->n - 1;
}

/* The same for an accumulator below `bound`. */
static size_t block_open_below(struct prog *p, uint32_t bound)
{
    emit(p, BPF_JMP | BPF_JGE | BPF_K, bound);
    p->out[p->n - 1].jf = 1; /* past the jump */
    emit(p, BPF_JMP | BPF_JA, 0);
    return p->n - 1;
}

static void block_close(struct prog *p, size_t opened)
{
    p->out[opened].k = (uint32_t)(p->n - opened - 1);
}

/* An answer of `type`, ICMP header at `base` (from X with IPv4). */
static void answer(struct prog *p, const struct ik_filter_cfg *cfg, uint8_t type, bool by_ident,
                   bool by_tag)
{
    const uint16_t mode = cfg->family == 4 ? BPF_IND : BPF_ABS;
    const size_t block = block_open(p, &type, 1);
    if (by_ident) {
        emit(p, BPF_LD | BPF_H | mode, 4);
        require(p, cfg->ident);
    }
    if (by_tag && cfg->filter_tag) {
        emit(p, BPF_LD | BPF_W | mode, 8);
        require(p, cfg->tag);
    }
    accept_all(p);
    block_close(p, block);
}

/* The quoted transport header is at X + k (IPv4) or k (IPv6), its protocol in the accumulator. */
static void quoted(struct prog *p, const struct ik_filter_cfg *cfg, uint32_t k)
{
    const uint16_t mode = cfg->family == 4 ? BPF_IND : BPF_ABS;
    const uint8_t icmp = cfg->family == 4 ? 1 : 58;
    size_t block = block_open(p, &icmp, 1);
    emit(p, BPF_LD | BPF_H | mode, k + 4);
    require(p, cfg->ident);
    accept_all(p);
    block_close(p, block);
    if (!cfg->ports)
        return;
    static const uint8_t with_ports[] = {6, 17};
    block = block_open(p, with_ports, sizeof(with_ports));
    emit(p, BPF_LD | BPF_H | mode, k);
    require(p, cfg->ident);
    accept_all(p);
    block_close(p, block);
}

static void errors4(struct prog *p, const struct ik_filter_cfg *cfg)
{
    static const uint8_t types[] = {3, 4, 5, 11, 12};
    const size_t block = block_open(p, types, sizeof(types));
    /* X becomes outer plus quoted header length; the protocol waits in M[0] meanwhile. */
    emit(p, BPF_LD | BPF_B | BPF_IND, 8 + 9);
    emit(p, BPF_ST, 0);
    emit(p, BPF_LD | BPF_B | BPF_IND, 8);
    emit(p, BPF_ALU | BPF_AND | BPF_K, 15);
    emit(p, BPF_ALU | BPF_LSH | BPF_K, 2);
    emit(p, BPF_ALU | BPF_ADD | BPF_X, 0);
    emit(p, BPF_MISC | BPF_TAX, 0);
    emit(p, BPF_LD | BPF_MEM, 0);
    quoted(p, cfg, 8);
    emit(p, BPF_RET | BPF_K, 0);
    block_close(p, block);
}

/* One of unknown type too goes to whom its quote names (RFC 4443 section 2.4 (a)). */
static void errors6(struct prog *p, const struct ik_filter_cfg *cfg)
{
    enum { INFORMATIONAL = 128 };
    static const uint8_t extensions[] = {0, 43, 44, 51, 60, 135, 139, 140};
    const size_t block = block_open_below(p, INFORMATIONAL);
    emit(p, BPF_LD | BPF_B | BPF_ABS, 8 + 6);
    quoted(p, cfg, 8 + 40);
    const size_t chain = block_open(p, extensions, sizeof(extensions));
    accept_all(p);
    block_close(p, chain);
    emit(p, BPF_RET | BPF_K, 0);
    block_close(p, block);
}

size_t ik_filter_icmp(struct sock_filter out[static IK_FILTER_MAX], const struct ik_filter_cfg *cfg)
{
    struct prog p = {.out = out};
    if (cfg->family == 4) {
        emit(&p, BPF_LDX | BPF_B | BPF_MSH, 0);
        emit(&p, BPF_LD | BPF_B | BPF_IND, 0);
        if (cfg->answers & IK_ANSWER_ECHO)
            answer(&p, cfg, 0, true, true);
        if (cfg->answers & IK_ANSWER_TIMESTAMP)
            answer(&p, cfg, 14, true, false);
        errors4(&p, cfg);
    } else {
        emit(&p, BPF_LD | BPF_B | BPF_ABS, 0);
        if (cfg->answers & IK_ANSWER_ECHO)
            answer(&p, cfg, 129, true, true);
        if (cfg->answers & IK_ANSWER_NODE_INFO)
            answer(&p, cfg, 140, false, true);
        errors6(&p, cfg);
    }
    emit(&p, BPF_RET | BPF_K, 0);
    return p.n;
}

size_t ik_filter_tcp(struct sock_filter out[static IK_FILTER_MAX], const struct ik_filter_cfg *cfg)
{
    struct prog p = {.out = out};
    const uint16_t mode = cfg->family == 4 ? BPF_IND : BPF_ABS;
    if (cfg->family == 4)
        emit(&p, BPF_LDX | BPF_B | BPF_MSH, 0);
    emit(&p, BPF_LD | BPF_H | mode, 2);
    require(&p, cfg->ident);
    emit(&p, BPF_LD | BPF_B | mode, 13);
    emit(&p, BPF_JMP | BPF_JSET | BPF_K, 0x04); /* RST */
    p.out[p.n - 1].jf = 1;
    accept_all(&p);
    emit(&p, BPF_ALU | BPF_AND | BPF_K, 0x12);
    require(&p, 0x12); /* SYN and ACK */
    accept_all(&p);
    return p.n;
}
