/* SPDX-License-Identifier: MIT
 * Hashes of addresses: tables are to fill evenly whatever the addresses look like. */
#include "detect/keyed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { HOSTS = 65536, SETS = 4096, SECRETS = 8, MOST = 44 }; /* 16 a set, and seven deviations */

static struct ik_keyed key_of(uint8_t secret)
{
    struct ik_keyed h;
    const uint8_t bytes[16] = {secret, 'k', 'e', 'y'};
    ik_keyed_init(&h, bytes);
    return h;
}

static struct ik_addr addr4(uint32_t v)
{
    struct ik_addr a = {.family = 4};
    ik_store_be32(a.bytes, v);
    return a;
}

/* Its 16 bits stand at byte `at`. */
static struct ik_addr addr6(uint32_t v, int at)
{
    struct ik_addr a = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
    ik_store_be16(a.bytes + at, (uint16_t)v);
    return a;
}

/* Addresses that people choose: neighbours, networks, in steps, in IPv6 of one network and of many.
 */
static struct ik_addr chosen(int how, uint32_t i)
{
    switch (how) {
    case 0:
        return addr4(0x0a000000 + i);
    case 1:
        return addr4(i << 16 | 1);
    case 2:
        return addr4(i * 2654435761u);
    case 3:
        return addr4(0x0a000000 + (i << 8));
    case 4:
        return addr6(i, 14);
    case 5:
        return addr6(i, 8);
    case 6:
        return addr6(i, 4);
    default:
        return addr6(i, 6);
    }
}

static void expect_even(const uint16_t sets[SETS])
{
    uint32_t empty = 0;
    for (int i = 0; i < SETS; i++) {
        assert_in_range(sets[i], 0, MOST);
        empty += sets[i] == 0;
    }
    assert_in_range(empty, 0, 8); /* of random ones none, nearly always */
}

static void hash__any_addresses_people_choose__fills_tables_evenly(void **state)
{
    (void)state;
    static uint16_t low[SETS], high[SETS], pair[SETS];
    for (uint8_t secret = 0; secret < SECRETS; secret++) {
        const struct ik_keyed h = key_of(secret);
        const struct ik_addr victim = addr4(0xc0000201);
        for (int how = 0; how < 8; how++) {
            memset(low, 0, sizeof(low));
            memset(high, 0, sizeof(high));
            memset(pair, 0, sizeof(pair));
            for (uint32_t i = 0; i < HOSTS; i++) {
                const struct ik_addr a = chosen(how, i);
                const uint64_t hash = ik_keyed_of(&h, &a);
                low[hash % SETS]++;
                high[hash >> 52]++;
                pair[ik_keyed_pair(hash, ik_keyed_of(&h, &victim)) % SETS]++;
            }
            expect_even(low);
            expect_even(high);
            expect_even(pair);
        }
    }
}

static void hash__other_key_family_or_byte__is_another(void **state)
{
    (void)state;
    const struct ik_keyed h = key_of(1), other = key_of(2);
    const struct ik_addr v4 = addr4(0x20010db8), v6 = addr6(0, 4);
    struct ik_addr a = v6;
    a.scope = 3; /* says nothing of the address */
    assert_true(ik_keyed_of(&h, &a) == ik_keyed_of(&h, &v6));
    assert_true(ik_keyed_of(&h, &v4) != ik_keyed_of(&other, &v4));
    assert_true(ik_keyed_of(&h, &v4) != ik_keyed_of(&h, &v6));
    for (int i = 0; i < 16; i++) {
        a = v6;
        a.bytes[i] ^= 1;
        assert_true(ik_keyed_of(&h, &a) != ik_keyed_of(&h, &v6));
        assert_true(ik_keyed_of(&other, &v6) != ik_keyed_of(&h, &v6));
    }
}

static void pair__either_order__is_the_same(void **state)
{
    (void)state;
    const struct ik_keyed h = key_of(1);
    const struct ik_addr a = addr4(1), b = addr4(2), c = addr4(3);
    const uint64_t x = ik_keyed_of(&h, &a), y = ik_keyed_of(&h, &b), z = ik_keyed_of(&h, &c);
    assert_true(ik_keyed_pair(x, y) == ik_keyed_pair(y, x));
    assert_true(ik_keyed_pair(x, y) != ik_keyed_pair(x, z));
    assert_true(ik_keyed_pair(x, x) != ik_keyed_pair(y, y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash__any_addresses_people_choose__fills_tables_evenly),
        cmocka_unit_test(hash__other_key_family_or_byte__is_another),
        cmocka_unit_test(pair__either_order__is_the_same),
    };
    return cmocka_run_group_tests_name("keyed", tests, NULL, NULL);
}
