/* Accounts for tests: stores in memory, each behind one that answers late, and a look at what is in them.
   accounts.h. */
#include "accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void account_begin(struct account *account, uint64_t seed)
{
    *account = (struct account){0};
    assert_int_equal(mailproto_memory_store_new(&account->memory, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(account->memory, &account->inner), MAILPROTO_OK);
    account->store = account->inner;
    if (!seed)
        return;
    assert_int_equal(mailproto_late_store_new(&account->late, &account->inner, seed, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_late_store_functions(account->late, &account->store), MAILPROTO_OK);
}

void account_end(struct account *account)
{
    mailproto_late_store_free(account->late);
    mailproto_memory_store_free(account->memory);
}

int account_move(struct account *account)
{
    return account->late && mailproto_late_store_step(account->late) == 1;
}

/* ---- a look: the store in memory answers before its functions return ---- */

enum { UIDS_MAX = 4096 };

struct look {
    mailproto_store_asker asker; /* first */
    uint64_t mailbox, opening, message, size;
    uint32_t uids[UIDS_MAX];
    size_t count;
    struct test_bytes text;
    int ended;
    int32_t why;
};

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct look *look = (struct look *)(void *)asker;
    const void *of = item;

    (void)token;
    switch (item->type) {
    case MAILPROTO_STORE_MAILBOX:
        look->mailbox = ((const mailproto_store_mailbox *)of)->mailbox;
        break;
    case MAILPROTO_STORE_OPENED:
        look->opening = ((const mailproto_store_opened *)of)->opening;
        break;
    case MAILPROTO_STORE_MESSAGE:
        assert_true(look->count < UIDS_MAX);
        look->uids[look->count++] = ((const mailproto_store_message *)of)->uid;
        break;
    case MAILPROTO_STORE_MESSAGE_OPENED:
        look->message = ((const mailproto_store_message_opened *)of)->message;
        look->size = ((const mailproto_store_message_opened *)of)->size;
        break;
    case MAILPROTO_STORE_SLICE: {
        const mailproto_store_slice *slice = of;

        test_bytes_add(&look->text, slice->bytes.ptr, slice->bytes.len);
        assert_int_equal(slice->lease, 0);
        break;
    }
    default:
        break;
    }
    return MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct look *look = (struct look *)(void *)asker;

    (void)token;
    (void)text;
    (void)len;
    look->ended++;
    look->why = why;
    return MAILPROTO_OK;
}

static void ask(struct look *look, const mailproto_store *store, void *question, size_t size, uint32_t type)
{
    mailproto_event *head = question;

    *head = (mailproto_event){(uint32_t)size, type, 1};
    look->ended = 0;
    assert_int_equal(mailproto_store_ask(store, &look->asker, head), MAILPROTO_OK);
    assert_int_equal(look->ended, 1);
    assert_int_equal(look->why, MAILPROTO_OK);
}

static void tell(struct look *look, const mailproto_store *store, void *question, size_t size, uint32_t type)
{
    mailproto_event *head = question;

    *head = (mailproto_event){(uint32_t)size, type, 0};
    assert_int_equal(mailproto_store_ask(store, &look->asker, head), MAILPROTO_OK);
}

static void read_message(struct look *look, const mailproto_store *store, uint32_t uid)
{
    mailproto_store_message_open open = {.mailbox = look->mailbox, .uid = uid};
    mailproto_store_message_read read = {.max = 1000};
    mailproto_store_message_close close = {.message = 0};

    test_bytes_take(&look->text, look->text.len);
    ask(look, store, &open, sizeof open, MAILPROTO_STORE_MESSAGE_OPEN);
    read.message = close.message = look->message;
    while ((read.offset = look->text.len) < look->size)
        ask(look, store, &read, sizeof read, MAILPROTO_STORE_MESSAGE_READ);
    assert_int_equal(look->text.len, look->size);
    tell(look, store, &close, sizeof close, MAILPROTO_STORE_MESSAGE_CLOSE);
}

size_t account_messages(const struct account *account, void (*visit)(void *user, const struct test_bytes *text),
                        void *user)
{
    static struct look look;
    mailproto_store_list list = {.only = {"INBOX", 5}};
    mailproto_store_open open = {.mode = MAILPROTO_STORE_READ_ONLY};
    mailproto_store_changes changes = {.since = 0};
    mailproto_store_close close = {.opening = 0};

    look = (struct look){.asker = {sizeof(mailproto_store_asker), 0, on_item, on_end}};
    ask(&look, &account->inner, &list, sizeof list, MAILPROTO_STORE_LIST);
    open.mailbox = look.mailbox;
    ask(&look, &account->inner, &open, sizeof open, MAILPROTO_STORE_OPEN);
    changes.opening = close.opening = look.opening;
    ask(&look, &account->inner, &changes, sizeof changes, MAILPROTO_STORE_CHANGES);
    for (size_t i = 0; visit && i < look.count; i++) {
        read_message(&look, &account->inner, look.uids[i]);
        visit(user, &look.text);
    }
    tell(&look, &account->inner, &close, sizeof close, MAILPROTO_STORE_CLOSE);
    test_bytes_free(&look.text);
    return look.count;
}
