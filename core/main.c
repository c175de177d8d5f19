/* main.c - replyd's entry: everything else is app/command.c and the commands below it. */
#include "app/command.h"

int
main(int argc, char **argv)
{
    return rd_command_main(argc, argv);
}
