/* SPDX-License-Identifier: MIT
 * What dump does with a capture file: each frame is looked at and shown as a line, as a tree and as
 * a record; begun ahead of its turn, it is shown the same. */
#include "fuzz.h"

#include "cmd/dump_text.h"

#include <string.h>

enum { ITEMS_MAX = 64, REQUESTS = 8, DATAGRAMS = 2 };

struct looker {
    void *mem;
    struct ik_look *look;
    struct ik_look_packet packets[2];
};

static void check_piece(void *ctx, const struct ik_put *text)
{
    (void)ctx;
    FUZZ_CHECK(ik_put_used(text) > 0);
}

/* Everything that is printed of one packet. */
static size_t show(const struct ik_look_packet *p, char out[static IK_RECORD_JSON_MAX])
{
    const struct ik_dump_style style = {.link = true, .interface = true, .verbose = 1};
    struct ik_dump_stamp stamp;
    struct ik_put w;
    size_t n = 0;
    char line[IK_DUMP_LINE];
    ik_dump_stamp_init(&stamp, IK_DUMP_EPOCH, true, true);
    ik_put_init(&w, line, sizeof(line));
    ik_dump_text_line(&w, &style, &stamp, p);
    FUZZ_CHECK(ik_put_used(&w) > 0 && line[ik_put_used(&w) - 1] == '\n');
    ik_dump_tree(&style, &stamp, p, check_piece, NULL);
    ik_dump_hex(p->reassembled ? p->ip_bytes : p->frame.bytes, 0, true, NULL, check_piece, NULL);
    const struct ik_record record = ik_look_record(p);
    FUZZ_CHECK(!ik_record_json(&record, out, IK_RECORD_JSON_MAX, &n));
    return n;
}

/* Bytes that are read are the capture's own, as in a file that is read into memory. */
static size_t read_frames(struct ik_rd in, struct ik_look_frame frames[static ITEMS_MAX])
{
    static struct ik_capfile c;
    struct ik_capfile_item item;
    size_t n = 0, need;
    ik_capfile_init(&c);
    while (n < ITEMS_MAX && !ik_capfile_take(&c, &in, true, &item, &need)) {
        if (item.kind != IK_CAPFILE_PACKET)
            continue;
        frames[n] = (struct ik_look_frame){.n = n + 1,
                                           .time = item.time,
                                           .bytes = item.bytes,
                                           .wire_bytes = item.wire_bytes,
                                           .linktype = item.linktype};
        n++;
    }
    return n;
}

static void looker_start(struct looker *l)
{
    const struct ik_look_cfg cfg = {.requests = REQUESTS, .datagrams = DATAGRAMS};
    if (!l->mem)
        l->mem = malloc(ik_look_bytes(&cfg));
    FUZZ_CHECK(l->mem);
    l->look = ik_look_init(l->mem, &cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct looker with, without;
    static char a[IK_RECORD_JSON_MAX], b[IK_RECORD_JSON_MAX];
    struct ik_look_frame frames[ITEMS_MAX];
    const size_t n = read_frames((struct ik_rd){data, size}, frames);
    looker_start(&with);
    looker_start(&without);
    for (size_t i = 0; i < n; i++) {
        struct ik_look_packet *p = &with.packets[i % 2], *q = &without.packets[0];
        if (i + 1 < n)
            ik_look_ahead(with.look, &frames[i + 1], &with.packets[(i + 1) % 2]);
        const bool message = ik_look_input(with.look, &frames[i], p);
        FUZZ_CHECK(message == ik_look_input(without.look, &frames[i], q));
        FUZZ_CHECK(p->has_ip == q->has_ip && p->part == q->part);
        if (!message && !(p->part && p->has_ip))
            continue;
        const size_t shown = show(p, a);
        FUZZ_CHECK(shown == show(q, b) && memcmp(a, b, shown) == 0);
    }
    return 0;
}
