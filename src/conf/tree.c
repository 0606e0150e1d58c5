/* SPDX-License-Identifier: MIT
 * libyaml's events, made into the tree. Items wait in one vector while the list or map that they
 * belong to is open; `frames` says where each one's begin. */
#include "conf/tree.h"

#include "conf/say.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct frame {
    struct ik_tree_node *node;
    size_t first;                   /* of its items among the waiting */
    const struct ik_tree_node *key; /* of a map: read, its value not yet */
    const char *anchor;
};

struct anchor {
    const char *name;
    const struct ik_tree_node *node;
};

struct build {
    struct ik_arena *arena;
    struct ik_conf_fault *fault;
    struct ik_tree_item *waiting;
    size_t n_waiting, room;
    struct frame frames[IK_TREE_DEPTH_MAX];
    size_t depth;
    struct anchor anchors[IK_TREE_ANCHORS_MAX];
    size_t n_anchors;
    uint32_t weight; /* of all that was read */
    unsigned documents;
    const struct ik_tree_node *root;
};

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

static unsigned column_of(yaml_mark_t mark)
{
    return (unsigned)mark.column + 1;
}

static enum ik_err node_new(struct build *b, const yaml_event_t *ev, enum ik_tree_kind kind,
                            struct ik_tree_node **out)
{
    struct ik_tree_node *n = ik_arena_take(b->arena, sizeof(*n));
    if (!n)
        return ik_say_nomem(b->fault);
    *n = (struct ik_tree_node){.kind = kind,
                               .line = line_of(ev->start_mark),
                               .column = column_of(ev->start_mark),
                               .weight = 1};
    *out = n;
    return IK_OK;
}

static enum ik_err item_wait(struct build *b, const struct ik_tree_node *key,
                             const struct ik_tree_node *value)
{
    if (b->n_waiting == b->room) {
        const size_t room = b->room ? 2 * b->room : 256;
        struct ik_tree_item *more = realloc(b->waiting, room * sizeof(*more));
        if (!more)
            return ik_say_nomem(b->fault);
        b->waiting = more;
        b->room = room;
    }
    b->waiting[b->n_waiting++] = (struct ik_tree_item){key, value};
    return IK_OK;
}

/* Counts what was read, an alias as all that it stands for: a short file cannot grow. */
static enum ik_err weigh(struct build *b, const struct ik_tree_node *n)
{
    if (n->weight > IK_TREE_NODES_MAX - b->weight)
        return ik_say_at(b->fault, n,
                         "too much: more than %d values (an alias counts as what it "
                         "stands for)",
                         IK_TREE_NODES_MAX);
    b->weight += n->weight;
    return IK_OK;
}

/* A complete node takes its place: key, value, item or the whole document. */
static enum ik_err node_place(struct build *b, const struct ik_tree_node *n)
{
    if (b->depth == 0) {
        b->root = n;
        return IK_OK;
    }
    struct frame *f = &b->frames[b->depth - 1];
    f->node->weight += n->weight;
    if (f->node->kind == IK_TREE_LIST)
        return item_wait(b, NULL, n);
    if (f->key) {
        const struct ik_tree_node *key = f->key;
        f->key = NULL;
        return item_wait(b, key, n);
    }
    if (n->kind != IK_TREE_SCALAR)
        return ik_say_at(b->fault, n, "a key must be a word");
    f->key = n;
    return IK_OK;
}

/* ---- anchors and aliases --------------------------------------------------------------------- */

/* `name` is NULL where there is none. A container has its anchor from its end on, so that nothing
 * can contain itself. */
static enum ik_err anchor_add(struct build *b, const char *name, const struct ik_tree_node *n)
{
    if (!name)
        return IK_OK;
    if (b->n_anchors == IK_TREE_ANCHORS_MAX)
        return ik_say_at(b->fault, n, "more than %d anchors", IK_TREE_ANCHORS_MAX);
    b->anchors[b->n_anchors++] = (struct anchor){name, n};
    return IK_OK;
}

static enum ik_err anchor_copy(struct build *b, const yaml_char_t *name, const char **out)
{
    if (!name)
        return IK_OK;
    const char *text = (const char *)name;
    *out = ik_arena_copy(b->arena, text, strlen(text));
    return *out ? IK_OK : ik_say_nomem(b->fault);
}

static enum ik_err on_alias(struct build *b, const yaml_event_t *ev)
{
    const char *name = (const char *)ev->data.alias.anchor;
    for (size_t i = b->n_anchors; i-- > 0;) {
        if (strcmp(b->anchors[i].name, name) != 0)
            continue;
        struct ik_tree_node *n = NULL;
        enum ik_err err = node_new(b, ev, IK_TREE_SCALAR, &n);
        if (err)
            return err;
        const uint32_t line = n->line, column = n->column;
        *n = *b->anchors[i].node;
        n->line = line;
        n->column = column;
        err = weigh(b, n);
        return err ? err : node_place(b, n);
    }
    return ik_say_place(b->fault, IK_E_VALUE, line_of(ev->start_mark), column_of(ev->start_mark),
                        "nothing is anchored as &%s before this", name);
}

/* ---- scalars, lists, maps -------------------------------------------------------------------- */

static enum ik_err tag_check(struct build *b, const yaml_event_t *ev, const yaml_char_t *tag)
{
    if (!tag || strcmp((const char *)tag, "!") == 0)
        return IK_OK;
    return ik_say_place(b->fault, IK_E_VALUE, line_of(ev->start_mark), column_of(ev->start_mark),
                        "a tag (%s) has no meaning here", (const char *)tag);
}

static enum ik_err on_scalar(struct build *b, const yaml_event_t *ev)
{
    struct ik_tree_node *n = NULL;
    enum ik_err err = tag_check(b, ev, ev->data.scalar.tag);
    if (!err)
        err = node_new(b, ev, IK_TREE_SCALAR, &n);
    if (err)
        return err;
    const char *text = (const char *)ev->data.scalar.value;
    if (memchr(text, '\0', ev->data.scalar.length))
        return ik_say_at(b->fault, n, "a text with a zero byte in it");
    n->text = ik_arena_copy(b->arena, text, ev->data.scalar.length);
    n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const char *anchor = NULL;
    if (!n->text)
        return ik_say_nomem(b->fault);
    err = weigh(b, n);
    if (!err)
        err = anchor_copy(b, ev->data.scalar.anchor, &anchor);
    if (!err)
        err = anchor_add(b, anchor, n);
    return err ? err : node_place(b, n);
}

static enum ik_err on_start(struct build *b, const yaml_event_t *ev, enum ik_tree_kind kind,
                            const yaml_char_t *tag, const yaml_char_t *anchor)
{
    struct ik_tree_node *n = NULL;
    enum ik_err err = tag_check(b, ev, tag);
    if (!err)
        err = node_new(b, ev, kind, &n);
    if (!err)
        err = weigh(b, n);
    if (err)
        return err;
    if (b->depth == IK_TREE_DEPTH_MAX)
        return ik_say_at(b->fault, n, "nested deeper than %d", IK_TREE_DEPTH_MAX);
    n->text = kind == IK_TREE_LIST ? "[...]" : "{...}";
    struct frame *f = &b->frames[b->depth];
    *f = (struct frame){.node = n, .first = b->n_waiting};
    err = anchor_copy(b, anchor, &f->anchor);
    if (!err)
        b->depth++;
    return err;
}

/* By text, then by place, so that the later of two stands second. */
static int by_key(const void *a, const void *b)
{
    const struct ik_tree_node *x = *(const struct ik_tree_node *const *)a;
    const struct ik_tree_node *y = *(const struct ik_tree_node *const *)b;
    const int order = strcmp(x->text, y->text);
    if (order)
        return order;
    return x->line != y->line ? (x->line < y->line ? -1 : 1)
                              : (x->column > y->column) - (x->column < y->column);
}

static enum ik_err keys_unique(struct build *b, const struct ik_tree_node *map)
{
    const struct ik_tree_node **keys = malloc((map->n ? map->n : 1) * sizeof(*keys));
    if (!keys)
        return ik_say_nomem(b->fault);
    for (uint32_t i = 0; i < map->n; i++)
        keys[i] = map->items[i].key;
    qsort(keys, map->n, sizeof(*keys), by_key);
    enum ik_err err = IK_OK;
    for (uint32_t i = 1; i < map->n && !err; i++) {
        if (strcmp(keys[i - 1]->text, keys[i]->text) == 0)
            err = ik_say_at(b->fault, keys[i], "\"%s\" a second time: the first is in line %u",
                            keys[i]->text, (unsigned)keys[i - 1]->line);
    }
    free(keys);
    return err;
}

static enum ik_err on_end(struct build *b)
{
    struct frame *f = &b->frames[--b->depth];
    struct ik_tree_node *n = f->node;
    const size_t count = b->n_waiting - f->first;
    struct ik_tree_item *items = ik_arena_array(b->arena, count, sizeof(*items));
    if (!items)
        return ik_say_nomem(b->fault);
    if (count)
        memcpy(items, b->waiting + f->first, count * sizeof(*items));
    b->n_waiting = f->first;
    n->items = items;
    n->n = (uint32_t)count;
    enum ik_err err = n->kind == IK_TREE_MAP ? keys_unique(b, n) : IK_OK;
    if (!err)
        err = anchor_add(b, f->anchor, n);
    return err ? err : node_place(b, n);
}

/* ---- the file -------------------------------------------------------------------------------- */

static enum ik_err on_event(struct build *b, const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(b, ev);
    case YAML_ALIAS_EVENT:
        return on_alias(b, ev);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, ev, IK_TREE_LIST, ev->data.sequence_start.tag,
                        ev->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, ev, IK_TREE_MAP, ev->data.mapping_start.tag,
                        ev->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ == 0)
            return IK_OK;
        return ik_say_place(b->fault, IK_E_VALUE, line_of(ev->start_mark),
                            column_of(ev->start_mark), "a second document: a file is one");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return IK_OK;
}

static enum ik_err not_yaml(struct build *b, const yaml_parser_t *p)
{
    if (p->error == YAML_MEMORY_ERROR)
        return ik_say_nomem(b->fault);
    const char *problem = p->problem ? p->problem : ik_say_in(b->fault, N_("no reason given"));
    if (p->error == YAML_READER_ERROR)
        return ik_say_place(b->fault, IK_E_VALUE, line_of(p->mark), column_of(p->mark),
                            "not YAML: %s", problem);
    if (p->context)
        return ik_say_place(b->fault, IK_E_VALUE, line_of(p->problem_mark),
                            column_of(p->problem_mark), "not YAML: %s, %s from line %u on", problem,
                            p->context, line_of(p->context_mark));
    return ik_say_place(b->fault, IK_E_VALUE, line_of(p->problem_mark), column_of(p->problem_mark),
                        "not YAML: %s", problem);
}

static enum ik_err events_read(struct build *b, yaml_parser_t *p)
{
    for (bool end = false; !end;) {
        yaml_event_t ev;
        if (!yaml_parser_parse(p, &ev))
            return not_yaml(b, p);
        end = ev.type == YAML_STREAM_END_EVENT;
        const enum ik_err err = on_event(b, &ev);
        yaml_event_delete(&ev);
        if (err)
            return err;
    }
    return IK_OK;
}

static const struct ik_tree_node nothing = {
    .kind = IK_TREE_MAP, .line = 1, .column = 1, .text = "{...}", .weight = 1};

enum ik_err ik_tree_parse(const struct ik_tree_node **out, struct ik_arena *arena,
                          struct ik_rd bytes, struct ik_conf_fault *fault)
{
    struct build b = {.arena = arena, .fault = fault};
    if (bytes.left > IK_TREE_BYTES_MAX)
        return ik_say_at(fault, NULL, "too long: more than %d bytes", IK_TREE_BYTES_MAX);
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p))
        return ik_say_nomem(fault);
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, bytes.p, bytes.left);
    const enum ik_err err = events_read(&b, &p);
    yaml_parser_delete(&p);
    free(b.waiting);
    if (!err)
        *out = b.root ? b.root : &nothing;
    return err;
}
