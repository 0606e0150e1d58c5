/* SPDX-License-Identifier: MIT
 * By libpcap, loaded when the first filter needs it: it brings libraries for buses and compression
 * with it, which would make every start of every verb slower. */
#include "link/capbpf.h"

#include <icmpkit/wire.h>

#include <dlfcn.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIMIZED = 1, PLAIN = 0 };

/* What we call of libpcap.so.0.8, with the types of its header. */
#define CALLS(X) X(compile) X(geterr) X(fopen_offline) X(offline_filter) X(freecode) X(close)

struct pcap_calls {
    void *handle;
#define X(name) __typeof__(pcap_##name) *name;
    CALLS(X)
#undef X
};

struct ik_capbpf {
    struct pcap_calls lib;
    struct bpf_program program;
    struct sock_filter *code; /* of it, once it was asked for */
};

/* A pointer to a function out of one to an object: ISO C has no cast for it. */
static bool symbol(void *handle, const char *name, void *out, size_t n)
{
    void *at = dlsym(handle, name);
    if (at)
        memcpy(out, &at, n);
    return at != NULL;
}

static bool load(struct pcap_calls *lib)
{
    lib->handle = dlopen("libpcap.so.0.8", RTLD_LAZY | RTLD_LOCAL);
    bool all = lib->handle != NULL;
#define X(name) all = all && symbol(lib->handle, "pcap_" #name, &lib->name, sizeof(lib->name));
    CALLS(X)
#undef X
    if (!all && lib->handle)
        dlclose(lib->handle);
    return all;
}

bool ik_capbpf_have(void)
{
    struct pcap_calls lib;
    const bool have = load(&lib);
    if (have)
        dlclose(lib.handle);
    return have;
}

/* "ip broadcast" needs a mask: as in tcpdump with a file it is 0. An expression that is never true
 * is an error of the optimizer, not of ours. */
static enum ik_err compile(struct ik_capbpf *b, pcap_t *p, const char *text,
                           char why[static IK_CAPFILTER_TEXT])
{
    if (b->lib.compile(p, &b->program, text, OPTIMIZED, 0) == 0 ||
        b->lib.compile(p, &b->program, text, PLAIN, 0) == 0)
        return IK_OK;
    const char *said = b->lib.geterr(p);
    /* Versions of libpcap put other words around it; in ours it can be translated. */
    snprintf(why, IK_CAPFILTER_TEXT, "%s",
             strstr(said, "syntax error")
                 ? "syntax error: the language of filters is that of pcap-filter(7)"
                 : said);
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
static pcap_t *open_empty(const struct pcap_calls *lib, uint16_t linktype, bool little_endian)
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
    pcap_t *p = f ? lib->fopen_offline(f, why) : NULL;
    if (f && !p)
        fclose(f);
    return p;
}

enum ik_err ik_capbpf_new(struct ik_capbpf **out, uint16_t linktype, bool little_endian,
                          const char *text, char why[static IK_CAPFILTER_TEXT])
{
    struct ik_capbpf *b = calloc(1, sizeof(*b));
    if (!b || !load(&b->lib)) {
        snprintf(why, IK_CAPFILTER_TEXT, "%s",
                 b ? "filters beyond icmp and icmp6 need libpcap.so.0.8 (package libpcap0.8)"
                   : ik_err_text(IK_E_NOMEM));
        free(b);
        return IK_E_UNSUPPORTED;
    }
    pcap_t *p = open_empty(&b->lib, linktype, little_endian);
    enum ik_err err = p ? compile(b, p, text, why) : IK_E_NOMEM;
    if (p)
        b->lib.close(p);
    else
        snprintf(why, IK_CAPFILTER_TEXT, "%s", ik_err_text(err));
    if (err) {
        dlclose(b->lib.handle);
        free(b);
        return err;
    }
    *out = b;
    return IK_OK;
}

bool ik_capbpf_match(const struct ik_capbpf *b, struct ik_rd frame, uint32_t wire_bytes)
{
    const struct pcap_pkthdr head = {.caplen = (bpf_u_int32)frame.left, .len = wire_bytes};
    return b->lib.offline_filter(&b->program, &head, frame.p) != 0;
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
    b->lib.freecode(&b->program);
    dlclose(b->lib.handle);
    free(b->code);
    free(b);
}
