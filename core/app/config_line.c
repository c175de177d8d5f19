/*
 * config_line.c - see config_line.h: a scanner of Lua's tokens that keeps track
 * of the braces it is in. Pure. Called only when there is something to report.
 */
#include "app/config_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_DEPTH 16
#define LINE_PATH 256

enum line_kind { LINE_END, LINE_NAME, LINE_STRING, LINE_OTHER };

struct line_scan {
    struct rd_slice rest;
    unsigned line;               /* of the token */
    enum line_kind kind;
    struct rd_slice text;        /* a string's without quotes, escapes as they are */
};

/* ---- tokens ------------------------------------------------------------------- */

static void
line_skip(struct line_scan *s, size_t n)
{
    for (size_t i = 0; i < n && i < s->rest.n; i++)
        s->line += s->rest.p[i] == '\n';
    s->rest = rd_slice_skip(s->rest, n);
}

static bool
line_is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of "[[...]]" or "[==[...]==]" at the start of s, 0 when there is none. */
static size_t
line_long_bracket(struct rd_slice s, size_t *inner)
{
    size_t level = 1, i;

    if (s.n < 2 || s.p[0] != '[')
        return 0;
    while (level < s.n && s.p[level] == '=')
        level++;
    if (level >= s.n || s.p[level] != '[')
        return 0;
    *inner = level + 1;
    for (i = level + 1; i + level < s.n; i++)
        if (s.p[i] == ']' && s.p[i + level] == ']'
            && memcmp(s.p + i + 1, s.p + 1, level - 1) == 0)
            return i + level + 1;
    return s.n;
}

static void
line_skip_blanks(struct line_scan *s)
{
    size_t inner;

    for (;;) {
        struct rd_slice r = s->rest;

        if (rd_slice_starts(r, RD_LIT("--"))) {
            size_t n = line_long_bracket(rd_slice_skip(r, 2), &inner);

            line_skip(s, n ? n + 2 : rd_slice_find(r, '\n'));
        } else if (r.n > 0 && (unsigned char)r.p[0] <= ' ') {
            line_skip(s, 1);
        } else {
            return;
        }
    }
}

static size_t
line_quoted(struct rd_slice s)
{
    size_t i = 1;

    while (i < s.n && s.p[i] != s.p[0] && s.p[i] != '\n')
        i += s.p[i] == '\\' ? 2 : 1;
    return i < s.n ? i + 1 : s.n;
}

/* Takes the next token; its text is what s->text was. */
static void
line_next(struct line_scan *s)
{
    size_t n = 0, inner = 1;

    line_skip(s, s->text.n);
    line_skip_blanks(s);
    s->kind = LINE_OTHER;
    while (n < s->rest.n && line_is_name(s->rest.p[n]))
        n++;
    if (s->rest.n == 0) {
        s->kind = LINE_END;
    } else if (n > 0) {
        s->kind = LINE_NAME;
    } else if (s->rest.p[0] == '"' || s->rest.p[0] == '\'') {
        s->kind = LINE_STRING;
        n = line_quoted(s->rest);
    } else if ((n = line_long_bracket(s->rest, &inner)) > 0) {
        s->kind = LINE_STRING;
    } else {
        n = 1;
    }
    s->text = rd_slice_make(s->rest.p, n);
}

static bool
line_is(const struct line_scan *s, char c)
{
    return s->kind == LINE_OTHER && s->text.p[0] == c;
}

/* The token after this one is "=" (and not "=="). */
static bool
line_is_key(struct line_scan s)
{
    line_next(&s);
    return line_is(&s, '=') && !rd_slice_starts(s.rest, RD_LIT("=="));
}

/* ---- tables --------------------------------------------------------------------- */

struct line_table {
    size_t mark;        /* length of the path of the table */
    size_t index;       /* of the next value without key */
};

struct line_search {
    struct line_scan scan;
    const char *want;
    char path[LINE_PATH];
    struct line_table tables[LINE_DEPTH];
    size_t depth;
    size_t best_length;
    unsigned best;      /* line of the longest part of want seen so far */
    bool at_start;      /* of a value's place in its table */
};

/* Sets the last part of the path, and remembers the line when that is part of what is wanted. */
static void
line_enter(struct line_search *f, const char *format, struct rd_slice name)
{
    size_t mark = f->tables[f->depth - 1].mark, n;

    snprintf(f->path + mark, sizeof f->path - mark, format, RD_PRI(name));
    n = strlen(f->path);
    if (n > f->best_length && strncmp(f->want, f->path, n) == 0
        && (f->want[n] == 0 || f->want[n] == '.' || f->want[n] == '[')) {
        f->best_length = n;
        f->best = f->scan.line;
    }
}

/* A value's place begins here: with `name =`, `["name"] =`, or without a key. */
static void
line_on_start(struct line_search *f)
{
    struct line_table *t = &f->tables[f->depth - 1];
    const char *with_dot = t->mark ? ".%.*s" : "%.*s";
    struct line_scan after = f->scan;
    struct rd_slice name = f->scan.text;
    char digits[24];

    f->at_start = false;
    if (f->scan.kind == LINE_NAME && line_is_key(f->scan)) {
        line_enter(f, with_dot, name);
        return;
    }
    line_next(&after);
    if (line_is(&f->scan, '[') && after.kind == LINE_STRING && after.text.n >= 2) {
        line_enter(f, with_dot, rd_slice_make(after.text.p + 1, after.text.n - 2));
        f->scan = after;
        return;
    }
    snprintf(digits, sizeof digits, "%zu", ++t->index);
    line_enter(f, "[%.*s]", rd_slice_str(digits));
}

static bool
line_open(struct line_search *f)
{
    if (f->depth == LINE_DEPTH)
        return false;
    f->tables[f->depth] = (struct line_table){ strlen(f->path), 0 };
    f->depth++;
    f->at_start = true;
    return true;
}

/* One token inside the table; false when the table has ended. */
static bool
line_step(struct line_search *f)
{
    if (line_is(&f->scan, '}')) {
        f->depth--;
        f->at_start = false;
        if (f->depth > 0)
            f->path[f->tables[f->depth - 1].mark] = 0;
        return f->depth > 0;
    }
    if (line_is(&f->scan, ',') || line_is(&f->scan, ';')) {
        f->at_start = true;
        return true;
    }
    if (f->at_start)
        line_on_start(f);
    return line_is(&f->scan, '{') ? line_open(f) : f->scan.kind != LINE_END;
}

unsigned
rd_config_line(struct rd_slice source, const char *path)
{
    struct line_search f = { .scan = { source, 1, LINE_OTHER, { source.p, 0 } }, .want = path };

    if (source.p == NULL || path[0] == 0)
        return 0;
    do {
        line_next(&f.scan);
        if (f.scan.kind == LINE_NAME && rd_slice_eq(f.scan.text, RD_LIT("return")))
            f.depth = 1;    /* for a moment: is a table what follows? */
        else if (f.depth == 1 && line_is(&f.scan, '{'))
            break;
        else
            f.depth = 0;
    } while (f.scan.kind != LINE_END);
    f.depth = 0;
    if (f.scan.kind == LINE_END || !line_open(&f))
        return 0;
    do
        line_next(&f.scan);
    while (line_step(&f));
    return f.best;
}
