/* signals.c - SIGTERM and SIGINT end the host in good order, SIGHUP is the program's.
 * include/mailproto/host_loop.h, mailproto_host_signals. */
#include <signal.h>

#include "internal.h"

enum { SIGNALS = 3 };

struct mp_host_signals {
    mailproto_host_signals_config config;
    mailproto_host *host;
    uv_signal_t handles[SIGNALS];
    uint8_t open;    /* handles */
    uint8_t wanted;  /* a drain: as soon as that of the program's own is over */
    uint8_t ending;  /* it is under way */
    uint8_t drained; /* and is over: the host stops as soon as no work is under way */
};

static void closed(uv_handle_t *handle)
{
    struct mp_host_signals *s = handle->data;
    mailproto_host *host = s->host;

    if (--s->open)
        return;
    mp_host_release(host, s, sizeof *s);
    mp_host_end(host);
}

void mp_host_signals_cut(mailproto_host *host, uint64_t sessions)
{
    const struct mp_host_signals *s = host->signals;

    if (s && s->ending && s->config.on_cut)
        s->config.on_cut(host, sessions, s->config.user);
}

static void drained(mailproto_host *host, int32_t result, uint64_t cut, void *user)
{
    (void)cut;
    (void)user;
    if (host->signals)
        host->signals->drained = !result;
}

static void begin(struct mp_host_signals *s)
{
    s->wanted = mailproto_host_drain(s->host, 0, s->config.drain_ms, drained, NULL) != MAILPROTO_OK;
    s->ending = !s->wanted;
}

/* Work that is left (a message on its way to the disk) is not left half done. */
void mp_host_signals_settle(mailproto_host *host)
{
    struct mp_host_signals *s = host->signals;

    if (s && s->wanted && !host->drain.active)
        begin(s);
    if (s && s->drained && !host->working)
        uv_stop(host->loop);
}

static void end(struct mp_host_signals *s, int number)
{
    mailproto_host *host = s->host;

    if (s->ending || s->wanted) {
        mailproto_host_drain_cut(host);
        return;
    }
    s->wanted = 1;
    if (s->config.on_end)
        s->config.on_end(host, number, s->config.user);
    if (!host->freeing)
        begin(s);
}

static void came(uv_signal_t *handle, int number)
{
    struct mp_host_signals *s = handle->data;

    if (number != SIGHUP)
        end(s, number);
    else
        s->config.on_hangup(s->host, s->config.user);
}

int32_t mailproto_host_signals(mailproto_host *host, const mailproto_host_signals_config *config)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    struct mp_host_signals *s;
    int count, error = 0;

    if (!host)
        return MAILPROTO_ERR_ARG;
    if (host->signals || host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "signals are seen to already, or the host is being freed");
    s = mp_host_alloc(host, sizeof *s);
    if (!s)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for signals");
    if (mp_companion_struct_copy(&s->config, sizeof s->config, config)) {
        mp_host_release(host, s, sizeof *s);
        return mp_host_fail(host, MAILPROTO_ERR_ARG, 0, "the config is no struct of this library");
    }
    s->host = host;
    host->signals = s;
    mp_host_begin(host);
    count = s->config.on_hangup ? SIGNALS : SIGNALS - 1;
    for (int i = 0; i < count && !error; i++) {
        error = uv_signal_init(host->loop, &s->handles[i]);
        if (error)
            break;
        s->handles[i].data = s;
        s->open++;
        error = uv_signal_start(&s->handles[i], came, numbers[i]);
        uv_unref((uv_handle_t *)&s->handles[i]);
    }
    if (!error)
        return MAILPROTO_OK;
    mp_host_signals_free(host);
    return mp_host_fail(host, MAILPROTO_ERR_HOST, error, "the system gives no signals: %s", uv_strerror(error));
}

void mp_host_signals_free(mailproto_host *host)
{
    struct mp_host_signals *s = host->signals;

    host->signals = NULL;
    if (!s)
        return;
    if (!s->open) {
        mp_host_release(host, s, sizeof *s);
        mp_host_end(host);
        return;
    }
    for (int i = 0; i < SIGNALS; i++)
        if (s->handles[i].data)
            uv_close((uv_handle_t *)&s->handles[i], closed);
}

int32_t mailproto_host_signals_config_init(mailproto_host_signals_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}
