/* SPDX-License-Identifier: MIT
 * For the tests of detectors: packets made from their parts with the codec, looked at, given to one
 * part or to all, and what was found. */
#pragma once

#include "detect/part.h"

#include "base/bytes.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { FRAMES_BYTES = 70000, FRAMES_FOUND = 4096 };

struct twin;

/* A looker, detectors, and what they found. Tests set `now` and read the rest. */
struct frames {
    struct twin *twin; /* NULL: none */
    struct ik_look *look;
    struct ik_detect *detect;
    void *look_mem, *detect_mem;
    size_t detect_bytes;
    uint64_t n; /* frames so far */
    ik_ns now;  /* time of the next frame; begins at 1000 s */
    enum ik_look_way way;
    struct ik_look_packet packet; /* the last one */
    bool looked, kept;
    /* Each finding as it was told last, by id; the second counts what was told of it. */
    struct ik_finding found[FRAMES_FOUND];
    unsigned told[FRAMES_FOUND];
    struct ik_finding
        *voice; /* what frames_find returns of a detector that stands beside another */
    size_t n_found;
    uint64_t n_told;
    uint8_t bytes[FRAMES_BYTES];
    size_t n_bytes; /* of the last frame */
};

/* What stands around a message. Zeros: TTL 64 (neighbour discovery of IPv6: 255), ident 1, no
 * fragment, protocol that of ICMP, no Ethernet header. */
struct frames_head {
    const char *src, *dst;
    uint8_t ttl, tos, proto;
    uint32_t id;
    bool df, mf;
    uint16_t offset_bytes;
    const char *src_mac; /* six bytes; with them the frame is an Ethernet frame */
};

/* `parts` NULL: all of the table; `cfg` NULL: defaults, and a secret. Memory is allocated here and
 * nowhere later. Freed by frames_free. */
struct frames *frames_new(const struct ik_part *const *parts, const struct ik_detect_cfg *cfg);
void frames_free(struct frames *f);
/* To be called before a test gives something to f->detect by itself. */
void frames_alone(struct frames *f);

struct ik_addr frames_addr(const char *text);
struct ik_prefix frames_prefix(const char *text);

/* Gives bytes as a frame of that link type. */
void frames_put(struct frames *f, uint16_t linktype, const void *bytes, size_t n);
/* Gives an IP packet around `payload`. */
void frames_ip(struct frames *f, const struct frames_head *h, const void *payload, size_t n);
/* Gives a message, its checksum computed. */
void frames_icmp(struct frames *f, const struct frames_head *h, const struct ik_icmp *m);
/* Gives an ICMP message as bytes from the type octet on; the checksum is put in. */
void frames_raw(struct frames *f, const struct frames_head *h, const void *message, size_t n);
/* An echo request or reply of whichever family the addresses have. */
void frames_echo(struct frames *f, const struct frames_head *h, bool reply, uint16_t id,
                 uint16_t seq, const void *data, size_t n);
/* An error that quotes `quote`; `word` is what stands in octets 4-7 as MTU, pointer or gateway
 * (IPv4), by type. */
void frames_error(struct frames *f, const struct frames_head *h, uint8_t type, uint8_t code,
                  uint32_t word, const void *quote, size_t n);
void frames_udp(struct frames *f, const struct frames_head *h, uint16_t sport, uint16_t dport,
                size_t data_bytes);
void frames_tcp(struct frames *f, const struct frames_head *h, const struct ik_tcp *tcp);
/* A whole IP packet around `payload` into `out` (FRAMES_BYTES), for quotes and tunnels; returns its
 * length. The other two make it with UDP and TCP headers. */
size_t frames_make(const struct frames_head *h, const void *payload, size_t n, uint8_t *out);
size_t frames_make_udp(const struct frames_head *h, uint16_t sport, uint16_t dport,
                       size_t data_bytes, uint8_t *out);
size_t frames_make_tcp(const struct frames_head *h, const struct ik_tcp *tcp, uint8_t *out);
size_t frames_make_echo(const struct frames_head *h, bool reply, uint16_t id, uint16_t seq,
                        const void *data, size_t n, uint8_t *out);

/* Lets time pass to f->now without a packet. */
void frames_tick(struct frames *f);
/* Ends all findings. */
void frames_stop(struct frames *f);

/* Findings of that detector so far, by id, also where it stands beside another; all findings with
 * IK_DETECTOR_NONE. */
size_t frames_count(const struct frames *f, enum ik_detector d);
/* The first of them as it was told last, as that detector has it; NULL: none. Borrowed until that
 * detector is asked for again. */
const struct ik_finding *frames_find(const struct frames *f, enum ik_detector d);
/* Fails the test, and says what was found, unless nothing was found at all. */
void frames_silent(const struct frames *f);
/* Fails the test unless the detector found something; returns its first finding. */
const struct ik_finding *frames_found(const struct frames *f, enum ik_detector d);
