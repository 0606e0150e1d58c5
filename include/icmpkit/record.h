/* SPDX-License-Identifier: MIT
 * What engines have to say. The C types below, the JSON, its schema and doc/records.md all come
 * from schema.def; a field is added there and nowhere else. */
#pragma once

#include <icmpkit/base.h>

/* Round trips of one target. `p50` and on are IK_NEVER where no sketch was kept. */
struct ik_rec_rtt {
    ik_ns min, avg, max, mdev, p50, p90, p99;
};

/* ---- what passed by: values that borrow from their decoder -------------------------- */

struct ik_faults;
struct ik_icmp;
struct ik_ip;
struct ik_layers;

/* An IP packet: its header decoded, and its bytes from the first of the header on (as far as they
 * are there), from which options and extension headers are told. */
struct ik_rec_ip {
    const struct ik_ip *header; /* NULL: absent */
    struct ik_rd bytes;
};

/* An ICMP message decoded, and its bytes from the type octet on. */
struct ik_rec_icmp {
    const struct ik_icmp *msg; /* NULL: absent */
    struct ik_rd bytes;
};

/* How a packet relates to an earlier one: kind as in outputs ("reply", "error", "duplicate",
 * "repeated", "unasked"), the number of that one (0: none), and the time between (IK_NEVER). */
struct ik_rec_pair {
    const char *kind; /* NULL: absent */
    uint64_t n;
    ik_ns rtt;
};

/* Count of one type and code. */
struct ik_total_kind {
    uint8_t family, type, code;
    uint64_t packets, bytes;
};

/* One of those who sent most. `over_by` is how much too high the count may be (space saving,
 * Metwally 2005): 0 means exact. */
struct ik_total_talker {
    struct ik_addr addr;
    uint64_t packets, bytes, over_by;
};

/* Lists of a summary; `list` NULL: absent. */
struct ik_rec_kinds {
    const struct ik_total_kind *list;
    size_t n;
};
struct ik_rec_talkers {
    const struct ik_total_talker *list;
    size_t n;
};
/* Packets with each flaw: list[i] is that of enum ik_flaw i. */
struct ik_rec_flaw_counts {
    const uint64_t *list;
    size_t n;
};
/* names[i] occurred list[i] times; what did not occur is left out. */
struct ik_rec_counts {
    const char *const *names;
    const uint64_t *list;
    size_t n;
};
/* Round trips: list[i] counts those below 2^i us and not below 2^(i-1) us. */
struct ik_rec_bins {
    const uint64_t *list;
    size_t n;
};

enum { IK_EVIDENCE_BYTES = 32 };

/* A frame that proves a finding: its number, its time, and the bytes that matter. */
struct ik_evidence {
    uint64_t n;
    ik_ns time;        /* IK_NEVER: the source does not tell */
    uint32_t at_bytes; /* where `bytes` begin in the frame (reassembled: in the datagram) */
    uint8_t n_bytes;
    uint8_t bytes[IK_EVIDENCE_BYTES];
};
struct ik_rec_evidence {
    const struct ik_evidence *list;
    size_t n;
};

/* ---- records --------------------------------------------------------------------------------- */

/* C type of each schema type, and what "absent" is. */
#define IK_REC_C_STR const char *                     /* NULL */
#define IK_REC_C_TEXT struct ik_rd                    /* left == 0; bytes of strangers, escaped */
#define IK_REC_C_ADDR struct ik_addr                  /* family == 0 */
#define IK_REC_C_NUM int64_t                          /* -1 */
#define IK_REC_C_DIFF int64_t                         /* IK_NEVER; may be negative */
#define IK_REC_C_NS ik_ns                             /* IK_NEVER */
#define IK_REC_C_TIME ik_ns                           /* IK_NEVER; RFC 3339 in JSON */
#define IK_REC_C_BOOL bool                            /* never absent */
#define IK_REC_C_RATIO double                         /* negative, or not a number */
#define IK_REC_C_REAL double                          /* not a number */
#define IK_REC_C_STRS const char *const *             /* NULL; else ended by NULL */
#define IK_REC_C_RTT struct ik_rec_rtt                /* min == IK_NEVER */
#define IK_REC_C_QUOTE struct ik_rd                   /* left == 0; bytes of a quoted packet */
#define IK_REC_C_EXT struct ik_rd                     /* left == 0; an RFC 4884 structure */
#define IK_REC_C_HEX struct ik_rd                     /* left == 0 */
#define IK_REC_C_IP struct ik_rec_ip                  /* header == NULL */
#define IK_REC_C_ICMP struct ik_rec_icmp              /* msg == NULL */
#define IK_REC_C_FLAWS const struct ik_faults *       /* NULL; none wrong: an empty array */
#define IK_REC_C_LAYERS const struct ik_layers *      /* NULL */
#define IK_REC_C_PAIR struct ik_rec_pair              /* kind == NULL */
#define IK_REC_C_KINDS struct ik_rec_kinds            /* list == NULL */
#define IK_REC_C_TALKERS struct ik_rec_talkers        /* list == NULL */
#define IK_REC_C_FLAWCOUNTS struct ik_rec_flaw_counts /* list == NULL */
#define IK_REC_C_COUNTS struct ik_rec_counts          /* names == NULL */
#define IK_REC_C_BINS struct ik_rec_bins              /* list == NULL */
#define IK_REC_C_EVIDENCE struct ik_rec_evidence      /* list == NULL; none: an empty array */

#define RECORD(id, doc) struct ik_rec_##id {
#define FIELD(id, type, presence, doc) IK_REC_C_##type id;
#define END(id) \
    }           \
    ;
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END

enum ik_record_kind {
#define RECORD(id, doc) IK_REC_##id,
#define FIELD(id, type, presence, doc)
#define END(id)
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END
    IK_REC_KINDS
};

/* One record. Pointers and spans are borrowed: until the next call into the engine that made it. */
struct ik_record {
    enum ik_record_kind kind;
    ik_ns time; /* real time */
    union {
#define RECORD(id, doc) struct ik_rec_##id id;
#define FIELD(id, type, presence, doc)
#define END(id)
#include <icmpkit/schema.def>
#undef RECORD
#undef FIELD
#undef END
    };
};

/* A record of that kind with every field absent (numbers -1, times IK_NEVER, spans empty). */
struct ik_record ik_record_make(enum ik_record_kind kind, ik_ns time);

/* Writes the record as one line of JSON with its newline, every string escaped, never longer than
 * what fits: IK_E_FULL when cap is too small (IK_RECORD_JSON_MAX is always enough for what our
 * engines make, whatever strangers sent; only `run` can be longer, by its argv: try again with
 * more). IK_E_VALUE for a kind that is none. *len is written on success only. */
enum { IK_RECORD_JSON_MAX = 32768 };
IK_MUST_USE enum ik_err ik_record_json(const struct ik_record *rec, char *out, size_t cap,
                                       size_t *len);
/* Writes the JSON Schema (draft 2020-12) of all records, from the same rows. Returns the bytes it
 * needs; *out holds them when cap suffices. */
size_t ik_record_schema(char *out, size_t cap);
/* Writes doc/records.md from the same rows; as ik_record_schema. */
size_t ik_record_doc(char *out, size_t cap);
/* Escapes bytes of strangers for a terminal or a text report: printable UTF-8 stays, the rest
 * becomes \xNN, also backslash. Always terminated; returns buf. */
const char *ik_text_escape(struct ik_rd bytes, char *buf, size_t cap);
