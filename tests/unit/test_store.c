/* The way between an asker and a store: dispatch, sizes of structs, defaults, what a store lacks.
 * mailproto/store.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mailproto/store.h>
#include <string.h>

struct listener {
    mailproto_store_asker asker;
    uint64_t token;
    int items, ends;
    int32_t why, answer;
    char text[32];
};

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct listener *l = (struct listener *)asker;

    assert_int_equal(item->type, MAILPROTO_STORE_CHANGED);
    if (token != l->token || l->ends)
        return MAILPROTO_ERR_TOKEN;
    l->items++;
    return l->answer;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct listener *l = (struct listener *)asker;

    if (token != l->token || l->ends)
        return MAILPROTO_ERR_TOKEN;
    l->ends++;
    l->why = why;
    assert_true(len < sizeof l->text);
    if (len)
        memcpy(l->text, text, len);
    l->text[len] = 0;
    return MAILPROTO_OK;
}

static struct listener listener(uint64_t token)
{
    return (struct listener){.asker = {sizeof(mailproto_store_asker), 0, on_item, on_end}, .token = token};
}

/* What the store heard. */
struct heard {
    mailproto_store_list list;
    uint64_t cancelled;
    int closes;
    int32_t answer;
};

static int32_t hears_list(void *user, mailproto_store_asker *asker, const mailproto_store_list *question)
{
    struct heard *heard = user;
    mailproto_store_changed item = {{sizeof item, MAILPROTO_STORE_CHANGED, 0}, 7};

    heard->list = *question;
    if (heard->answer < 0)
        return heard->answer;
    assert_int_equal(mailproto_store_give(asker, question->head.token, &item.head), heard->answer);
    return mailproto_store_done(asker, question->head.token);
}

static int32_t hears_close(void *user, mailproto_store_asker *asker, const mailproto_store_close *question)
{
    (void)asker;
    assert_int_equal(question->opening, 5);
    ((struct heard *)user)->closes++;
    return MAILPROTO_ERR_UNAVAILABLE;
}

static void hears_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    (void)asker;
    ((struct heard *)user)->cancelled = token;
}

static mailproto_store store_of(struct heard *heard)
{
    mailproto_store store;

    assert_int_equal(mailproto_store_init(&store, sizeof store), MAILPROTO_OK);
    store.user = heard;
    store.list = hears_list;
    store.mailbox_close = hears_close;
    store.cancel = hears_cancel;
    return store;
}

static void items_and_ends_reach_the_asker(void **state)
{
    struct heard heard = {.answer = MAILPROTO_OK};
    mailproto_store store = store_of(&heard);
    mailproto_store_list list = {{sizeof list, MAILPROTO_STORE_LIST, 3}, {"a", 1}, {NULL, 0}, 9, 1};
    struct listener l = listener(3);

    (void)state;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &list.head), MAILPROTO_OK);
    assert_int_equal(l.items, 1);
    assert_int_equal(l.ends, 1);
    assert_int_equal(l.why, 0);
    assert_int_equal(heard.list.want, 9);
    assert_int_equal(mailproto_store_done(&l.asker, 3), MAILPROTO_ERR_TOKEN);

    l = listener(3);
    l.answer = heard.answer = MAILPROTO_STORE_ENOUGH;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &list.head), MAILPROTO_OK);

    l = listener(3);
    heard.answer = MAILPROTO_ERR_FULL;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &list.head), MAILPROTO_OK);
    assert_int_equal(l.items, 0);
    assert_int_equal(l.ends, 1);
    assert_int_equal(l.why, MAILPROTO_ERR_FULL);
}

static void a_shorter_question_has_zeros(void **state)
{
    struct heard heard = {.answer = MAILPROTO_OK};
    mailproto_store store = store_of(&heard);
    mailproto_store_list list = {
        {offsetof(mailproto_store_list, want), MAILPROTO_STORE_LIST, 3}, {"a", 1}, {"b", 1}, 9, 1};
    struct listener l = listener(3);

    (void)state;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &list.head), MAILPROTO_OK);
    assert_int_equal(heard.list.head.struct_size, sizeof list);
    assert_int_equal(heard.list.only.len, 1);
    assert_int_equal(heard.list.want, 0);
    assert_int_equal(heard.list.subscribed, 0);
}

static void a_longer_question_may_say_nothing_unknown(void **state)
{
    struct heard heard = {.answer = MAILPROTO_OK};
    mailproto_store store = store_of(&heard);
    struct {
        mailproto_store_list list;
        uint64_t more;
    } later = {{{sizeof later, MAILPROTO_STORE_LIST, 3}, {NULL, 0}, {NULL, 0}, 0, 0}, 0};
    struct listener l = listener(3);

    (void)state;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &later.list.head), MAILPROTO_OK);
    assert_int_equal(l.ends, 1);
    l = listener(3);
    later.more = 1;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &later.list.head), MAILPROTO_ERR_ARG);
    assert_int_equal(l.ends, 0);
}

static void what_a_store_lacks_has_its_default(void **state)
{
    static const struct {
        uint32_t type;
        int32_t why;
    } expected[] = {
        {MAILPROTO_STORE_STATUS, MAILPROTO_ERR_UNSUPPORTED},
        {MAILPROTO_STORE_SEARCH, MAILPROTO_ERR_UNSUPPORTED},
        {MAILPROTO_STORE_WATCH, 0},
        {MAILPROTO_STORE_BLOB_READ, 0},
        {MAILPROTO_STORE_BLOB_WRITE, 0},
        {MAILPROTO_STORE_QUOTA, 0},
        {MAILPROTO_STORE_ACL, MAILPROTO_ERR_UNSUPPORTED},
    };
    struct heard heard = {0};
    mailproto_store store = store_of(&heard);

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct listener l = listener(4);
        mailproto_event question = {sizeof question, expected[i].type, 4};

        assert_int_equal(mailproto_store_ask(&store, &l.asker, &question), MAILPROTO_OK);
        assert_int_equal(l.ends, 1);
        assert_int_equal(l.why, expected[i].why);
    }
}

/* A host compiled against an older header has a shorter table: what lies behind it is not called. */
static void a_shorter_table_lacks_what_it_does_not_have(void **state)
{
    struct heard heard = {.answer = MAILPROTO_OK};
    mailproto_store store = store_of(&heard);
    mailproto_store_list list = {{sizeof list, MAILPROTO_STORE_LIST, 3}, {NULL, 0}, {NULL, 0}, 0, 0};
    struct listener l = listener(3);

    (void)state;
    store.struct_size = offsetof(mailproto_store, list);
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &list.head), MAILPROTO_OK);
    assert_int_equal(l.why, MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_store_cancel(&store, &l.asker, 3), MAILPROTO_OK);
    assert_int_equal(heard.cancelled, 0);
}

static void a_question_without_token_has_no_answer(void **state)
{
    struct heard heard = {0};
    mailproto_store store = store_of(&heard);
    mailproto_store_close question = {{sizeof question, MAILPROTO_STORE_CLOSE, 0}, 5};
    mailproto_event missing = {sizeof missing, MAILPROTO_STORE_MESSAGE_CLOSE, 0};
    struct listener l = listener(0);

    (void)state;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &question.head), MAILPROTO_OK);
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &missing), MAILPROTO_OK);
    assert_int_equal(heard.closes, 1);
    assert_int_equal(l.ends, 0);
}

static void what_is_missing_is_named(void **state)
{
    struct heard heard = {0};
    mailproto_store store = store_of(&heard);
    const char *why = NULL;

    (void)state;
    assert_int_equal(mailproto_store_check(&store, 0, &why), MAILPROTO_OK);
    assert_int_equal(mailproto_store_check(&store, MAILPROTO_STORE_FOR_DELIVERY, &why), MAILPROTO_ERR_CONFIG);
    assert_string_equal(why, "delivery needs store.append_begin");
    assert_int_equal(mailproto_store_check(&store, MAILPROTO_STORE_FOR_POP3, &why), MAILPROTO_ERR_CONFIG);
    assert_string_equal(why, "POP3 needs store.mailbox_open");
    assert_int_equal(mailproto_store_check(&store, MAILPROTO_STORE_FOR_IMAP, NULL), MAILPROTO_ERR_CONFIG);
    assert_int_equal(mailproto_store_check(&store, 8, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_check(NULL, 1, &why), MAILPROTO_ERR_ARG);
}

static void bad_arguments(void **state)
{
    struct heard heard = {0};
    mailproto_store store = store_of(&heard);
    mailproto_event question = {sizeof question, MAILPROTO_STORE_CHANGED, 3};
    struct listener l = listener(3);

    (void)state;
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &question), MAILPROTO_ERR_ARG); /* an item */
    question = (mailproto_event){8, MAILPROTO_STORE_LIST, 3};
    assert_int_equal(mailproto_store_ask(&store, &l.asker, &question), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_ask(NULL, &l.asker, &question), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_ask(&store, NULL, &question), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_ask(&store, &l.asker, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_cancel(&store, &l.asker, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_cancel(&store, &l.asker, 3), MAILPROTO_OK);
    assert_int_equal(heard.cancelled, 3);
    assert_int_equal(mailproto_store_give(NULL, 3, &question), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_give(&l.asker, 3, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_fail(&l.asker, 3, 0, NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(l.ends, 0);
    assert_int_equal(mailproto_store_fail(&l.asker, 3, MAILPROTO_ERR_GONE, "it went", 7), MAILPROTO_OK);
    assert_string_equal(l.text, "it went");
    assert_int_equal(l.why, MAILPROTO_ERR_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_and_ends_reach_the_asker),
        cmocka_unit_test(a_shorter_question_has_zeros),
        cmocka_unit_test(a_longer_question_may_say_nothing_unknown),
        cmocka_unit_test(what_a_store_lacks_has_its_default),
        cmocka_unit_test(a_shorter_table_lacks_what_it_does_not_have),
        cmocka_unit_test(a_question_without_token_has_no_answer),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(bad_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
