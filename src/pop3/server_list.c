/* server_list.c - LIST and UIDL, of one message or of all: pages asked of the host as the output drains.
 * RFC 1939 sections 5 (LIST) and 7 (UIDL). */
#include <string.h>

#include "core/ascii.h"
#include "pop3/server.h"

static int wants_uid(const struct mailproto_pop3_server *s)
{
    return s->listing.purpose == MP_POP3_FOR_UIDL;
}

void mp_pop3_free_page(struct mailproto_pop3_server *s)
{
    mp_free(&s->base.allocator, s->page, s->page_capacity);
    s->page = NULL;
    s->page_capacity = 0;
}

/* Room for the lines of `want` messages, so that giving them never fails. */
static int make_page(struct mailproto_pop3_server *s)
{
    struct mp_pop3_listing *l = &s->listing;
    size_t need = l->want * (size_t)(wants_uid(s) ? MP_POP3_UIDL_ENTRY_MAX : MP_POP3_LIST_ENTRY_MAX);

    l->page_len = 0;
    if (s->page_capacity >= need)
        return 0;
    mp_pop3_free_page(s);
    s->page = mp_alloc(&s->base.allocator, need);
    if (!s->page) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    s->page_capacity = need;
    return 0;
}

static void ask(struct mailproto_pop3_server *s)
{
    struct mp_pop3_listing *l = &s->listing;
    uint64_t left = (uint64_t)l->last - l->next + 1;

    l->given = l->gave = 0;
    l->want = left < s->list_page ? (uint32_t)left : s->list_page;
    if (make_page(s))
        return;
    s->payload.list = (mailproto_pop3_list){
        .first = l->next,
        .last = l->last,
        .want = l->want,
        .items = wants_uid(s) ? MAILPROTO_POP3_LIST_UID : MAILPROTO_POP3_LIST_SIZE,
    };
    (void)mp_pop3_ask(s, &s->payload.list, sizeof s->payload.list, MAILPROTO_POP3_SERVER_LIST);
}

static void ask_one(struct mailproto_pop3_server *s, uint32_t number, uint8_t purpose)
{
    s->listing.purpose = purpose;
    s->listing.all = s->listing.begun = 0;
    s->listing.next = s->listing.last = number;
    ask(s);
}

void mp_pop3_look_up(struct mailproto_pop3_server *s, uint32_t number)
{
    ask_one(s, number, MP_POP3_FOR_DELE);
}

static void ask_all(struct mailproto_pop3_server *s, uint8_t purpose)
{
    s->listing.purpose = purpose;
    s->listing.all = 1;
    s->listing.begun = 0;
    s->listing.next = 1;
    s->listing.last = s->count;
    s->work = MP_POP3_LISTS;
}

void mp_pop3_list(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    if (!arguments->number)
        ask_all(s, MP_POP3_FOR_LIST);
    else if (mp_pop3_exists(s, arguments->number))
        ask_one(s, arguments->number, MP_POP3_FOR_LIST);
}

void mp_pop3_uidl(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    if (!arguments->number)
        ask_all(s, MP_POP3_FOR_UIDL);
    else if (mp_pop3_exists(s, arguments->number))
        ask_one(s, arguments->number, MP_POP3_FOR_UIDL);
}

/* ---- what the host gives ---- */

/* A line of the listing, into the page. */
static void add_line(struct mailproto_pop3_server *s, uint32_t number, uint64_t size, const char *uid, size_t uid_len)
{
    struct mp_pop3_listing *l = &s->listing;
    char *to = s->page + l->page_len;
    size_t n = mp_ascii_write_decimal(to, number);

    to[n++] = ' ';
    if (l->purpose == MP_POP3_FOR_UIDL) {
        memcpy(to + n, uid, uid_len);
        n += uid_len;
    } else {
        n += mp_ascii_write_decimal(to + n, size);
    }
    to[n++] = '\r';
    to[n++] = '\n';
    l->page_len += n;
}

int32_t mailproto_pop3_server_give(mailproto_pop3_server *server, uint64_t token, uint32_t number, uint64_t size,
                                   const char *uid, size_t uid_len)
{
    struct mp_pop3_listing *l;

    if (!server)
        return MAILPROTO_ERR_ARG;
    l = &server->listing;
    if (!mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_LIST))
        return MAILPROTO_ERR_TOKEN;
    if (number < l->next || number > l->last || number <= l->given)
        return MAILPROTO_ERR_ARG;
    if (wants_uid(server) && (!uid || !mp_pop3_uid_valid(uid, uid_len)))
        return MAILPROTO_ERR_ARG;
    if (l->gave == l->want)
        return MAILPROTO_ERR_LIMIT;
    l->gave++;
    l->given = number;
    l->size = size;
    if (!mp_pop3_marked(server, number))
        add_line(server, number, size, uid, uid_len);
    return MAILPROTO_OK;
}

int32_t mailproto_pop3_server_given(mailproto_pop3_server *server, uint64_t token)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_LIST);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    mp_pop3_put_answer(server, r, MAILPROTO_POP3_OK, 0, NULL, 0, 0);
    return MAILPROTO_OK;
}

/* ---- the listing goes on ---- */

static void put_page(struct mailproto_pop3_server *s)
{
    if (s->listing.page_len)
        (void)mp_out_put(&s->base, s->page, s->listing.page_len, MAILPROTO_TRACE_LINE);
}

static void end_list(struct mailproto_pop3_server *s)
{
    s->work = MP_POP3_COMMANDS;
    if (s->store)
        s->store_ops->list_end(s);
    mp_pop3_say(s, ".\r\n");
}

/* +OK, as late as possible: until then the host can still refuse. */
static void begin_list(struct mailproto_pop3_server *s)
{
    if (!s->listing.begun)
        mp_pop3_say(s, "+OK the list follows\r\n");
    s->listing.begun = 1;
}

int mp_pop3_list_step(struct mailproto_pop3_server *s)
{
    struct mp_pop3_listing *l = &s->listing;

    if (mp_out_full(&s->base, MP_OUT_MARK))
        return 0;
    l->next = mp_pop3_next_unmarked(s, l->next);
    if (l->next) {
        ask(s);
    } else {
        begin_list(s);
        end_list(s);
    }
    return 1;
}

static void page_answered(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    struct mp_pop3_listing *l = &s->listing;

    if (r->code == MAILPROTO_POP3_OK) {
        begin_list(s);
        put_page(s);
        l->next = l->gave && l->given < l->last ? l->given + 1 : 0;
    } else if (l->begun) {
        mp_engine_end(&s->base, MAILPROTO_ERR_HOST, "the host failed a listing that was begun");
    } else {
        s->work = MP_POP3_COMMANDS;
        mp_pop3_say_answer(s, r, "the list is not available");
    }
}

static void one_answered(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    struct mp_pop3_listing *l = &s->listing;

    if (r->code != MAILPROTO_POP3_OK) {
        mp_pop3_say_answer(s, r, "the message is not available");
        return;
    }
    if (!l->gave) {
        mp_pop3_err(s, MAILPROTO_POP3_RESP_NONE, "no such message");
        return;
    }
    if (!wants_uid(s)) {
        s->known = l->given;
        s->known_size = l->size;
    }
    if (l->purpose == MP_POP3_FOR_DELE) {
        mp_pop3_delete(s, l->given, l->size);
        return;
    }
    if (!mp_out_put(&s->base, "+OK ", 4, MAILPROTO_TRACE_LINE))
        put_page(s);
}

void mp_pop3_listed(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    mp_peer_clock_reset(&s->base);
    if (s->listing.all)
        page_answered(s, r);
    else
        one_answered(s, r);
    if (r->index)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed");
}
