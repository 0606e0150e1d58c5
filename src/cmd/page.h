/* SPDX-License-Identifier: MIT
 * Text for people on a page: filled lines as wide as the terminal, wide characters counted, marks
 * where there is colour. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct ik_page {
    FILE *to;
    int width; /* columns */
    bool colour;
};

enum ik_page_mark { IK_PAGE_PLAIN, IK_PAGE_HEAD, IK_PAGE_COMMAND };

/* What standard output is: its width (80 where it is no terminal), and colour only on a terminal
 * that has some, unless NO_COLOR is set. */
struct ik_page ik_page_stdout(void);
/* Columns that a text takes; a byte that is no character counts as one. */
int ik_page_columns(const char *text);
/* Text with a mark, as it is. */
void ik_page_put(const struct ik_page *p, enum ik_page_mark mark, const char *text);
/* Blanks. */
void ik_page_pad(const struct ik_page *p, int n);
/* The first n bytes of a paragraph, filled: it goes on in column `at`, and each further line begins
 * in column `indent`. Breaks at blanks alone; what is longer than a line has one of its own. Ends
 * the line. */
void ik_page_fill(const struct ik_page *p, const char *text, size_t n, int at, int indent);
/* A heading on a line of its own, after an empty line. */
void ik_page_head(const struct ik_page *p, const char *text);
