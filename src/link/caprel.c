/* SPDX-License-Identifier: MIT
 * Numbers are of 32 bits and wrap, as in the machine that libpcap compiles to. */
#include "link/caprel.h"

#include "base/rd.h"
#include "link/capwords.h"

#include <string.h>

/* ---- compiling: to a stack machine ----------------------------------------------------------- */

enum { NESTING = 16 };

struct compiler {
    const struct ik_captoken *tokens;
    size_t n, at;
    struct ik_capexpr_leaf *leaf;
    unsigned depth;
};

static const struct ik_captoken *peek(const struct compiler *c)
{
    static const struct ik_captoken end;
    return c->at < c->n ? &c->tokens[c->at] : &end;
}

static bool accept(struct compiler *c, enum ik_captoken_kind kind)
{
    const bool is = peek(c)->kind == kind;
    c->at += is;
    return is;
}

static bool emit(struct compiler *c, struct ik_capexpr_op op)
{
    if (c->leaf->n_code == IK_CAPEXPR_CODE)
        return false;
    c->leaf->code[c->leaf->n_code++] = op;
    return true;
}

/* As the parser of libpcap has it; the signs without a row bind to all that follows them. */
static int precedence(const struct ik_captoken *t)
{
    static const char *const levels[] = {"|", "&", "lr", "+-", "*/"};
    if (t->kind != IK_CAPTOKEN_OPERATOR)
        return -1;
    for (int i = 0; i < 5; i++)
        if (strchr(levels[i], t->sign))
            return i + 1;
    return 0;
}

enum { UNARY = 6 };

static bool sum(struct compiler *c, int least);

/* icmp[ index : size ] */
static bool load(struct compiler *c, uint8_t family)
{
    uint32_t size = 1;
    if (!accept(c, IK_CAPTOKEN_BRACKET) || !sum(c, 1))
        return false;
    if (accept(c, IK_CAPTOKEN_COLON)) {
        if (!ik_capwords_number(peek(c), &size))
            return false;
        c->at++;
    }
    if (size != 1 && size != 2 && size != 4)
        return false;
    c->leaf->of_icmp = true;
    return accept(c, IK_CAPTOKEN_BRACKET_END) &&
           emit(c, (struct ik_capexpr_op){.sign = 'b', .family = family, .bytes = (uint8_t)size});
}

static bool word(struct compiler *c)
{
    const struct ik_captoken *t = peek(c);
    uint32_t value;
    c->at++;
    if (ik_captoken_is(t, "icmp"))
        return load(c, 4);
    if (ik_captoken_is(t, "icmp6"))
        return load(c, 6);
    if (ik_captoken_is(t, "len") || ik_captoken_is(t, "length"))
        return emit(c, (struct ik_capexpr_op){.sign = 'w'});
    return ik_capwords_number(t, &value) &&
           emit(c, (struct ik_capexpr_op){.sign = '#', .value = value});
}

static bool operand(struct compiler *c)
{
    if (c->depth == NESTING)
        return false;
    c->depth++;
    bool good = false;
    if (peek(c)->kind == IK_CAPTOKEN_OPERATOR && peek(c)->sign == '-') {
        c->at++;
        good = sum(c, UNARY) && emit(c, (struct ik_capexpr_op){.sign = '~'});
    } else if (accept(c, IK_CAPTOKEN_OPEN)) {
        good = sum(c, 1) && accept(c, IK_CAPTOKEN_CLOSE);
    } else if (peek(c)->kind == IK_CAPTOKEN_WORD) {
        good = word(c);
    }
    c->depth--;
    return good;
}

static bool sum(struct compiler *c, int least)
{
    if (!operand(c))
        return false;
    for (;;) {
        const struct ik_captoken *t = peek(c);
        const int level = precedence(t);
        if (level < 0 || (level > 0 && level < least))
            return true;
        c->at++;
        if (!sum(c, level ? level + 1 : 1) || !emit(c, (struct ik_capexpr_op){.sign = t->sign}))
            return false;
    }
}

bool ik_caprel_compile(const struct ik_captoken *tokens, size_t n, struct ik_capexpr_leaf *leaf)
{
    struct compiler c = {tokens, n, 0, leaf, 0};
    leaf->n_code = 0;
    if (!sum(&c, 1))
        return false;
    const struct ik_captoken *relation = peek(&c);
    return accept(&c, IK_CAPTOKEN_RELATION) && sum(&c, 1) && c.at == n &&
           emit(&c, (struct ik_capexpr_op){.sign = relation->sign == '<'   ? 's'
                                                   : relation->sign == '>' ? 'g'
                                                                           : relation->sign});
}

/* ---- evaluating ------------------------------------------------------------------------------ */

static bool load_bytes(const struct ik_capexpr_op *op, const struct ik_capfilter_view *view,
                       uint32_t *v)
{
    if (op->family != view->family || *v > view->icmp.left || op->bytes > view->icmp.left - *v)
        return false;
    const uint8_t *p = view->icmp.p + *v;
    *v = op->bytes == 1 ? p[0] : op->bytes == 2 ? ik_load_be16(p) : ik_load_be32(p);
    return true;
}

static bool compute(char sign, uint32_t a, uint32_t b, uint32_t *out)
{
    switch (sign) {
    case '+':
        *out = a + b;
        return true;
    case '-':
        *out = a - b;
        return true;
    case '*':
        *out = a * b;
        return true;
    case '/':
        *out = b ? a / b : 0;
        return b != 0;
    case '%':
        *out = b ? a % b : 0;
        return b != 0;
    case '&':
        *out = a & b;
        return true;
    case '|':
        *out = a | b;
        return true;
    case '^':
        *out = a ^ b;
        return true;
    case 'l':
        *out = b < 32 ? a << b : 0;
        return true;
    default:
        *out = b < 32 ? a >> b : 0;
        return true;
    }
}

static bool compare(char sign, uint32_t a, uint32_t b, uint32_t *out)
{
    switch (sign) {
    case '=':
        *out = a == b;
        return true;
    case 'N':
        *out = a != b;
        return true;
    case 's':
        *out = a < b;
        return true;
    case 'g':
        *out = a > b;
        return true;
    case 'L':
        *out = a <= b;
        return true;
    case 'G':
        *out = a >= b;
        return true;
    default:
        return false;
    }
}

bool ik_caprel_holds(const struct ik_capexpr_leaf *leaf, const struct ik_capfilter_view *view,
                     uint32_t wire_bytes)
{
    uint32_t stack[IK_CAPEXPR_CODE]; /* no step puts more than one number on it */
    size_t n = 0;
    for (size_t i = 0; i < leaf->n_code; i++) {
        const struct ik_capexpr_op *op = &leaf->code[i];
        if (op->sign == '#') {
            stack[n++] = op->value;
        } else if (op->sign == 'w') {
            stack[n++] = wire_bytes;
        } else if (op->sign == '~') {
            stack[n - 1] = 0 - stack[n - 1];
        } else if (op->sign == 'b') {
            if (!load_bytes(op, view, &stack[n - 1]))
                return false;
        } else {
            n--;
            if (!compare(op->sign, stack[n - 1], stack[n], &stack[n - 1]) &&
                !compute(op->sign, stack[n - 1], stack[n], &stack[n - 1]))
                return false;
        }
    }
    return stack[0] != 0;
}
