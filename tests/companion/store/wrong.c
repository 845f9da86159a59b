/* wrong.c - how a wrong store passes questions on to the store in memory, and its answers back.
 * mailproto/store.h, QUESTIONS and ITEMS. */
#include "wrong.h"

#include <stdlib.h>
#include <string.h>

int32_t wrong_give(struct passing *p, const mailproto_event *item)
{
    return mailproto_store_give(p->outer, p->token, item);
}

int32_t wrong_end(struct passing *p, int32_t why)
{
    return why ? mailproto_store_fail(p->outer, p->token, why, NULL, 0) : mailproto_store_done(p->outer, p->token);
}

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct passing *p = (struct passing *)(void *)asker;
    mailproto_event *copy;
    int32_t result;

    (void)token;
    if (!p->wrong->fault || !p->wrong->fault->item)
        return wrong_give(p, item);
    if (mailproto_store_keep(&copy, item, NULL))
        abort();
    result = p->wrong->fault->item(p, copy);
    mailproto_store_kept_free(copy, NULL);
    return result;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct passing *p = (struct passing *)(void *)asker;

    (void)token;
    (void)text;
    (void)len;
    return p->wrong->fault && p->wrong->fault->end ? p->wrong->fault->end(p, why) : wrong_end(p, why);
}

/* The store in memory answers before it returns: the question may lie on the stack. */
static int32_t pass(struct wrong *w, mailproto_store_asker *outer, const mailproto_event *question)
{
    struct passing p = {.asker = {sizeof p.asker, 0, on_item, on_end}, .wrong = w, .outer = outer};

    p.token = question->token;
    if (mailproto_store_keep(&p.question, question, NULL))
        return MAILPROTO_ERR_NOMEM;
    if (!w->fault || !w->fault->question || !w->fault->question(&p, p.question))
        (void)mailproto_store_ask(&w->inner, &p.asker, p.question);
    mailproto_store_kept_free(p.question, NULL);
    mailproto_store_kept_free(p.held, NULL);
    for (size_t i = 0; i < p.count; i++)
        mailproto_store_kept_free(p.all[i], NULL);
    return MAILPROTO_OK;
}

/* ---- asking by itself ---- */

struct own {
    mailproto_store_asker asker;
    struct passing *p; /* that hears the items; NULL: nobody */
    int32_t why;
};

static int32_t own_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct own *own = (struct own *)(void *)asker;

    (void)token;
    return own->p ? wrong_give(own->p, item) : MAILPROTO_OK;
}

static int32_t own_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    (void)token;
    (void)text;
    (void)len;
    ((struct own *)(void *)asker)->why = why;
    return MAILPROTO_OK;
}

int32_t wrong_ask(struct wrong *w, mailproto_event *question)
{
    struct own own = {{sizeof own.asker, 0, own_item, own_end}, NULL, 0};

    question->token = 1;
    (void)mailproto_store_ask(&w->inner, &own.asker, question);
    return own.why;
}

void wrong_forward(struct passing *p, mailproto_event *question)
{
    struct own own = {{sizeof own.asker, 0, own_item, own_end}, p, 0};

    question->token = p->token;
    (void)mailproto_store_ask(&p->wrong->inner, &own.asker, question);
}

/* ---- the functions ---- */

#define PASS(field, name)                                                                                              \
    static int32_t wrong_##field(void *user, mailproto_store_asker *asker, const mailproto_store_##name *question)     \
    {                                                                                                                  \
        return pass(user, asker, &question->head);                                                                     \
    }
#define FUNCTIONS(X)                                                                                                   \
    X(list, list)                                                                                                      \
    X(mailbox_open, open)                                                                                              \
    X(mailbox_close, close)                                                                                            \
    X(status, status)                                                                                                  \
    X(mailbox_create, create)                                                                                          \
    X(mailbox_delete, delete)                                                                                          \
    X(mailbox_rename, rename)                                                                                          \
    X(subscribe, subscribe)                                                                                            \
    X(authorise, authorise)                                                                                            \
    X(changes, changes)                                                                                                \
    X(snapshot_end, snapshot_end)                                                                                      \
    X(message_open, message_open)                                                                                      \
    X(message_read, message_read)                                                                                      \
    X(message_close, message_close)                                                                                    \
    X(append_begin, append_begin)                                                                                      \
    X(append_write, append_write)                                                                                      \
    X(append_commit, append_commit)                                                                                    \
    X(append_abort, append_abort)                                                                                      \
    X(flags, flags)                                                                                                    \
    X(copy, copy)                                                                                                      \
    X(expunge, expunge)                                                                                                \
    X(blob_read, blob_read)                                                                                            \
    X(blob_write, blob_write)                                                                                          \
    X(quota_set, quota_set)                                                                                            \
    X(metadata, metadata)                                                                                              \
    X(metadata_set, metadata_set)
FUNCTIONS(PASS)
#undef PASS

/* The other store is a wrong one, too: the store in memory is to see the one below. */
static int32_t wrong_append_share(void *user, mailproto_store_asker *asker,
                                  const mailproto_store_append_share *question)
{
    mailproto_store_append_share below = *question;

    if (below.other && below.other->append_share == wrong_append_share)
        below.other = &((struct wrong *)below.other->user)->inner;
    return pass(user, asker, &below.head);
}

/* Hints come later: who asked hears them without a detour. */
static int32_t wrong_watch(void *user, mailproto_store_asker *asker, const mailproto_store_watch *question)
{
    struct wrong *w = user;
    struct passing p = {.wrong = w, .outer = asker, .token = question->head.token};
    mailproto_store_watch spoiled = *question;

    p.question = &spoiled.head;
    if (w->fault && w->fault->question && w->fault->question(&p, p.question))
        return MAILPROTO_OK;
    return mailproto_store_ask(&w->inner, asker, &spoiled.head);
}

static void wrong_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    (void)mailproto_store_cancel(&((struct wrong *)user)->inner, asker, token);
}

static int32_t functions(struct wrong *w, mailproto_store *out)
{
    (void)mailproto_store_init(out, sizeof *out);
    out->promises = w->inner.promises;
    out->user = w;
#define PUT(field, name) out->field = wrong_##field;
    FUNCTIONS(PUT)
#undef PUT
    out->append_share = wrong_append_share;
    out->watch = wrong_watch;
    out->cancel = wrong_cancel;
    return MAILPROTO_OK;
}

/* ---- the factory ---- */

static int32_t make(void *user, void **account, mailproto_store *store)
{
    struct wrong *w = calloc(1, sizeof *w);

    if (!w || mailproto_memory_store_new(&w->memory, NULL))
        abort();
    w->fault = user;
    (void)mailproto_memory_store_set_wall(w->memory, 1700000000, 0);
    (void)mailproto_memory_store_functions(w->memory, &w->inner);
    *account = w;
    return functions(w, store);
}

static int32_t more(void *user, void *account, uint32_t index, mailproto_store *store)
{
    (void)user;
    (void)index;
    return functions(account, store);
}

/* A program that ends and begins again finds what it left, for memory is all the disk that these stores have. */
static int32_t restart(void *user, void *account, mailproto_store *store)
{
    (void)user;
    ((struct wrong *)account)->restarted = 1;
    return functions(account, store);
}

static void end(void *user, void *account)
{
    (void)user;
    mailproto_memory_store_free(((struct wrong *)account)->memory);
    free(account);
}

void wrong_factory(mailproto_store_kit_factory *factory, const struct fault *fault)
{
    (void)mailproto_store_kit_factory_init(factory, sizeof *factory);
    memcpy(&factory->user, &fault, sizeof fault);
    factory->make = make;
    factory->more = more;
    factory->restart = restart;
    factory->end = end;
}
