/* memory_mailboxes.c - names and mailboxes of the store in memory: list, create, delete, rename, subscribe.
 * RFC 9051 6.3.4 to 6.3.9, RFC 6154 3: a mailbox is its id, its name is an attribute; subscriptions are to names. */
#include "memory.h"

#include <string.h>

#include "core/ascii.h"

enum { SPECIAL_USES = 0xff00 }; /* MAILPROTO_MAILBOX_ALL ... IMPORTANT */

/* ---- names ---- */

/* A name as the store keeps it: INBOX, alone or as the first component, is written so. */
struct spelled {
    size_t len;
    char text[NAME_MAX_OCTETS];
};

/* The octets of the UTF-8 character at p (RFC 3629 4), 0 if there is none. */
static size_t character(const unsigned char *p, size_t n)
{
    const size_t len = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 : 4;

    if (len > n || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

static int is_name(mailproto_text name)
{
    const unsigned char *p = (const unsigned char *)name.ptr;

    if (!name.len || name.len > NAME_MAX_OCTETS || p[0] == '/' || p[name.len - 1] == '/')
        return 0;
    for (size_t i = 0, n; i < name.len; i += n) {
        n = character(p + i, name.len - i);
        if (!n || p[i] < 0x20 || p[i] == 0x7f || (p[i] == '/' && p[i + 1] == '/'))
            return 0;
    }
    return 1;
}

static int32_t spell(struct spelled *out, mailproto_text name)
{
    if (!is_name(name))
        return MAILPROTO_ERR_LIMIT;
    memcpy(out->text, name.ptr, name.len);
    out->len = name.len;
    if (mp_ascii_begins(name.ptr, name.len, "INBOX") && (name.len == 5 || name.ptr[5] == '/'))
        memcpy(out->text, "INBOX", 5);
    return MAILPROTO_OK;
}

/* Hierarchy order: component by component is octet by octet with the separator before all others. */
static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++) {
        const int x = a[i] == '/' ? 0 : (unsigned char)a[i], y = b[i] == '/' ? 0 : (unsigned char)b[i];

        if (x != y)
            return x < y ? -1 : 1;
    }
    return a_len < b_len ? -1 : a_len > b_len;
}

/* Where the first name that is not before it stands. */
static size_t position(const memory *m, const char *text, size_t len)
{
    size_t low = 0, high = m->name_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare(m->names[middle]->text, m->names[middle]->len, text, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_at(const memory *m, size_t i, const char *text, size_t len)
{
    return i < m->name_count && m->names[i]->len == len && memcmp(m->names[i]->text, text, len) == 0;
}

static struct name *find_name(const memory *m, const char *text, size_t len)
{
    const size_t i = position(m, text, len);

    return is_at(m, i, text, len) ? m->names[i] : NULL;
}

/* The name, which is made if it is not there. NULL: m->lacking. */
static struct name *need_name(memory *m, const char *text, size_t len)
{
    const size_t i = position(m, text, len);
    struct name *name, **grown;

    if (is_at(m, i, text, len))
        return m->names[i];
    grown = mp_memory_grown(m, m->names, &m->name_room, m->name_count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    m->names = grown;
    name = mp_memory_alloc(m, sizeof *name + len);
    if (!name)
        return NULL;
    name->len = len;
    memcpy(name->text, text, len);
    memmove(grown + i + 1, grown + i, (m->name_count++ - i) * sizeof *grown);
    grown[i] = name;
    return name;
}

/* Forgets names that nothing has any more. */
static void prune(memory *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->name_count; i++) {
        struct name *name = m->names[i];

        if (name->mailbox || name->subscribed)
            m->names[kept++] = name;
        else
            mp_memory_free(m, name, sizeof *name + name->len);
    }
    m->name_count = kept;
}

static int is_below(const char *text, size_t len, const char *above, size_t above_len)
{
    return len > above_len && text[above_len] == '/' && memcmp(text, above, above_len) == 0;
}

static int has_inferiors(const memory *m, const struct name *name)
{
    const size_t first = position(m, name->text, name->len) + 1;

    for (size_t i = first; i < m->name_count; i++) {
        if (!is_below(m->names[i]->text, m->names[i]->len, name->text, name->len))
            return 0;
        if (m->names[i]->mailbox)
            return 1;
    }
    return 0;
}

static int is_inbox(const struct name *name)
{
    return name->len == 5 && memcmp(name->text, "INBOX", 5) == 0;
}

/* ---- mailboxes ---- */

/* Where the first id that is not less stands. */
static size_t place(const memory *m, uint64_t id)
{
    size_t low = 0, high = m->mailbox_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (m->mailboxes[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NOSELECT ones, too. */
static struct mailbox *find(const memory *m, uint64_t id)
{
    const size_t i = place(m, id);

    return i < m->mailbox_count && m->mailboxes[i]->id == id ? m->mailboxes[i] : NULL;
}

struct mailbox *mp_memory_mailbox(const memory *m, uint64_t id)
{
    struct mailbox *box = find(m, id);

    return box && !(box->attributes & MAILPROTO_MAILBOX_NOSELECT) ? box : NULL;
}

/* New numbers: nobody saw them before. */
static void begin_mailbox(memory *m, struct mailbox *box)
{
    box->uidvalidity = ++m->uidvalidity;
    box->uidnext = 1;
    box->highest = ++m->modseq;
    box->forgotten = 0;
}

/* Ids rise, so a new mailbox is the last. NULL: m->lacking. */
static struct mailbox *make(memory *m, struct name *name)
{
    struct mailbox *box,
        **grown = mp_memory_grown(m, m->mailboxes, &m->mailbox_room, m->mailbox_count + 1, sizeof *grown);

    if (!grown)
        return NULL;
    m->mailboxes = grown;
    box = mp_memory_alloc(m, sizeof *box);
    if (!box)
        return NULL;
    box->id = mp_memory_id(m);
    box->name = name;
    begin_mailbox(m, box);
    name->mailbox = box;
    grown[m->mailbox_count++] = box;
    return box;
}

/* All that is in a mailbox and with it. */
static void empty(memory *m, struct mailbox *box)
{
    mp_memory_records_free(m, box);
    mp_memory_notes_drop(m, box->id);
    mp_memory_free(m, box->gone, box->gone_room * sizeof *box->gone);
    box->gone = NULL;
    box->gone_count = box->gone_room = 0;
    memset(&box->words, 0, sizeof box->words);
}

static void take_from_ids(memory *m, const struct mailbox *box)
{
    const size_t i = place(m, box->id);

    memmove(m->mailboxes + i, m->mailboxes + i + 1, (--m->mailbox_count - i) * sizeof *m->mailboxes);
}

static void drop(memory *m, struct mailbox *box)
{
    empty(m, box);
    take_from_ids(m, box);
    box->name->mailbox = NULL;
    mp_memory_free(m, box, sizeof *box);
}

/* Undoes what a call began to make: ids behind `id`, and names that are left without a mailbox. */
static int32_t undo(memory *m, uint64_t id)
{
    while (m->mailbox_count && m->mailboxes[m->mailbox_count - 1]->id > id)
        drop(m, m->mailboxes[m->mailbox_count - 1]);
    prune(m);
    return m->lacking;
}

/* Makes what is missing of a name and of those above it; *last is set if that is the name itself. OK; the error: undo. */
static int32_t make_all(memory *m, const char *text, size_t len, struct mailbox **last)
{
    for (size_t end = 1; end <= len; end++) {
        struct name *name;

        if (end < len && text[end] != '/')
            continue;
        name = need_name(m, text, end);
        if (!name)
            return m->lacking;
        if (name->mailbox)
            continue;
        if (m->mailbox_count >= m->quota[MAILPROTO_QUOTA_MAILBOX])
            return m->lacking = MAILPROTO_ERR_QUOTA;
        *last = make(m, name);
        if (!*last)
            return m->lacking;
    }
    return MAILPROTO_OK;
}

int32_t mp_memory_inbox(memory *m)
{
    struct name *name = need_name(m, "INBOX", 5);

    return name && make(m, name) ? MAILPROTO_OK : m->lacking;
}

void mp_memory_mailboxes_free(memory *m)
{
    while (m->mailbox_count)
        drop(m, m->mailboxes[m->mailbox_count - 1]);
    for (size_t i = 0; i < m->name_count; i++)
        m->names[i]->subscribed = 0;
    prune(m);
    mp_memory_free(m, m->names, m->name_room * sizeof *m->names);
    mp_memory_free(m, m->mailboxes, m->mailbox_room * sizeof *m->mailboxes);
}

/* ---- LIST ---- */

/* Fills a MAILBOX item; the name is put at `text`, the object id (RFC 8474 4) behind it. The octets it took. */
static size_t describe(const memory *m, const struct name *name, uint64_t token, mailproto_store_mailbox *item,
                       char *text)
{
    const struct mailbox *box = name->mailbox;
    size_t n = name->len;

    *item = (mailproto_store_mailbox){.head = {sizeof *item, MAILPROTO_STORE_MAILBOX, token}};
    memcpy(text, name->text, name->len);
    item->name = (mailproto_text){text, name->len};
    item->subscribed = name->subscribed != 0;
    item->attributes = box ? box->attributes : MAILPROTO_MAILBOX_NONEXISTENT;
    if (!box)
        return n;
    item->mailbox = box->id;
    item->object_id.ptr = text + n;
    text[n++] = 'F';
    n += mp_ascii_write_decimal(text + n, m->born);
    text[n++] = '-';
    n += mp_ascii_write_decimal(text + n, box->id);
    item->object_id.len = n - name->len;
    return n;
}

/* The names that an answer has, from `first` on. */
static size_t listed(const memory *m, const mailproto_store_list *q, size_t first, size_t end, size_t *octets)
{
    size_t count = 0;

    *octets = 0;
    for (size_t i = first; i < end && (!q->want || count < q->want); i++) {
        if (q->subscribed && !m->names[i]->subscribed)
            continue;
        *octets += m->names[i]->len + ID_OCTETS;
        count++;
    }
    return count;
}

static int32_t give_list(memory *m, mailproto_store_asker *asker, const mailproto_store_list *q, size_t first,
                         size_t end)
{
    const uint64_t token = q->head.token;
    size_t octets, count = listed(m, q, first, end, &octets), size = count * sizeof(mailproto_store_mailbox) + octets;
    mailproto_store_mailbox *items = mp_memory_alloc(m, size + 1);
    char *text = (char *)(items + count);
    int32_t result = MAILPROTO_OK;

    if (!items)
        return m->lacking;
    for (size_t i = first, n = 0; n < count; i++)
        if (!q->subscribed || m->names[i]->subscribed)
            text += describe(m, m->names[i], token, &items[n++], text);
    for (size_t i = 0; i < count && result == MAILPROTO_OK; i++)
        result = mailproto_store_give(asker, token, &items[i].head);
    mp_memory_free(m, items, size + 1);
    if (result >= 0)
        (void)mailproto_store_done(asker, token);
    return MAILPROTO_OK;
}

int32_t mp_memory_list(void *user, mailproto_store_asker *asker, const mailproto_store_list *q)
{
    memory *m = user;
    struct spelled only;
    size_t first = 0, end = m->name_count;

    if (q->only.len) {
        first = end = 0;
        if (!spell(&only, q->only)) {
            first = position(m, only.text, only.len);
            end = first + (size_t)is_at(m, first, only.text, only.len);
        }
    } else if (q->after.len) {
        first = position(m, q->after.ptr, q->after.len);
        first += (size_t)is_at(m, first, q->after.ptr, q->after.len);
    }
    return give_list(m, asker, q, first, end);
}

/* ---- CREATE, DELETE, RENAME, SUBSCRIBE ---- */

int32_t mp_memory_create(void *user, mailproto_store_asker *asker, const mailproto_store_create *q)
{
    memory *m = user;
    const uint64_t id = m->id, token = q->head.token;
    mailproto_store_mailbox item;
    struct spelled name;
    struct name *there;
    struct mailbox *box = NULL;
    char text[NAME_MAX_OCTETS + ID_OCTETS];

    if (spell(&name, q->name))
        return MAILPROTO_ERR_LIMIT;
    if (q->special_use & ~(uint32_t)SPECIAL_USES)
        return MAILPROTO_ERR_UNSUPPORTED;
    there = find_name(m, name.text, name.len);
    if (there && there->mailbox) {
        box = there->mailbox;
        if (!(box->attributes & MAILPROTO_MAILBOX_NOSELECT))
            return MAILPROTO_ERR_EXISTS;
        begin_mailbox(m, box); /* what DELETE left of a mailbox with inferiors is one again */
    } else if (make_all(m, name.text, name.len, &box)) {
        return undo(m, id);
    }
    box->attributes = q->special_use;
    (void)describe(m, box->name, token, &item, text);
    mp_memory_changed(m, 0);
    if (mailproto_store_give(asker, token, &item.head) >= 0)
        (void)mailproto_store_done(asker, token);
    return mp_memory_tell(m);
}

int32_t mp_memory_delete(void *user, mailproto_store_asker *asker, const mailproto_store_delete *q)
{
    memory *m = user;
    struct mailbox *box = find(m, q->mailbox);

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (is_inbox(box->name))
        return MAILPROTO_ERR_DENIED;
    if (!has_inferiors(m, box->name)) {
        drop(m, box);
        prune(m);
    } else if (box->attributes & MAILPROTO_MAILBOX_NOSELECT) {
        return MAILPROTO_ERR_DENIED; /* RFC 9051 6.3.5 */
    } else {
        empty(m, box);
        take_from_ids(m, box);
        box->id = mp_memory_id(m); /* who has it open does not have this one */
        box->attributes = MAILPROTO_MAILBOX_NOSELECT;
        m->mailboxes[m->mailbox_count++] = box;
    }
    mp_memory_changed(m, q->mailbox);
    mp_memory_changed(m, 0);
    (void)mailproto_store_done(asker, q->head.token);
    return mp_memory_tell(m);
}

/* The name that a mailbox at or below `from` gets. OK; ERR_LIMIT: it is too long. */
static int32_t moved(struct spelled *out, const struct name *name, size_t from_len, const struct spelled *to)
{
    const size_t rest = name->len - from_len;

    if (to->len + rest > NAME_MAX_OCTETS)
        return MAILPROTO_ERR_LIMIT;
    memcpy(out->text, to->text, to->len);
    memcpy(out->text + to->len, name->text + from_len, rest);
    out->len = to->len + rest;
    return MAILPROTO_OK;
}

static int comes_along(const struct name *name, const struct spelled *from)
{
    return (name->len == from->len && memcmp(name->text, from->text, from->len) == 0) ||
           is_below(name->text, name->len, from->text, from->len);
}

/* All names are made first; then nothing can fail. */
static int32_t rename_all(memory *m, const struct spelled *from, const struct spelled *to)
{
    struct spelled name;

    for (size_t i = 0; i < m->mailbox_count; i++) {
        if (!comes_along(m->mailboxes[i]->name, from))
            continue;
        if (moved(&name, m->mailboxes[i]->name, from->len, to))
            return m->lacking = MAILPROTO_ERR_LIMIT;
        if (!need_name(m, name.text, name.len))
            return m->lacking;
    }
    for (size_t i = 0; i < m->mailbox_count; i++) {
        struct mailbox *box = m->mailboxes[i];

        if (!comes_along(box->name, from))
            continue;
        (void)moved(&name, box->name, from->len, to);
        box->name->mailbox = NULL;
        box->name = find_name(m, name.text, name.len);
        box->name->mailbox = box;
    }
    prune(m);
    return MAILPROTO_OK;
}

/* INBOX stays, with its inferiors; its messages get new UIDs in the new mailbox (RFC 9051 6.3.6). */
static int32_t rename_inbox(memory *m, struct mailbox *inbox, const struct spelled *to)
{
    struct mailbox *box = NULL;
    int32_t result = mp_memory_gone_room(m, inbox, inbox->count);

    if (result)
        return result;
    result = make_all(m, to->text, to->len, &box);
    if (result)
        return result;
    box->records = inbox->records;
    box->count = inbox->count;
    box->room = inbox->room;
    box->words = inbox->words;
    inbox->records = NULL;
    inbox->count = inbox->room = 0;
    if (box->count)
        inbox->highest = ++m->modseq;
    for (size_t i = 0; i < box->count; i++) {
        mp_memory_gone_add(inbox, box->records[i].uid, m->modseq);
        box->records[i].uid = box->uidnext++;
        box->records[i].modseq = box->highest = m->modseq;
    }
    mp_memory_gone_trim(m, inbox);
    mp_memory_changed(m, inbox->id);
    return MAILPROTO_OK;
}

int32_t mp_memory_rename(void *user, mailproto_store_asker *asker, const mailproto_store_rename *q)
{
    memory *m = user;
    const uint64_t id = m->id;
    struct mailbox *box = find(m, q->mailbox), *above = NULL;
    struct spelled from, to;
    struct name *there;
    size_t end;
    int32_t result;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (spell(&to, q->name))
        return MAILPROTO_ERR_LIMIT;
    there = find_name(m, to.text, to.len);
    if (there && there->mailbox)
        return MAILPROTO_ERR_EXISTS;
    if (is_inbox(box->name)) {
        result = rename_inbox(m, box, &to);
    } else if (is_below(to.text, to.len, box->name->text, box->name->len)) {
        return MAILPROTO_ERR_DENIED; /* it would be above itself */
    } else {
        from.len = box->name->len;
        memcpy(from.text, box->name->text, from.len);
        for (end = to.len; end > 0 && to.text[end - 1] != '/';)
            end--;
        result = end ? make_all(m, to.text, end - 1, &above) : MAILPROTO_OK;
        if (!result)
            result = rename_all(m, &from, &to);
    }
    if (result) {
        (void)undo(m, id);
        return result;
    }
    mp_memory_changed(m, 0);
    (void)mailproto_store_done(asker, q->head.token);
    return mp_memory_tell(m);
}

int32_t mp_memory_subscribe(void *user, mailproto_store_asker *asker, const mailproto_store_subscribe *q)
{
    memory *m = user;
    struct spelled spelled;
    struct name *name;

    if (spell(&spelled, q->name))
        return MAILPROTO_ERR_LIMIT;
    name = q->subscribed ? need_name(m, spelled.text, spelled.len) : find_name(m, spelled.text, spelled.len);
    if (q->subscribed && !name)
        return m->lacking;
    if (name)
        name->subscribed = q->subscribed != 0;
    prune(m);
    mp_memory_changed(m, 0);
    (void)mailproto_store_done(asker, q->head.token);
    return mp_memory_tell(m);
}
