/* main.c - replyd's entry: everything else is app/command.c and the commands below it. */
#include <fcntl.h>
#include <unistd.h>

#include "app/command.h"

/*
 * A closed one of 0 to 2 would be given to the first socket or file that is opened: what is
 * printed would go there, and libuv aborts when it closes such a handle.
 */
static void
main_open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int
main(int argc, char **argv)
{
    main_open_standard();
    return rd_command_main(argc, argv);
}
