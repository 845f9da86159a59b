/* interrupt.c - SIGINT, SIGTERM and SIGHUP: the connection is cut.
 * shutdown is safe in a handler, and wakes the loop without a race: a cut connection is readable for ever. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

static volatile sig_atomic_t caught;
static volatile sig_atomic_t connection = -1;

static void on_signal(int number)
{
    caught = number;
    if (connection >= 0)
        shutdown((int)connection, SHUT_RDWR);
}

void interrupt_install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action, before;

    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        /* nohup and background jobs of simple shells ignore some of them: so do we */
        if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

int interrupted(void)
{
    return (int)caught;
}

void interrupt_cuts(int fd)
{
    connection = fd;
    if (caught && fd >= 0)
        shutdown(fd, SHUT_RDWR);
}

void interrupt_end(void)
{
    if (!caught)
        return;
    signal((int)caught, SIG_DFL);
    raise((int)caught);
}
