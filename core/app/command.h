/*
 * command.h - replyd's sub-commands: one row and one cmd_NAME.c each.
 */
#ifndef RD_APP_COMMAND_H
#define RD_APP_COMMAND_H

#include <stdio.h>

/* Exit codes. */
#define RD_EXIT_OK 0
#define RD_EXIT_NO 1          /* a negative answer: check, text, verify, explain */
#define RD_EXIT_USAGE 2       /* usage or configuration */
#define RD_EXIT_CANNOT 69     /* cannot bind, or open the store */
#define RD_EXIT_INTERNAL 70   /* internal, or lost threads */

typedef int rd_command_fn(int argc, char **argv);    /* argv[0] is the command's name */

rd_command_fn rd_cmd_run, rd_cmd_check, rd_cmd_text, rd_cmd_verify, rd_cmd_explain, rd_cmd_help;

/*    name   function      arguments                 what it does */
#define RD_COMMANDS(X)                                                                       \
    X(run, rd_cmd_run,                                                                       \
      "[-c FILE] [--listen URL]... [--public-url URL]... [--state DIR] [SCRIPT]",            \
      "Serves: answers Twilio's webhooks with SCRIPT (scripts/main.lua if none is named),"   \
      " or as FILE (replyd.lua) says.")                                                      \
    X(check, rd_cmd_check, "[-c FILE] [SCRIPT]",                                             \
      "Loads configuration and scripts, prints every route and handler; serves nothing."     \
      " Without SCRIPT and routes: scripts/main.lua.")                                       \
    X(text, rd_cmd_text,                                                                     \
      "FROM [BODY] [--to NUMBER] [--media URL]... [--whatsapp] [--status STATUS] [--sid SID]" \
      " [--url URL] [--token TOKEN] [--account SID] [--xml] [--insecure] [-c FILE]"          \
      " [--state DIR]",                                                                      \
      "Sends a message as Twilio would, signed, and prints the answer. The configured"       \
      " basic_auth goes to the configuration's own listeners and public_url only; --url"     \
      " https://user:password@host names others.")                                           \
    X(verify, rd_cmd_verify,                                                                 \
      "--url URL --token TOKEN|@FILE --signature SIGNATURE [--content-type TYPE]"            \
      " [--body FILE|-] [--method METHOD]",                                                  \
      "Says whether a signature of Twilio's is right, and if not, what would have matched.") \
    X(explain, rd_cmd_explain, "SID|FILE|- [--json] [-c FILE] [--state DIR]",                \
      "Says why a message was refused or failed: by the running replyd, a log, or a request" \
      " as it came.")                                                                        \
    X(help, rd_cmd_help, "[config|lua|metrics|COMMAND]",                                     \
      "Prints this, every configuration key, the whole Lua API, or every metric.")

struct rd_command {
    const char *name;
    rd_command_fn *run;
    const char *arguments;
    const char *sentence;
};

/* Ends with a row without name. */
extern const struct rd_command rd_commands[];

/* The row of a command, NULL when there is none. */
const struct rd_command *rd_command_find(const char *name);

/* The process's exit code for its command line. */
int rd_command_main(int argc, char **argv);

/* "usage: replyd NAME ..." on standard error; returns RD_EXIT_USAGE. */
int rd_command_usage(const char *name);

/* Text for a terminal: words wrapped at 80 columns, each line indented. */
void rd_command_print_wrapped(FILE *to, const char *text, int indent);

#endif
