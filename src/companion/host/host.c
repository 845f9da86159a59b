/* host.c - the host: made, run, stopped and freed, and what it has to say of what went wrong.
 * include/mailproto/host_loop.h, "the host". Its memory stays until libuv holds nothing of it any more. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { SESSIONS = 10000, SESSIONS_OF_ADDRESS = 100, READ_SIZE = 16384, READ_LEAST = 512, LINGER_MS = 2000 };

/* ---- what went wrong ---- */

int32_t mp_host_fail(mailproto_host *host, int32_t result, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(host->sentence, sizeof host->sentence, format, arguments);
    va_end(arguments);
    host->error = error < 0 ? -error : 0;
    return result;
}

void mp_host_problem(mailproto_host *host, mailproto_host_listener *listener, const char *format, ...)
{
    char text[MP_HOST_ERROR];
    va_list arguments;
    int n;

    if (!host->config.on_problem)
        return;
    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    host->config.on_problem(host, listener, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1,
                            host->config.user);
}

int32_t mailproto_host_error(const mailproto_host *host, const char **text, size_t *len)
{
    const char *sentence = host ? host->sentence : "";

    if (text)
        *text = sentence;
    if (len)
        *len = strlen(sentence);
    return host ? host->error : 0;
}

/* ---- the end ---- */

static void destroy(mailproto_host *host)
{
    mailproto_allocator allocator = host->allocator;
    mailproto_host_config config = host->config;

    mp_host_timers_release(host);
    mp_host_listeners_release(host);
    mp_host_jobs_release(host);
    mp_host_inherit_free(host);
    mp_host_release(host, host->buffer, config.read_size);
    uv_mutex_destroy(&host->lock);
    if (!config.loop)
        uv_loop_close(&host->own);
    allocator.free(host, sizeof *host, allocator.user);
    if (config.on_freed)
        config.on_freed(config.user);
}

void mp_host_begin(mailproto_host *host)
{
    host->things++;
}

void mp_host_end(mailproto_host *host)
{
    /* a host with a loop of its own is destroyed by whoever runs it */
    if (!--host->things && host->freeing && host->config.loop)
        destroy(host);
}

static void own_closed(uv_handle_t *handle)
{
    mp_host_end(handle->data);
}

static void close_all(mailproto_host *host)
{
    mailproto_host_connection *next;

    mp_host_posts_run(host);
    while (host->listeners)
        mailproto_host_listener_close(host->listeners);
    for (mailproto_host_connection *c = host->connections; c; c = next) {
        next = c->next;
        mailproto_host_connection_abort(c, NULL, 0);
    }
    mp_host_drain_free(host);
    mp_host_timers_end(host);
    mp_host_jobs_end(host);
    mp_host_signals_free(host);
    uv_close((uv_handle_t *)&host->drain.timer, own_closed);
    uv_close((uv_handle_t *)&host->idle, own_closed);
    uv_close((uv_handle_t *)&host->posts, own_closed);
}

/* Until libuv holds nothing any more. Handles of the program's own may stay: they are not waited for. */
static void finish(mailproto_host *host)
{
    while (host->things)
        uv_run(host->loop, UV_RUN_ONCE);
    destroy(host);
}

void mailproto_host_free(mailproto_host *host)
{
    if (!host || host->freeing)
        return;
    mp_host_begin(host); /* what ends meanwhile is not the last */
    host->freeing = 1;
    close_all(host);
    if (host->running)
        uv_stop(host->loop);
    else if (!host->config.loop) {
        host->things--;
        finish(host);
        return;
    }
    mp_host_end(host);
}

/* ---- the beginning ---- */

static int32_t take_config(mailproto_host_config *config, const mailproto_host_config *given)
{
    static const uint32_t flags = MAILPROTO_HOST_STAY | MAILPROTO_HOST_KEEP_SIGPIPE;

    if (given) {
        if (mp_companion_struct_copy(config, sizeof *config, given))
            return MAILPROTO_ERR_ARG;
    } else {
        mp_companion_struct_init(config, sizeof *config);
    }
    if (config->flags & ~flags || config->reserved || (config->read_size && config->read_size < READ_LEAST))
        return MAILPROTO_ERR_ARG;
    config->max_sessions = config->max_sessions ? config->max_sessions : SESSIONS;
    if (!config->max_sessions_per_address)
        config->max_sessions_per_address = SESSIONS_OF_ADDRESS;
    config->read_size = config->read_size ? config->read_size : READ_SIZE;
    config->linger_ms = config->linger_ms ? config->linger_ms : LINGER_MS;
    return MAILPROTO_OK;
}

/* libuv's pool reads its size from the environment when it starts. */
static void set_threads(uint32_t threads)
{
    char text[16];

    snprintf(text, sizeof text, "%u", threads);
    setenv("UV_THREADPOOL_SIZE", text, 0);
}

static void ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) || action.sa_handler != SIG_DFL)
        return;
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* 0, or -1: nothing was made. */
static int make_handles(mailproto_host *host)
{
    host->loop = host->config.loop ? host->config.loop : &host->own;
    if (!host->config.loop && uv_loop_init(&host->own))
        return -1;
    if (uv_mutex_init(&host->lock)) {
        if (!host->config.loop)
            uv_loop_close(&host->own);
        return -1;
    }
    if (uv_async_init(host->loop, &host->posts, mp_host_posted)) {
        uv_mutex_destroy(&host->lock);
        if (!host->config.loop)
            uv_loop_close(&host->own);
        return -1;
    }
    if (!(host->config.flags & MAILPROTO_HOST_STAY))
        uv_unref((uv_handle_t *)&host->posts);
    uv_idle_init(host->loop, &host->idle); /* these two answer 0 always */
    uv_timer_init(host->loop, &host->drain.timer);
    host->posts.data = host->idle.data = host->drain.timer.data = host;
    host->things = 3;
    return 0;
}

static int32_t refuse(const char **why, int32_t result, const char *text)
{
    if (why)
        *why = text;
    return result;
}

int32_t mailproto_host_new(mailproto_host **out, const mailproto_host_config *config, const char **why)
{
    mailproto_host_config own;
    mailproto_allocator allocator;
    mailproto_host *host;

    if (!out || take_config(&own, config))
        return refuse(why, MAILPROTO_ERR_ARG,
                      "the config is no struct of this library, has an unknown flag or a read_size below 512");
    if (mp_companion_allocator_copy(&allocator, own.allocator))
        return refuse(why, MAILPROTO_ERR_ARG, "the allocator lacks a function");
    host = allocator.alloc(sizeof *host, allocator.user);
    if (!host)
        return refuse(why, MAILPROTO_ERR_NOMEM, "there is no memory for a host");
    memset(host, 0, sizeof *host);
    host->config = own;
    host->allocator = allocator;
    host->buffer = allocator.alloc(own.read_size, allocator.user);
    if (own.threads)
        set_threads(own.threads);
    if (!host->buffer || make_handles(host)) {
        int32_t result = host->buffer ? MAILPROTO_ERR_HOST : MAILPROTO_ERR_NOMEM;

        mp_host_release(host, host->buffer, own.read_size);
        allocator.free(host, sizeof *host, allocator.user);
        return refuse(why, result,
                      result == MAILPROTO_ERR_HOST ? "the system gives no event loop or no handle of one"
                                                   : "there is no memory for a host");
    }
    if (!(own.flags & MAILPROTO_HOST_KEEP_SIGPIPE))
        ignore_sigpipe();
    *out = host;
    return MAILPROTO_OK;
}

int32_t mailproto_host_config_init(mailproto_host_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}

/* ---- running ---- */

int32_t mailproto_host_run(mailproto_host *host)
{
    if (!host)
        return MAILPROTO_ERR_ARG;
    if (host->config.loop || host->running || host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "the loop is not the host's own, or runs already");
    host->running = 1;
    uv_run(host->loop, UV_RUN_DEFAULT);
    host->running = 0;
    if (!host->freeing)
        return MAILPROTO_OK;
    finish(host);
    return MAILPROTO_FREED;
}

int32_t mailproto_host_stop(mailproto_host *host)
{
    if (!host)
        return MAILPROTO_ERR_ARG;
    uv_stop(host->loop);
    return MAILPROTO_OK;
}

struct uv_loop_s *mailproto_host_loop(mailproto_host *host)
{
    return host ? host->loop : NULL;
}

uint64_t mailproto_host_now(const mailproto_host *host)
{
    return uv_now(host->loop);
}

uint64_t mailproto_host_connections(const mailproto_host *host)
{
    return host->connection_count;
}
