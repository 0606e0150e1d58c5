/* SPDX-License-Identifier: MIT
 * By libpcap. */
#include "link/capbpf.h"

#include <icmpkit/wire.h>

#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTIMIZED = 1, PLAIN = 0 };

struct ik_capbpf {
    struct bpf_program program;
    struct sock_filter *code; /* of it, once it was asked for */
};

bool ik_capbpf_have(void)
{
    return true;
}

/* "ip broadcast" needs a mask: as in tcpdump with a file it is 0. An expression that is never true
 * is an error of the optimizer, not of ours. */
static enum ik_err compile(pcap_t *p, struct bpf_program *out, const char *text,
                           char why[static IK_CAPFILTER_TEXT])
{
    if (pcap_compile(p, out, text, OPTIMIZED, 0) == 0 || pcap_compile(p, out, text, PLAIN, 0) == 0)
        return IK_OK;
    snprintf(why, IK_CAPFILTER_TEXT, "%s", pcap_geterr(p));
    return IK_E_UNSUPPORTED;
}

static void swap(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const uint8_t was = p[i];
        p[i] = p[n - 1 - i];
        p[n - 1 - i] = was;
    }
}

/* What a link type means depends on whether frames come from a file (families of IPv6 in loopback
 * headers, say), and only opening one makes it so: a file of nothing but its header does. */
static pcap_t *open_empty(uint16_t linktype, bool little_endian)
{
    uint8_t header[IK_PCAP_HEADER_BYTES];
    char why[PCAP_ERRBUF_SIZE];
    size_t n;
    if (ik_pcap_header(linktype, 0, header, sizeof(header), &n))
        return NULL;
    if (little_endian)
        for (size_t i = 0; i < n; i += i == 4 || i == 6 ? 2 : 4)
            swap(header + i, i == 4 || i == 6 ? 2 : 4);
    FILE *f = fmemopen(header, n, "rb");
    pcap_t *p = f ? pcap_fopen_offline(f, why) : NULL;
    if (f && !p)
        fclose(f);
    return p;
}

enum ik_err ik_capbpf_new(struct ik_capbpf **out, uint16_t linktype, bool little_endian,
                          const char *text, char why[static IK_CAPFILTER_TEXT])
{
    struct ik_capbpf *b = calloc(1, sizeof(*b));
    pcap_t *p = open_empty(linktype, little_endian);
    enum ik_err err = b && p ? IK_OK : IK_E_NOMEM;
    if (err)
        snprintf(why, IK_CAPFILTER_TEXT, "%s", ik_err_text(err));
    else
        err = compile(p, &b->program, text, why);
    if (p)
        pcap_close(p);
    if (err)
        free(b);
    else
        *out = b;
    return err;
}

bool ik_capbpf_match(const struct ik_capbpf *b, struct ik_rd frame, uint32_t wire_bytes)
{
    const struct pcap_pkthdr head = {.caplen = (bpf_u_int32)frame.left, .len = wire_bytes};
    return pcap_offline_filter(&b->program, &head, frame.p) != 0;
}

const struct sock_filter *ik_capbpf_code(struct ik_capbpf *b, size_t *n)
{
    *n = b->program.bf_len;
    if (!b->code)
        b->code = calloc(*n, sizeof(*b->code));
    for (size_t i = 0; b->code && i < *n; i++) {
        const struct bpf_insn *from = &b->program.bf_insns[i];
        b->code[i] = (struct sock_filter){from->code, from->jt, from->jf, from->k};
    }
    return b->code;
}

void ik_capbpf_free(struct ik_capbpf *b)
{
    if (!b)
        return;
    pcap_freecode(&b->program);
    free(b->code);
    free(b);
}
