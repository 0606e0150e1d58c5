/* SPDX-License-Identifier: MIT */
#include "net/lpm.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { NOTHING = 999 };

static struct ik_prefix prefix(const char *text)
{
    struct ik_prefix p;
    if (ik_prefix_parse(text, &p) != IK_OK)
        fail_msg("cannot parse %s", text);
    return p;
}

static void put(struct ik_lpm *l, const char *text, uint32_t value)
{
    const struct ik_prefix p = prefix(text);
    assert_int_equal(ik_lpm_put(l, &p, value), IK_OK);
}

static uint32_t get(const struct ik_lpm *l, const char *text)
{
    struct ik_addr a;
    uint32_t value = NOTHING;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return ik_lpm_get(l, &a, &value) ? value : NOTHING;
}

static void get__nested_prefixes__longest_wins(void **state)
{
    (void)state;
    struct ik_lpm_row mem[9];
    struct ik_lpm l;
    ik_lpm_init(&l, mem, 9);
    assert_int_equal(get(&l, "10.0.0.1"), NOTHING);
    put(&l, "10.1.2.0/24", 24);
    put(&l, "10.0.0.0/8", 8);
    put(&l, "10.1.0.0/16", 16);
    put(&l, "10.1.2.3/32", 32);
    put(&l, "::/0", 60);
    put(&l, "2001:db8::/32", 62);
    put(&l, "2001:db8::/65", 65);
    put(&l, "2001:db8::1/128", 68);
    assert_int_equal(get(&l, "10.1.2.3"), 32);
    assert_int_equal(get(&l, "10.1.2.4"), 24);
    assert_int_equal(get(&l, "10.1.3.4"), 16);
    assert_int_equal(get(&l, "10.200.0.0"), 8);
    assert_int_equal(get(&l, "11.0.0.0"), NOTHING); /* the default is IPv6's alone */
    assert_int_equal(get(&l, "9.255.255.255"), NOTHING);
    assert_int_equal(get(&l, "2001:db8::1"), 68);
    assert_int_equal(get(&l, "2001:db8::2"), 65);
    assert_int_equal(get(&l, "2001:db8:0:0:8000::"), 62);
    assert_int_equal(get(&l, "ffff::"), 60);
    assert_int_equal(get(&l, "a01:203::"), 60); /* the bytes of 10.1.2.3 */
    put(&l, "0.0.0.0/0", 1);
    assert_int_equal(get(&l, "11.0.0.0"), 1);
    assert_int_equal(get(&l, "255.255.255.255"), 1);
}

static void put__same_prefix__replaces_even_when_full(void **state)
{
    (void)state;
    struct ik_lpm_row mem[2];
    struct ik_lpm l;
    ik_lpm_init(&l, mem, 2);
    put(&l, "10.0.0.0/8", 1);
    put(&l, "10.0.0.0/9", 2);
    const struct ik_prefix third = prefix("::/0");
    assert_int_equal(ik_lpm_put(&l, &third, 3), IK_E_FULL);
    put(&l, "10.0.0.0/8", 4);
    assert_int_equal(get(&l, "10.0.0.1"), 2);
    assert_int_equal(get(&l, "10.128.0.1"), 4);
    assert_int_equal(get(&l, "::1"), NOTHING);
}

static void remove__middle_of_a_nest__inner_falls_to_outer(void **state)
{
    (void)state;
    struct ik_lpm_row mem[4];
    struct ik_lpm l;
    ik_lpm_init(&l, mem, 4);
    put(&l, "10.0.0.0/8", 8);
    put(&l, "10.1.0.0/16", 16);
    put(&l, "10.1.2.0/24", 24);
    put(&l, "::/0", 6);
    const struct ik_prefix middle = prefix("10.1.0.0/16"), none = prefix("10.1.0.0/17");
    assert_false(ik_lpm_remove(&l, &none));
    assert_true(ik_lpm_remove(&l, &middle));
    assert_false(ik_lpm_remove(&l, &middle));
    assert_int_equal(get(&l, "10.1.2.9"), 24);
    assert_int_equal(get(&l, "10.1.3.9"), 8);
    assert_int_equal(get(&l, "::9"), 6);
}

/* A few bits decide, so that prefixes nest and touch. */
static struct ik_prefix random_prefix(struct ik_rng *r)
{
    struct ik_prefix p = {.addr = {.family = ik_rng_below(r, 2) ? 4 : 6}};
    const unsigned most = p.addr.family == 4 ? 32 : 128;
    p.bits = (uint8_t)ik_rng_below(r, most + 1);
    for (unsigned i = 0; i < most; i++)
        if (i < p.bits && ik_rng_below(r, 8) == 0)
            p.addr.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
    return p;
}

struct model {
    struct ik_prefix prefix[64];
    uint32_t n;
};

static uint32_t model_find(const struct model *m, const struct ik_prefix *p)
{
    uint32_t i = 0;
    while (i < m->n &&
           !(m->prefix[i].bits == p->bits && ik_addr_equal(&m->prefix[i].addr, &p->addr)))
        i++;
    return i;
}

/* Bits of the longest match, or NOTHING. */
static uint32_t model_get(const struct model *m, const struct ik_addr *a)
{
    uint32_t best = NOTHING;
    for (uint32_t i = 0; i < m->n; i++)
        if (ik_prefix_contains(&m->prefix[i], a) && (best == NOTHING || m->prefix[i].bits > best))
            best = m->prefix[i].bits;
    return best;
}

static void step(struct ik_lpm *l, struct model *m, struct ik_rng *r)
{
    const struct ik_prefix p =
        ik_rng_below(r, 3) && m->n ? m->prefix[ik_rng_below(r, m->n)] : random_prefix(r);
    const uint32_t i = model_find(m, &p);
    if (ik_rng_below(r, 5) < 2) {
        assert_int_equal(ik_lpm_remove(l, &p), i < m->n);
        if (i < m->n)
            m->prefix[i] = m->prefix[--m->n];
        return;
    }
    const bool fits = i < m->n || m->n < 64;
    assert_int_equal(ik_lpm_put(l, &p, p.bits), fits ? IK_OK : IK_E_FULL);
    if (i == m->n && fits)
        m->prefix[m->n++] = p;
}

static void any__random_changes__agrees_with_a_list(void **state)
{
    (void)state;
    struct ik_lpm l;
    struct model m = {.n = 0};
    struct ik_rng r = {42};
    void *mem = malloc(ik_lpm_bytes(64));
    ik_lpm_init(&l, mem, 64);
    for (int round = 0; round < 20000; round++) {
        step(&l, &m, &r);
        struct ik_prefix at = random_prefix(&r);
        if (m.n && round % 2)
            at = m.prefix[ik_rng_below(&r, m.n)];
        uint32_t value = NOTHING;
        const uint32_t expected = model_get(&m, &at.addr);
        assert_int_equal(ik_lpm_get(&l, &at.addr, &value), expected != NOTHING);
        assert_int_equal(value, expected);
        assert_int_equal(l.n, m.n);
    }
    for (uint32_t i = 0; i < l.n; i++) {
        struct ik_prefix p;
        uint32_t value;
        ik_lpm_at(&l, i, &p, &value);
        assert_true(model_find(&m, &p) < m.n);
        assert_int_equal(value, p.bits);
    }
    free(mem);
}

static void put__ten_thousand__all_are_found(void **state)
{
    (void)state;
    struct ik_lpm l;
    void *mem = malloc(ik_lpm_bytes(10001));
    ik_lpm_init(&l, mem, 10001);
    put(&l, "0.0.0.0/0", NOTHING - 1);
    struct ik_prefix p = {.addr = {.family = 4, .bytes = {10}}, .bits = 24};
    for (uint32_t i = 0; i < 10000; i++) {
        p.addr.bytes[1] = (uint8_t)(i * 7919 % 10000 >> 8);
        p.addr.bytes[2] = (uint8_t)(i * 7919 % 10000);
        assert_int_equal(ik_lpm_put(&l, &p, i * 7919 % 10000), IK_OK);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        struct ik_addr a = {.family = 4, .bytes = {10, (uint8_t)(i >> 8), (uint8_t)i, 9}};
        uint32_t value;
        assert_true(ik_lpm_get(&l, &a, &value));
        assert_int_equal(value, i);
    }
    assert_int_equal(get(&l, "10.255.0.1"), NOTHING - 1);
    free(mem);
}

static void bytes__two_routes__under_a_hundred(void **state)
{
    (void)state;
    assert_true(sizeof(struct ik_lpm) + ik_lpm_bytes(2) < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get__nested_prefixes__longest_wins),
        cmocka_unit_test(put__same_prefix__replaces_even_when_full),
        cmocka_unit_test(remove__middle_of_a_nest__inner_falls_to_outer),
        cmocka_unit_test(any__random_changes__agrees_with_a_list),
        cmocka_unit_test(put__ten_thousand__all_are_found),
        cmocka_unit_test(bytes__two_routes__under_a_hundred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
