/* SPDX-License-Identifier: MIT
 * live_capfilter FILE [EXPRESSION]...: for each expression a line of the times in seconds of the
 * packets that are wanted, or of what is wrong with it, and one of those that its program for the
 * kernel lets through. */
#include "icmpkit/link.h"
#include "icmpkit/wire.h"

#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static struct ik_capfilter_view look(uint16_t linktype, struct ik_rd frame)
{
    struct ik_layers l;
    struct ik_ip ip;
    struct ik_capfilter_view view = {.icmp = frame, .unread = true};
    view.icmp.left = 0;
    if (ik_layers_decode(&l, linktype, frame, NULL) || !l.has_ip || ik_ip_decode(&ip, l.ip, NULL))
        return view;
    view.unread = false;
    if (ip.proto != (ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6))
        return view;
    view.family = ip.version;
    if (!ip.fragment || ip.offset_bytes == 0)
        view.icmp = ip.payload;
    return view;
}

/* The kernel's machine, by libpcap's. */
static bool passes(const struct sock_filter *code, size_t n, const struct ik_capfile_item *item)
{
    struct bpf_insn *insns = calloc(n, sizeof(*insns));
    for (size_t i = 0; i < n; i++)
        insns[i] = (struct bpf_insn){code[i].code, code[i].jt, code[i].jf, code[i].k};
    const bool pass =
        bpf_filter(insns, item->bytes.p, item->wire_bytes, (u_int)item->bytes.left) > 0;
    free(insns);
    return pass;
}

static enum ik_err one(struct ik_capfilter *f, const struct ik_capfile_item *item, bool kernel,
                       bool *match)
{
    const struct ik_capfilter_view view = look(item->linktype, item->bytes);
    const struct sock_filter *code;
    size_t n;
    if (!kernel)
        return ik_capfilter_match(f, item->linktype, item->bytes, item->wire_bytes, &view, match);
    *match = ik_capfilter_kernel(f, item->linktype, &code, &n) || passes(code, n, item);
    return IK_OK;
}

static int run(const char *path, struct ik_capfilter *f, bool kernel)
{
    struct ik_capread *r;
    char why[IK_CAPREAD_TEXT];
    struct ik_capfile_item item;
    if (ik_capread_open(&r, path, false, why)) {
        fprintf(stderr, "%s: %s\n", path, why);
        return 1;
    }
    enum ik_err err;
    while (!(err = ik_capread_take(r, &item))) {
        bool match = false;
        if (item.kind != IK_CAPFILE_PACKET)
            continue;
        if (one(f, &item, kernel, &match)) {
            printf("error: %s", ik_capfilter_why(f));
            break;
        }
        if (match)
            printf("%lld ", (long long)(item.time / IK_NS_PER_S));
    }
    puts("");
    ik_capread_close(r);
    return err && err != IK_E_NOT_FOUND;
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        struct ik_capfilter *f;
        char why[IK_CAPFILTER_TEXT];
        if (ik_capfilter_open(&f, argv[i], false, why)) {
            printf("error: %s\n\n", why);
            continue;
        }
        if (run(argv[1], f, false) || run(argv[1], f, true))
            return 1;
        ik_capfilter_close(f);
    }
    return argc < 3;
}
