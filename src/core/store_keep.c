/* store_keep.c - a question or an item of the storage contract copied with all it points to, into one piece of memory.
   The contract is mailproto/store.h (RFC 9051, RFC 1939, RFC 2033); search keys are those of RFC 9051 6.4.4. */
#include "mailproto/store.h"

#include "core/memory.h"

#include <string.h>

/* What a field of a struct points to. */
enum kind { END, TEXT, RUN, KEYWORD, SEARCH_KEY, SORT_KEY, STORE };

/* Where the pointers of a struct are. */
struct field {
    uint16_t kind;
    uint16_t offset;
};

enum { MAX_FIELDS = 7 };

/* A struct: an event, by its type, or what hangs on one, by its kind. */
struct shape {
    uint16_t size;
    struct field fields[MAX_FIELDS]; /* as many as there are before END */
};

#define AT(kind, name, field)                                                                                          \
    {                                                                                                                  \
        kind, offsetof(mailproto_store_##name, field)                                                                  \
    }
#define PLAIN(name)                                                                                                    \
    {                                                                                                                  \
        sizeof(mailproto_store_##name),                                                                                \
        {                                                                                                              \
            {                                                                                                          \
                END, 0                                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

/* A list is a struct whose field `next` is of its own kind. */
static const struct shape linked[] = {
    [RUN] = {sizeof(mailproto_store_run), {AT(RUN, run, next)}},
    [KEYWORD] = {sizeof(mailproto_store_keyword), {AT(TEXT, keyword, name), AT(KEYWORD, keyword, next)}},
    [SEARCH_KEY] = {sizeof(mailproto_store_search_key),
                    {AT(TEXT, search_key, field), AT(TEXT, search_key, text), AT(RUN, search_key, uids),
                     AT(SEARCH_KEY, search_key, either), AT(SEARCH_KEY, search_key, other),
                     AT(SEARCH_KEY, search_key, next)}},
    [SORT_KEY] = {sizeof(mailproto_store_sort_key), {AT(SORT_KEY, sort_key, next)}},
    [STORE] = {sizeof(mailproto_store), {{END, 0}}},
};

enum { FIRST_QUESTION = MAILPROTO_STORE_LIST, FIRST_OPTIONAL = 0x530, FIRST_ITEM = MAILPROTO_STORE_MAILBOX };

static const struct shape questions[] = {
#define ASKED(type) [MAILPROTO_STORE_##type - FIRST_QUESTION]
    ASKED(LIST) = {sizeof(mailproto_store_list), {AT(TEXT, list, after), AT(TEXT, list, only)}},
    ASKED(OPEN) = PLAIN(open),
    ASKED(CLOSE) = PLAIN(close),
    ASKED(STATUS) = PLAIN(status),
    ASKED(CREATE) = {sizeof(mailproto_store_create), {AT(TEXT, create, name)}},
    ASKED(DELETE) = PLAIN(delete),
    ASKED(RENAME) = {sizeof(mailproto_store_rename), {AT(TEXT, rename, name)}},
    ASKED(SUBSCRIBE) = {sizeof(mailproto_store_subscribe), {AT(TEXT, subscribe, name)}},
    ASKED(AUTHORISE) = {sizeof(mailproto_store_authorise), {AT(TEXT, authorise, name)}},
    ASKED(CHANGES) = {sizeof(mailproto_store_changes), {AT(RUN, changes, uids)}},
    ASKED(MESSAGE_OPEN) = PLAIN(message_open),
    ASKED(MESSAGE_READ) = PLAIN(message_read),
    ASKED(MESSAGE_CLOSE) = PLAIN(message_close),
    ASKED(APPEND_BEGIN) = {sizeof(mailproto_store_append_begin), {AT(KEYWORD, append_begin, keywords)}},
    ASKED(APPEND_WRITE) = {sizeof(mailproto_store_append_write), {AT(TEXT, append_write, bytes)}},
    ASKED(APPEND_COMMIT) = PLAIN(append_commit),
    ASKED(APPEND_ABORT) = PLAIN(append_abort),
    ASKED(FLAGS) = {sizeof(mailproto_store_flags), {AT(RUN, flags, uids), AT(KEYWORD, flags, keywords)}},
    ASKED(COPY) = {sizeof(mailproto_store_copy), {AT(RUN, copy, uids)}},
    ASKED(EXPUNGE) = {sizeof(mailproto_store_expunge), {AT(RUN, expunge, uids)}},
    ASKED(SNAPSHOT_END) = PLAIN(snapshot_end),
#undef ASKED
};

static const struct shape optional[] = {
#define ASKED(type) [MAILPROTO_STORE_##type - FIRST_OPTIONAL]
    ASKED(APPEND_SHARE) = {sizeof(mailproto_store_append_share), {AT(STORE, append_share, other)}},
    ASKED(WATCH) = PLAIN(watch),
    ASKED(ACCOUNT_CHANGES) = PLAIN(account_changes),
    ASKED(BLOB_READ) = PLAIN(blob_read),
    ASKED(BLOB_WRITE) = {sizeof(mailproto_store_blob_write), {AT(TEXT, blob_write, bytes)}},
    ASKED(SEARCH) = {sizeof(mailproto_store_search), {AT(SEARCH_KEY, search, keys)}},
    ASKED(SORT) = {sizeof(mailproto_store_sort), {AT(RUN, sort, uids), AT(SORT_KEY, sort, keys)}},
    ASKED(PREVIEW) = PLAIN(preview),
    ASKED(QUOTA) = PLAIN(quota),
    ASKED(QUOTA_SET) = {sizeof(mailproto_store_quota_set), {AT(TEXT, quota_set, root)}},
    ASKED(ACL) = {sizeof(mailproto_store_acl), {AT(TEXT, acl, identifier)}},
    ASKED(ACL_SET) = {sizeof(mailproto_store_acl_set), {AT(TEXT, acl_set, identifier)}},
    ASKED(METADATA) = {sizeof(mailproto_store_metadata), {AT(TEXT, metadata, name)}},
    ASKED(METADATA_SET) = {sizeof(mailproto_store_metadata_set),
                           {AT(TEXT, metadata_set, name), AT(TEXT, metadata_set, value)}},
#undef ASKED
};

static const struct shape items[] = {
#define GIVEN(type) [MAILPROTO_STORE_##type - FIRST_ITEM]
    GIVEN(MAILBOX) = {sizeof(mailproto_store_mailbox), {AT(TEXT, mailbox, name), AT(TEXT, mailbox, object_id)}},
    GIVEN(OPENED) = PLAIN(opened),
    GIVEN(KEYWORD) = {sizeof(mailproto_store_keyword_item), {AT(TEXT, keyword_item, name)}},
    GIVEN(STATUS_ITEM) = PLAIN(status_item),
    GIVEN(VANISHED) = PLAIN(uids),
    GIVEN(MODIFIED) = PLAIN(uids),
    GIVEN(MESSAGE) = {sizeof(mailproto_store_message),
                      {AT(KEYWORD, message, keywords), AT(TEXT, message, email_id), AT(TEXT, message, thread_id)}},
    GIVEN(CURSOR) = PLAIN(cursor),
    GIVEN(MESSAGE_OPENED) = PLAIN(message_opened),
    GIVEN(SLICE) = {sizeof(mailproto_store_slice), {AT(TEXT, slice, bytes)}},
    GIVEN(UPLOAD) = PLAIN(upload),
    GIVEN(APPENDED) = PLAIN(appended),
    GIVEN(COPIED) = PLAIN(copied),
    GIVEN(CHANGED) = PLAIN(changed),
    GIVEN(QUOTA_ITEM) = {sizeof(mailproto_store_quota_item), {AT(TEXT, quota_item, root)}},
    GIVEN(ACL_ITEM) = {sizeof(mailproto_store_acl_item), {AT(TEXT, acl_item, identifier)}},
    GIVEN(METADATA_ITEM) = {sizeof(mailproto_store_metadata_item),
                            {AT(TEXT, metadata_item, name), AT(TEXT, metadata_item, value)}},
#undef GIVEN
};

static const struct shape *find(const struct shape *shapes, size_t n, uint32_t first, uint32_t type)
{
    uint32_t i = type - first;

    return i < n && shapes[i].size ? &shapes[i] : NULL;
}

#define FIND(shapes, first, type) find(shapes, sizeof(shapes) / sizeof *(shapes), first, type)

static const struct shape *shape_of(uint32_t type)
{
    const struct shape *shape = FIND(questions, FIRST_QUESTION, type);

    if (!shape)
        shape = FIND(optional, FIRST_OPTIONAL, type);
    return shape ? shape : FIND(items, FIRST_ITEM, type);
}

/* In front of the copy: its size, which the allocator wants back. */
union front {
    size_t size;
    max_align_t align;
};

/* Any struct of the tables, as the copier knows it whatever struct_size the original has. */
union any {
    mailproto_store_append_begin begin;
    mailproto_store_message message;
    mailproto_store_search_key key;
    mailproto_store store;
    max_align_t align;
    unsigned char octets[2 * sizeof(mailproto_store)];
};

/* A list that was met and not walked yet. */
struct pending {
    const struct shape *shape;
    const void *from;
    unsigned char *link; /* the pointer to it in the copy */
};

enum { FEW = 8 };

/* One walk over an event: the first counts octets, the second copies. Lists wait on a stack of its own, since how deep
   search keys lie in each other is up to whoever searches. */
struct walk {
    const mailproto_allocator *allocator;
    unsigned char *to; /* the room that is left; NULL: only counting */
    size_t size;       /* what all takes */
    size_t count, room;
    struct pending *stack;
    struct pending few[FEW];
};

static size_t aligned(size_t n)
{
    const size_t unit = _Alignof(max_align_t);

    return (n + unit - 1) / unit * unit;
}

/* Takes n octets of the copy, or counts them. */
static void *take(struct walk *w, size_t n)
{
    unsigned char *place = w->to;

    w->size += aligned(n);
    if (w->to)
        w->to += aligned(n);
    return place;
}

static int32_t push(struct walk *w, uint16_t kind, const void *from, unsigned char *link)
{
    if (w->count == w->room) {
        const size_t old_n = w->room * sizeof *w->stack, n = 2 * old_n;
        struct pending *stack;

        if (w->stack == w->few) {
            stack = mp_alloc(w->allocator, n);
            if (stack)
                memcpy(stack, w->few, old_n);
        } else {
            stack = mp_resize(w->allocator, w->stack, old_n, n);
        }
        if (!stack)
            return MAILPROTO_ERR_NOMEM;
        w->stack = stack;
        w->room *= 2;
    }
    w->stack[w->count++] = (struct pending){&linked[kind], from, link};
    return MAILPROTO_OK;
}

static int32_t text(struct walk *w, const unsigned char *own, unsigned char *copy)
{
    mailproto_text t;
    char *place;

    memcpy(&t, own, sizeof t);
    if (t.len && !t.ptr)
        return MAILPROTO_ERR_ARG;
    place = take(w, t.len);
    if (!place)
        return MAILPROTO_OK;
    if (t.len)
        memcpy(place, t.ptr, t.len);
    t.ptr = t.len ? place : NULL;
    memcpy(copy, &t, sizeof t);
    return MAILPROTO_OK;
}

/* One struct. *next is set to what its field of its own kind points to, and *link to where that is in the copy. */
static int32_t one(struct walk *w, const struct shape *shape, const void *from, unsigned char *copy, const void **next,
                   unsigned char **link)
{
    union any own;
    int32_t result = mp_struct_copy(&own, shape->size, from);

    *next = NULL;
    if (result)
        return result;
    if (copy)
        memcpy(copy, &own, shape->size);
    for (const struct field *f = shape->fields; f->kind != END; f++) {
        unsigned char *place = copy ? copy + f->offset : NULL;
        const void *points;

        if (f->kind == TEXT) {
            result = text(w, own.octets + f->offset, place);
        } else {
            memcpy(&points, own.octets + f->offset, sizeof points);
            if (!points)
                continue;
            if (&linked[f->kind] == shape && f[1].kind == END) {
                *next = points;
                *link = place;
            } else {
                result = push(w, f->kind, points, place);
            }
        }
        if (result)
            return result;
    }
    return MAILPROTO_OK;
}

/* The structs of a list, one behind the other: a long one takes no room on the stack. */
static int32_t chain(struct walk *w, struct pending list)
{
    const void *from = list.from;
    unsigned char *link = list.link;

    while (from) {
        unsigned char *copy = take(w, list.shape->size);
        int32_t result;

        if (copy)
            memcpy(link, &copy, sizeof copy);
        result = one(w, list.shape, from, copy, &from, &link);
        if (result)
            return result;
    }
    return MAILPROTO_OK;
}

static int32_t walk(struct walk *w, const struct shape *shape, const mailproto_event *event)
{
    const void *next;
    unsigned char *link;
    int32_t result = one(w, shape, event, take(w, shape->size), &next, &link);

    while (!result && w->count)
        result = chain(w, w->stack[--w->count]);
    return result;
}

static int32_t keep(mailproto_event **out, struct walk *w, const struct shape *shape, const mailproto_event *event)
{
    union front *front;
    int32_t result = walk(w, shape, event);
    size_t size = sizeof *front + w->size;

    if (result)
        return result;
    front = mp_alloc(w->allocator, size);
    if (!front)
        return MAILPROTO_ERR_NOMEM;
    front->size = size;
    w->to = (unsigned char *)(front + 1);
    (void)walk(w, shape, event); /* what can fail did not the first time; the stack is as large as it needs to be */
    *out = (mailproto_event *)(void *)(front + 1);
    return MAILPROTO_OK;
}

int32_t mailproto_store_keep(mailproto_event **out, const mailproto_event *event, const mailproto_allocator *allocator)
{
    mailproto_allocator a;
    struct walk w = {.allocator = &a, .room = FEW};
    const struct shape *shape;
    int32_t result;

    if (!out || !event || event->struct_size < sizeof *event || mp_allocator_copy(&a, allocator))
        return MAILPROTO_ERR_ARG;
    shape = shape_of(event->type);
    if (!shape)
        return MAILPROTO_ERR_ARG;
    w.stack = w.few;
    result = keep(out, &w, shape, event);
    if (w.stack != w.few)
        mp_free(&a, w.stack, w.room * sizeof *w.stack);
    return result;
}

void mailproto_store_kept_free(mailproto_event *kept, const mailproto_allocator *allocator)
{
    mailproto_allocator a;
    union front *front = (union front *)(void *)kept;

    if (!kept || mp_allocator_copy(&a, allocator))
        return;
    front--;
    mp_free(&a, front, front->size);
}
