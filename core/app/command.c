/*
 * command.c - see command.h: the table, and what is common to all commands. Called
 * by main.c.
 */
#include "app/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "version.h"

const struct rd_command rd_commands[] = {
#define COMMAND_ROW(name, run, arguments, sentence) { #name, run, arguments, sentence },
    RD_COMMANDS(COMMAND_ROW)
    { NULL, NULL, NULL, NULL },
};

/* Commands that the documentation names and a later version brings. */
static const char *const command_later[] = {
    "messages", "backup", "send", "webhook", "doctor", "dev", "init", "test",
    "replay", NULL,
};

const struct rd_command *
rd_command_find(const char *name)
{
    for (const struct rd_command *c = rd_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int
rd_command_usage(const char *name)
{
    const struct rd_command *c = rd_command_find(name);

    char line[1024];

    snprintf(line, sizeof line, "usage: replyd %s %s", name, c ? c->arguments : "");
    rd_command_print_wrapped(stderr, line, 0);
    return RD_EXIT_USAGE;
}

static int
command_version(void)
{
    printf("replyd %s (%s)\n", RD_VERSION, RD_COMMIT);
#define COMMAND_LIBRARY(name, version) printf("  %-10s %s\n", name, version);
    RD_LIBRARIES(COMMAND_LIBRARY)
    return RD_EXIT_OK;
}

static int
command_unknown(const char *name)
{
    struct rd_suggest s;

    for (size_t i = 0; command_later[i] != NULL; i++)
        if (strcmp(command_later[i], name) == 0) {
            fprintf(stderr, "replyd %s: not in this version\n", name);
            return RD_EXIT_USAGE;
        }
    rd_suggest_start(&s, rd_slice_str(name));
    for (const struct rd_command *c = rd_commands; c->name != NULL; c++)
        rd_suggest_offer(&s, rd_slice_str(c->name));
    if (s.best.p != NULL)
        fprintf(stderr, "replyd: unknown command %s, did you mean %s?\n", name, s.best.p);
    else
        fprintf(stderr, "replyd: unknown command %s (replyd help lists all)\n", name);
    return RD_EXIT_USAGE;
}

static bool
command_asks_for_help(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[2], "-h") == 0)
        return true;
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static int
command_help(char *name)
{
    static char help[] = "help";
    char *topic[] = { help, name, NULL };

    return rd_cmd_help(2, topic);
}

int
rd_command_main(int argc, char **argv)
{
    static char help[] = "help";
    char *only_help[] = { help, NULL };
    const struct rd_command *c;

    if (argc < 2) {
        rd_cmd_help(1, only_help);
        return RD_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return command_version();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return rd_cmd_help(1, only_help);
    c = rd_command_find(argv[1]);
    if (c == NULL)
        return command_unknown(argv[1]);
    return command_asks_for_help(argc, argv) ? command_help(argv[1]) : c->run(argc - 1, argv + 1);
}

void
rd_command_print_wrapped(FILE *to, const char *text, int indent)
{
    int column = 0;

    while (*text) {
        int n = (int)strcspn(text, " ");

        if (column > indent && column + 1 + n > 80) {
            fputc('\n', to);
            column = 0;
        }
        if (column == 0)
            column = fprintf(to, "%*s", indent, "");
        else
            column += fprintf(to, " ");
        column += fprintf(to, "%.*s", n, text);
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}
