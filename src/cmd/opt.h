/* SPDX-License-Identifier: MIT
 * Declarative options: a verb describes them in one table, and gets strict parsing, clear refusals
 * and its help from it. */
#pragma once

#include "lang.h"

#include <icmpkit/base.h>

#include <stdio.h>

/* What an option takes, and the member of the verb's struct that `at` is the offset of. */
enum ik_opt_kind {
    IK_OPT_HEADING, /* no option: `help` heads those that follow */
    IK_OPT_FLAG,    /* nothing; bool, set to true */
    IK_OPT_OFF,     /* nothing; bool, set to false */
    IK_OPT_COUNT,   /* nothing; int, one more each time */
    IK_OPT_INT,     /* a decimal number from min to max; int64_t */
    IK_OPT_NUMBER,  /* the same, or hexadecimal after 0x; int64_t */
    IK_OPT_SECONDS, /* seconds as a decimal fraction, min to max in ns; ik_ns */
    IK_OPT_CHOICE,  /* one of `choices`, ended by NULL; int, its place from 0 */
    IK_OPT_STRING,  /* anything; const char *, borrowed from argv */
    IK_OPT_LIST,    /* anything, several times; struct ik_opt_list */
};

struct ik_opt {
    char letter;      /* 0: no short form */
    const char *name; /* long form without dashes; NULL: none */
    enum ik_opt_kind kind;
    size_t at;
    const char *arg;  /* what the help calls the argument, NULL without one */
    const char *help; /* one or more lines */
    int64_t min, max;
    const char *const *choices;
    const char *excludes; /* names (letters or long forms), blank between, that contradict it */
};

enum { IK_OPT_LIST_MAX = 8 };

struct ik_opt_list {
    const char *items[IK_OPT_LIST_MAX];
    int n;
};

/* One verb's command line. */
struct ik_opt_spec {
    const char *verb;
    const char *synopsis; /* after the verb: "[OPTION]... TARGET..." */
    const char *intro;    /* a sentence or two */
    const struct ik_opt *options;
    size_t n;
    const char *outro; /* lines after the options, or NULL */
};

enum { IK_OPT_ERROR = 512, IK_OPT_MAX = 96 };

/* What was found beside the values. */
struct ik_opt_args {
    const char **operands; /* room for argc pointers, the caller's; borrowed from argv */
    int n;
    bool given[IK_OPT_MAX];   /* by place in the table */
    char error[IK_OPT_ERROR]; /* one line without its end, when parsing failed */
};

/* Parses argv[1..argc-1]: options and operands in any order, "--" ends the options, short flags may
 * be joined, "-" is an operand. Numbers must be the whole argument and in range, whatever the
 * locale. Values go to the members of *out; those not given stay. False: args->error says what
 * would be right. */
IK_MUST_USE bool ik_opt_parse(const struct ik_opt_spec *spec, int argc, char *const *argv,
                              void *out, struct ik_opt_args *args);
/* True when the option with that letter, or else long form, was given. */
bool ik_opt_given(const struct ik_opt_spec *spec, const struct ik_opt_args *args, const char *name);
/* Prints usage and options. */
void ik_opt_help(const struct ik_opt_spec *spec, FILE *to);

/* Strict numbers, for what is not an option: the whole text, in range. */
IK_MUST_USE bool ik_opt_int(const char *text, bool hex, int64_t min, int64_t max, int64_t *out);
IK_MUST_USE bool ik_opt_seconds(const char *text, ik_ns min, ik_ns max, ik_ns *out);
