/* faults.h - how the faults of wrong stores are written down, and what several of them do.
 * mailproto/store.h, RULES. */
#ifndef TEST_STORE_FAULTS_H
#define TEST_STORE_FAULTS_H

#include <stdlib.h>
#include <string.h>

#include "wrong.h"

#define AS(name, event) ((mailproto_store_##name *)(void *)(event))
#define ASKED(p, TYPE)  ((p)->question->type == MAILPROTO_STORE_##TYPE)

/* Functions of a fault are named after its rule. */
#define QUESTION(rule) static int rule##_question(struct passing *p, mailproto_event *q)
#define ITEM(rule)     static int32_t rule##_item(struct passing *p, mailproto_event *item)
#define END(rule)      static int32_t rule##_end(struct passing *p, int32_t why)

static inline int is(mailproto_text text, const char *name)
{
    return text.len == strlen(name) && memcmp(text.ptr, name, text.len) == 0;
}

static inline int is_below(mailproto_text name, const char *above)
{
    const size_t n = strlen(above);

    return n && name.len > n && name.ptr[n] == '/' && memcmp(name.ptr, above, n) == 0;
}

static inline void set(char *to, mailproto_text text)
{
    const size_t n = text.len < WRONG_TEXT ? text.len : WRONG_TEXT - 1;

    memcpy(to, text.ptr, n);
    to[n] = '\0';
}

/* Keeps an item back. */
static inline int32_t hold(struct passing *p, const mailproto_event *item)
{
    return mailproto_store_keep(&p->held, item, NULL) ? MAILPROTO_ERR_NOMEM : MAILPROTO_OK;
}

static inline int32_t let_go(struct passing *p)
{
    const int32_t result = p->held ? wrong_give(p, p->held) : MAILPROTO_OK;

    mailproto_store_kept_free(p->held, NULL);
    p->held = NULL;
    return result;
}

#define Q(rule) .question = rule##_question
#define I(rule) .item = rule##_item
#define E(rule) .end = rule##_end

/* Each file's own; the last of each has no rule. */
extern const struct fault wrong_mailbox_faults[], wrong_upload_faults[], wrong_message_faults[];

#endif
