/* SPDX-License-Identifier: MIT
 * What a warden does with what it is asked, whoever has taken over the one that asks. */
#include "daemon/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { COUNTED = 1000 }; /* of the order about 198.51.100.N it is so much and N */

/* A way that stops nothing, and remembers what it was told. */
struct way {
    struct ik_way way; /* first: its functions get back from it */
    unsigned spared, added, removed, counted;
    enum ik_err count_err;
};

static enum ik_err spare(struct ik_way *w, const struct ik_prefix *who,
                         char why[static IK_ENFORCE_TEXT])
{
    (void)who;
    (void)why;
    ((struct way *)w)->spared++;
    return IK_OK;
}

static enum ik_err add(struct ik_way *w, const struct ik_order *o, char why[static IK_ENFORCE_TEXT])
{
    (void)o;
    (void)why;
    ((struct way *)w)->added++;
    return IK_OK;
}

static enum ik_err take_back(struct ik_way *w, const struct ik_order *o,
                             char why[static IK_ENFORCE_TEXT])
{
    (void)o;
    (void)why;
    ((struct way *)w)->removed++;
    return IK_OK;
}

static enum ik_err count(struct ik_way *w, uint64_t stopped[static IK_ORDERS],
                         char why[static IK_ENFORCE_TEXT])
{
    (void)why;
    memset(stopped, 0, IK_ORDERS * sizeof(*stopped));
    stopped[IK_ORDER_LIMIT_SOURCE] = ++((struct way *)w)->counted;
    return ((struct way *)w)->count_err;
}

static uint64_t stopped_by(struct ik_way *w, const struct ik_order *o)
{
    (void)w;
    return COUNTED + (uint64_t)o->who.addr.bytes[3];
}

static struct ik_order limit(uint8_t last)
{
    return (struct ik_order){
        .kind = IK_ORDER_LIMIT_SOURCE,
        .who = {.addr = {.family = 4, .bytes = {198, 51, 100, last}}, .bits = 32},
        .type = 8,
        .seconds = 60};
}

struct bed {
    int here, there;
    struct way way;
    struct ik_spared spared[IK_SPARED_MAX];
};

/* With 198.51.100.1 spared. */
static void set(struct bed *b)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    memset(b, 0, sizeof(*b));
    b->here = ends[0];
    b->there = ends[1];
    b->way.way = (struct ik_way){.spare = spare,
                                 .add = add,
                                 .remove = take_back,
                                 .count = count,
                                 .stopped = stopped_by,
                                 .fd = -1};
    b->spared[0] = (struct ik_spared){.who = limit(1).who, .why = "a friend"};
}

static void ask_bytes(struct bed *b, const struct ik_warden_ask *ask, size_t n)
{
    assert_int_equal(send(b->here, ask, n, 0), n);
}

static void ask(struct bed *b, const struct ik_warden_ask *a)
{
    ask_bytes(b, a, offsetof(struct ik_warden_ask, orders) + a->n * sizeof(*a->orders));
}

/* All that was asked, until there is nothing more. */
static void serve(struct bed *b)
{
    struct ik_warden_told told;
    assert_int_equal(shutdown(b->here, SHUT_WR), 0);
    ik_serve_orders(b->there, &b->way.way, b->spared, 1);
    assert_int_equal(recv(b->here, &told, sizeof(told), 0), sizeof(told));
    assert_int_equal(told.number, 0);
    assert_int_equal(told.err, IK_OK);
}

static struct ik_warden_told heard(struct bed *b)
{
    struct ik_warden_told told;
    assert_int_equal(recv(b->here, &told, sizeof(told), 0), sizeof(told));
    return told;
}

static void heard_no_more(struct bed *b)
{
    struct ik_warden_told told;
    close(b->there);
    assert_true(recv(b->here, &told, sizeof(told), 0) <= 0);
    close(b->here);
}

static void count__of_many__each_has_its_own(void **state)
{
    (void)state;
    struct bed b;
    struct ik_warden_ask a = {.number = 1, .op = IK_WARDEN_COUNT, .n = IK_WARDEN_ORDERS};
    set(&b);
    for (uint8_t i = 0; i < IK_WARDEN_ORDERS; i++)
        a.orders[i] = limit(i);
    a.orders[5].seconds = 0; /* none that is known */
    ask(&b, &a);
    a = (struct ik_warden_ask){.number = 2, .op = IK_WARDEN_COUNT};
    ask(&b, &a);
    serve(&b);
    struct ik_warden_told told = heard(&b);
    assert_int_equal(told.number, 1);
    assert_int_equal(told.err, IK_OK);
    assert_int_equal(told.stopped[IK_ORDER_LIMIT_SOURCE], 1);
    for (unsigned i = 0; i < IK_WARDEN_ORDERS; i++) {
        const bool none = i == 1 || i == 5; /* who is spared has no order */
        assert_true(told.stopped_by[i] == (none ? IK_STOPPED_UNKNOWN : COUNTED + i));
    }
    told = heard(&b);
    assert_int_equal(told.number, 2);
    assert_int_equal(told.stopped[IK_ORDER_LIMIT_SOURCE], 2);
    heard_no_more(&b);
    assert_int_equal(b.way.added + b.way.removed, 0);
}

static void add__one_that_may_be__and_its_count(void **state)
{
    (void)state;
    struct bed b;
    struct ik_warden_ask a = {.number = 1, .op = IK_WARDEN_ADD, .n = 1, .orders = {limit(7)}};
    set(&b);
    ask(&b, &a);
    a.number = 2;
    a.orders[0] = limit(1);
    ask(&b, &a);
    serve(&b);
    struct ik_warden_told told = heard(&b);
    assert_int_equal(told.err, IK_OK);
    assert_int_equal(told.stopped_by[0], COUNTED + 7);
    told = heard(&b);
    assert_int_equal(told.err, IK_E_ACCESS);
    assert_string_equal(told.why, "a friend");
    heard_no_more(&b);
    assert_int_equal(b.way.added, 1);
}

static void count__that_fails__is_told(void **state)
{
    (void)state;
    struct bed b;
    const struct ik_warden_ask a = {
        .number = 1, .op = IK_WARDEN_COUNT, .n = 1, .orders = {limit(7)}};
    set(&b);
    b.way.count_err = IK_E_SYSTEM;
    ask(&b, &a);
    serve(&b);
    assert_int_equal(heard(&b).err, IK_E_SYSTEM);
    heard_no_more(&b);
}

/* Shorter or longer than it says, with more orders than there is room for, or than may be carried
 * out at once: nobody of ours asks so. */
static void ask__that_is_not_whole__ends_it(void **state)
{
    (void)state;
    static const size_t head = offsetof(struct ik_warden_ask, orders);
    static const struct {
        enum ik_warden_op op;
        uint32_t n;
        size_t bytes;
    } wrong[] = {
        {IK_WARDEN_ADD, 1, 4},
        {IK_WARDEN_ADD, 1, head},
        {IK_WARDEN_ADD, 1, head + 2 * sizeof(struct ik_order)},
        {IK_WARDEN_ADD, 0, head},
        {IK_WARDEN_ADD, 2, head + 2 * sizeof(struct ik_order)},
        {IK_WARDEN_SPARE, 0, head},
        {IK_WARDEN_COUNT, 2, head + sizeof(struct ik_order)},
        {IK_WARDEN_COUNT, IK_WARDEN_ORDERS + 1, sizeof(struct ik_warden_ask)},
        {IK_WARDEN_COUNT, UINT32_MAX, head},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct bed b;
        struct ik_warden_ask a = {.number = 1, .op = wrong[i].op, .n = wrong[i].n};
        a.orders[0] = a.orders[1] = limit(7);
        set(&b);
        ask_bytes(&b, &a, wrong[i].bytes);
        a = (struct ik_warden_ask){.number = 2, .op = IK_WARDEN_COUNT};
        ask(&b, &a);
        serve(&b);
        heard_no_more(&b);
        assert_int_equal(b.way.added + b.way.counted, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(count__of_many__each_has_its_own),
        cmocka_unit_test(add__one_that_may_be__and_its_count),
        cmocka_unit_test(count__that_fails__is_told),
        cmocka_unit_test(ask__that_is_not_whole__ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
