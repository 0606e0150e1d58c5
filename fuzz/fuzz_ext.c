/* SPDX-License-Identifier: MIT
 * RFC 4884 structures: read, judged, and where the writer takes the objects, written the same. */
#include "fuzz.h"

#include "icmpkit/wire.h"

#include <string.h>

static void object_check(const struct ik_ext_object *object)
{
    struct ik_ifinfo info;
    struct ik_ifident ident;
    struct ik_mpls entry;
    struct ik_rd stack = object->payload;
    if (ik_ifinfo_decode(&info, object, NULL) == IK_OK)
        FUZZ_CHECK(info.name.left <= 63);
    if (ik_ifident_decode(&ident, object, NULL) == IK_OK)
        FUZZ_CHECK(ident.name.left + ident.addr.left <= object->payload.left);
    while (ik_mpls_take(&stack, &entry) == IK_OK)
        FUZZ_CHECK(entry.label <= 0xfffff && entry.tc <= 7);
    FUZZ_CHECK(stack.left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[1 << 16];
    const struct ik_rd in = {data, size};
    struct ik_rd objects;
    struct ik_ext_object object;
    struct ik_faults faults = {0};
    struct ik_ext_writer w;
    const enum ik_err judged = ik_ext_check(in, 4, &faults);
    FUZZ_CHECK(!judged || faults.n > 0);
    if (size > sizeof(out) || ik_ext_open(&objects, in, NULL))
        return 0;
    enum ik_err put = ik_ext_begin(&w, 4, 11, out, sizeof(out));
    while (ik_ext_take(&objects, &object, NULL) == IK_OK) {
        object_check(&object);
        if (!put)
            put = ik_ext_put(&w, object.class_num, object.ctype, object.payload);
    }
    FUZZ_CHECK(objects.left == 0);
    size_t len;
    if (!put && !judged && ik_ext_end(&w, &len) == IK_OK)
        FUZZ_CHECK(len == size && memcmp(out + 4, data + 4, size - 4) == 0);
    return 0;
}
