/* post.c - calls from other threads, brought to the loop's.
 * include/mailproto/host_loop.h, mailproto_host_post. The one place that more than one thread enters. */
#include <stdlib.h>

#include "internal.h"

int32_t mailproto_host_post(mailproto_host *host, void (*run)(mailproto_host *host, void *user), void *user)
{
    struct mp_host_post *post;

    if (!host || !run)
        return MAILPROTO_ERR_ARG;
    post = malloc(sizeof *post); /* the host's allocator is the loop's thread's alone */
    if (!post)
        return MAILPROTO_ERR_NOMEM;
    *post = (struct mp_host_post){NULL, run, user};
    uv_mutex_lock(&host->lock);
    if (host->last_post)
        host->last_post->next = post;
    else
        host->first_post = post;
    host->last_post = post;
    uv_mutex_unlock(&host->lock);
    uv_async_send(&host->posts);
    return MAILPROTO_OK;
}

static struct mp_host_post *take_all(mailproto_host *host)
{
    struct mp_host_post *first;

    uv_mutex_lock(&host->lock);
    first = host->first_post;
    host->first_post = host->last_post = NULL;
    uv_mutex_unlock(&host->lock);
    return first;
}

/* What is posted meanwhile has its turn in the next round; it has waked the loop for it. */
void mp_host_posts_run(mailproto_host *host)
{
    struct mp_host_post *next;

    for (struct mp_host_post *post = take_all(host); post; post = next) {
        next = post->next;
        post->run(host, post->user);
        free(post);
    }
}

void mp_host_posted(uv_async_t *async)
{
    mailproto_host *host = async->data;

    if (!host->freeing)
        mp_host_posts_run(host);
}
