/* SPDX-License-Identifier: MIT
 * The reader of capture files: whole, it comes to an end and stays inside; in pieces, it gives the
 * same items. */
#include "fuzz.h"

#include "icmpkit/wire.h"

static void check_inside(struct ik_rd part, struct ik_rd whole)
{
    FUZZ_CHECK(part.left == 0 || (part.p >= whole.p && part.left <= whole.left &&
                                  (size_t)(part.p - whole.p) <= whole.left - part.left));
}

static void check_item(const struct ik_capfile_item *item, enum ik_err err, struct ik_rd whole)
{
    struct ik_layers layers;
    check_inside(item->bytes, whole);
    check_inside(item->comment, whole);
    FUZZ_CHECK(item->at_bytes <= whole.left);
    FUZZ_CHECK(ik_capfile_fault_text(item->fault)[0]);
    FUZZ_CHECK(!err || item->fault != IK_CAPFILE_FAULT_NONE);
    if (item->kind == IK_CAPFILE_PACKET &&
        !ik_layers_decode(&layers, item->linktype, item->bytes, NULL))
        check_inside(layers.ip, item->bytes);
}

/* Items until the end, each with a step forward; the sum of what they are. */
static uint64_t read_whole(struct ik_capfile *c, struct ik_rd whole)
{
    struct ik_rd in = whole;
    struct ik_capfile_item item;
    uint64_t sum = 0;
    size_t need;
    ik_capfile_init(c);
    for (;;) {
        const size_t before = in.left;
        const enum ik_err err = ik_capfile_take(c, &in, true, &item, &need);
        if (err == IK_E_NOT_FOUND)
            return sum;
        FUZZ_CHECK(err != IK_E_AGAIN && (err ? in.left == 0 : in.left < before));
        check_item(&item, err, whole);
        sum = sum * 31 + item.at_bytes + item.bytes.left + (uint64_t)item.kind + item.fault;
    }
}

/* As much at a time as is asked for. */
static uint64_t read_pieces(struct ik_capfile *c, struct ik_rd whole)
{
    struct ik_rd in = {whole.p, 0};
    struct ik_capfile_item item;
    uint64_t sum = 0;
    ik_capfile_init(c);
    for (;;) {
        size_t need = 0;
        const size_t rest = whole.left - (size_t)(in.p - whole.p);
        const enum ik_err err = ik_capfile_take(c, &in, in.left == rest, &item, &need);
        if (err == IK_E_NOT_FOUND)
            return sum;
        if (err == IK_E_AGAIN) {
            FUZZ_CHECK(need > in.left && in.left < rest);
            in.left = need < rest ? need : rest;
            continue;
        }
        if (err)
            in = (struct ik_rd){whole.p + whole.left, 0}; /* it takes all that it was given */
        sum = sum * 31 + item.at_bytes + item.bytes.left + (uint64_t)item.kind + item.fault;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ik_capfile c;
    const struct ik_rd whole = {data, size};
    FUZZ_CHECK(read_whole(&c, whole) == read_pieces(&c, whole));
    return 0;
}
