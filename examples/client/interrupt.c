/* interrupt.c - SIGINT, SIGTERM and SIGHUP: the connection is cut.
 * Waking the loop is safe in a handler (uv_async_send). */
#include "interrupt.h"

#include <signal.h>
#include <string.h>
#include <uv.h>

/* A process has its signals once, and so is this. */
static volatile sig_atomic_t caught, running;
static uv_async_t wake;
static struct {
    void (*cut)(void *user);
    void *user;
} asked;

static void on_signal(int number)
{
    caught = number;
    if (running)
        uv_async_send(&wake);
}

static void on_wake(uv_async_t *handle)
{
    (void)handle;
    asked.cut(asked.user);
}

void interrupt_install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action, before;

    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
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

void interrupt_run(mailproto_host *host, void (*cut)(void *user), void *user)
{
    asked.cut = cut;
    asked.user = user;
    if (!uv_async_init(mailproto_host_loop(host), &wake, on_wake)) {
        uv_unref((uv_handle_t *)&wake);
        running = 1;
        if (caught)
            uv_async_send(&wake);
    }
    mailproto_host_run(host);
    if (running) {
        running = 0;
        uv_close((uv_handle_t *)&wake, NULL);
    }
    /* whoever interrupts does not wait for a name server that does not answer */
    if (!caught)
        mailproto_host_free(host);
}

void interrupt_end(void)
{
    if (!caught)
        return;
    signal((int)caught, SIG_DFL);
    raise((int)caught);
}
