/* cmd_run.c - `replyd run`: reads the command line; serving is serve.c. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/serve.h"
#include "base/mem.h"

/* Flags that may stand several times; at most argc values. */
struct run_list {
    const char **at;
    size_t n;
};

static const struct option run_options[] = {
    { "config", required_argument, NULL, 'c' }, { "listen", required_argument, NULL, 'l' },
    { "public-url", required_argument, NULL, 'p' }, { "state", required_argument, NULL, 's' },
    { NULL, 0, NULL, 0 },
};

static bool
run_parse(int argc, char **argv, struct rd_config_args *args, struct run_list *listen,
          struct run_list *urls)
{
    int c;

    while ((c = getopt_long(argc, argv, "c:", run_options, NULL)) != -1) {
        switch (c) {
        case 'c': args->file = optarg; break;
        case 'l': listen->at[listen->n++] = optarg; break;
        case 'p': urls->at[urls->n++] = optarg; break;
        case 's': args->state = optarg; break;
        default: return false;
        }
    }
    if (optind < argc)
        args->script = argv[optind++];
    return optind == argc;
}

int
rd_cmd_run(int argc, char **argv)
{
    struct rd_config_args args = { .file = NULL };
    struct run_list listen = { rd_calloc((size_t)argc, sizeof(char *)), 0 };
    struct run_list urls = { rd_calloc((size_t)argc, sizeof(char *)), 0 };
    int status;

    if (run_parse(argc, argv, &args, &listen, &urls)) {
        args.listen = listen.at;
        args.n_listen = listen.n;
        args.public_urls = urls.at;
        args.n_public_urls = urls.n;
        status = rd_serve(&args);
    } else {
        status = rd_command_usage("run");
    }
    free(listen.at);
    free(urls.at);
    return status;
}
