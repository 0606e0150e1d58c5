/* SPDX-License-Identifier: MIT
 * schema.def as data: what the encoders, the schema and the documentation walk. */
#pragma once

#include <icmpkit/record.h>

#include "record/value.h"

/* One field: its value lies `offset_bytes` into struct ik_record. */
struct ik_table_field {
    const char *name, *doc;
    struct ik_rd key; /* as it stands in JSON: ,"name": */
    enum ik_value_type type;
    bool required; /* null when absent; an optional one is left out */
    size_t offset_bytes;
};

/* One kind of record. */
struct ik_table_kind {
    const char *name, *doc;
    struct ik_rd head; /* how its JSON begins, up to the time: {"record":"name","time": */
    const struct ik_table_field *fields;
    size_t n;
};

/* The row of a kind, whose pointers are static. A number that is none gives an empty row. */
struct ik_table_kind ik_table_get(enum ik_record_kind kind);
