/* asker.c - who asks for the kit: writes down every item and end, and what nobody waited for.
 * mailproto/store.h, QUESTIONS, ITEMS and CANCEL. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

enum { ROUNDS = 200000 };

static kit_answer *find(kit_handle *h, uint64_t token)
{
    kit_answer *answer = h->answers;

    while (answer && answer->token != token)
        answer = answer->next;
    return answer;
}

/* Puts a copy behind the others. The octets of a slice with a lease are copied, and released. */
static int keep(kit_handle *h, kit_answer *answer, const mailproto_event *item)
{
    if (answer->count == answer->room) {
        const size_t room = answer->room ? 2 * answer->room : 4;
        mailproto_event **items = realloc(answer->items, room * sizeof *items);

        if (!items)
            return 0;
        answer->items = items;
        answer->room = room;
    }
    if (mailproto_store_keep(&answer->items[answer->count], item, NULL))
        return 0;
    answer->count++;
    if (item->type == MAILPROTO_STORE_SLICE) {
        const uint64_t lease = ((const mailproto_store_slice *)(const void *)item)->lease;

        if (lease && h->store.release)
            h->store.release(h->store.user, lease);
    }
    return 1;
}

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    kit_handle *h = (kit_handle *)(void *)asker;
    kit_answer *answer = find(h, token);

    if (!answer || answer->ended) {
        h->strays++;
        return MAILPROTO_ERR_TOKEN;
    }
    if (answer->cancelled) {
        h->after_cancel++;
        return MAILPROTO_ERR_TOKEN;
    }
    if (answer->said_enough) {
        answer->after_enough = 1;
        return MAILPROTO_STORE_ENOUGH;
    }
    if (answer->cancel_at && answer->count + 1 == answer->cancel_at) {
        answer->cancelled = 1;
        (void)mailproto_store_cancel(&h->store, asker, token);
        return MAILPROTO_ERR_TOKEN;
    }
    if (!keep(h, answer, item)) {
        h->kit->broken = MAILPROTO_ERR_NOMEM;
        return MAILPROTO_OK;
    }
    answer->said_enough = answer->enough && answer->count >= answer->enough;
    return answer->said_enough ? MAILPROTO_STORE_ENOUGH : MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    kit_handle *h = (kit_handle *)(void *)asker;
    kit_answer *answer = find(h, token);

    (void)text;
    (void)len;
    if (!answer || answer->ended) {
        h->strays++;
        return MAILPROTO_ERR_TOKEN;
    }
    if (answer->cancelled) {
        h->after_cancel++;
        return MAILPROTO_ERR_TOKEN;
    }
    answer->ended = 1;
    answer->result = why;
    return MAILPROTO_OK;
}

void mp_kit_handle_begin(kit_handle *h, kit *k)
{
    h->kit = k;
    h->asker = (mailproto_store_asker){sizeof h->asker, 0, on_item, on_end};
}

void mp_kit_answers_free(kit_handle *h)
{
    while (h->answers) {
        kit_answer *answer = h->answers;

        h->answers = answer->next;
        for (size_t i = 0; i < answer->count; i++)
            mailproto_store_kept_free(answer->items[i], NULL);
        free(answer->items);
        free(answer);
    }
}

static kit_answer *post(kit_handle *h, mailproto_event *question, size_t enough, size_t cancel_at)
{
    kit_answer *answer = calloc(1, sizeof *answer);

    if (!answer) {
        h->kit->broken = MAILPROTO_ERR_NOMEM;
        (void)mp_kit_fail(h->kit, "there is no memory for the answer");
        return NULL;
    }
    answer->type = question->type;
    answer->token = question->token = ++h->token;
    answer->enough = enough;
    answer->cancel_at = cancel_at;
    answer->next = h->answers;
    h->answers = answer;
    if (mailproto_store_ask(&h->store, &h->asker, question)) {
        (void)mp_kit_fail(h->kit, "the library refused to pass on question 0x%x", (unsigned)question->type);
        return NULL;
    }
    return answer;
}

kit_answer *mp_kit_post(kit_handle *h, mailproto_event *question)
{
    return post(h, question, 0, 0);
}

kit_answer *mp_kit_post_enough(kit_handle *h, mailproto_event *question, size_t enough)
{
    return post(h, question, enough, 0);
}

kit_answer *mp_kit_post_cancel(kit_handle *h, mailproto_event *question, int at)
{
    return post(h, question, 0, (size_t)at);
}

/* Lets every store do something. Whether one of the late ones did. */
static int step(kit *k)
{
    int moved = 0;

    for (size_t i = 0; i < k->handle_count; i++)
        if (k->handles[i].late)
            moved |= mailproto_late_store_step(k->handles[i].late) > 0;
    if (!k->factory->drive)
        return moved;
    if (k->factory->drive(k->factory->user, k->account) < 0)
        k->broken = MAILPROTO_ERR_UNAVAILABLE;
    return 1;
}

int mp_kit_wait(kit_handle *h, kit_answer *answer)
{
    for (size_t i = 0; answer && !answer->ended && i < ROUNDS; i++)
        if (!step(h->kit))
            break;
    if (!answer || answer->ended)
        return answer != NULL;
    return mp_kit_fail(h->kit, "question 0x%x was never answered", (unsigned)answer->type);
}

void mp_kit_steps(kit *k, size_t n)
{
    while (n-- && step(k))
        continue;
}

void mp_kit_settle(kit *k)
{
    mp_kit_steps(k, k->factory->drive ? 100 : ROUNDS);
}

kit_answer *mp_kit_ask(kit_handle *h, mailproto_event *question)
{
    kit_answer *answer = mp_kit_post(h, question);

    return mp_kit_wait(h, answer) ? answer : NULL;
}

kit_answer *mp_kit_done(kit_handle *h, mailproto_event *question)
{
    kit_answer *answer = mp_kit_ask(h, question);

    if (!answer)
        return NULL;
    if (answer->result) {
        (void)mp_kit_fail(h->kit, "question 0x%x was answered %s", (unsigned)question->type,
                          mailproto_result_name(answer->result));
        return NULL;
    }
    return answer;
}

void mp_kit_tell(kit_handle *h, mailproto_event *question)
{
    question->token = 0;
    (void)mailproto_store_ask(&h->store, &h->asker, question);
}

void mp_kit_cancel(kit_handle *h, kit_answer *answer)
{
    if (answer->ended || answer->cancelled)
        return;
    answer->cancelled = 1;
    (void)mailproto_store_cancel(&h->store, &h->asker, answer->token);
}
