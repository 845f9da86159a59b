/* memory.c - a store in memory, whole and in one file: the one to read before you write your own.
 * mailproto/store.h (the contract), mailproto/memory_store.h; RFC 9051 2.3, RFC 7162 3, RFC 4315.
 *
 * It is longer than other files because it is to be read in one go, from top to bottom: what there is, a few tools,
 * then a function for each question, in the order of the contract. What a store must have ends where "what a store need
 * not have" begins. These habits keep the contract's rules:
 *
 *   ATOMIC    A question is answered in three steps: find out all, and take the memory for it; change, which cannot
 *             fail any more; answer. What fails has changed nothing.
 *   CURSORS   A change gets the next MODSEQ of the account, and the cursor of its mailbox follows in the same step,
 *             before anybody can look: nothing appears later at or below a cursor that was told.
 *   NUMBERS   UIDs, MODSEQs, UIDVALIDITYs and ids are of counters that rise and are never set back, whatever fails.
 *   COPIES    An answer is complete before its first item is given, for an asker may ask, close and delete from inside
 *             of it. No pointer is kept over a call to an asker: what is needed later is found again, by its id.
 *   PROMPT    All is answered before its function returns: only WATCH can be cancelled, and no slice needs a lease.
 *
 * A store on a disk has more to do: numbers and octets are durable before they are told (MODSEQs are reserved in
 * blocks, and the rest of a block is skipped after a crash), and other processes are there. */
#include "mailproto/memory_store.h"

#include <string.h>

#include "companion/allocator.h"
#include "core/ascii.h"

/* ==== what there is ==== */

enum {
    NAME_MAX_OCTETS = 1000,
    SYSTEM_FLAGS = 5, /* MAILPROTO_FLAG_SEEN ... DRAFT */
    KEYWORDS_MAX = 64 - SYSTEM_FLAGS,
    SPECIAL_USES = 0xff00, /* MAILPROTO_MAILBOX_ALL ... IMPORTANT */
    OBJECT_ID_MAX = 2 + 2 * MP_ASCII_DECIMAL_MAX
};

/* Octets and how many hold them: copies of a message share them, and who reads them keeps them. */
struct octets {
    size_t holders, size, room;
    uint64_t number; /* of a message: its EMAILID (RFC 8474 5.1); of a blob: its version */
    char at[];
};

struct message {
    uint32_t uid;
    int32_t zone;
    uint64_t flags; /* a bit for each flag of the system, and above them one for each keyword of the account */
    uint64_t modseq;
    int64_t date, saved;
    struct octets *octets; /* NULL: it is being taken out of its mailbox */
    struct octets *blob;   /* what an engine keeps with it, or NULL */
};

/* UIDs that were removed at a modseq. */
struct gone {
    uint32_t first, last;
    uint64_t modseq;
};

/* A mailbox is its id: who has it open has nothing else. */
struct mailbox {
    uint64_t id;
    uint32_t attributes, uidvalidity, uidnext;
    uint64_t cursor;          /* the modseq of its last change */
    uint64_t forgotten;       /* what was removed up to here is not remembered */
    struct message *messages; /* by UID */
    size_t count, room;
    struct gone *gone; /* by modseq */
    size_t gone_count, gone_room;
};

/* A name has a mailbox, or is subscribed, or both. */
struct name {
    char *text;
    size_t len;
    uint32_t subscribed;
    struct mailbox *box; /* NULL: none */
};

/* What is open is in a list, newest first. This is the first field of each of those that follow. */
struct thing {
    struct thing *next;
    uint64_t id;
};

struct opening {
    struct thing thing;
    uint64_t mailbox;
    int exclusive;
};

struct pin { /* of an open message */
    struct thing thing;
    struct octets *octets;
};

/* A message of an upload. */
struct part {
    struct message message;
    uint64_t announced, written; /* octets; announced 0: any number */
    uint32_t options;
    int after_cr;
};

struct upload {
    struct thing thing;
    uint64_t mailbox;
    struct part *parts;
    size_t count, room;
    uint64_t octets; /* of all parts */
    int32_t broken;  /* the error that a write ended with: it can only be aborted */
};

struct watcher {
    struct thing thing;
    mailproto_store_asker *asker;
    uint64_t token, mailbox;
};

/* An annotation: the text is its name, and the value behind it. */
struct note {
    struct thing thing;
    uint64_t mailbox;
    size_t name_len, value_len;
    char text[];
};

/* An answer that is being made. */
struct answer {
    mailproto_memory_store *m;
    mailproto_store_asker *asker;
    uint64_t token;
    mailproto_event **items; /* copies of their own */
    size_t count, room;
    int32_t why;         /* the first error: that will be the answer */
    uint64_t changed[2]; /* mailboxes that those who watch are to hear of; 0: the list of them */
    size_t changes;
};

/* An answer to CHANGES that is told in pages, all as of one moment. */
struct snapshot {
    struct thing thing;
    uint64_t opening, cursor;
    struct answer answer;
    size_t given;
};

struct mailproto_memory_store {
    mailproto_memory_store_config config;
    mailproto_allocator host, counted; /* the host's; mem_alloc, mem_resize and mem_free */
    uint64_t used;                     /* octets of memory */
    int32_t lacking;                   /* the error of the last allocation that failed */
    int32_t zone;
    int64_t wall;
    uint64_t id, modseq; /* the last ones, of the whole account */
    uint32_t uidvalidity, born;
    uint64_t octets, messages, mailboxes;         /* what quotas count */
    uint64_t limits[MAILPROTO_QUOTA_MAILBOX + 1]; /* by resource; UINT64_MAX: none */
    struct name *names;                           /* in hierarchy order */
    size_t name_count, name_room;
    struct mailbox *inbox;
    struct octets *keywords[KEYWORDS_MAX]; /* as first written; they stay */
    uint32_t keyword_count;
    struct thing *openings, *snapshots, *pins, *uploads, *watchers, *notes;
};

typedef struct mailproto_memory_store memory;

/* ==== tools: memory, which is counted, and ends at max_memory ==== */

/* Whoever gets NULL from these, or from what uses them, answers m->lacking: ERR_FULL or ERR_NOMEM. Together they are an
   allocator, m->counted, for what the library keeps for us. */
static void *mem_resize(void *p, size_t old_n, size_t n, void *user)
{
    memory *m = user;
    const mailproto_allocator *host = &m->host;
    void *moved;

    m->lacking = MAILPROTO_ERR_FULL;
    if (n > old_n && n - old_n > m->config.max_memory - m->used)
        return NULL;
    m->lacking = MAILPROTO_ERR_NOMEM;
    moved = p ? host->resize(p, old_n, n, host->user) : host->alloc(n, host->user);
    if (moved)
        m->used = m->used - old_n + n;
    return moved;
}

static void *mem_alloc(size_t n, void *user)
{
    void *p = mem_resize(NULL, 0, n, user);

    return p ? memset(p, 0, n) : NULL;
}

static void mem_free(void *p, size_t n, void *user)
{
    memory *m = user;

    if (!p)
        return;
    m->used -= n;
    m->host.free(p, n, m->host.user);
}

/* The array with room for `need` elements of `size` octets. It grows by half, so that n additions take n steps. */
static void *grown(memory *m, void *array, size_t *room, size_t need, size_t size)
{
    const size_t more = need > *room + *room / 2 + 4 ? need : *room + *room / 2 + 4;
    void *moved;

    if (array && need <= *room)
        return array;
    m->lacking = MAILPROTO_ERR_FULL;
    if (need > SIZE_MAX / 2 / size)
        return NULL;
    moved = mem_resize(array, *room * size, more * size, m);
    if (moved)
        *room = more;
    return moved;
}

/* A copy of the text, with that much room. */
static struct octets *octets_new(memory *m, mailproto_text text, size_t room)
{
    struct octets *o = mem_alloc(sizeof *o + room, m);

    if (!o)
        return NULL;
    o->holders = 1;
    o->size = text.len;
    o->room = room;
    if (text.len)
        memcpy(o->at, text.ptr, text.len);
    return o;
}

static struct octets *hold(struct octets *o)
{
    o->holders++;
    return o;
}

static void release(memory *m, struct octets *o)
{
    if (o && !--o->holders)
        mem_free(o, sizeof *o + o->room, m);
}

/* ---- things that are open ---- */

static void *find(struct thing *list, uint64_t id)
{
    while (list && list->id != id)
        list = list->next;
    return list;
}

static void *take(struct thing **list, uint64_t id)
{
    struct thing *thing;

    while ((thing = *list) && thing->id != id)
        list = &thing->next;
    if (thing)
        *list = thing->next;
    return thing;
}

/* A new one, with an id that nothing had before. */
static void *put(memory *m, struct thing **list, size_t size)
{
    struct thing *thing = mem_alloc(size, m);

    if (!thing)
        return NULL;
    *thing = (struct thing){*list, ++m->id};
    return *list = thing;
}

/* ==== tools: answers ==== */

static struct answer begin(void *user, mailproto_store_asker *asker, const mailproto_event *question)
{
    return (struct answer){.m = user, .asker = asker, .token = question->token};
}

/* Adds an item, with all it points to. After an error nothing is added: it is enough to look at a->why at the end. */
static void collect(struct answer *a, const mailproto_event *item)
{
    mailproto_event **items;

    if (a->why)
        return;
    items = grown(a->m, a->items, &a->room, a->count + 1, sizeof *items);
    if (items)
        a->items = items;
    if (!items || mailproto_store_keep(&items[a->count], item, &a->m->counted))
        a->why = a->m->lacking;
    else
        a->count++;
}

/* Adds UIDs, to the run that was added last if they go on with it. */
static void collect_uids(struct answer *a, uint32_t type, uint32_t first, uint32_t last, uint64_t modseq)
{
    const mailproto_store_uids item = {{sizeof item, type, a->token}, first, last, modseq};
    mailproto_store_uids *before = a->count ? (void *)a->items[a->count - 1] : NULL;

    if (before && before->head.type == type && before->last + 1 == first && before->modseq == modseq)
        before->last = last;
    else
        collect(a, &item.head);
}

/* An object id (RFC 8474): a letter for its kind, when the account was made, and a number that is used once. */
static mailproto_text object_id(const memory *m, char kind, uint64_t number, char text[OBJECT_ID_MAX])
{
    size_t n = 0;

    text[n++] = kind;
    n += mp_ascii_write_decimal(text + n, m->born);
    text[n++] = '-';
    return (mailproto_text){text, n + mp_ascii_write_decimal(text + n, number)};
}

static void collect_message(struct answer *a, const struct message *message, uint64_t size)
{
    memory *m = a->m;
    char id[OBJECT_ID_MAX];
    mailproto_store_keyword links[KEYWORDS_MAX];
    mailproto_store_message item = {.head = {sizeof item, MAILPROTO_STORE_MESSAGE, a->token},
                                    .uid = message->uid,
                                    .flags = (uint32_t)message->flags & ((1u << SYSTEM_FLAGS) - 1),
                                    .modseq = message->modseq,
                                    .size = size,
                                    .internal_date = message->date,
                                    .zone = message->zone,
                                    .has_save_date = message->saved != 0,
                                    .save_date = message->saved,
                                    .email_id = object_id(m, 'M', message->octets->number, id)};

    for (uint32_t i = m->keyword_count; i-- > 0;) {
        const mailproto_text word = {m->keywords[i]->at, m->keywords[i]->size};

        if (!(message->flags >> (SYSTEM_FLAGS + i) & 1))
            continue;
        links[i] = (mailproto_store_keyword){sizeof *links, 0, word, item.keywords};
        item.keywords = &links[i];
    }
    collect(a, &item.head);
}

/* Those who watch are to hear of it, behind the answer. */
static void changed(struct answer *a, uint64_t mailbox)
{
    a->changed[a->changes++] = mailbox;
}

/* Tells those who watch that a mailbox changed, or with 0 the list of them. Who is told may change the list of those
   who watch, so the next one is found by its id: they fall along the list. */
static void tell(memory *m, uint64_t mailbox)
{
    uint64_t before = UINT64_MAX;

    for (;;) {
        mailproto_store_changed item = {{sizeof item, MAILPROTO_STORE_CHANGED, 0}, mailbox};
        const struct watcher *w = (void *)m->watchers;
        mailproto_store_asker *asker;
        int32_t result;

        while (w && (w->thing.id >= before || (w->mailbox && w->mailbox != mailbox)))
            w = (const void *)w->thing.next;
        if (!w)
            return;
        before = w->thing.id;
        asker = w->asker;
        item.head.token = w->token;
        result = mailproto_store_give(asker, item.head.token, &item.head);
        if (result != MAILPROTO_OK)
            mem_free(take(&m->watchers, before), sizeof *w, m);
        if (result == MAILPROTO_STORE_ENOUGH)
            (void)mailproto_store_done(asker, item.head.token);
    }
}

static void forget(struct answer *a)
{
    for (size_t i = 0; i < a->count; i++)
        mailproto_store_kept_free(a->items[i], &a->m->counted);
    mem_free(a->items, a->room * sizeof *a->items, a->m);
    a->items = NULL;
    a->count = a->room = 0;
}

/* Gives the answer: an item, or NULL, and what was collected; or the error there was. If the asker has gone it is OK,
   and a->why is set, so that what the answer opened is closed (CANCEL). */
static int32_t finish(struct answer *a, const mailproto_event *first)
{
    int32_t result = a->why;

    if (!result && first)
        result = mailproto_store_give(a->asker, a->token, first);
    for (size_t i = 0; i < a->count && !result; i++)
        result = mailproto_store_give(a->asker, a->token, a->items[i]);
    forget(a);
    if (a->why)
        return a->why;
    if (result >= 0) /* OK, or it had ENOUGH */
        result = mailproto_store_done(a->asker, a->token);
    if (result < 0)
        a->why = MAILPROTO_ERR_CANCELLED;
    for (size_t i = 0; i < a->changes; i++)
        tell(a->m, a->changed[i]);
    return MAILPROTO_OK;
}

/* ==== names and mailboxes (RFC 9051 5.1) ==== */

/* A name as it is kept: INBOX, alone or as the first component, is written so. */
struct spelled {
    size_t len;
    char text[NAME_MAX_OCTETS];
};

/* The octets of the UTF-8 character at p (RFC 3629 4), 0 if there is none. */
static size_t character(const unsigned char *p, size_t n)
{
    const size_t len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

    if (len > n || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f)) /* longer than need be, a surrogate, or above U+10FFFF */
        return 0;
    return len;
}

/* OK; ERR_LIMIT: it cannot be kept. */
static int32_t spell(struct spelled *out, mailproto_text name)
{
    const unsigned char *p = (const unsigned char *)name.ptr;

    if (!name.len || name.len > NAME_MAX_OCTETS || p[0] == '/' || p[name.len - 1] == '/')
        return MAILPROTO_ERR_LIMIT;
    for (size_t i = 0, n; i < name.len; i += n) {
        n = character(p + i, name.len - i);
        if (!n || p[i] < 0x20 || p[i] == 0x7f || (p[i] == '/' && p[i + 1] == '/'))
            return MAILPROTO_ERR_LIMIT;
    }
    out->len = name.len;
    memcpy(out->text, name.ptr, name.len);
    if (mp_ascii_begins(name.ptr, name.len, "INBOX") && (name.len == 5 || name.ptr[5] == '/'))
        memcpy(out->text, "INBOX", 5);
    return MAILPROTO_OK;
}

/* The hierarchy order is that of octets, with the separator before all others. So names are one sorted array: LIST goes
   along it, and what is below a name stands right behind it. */
static int compare(const struct name *name, const char *text, size_t len)
{
    for (size_t i = 0; i < name->len && i < len; i++) {
        const int x = name->text[i] == '/' ? 0 : (unsigned char)name->text[i];
        const int y = text[i] == '/' ? 0 : (unsigned char)text[i];

        if (x != y)
            return x < y ? -1 : 1;
    }
    return name->len < len ? -1 : name->len > len;
}

/* Where the first name stands that does not come before it. */
static size_t position(const memory *m, const char *text, size_t len)
{
    size_t low = 0, high = m->name_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare(&m->names[middle], text, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The name, or NULL. It moves when another is made. */
static struct name *name_find(const memory *m, const char *text, size_t len)
{
    const size_t i = position(m, text, len);

    return i < m->name_count && compare(&m->names[i], text, len) == 0 ? &m->names[i] : NULL;
}

/* The name, which is made if it is not there. NULL: m->lacking. */
static struct name *name_need(memory *m, const char *text, size_t len)
{
    const size_t i = position(m, text, len);
    struct name *found = name_find(m, text, len), *names;
    char *copy;

    if (found)
        return found;
    names = grown(m, m->names, &m->name_room, m->name_count + 1, sizeof *names);
    if (!names)
        return NULL;
    m->names = names;
    copy = mem_alloc(len, m);
    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    memmove(names + i + 1, names + i, (m->name_count++ - i) * sizeof *names);
    names[i] = (struct name){.text = copy, .len = len};
    return &names[i];
}

/* Whether the name is this one or below it. */
static int is_within(const struct name *name, const char *text, size_t len)
{
    return name->len >= len && memcmp(name->text, text, len) == 0 && (name->len == len || name->text[len] == '/');
}

/* The name of a mailbox, or NULL. It looks at all of them: a store for 100,000 mailboxes has an index by id, too. */
static struct name *name_of(const memory *m, uint64_t id)
{
    for (struct name *name = m->names; name < m->names + m->name_count; name++)
        if (name->box && name->box->id == id)
            return name;
    return NULL;
}

/* The mailbox that messages can be in. NULL: ERR_NOT_FOUND, whatever is asked of it. */
static struct mailbox *selectable(const memory *m, uint64_t id)
{
    const struct name *name = name_of(m, id);

    return name && !(name->box->attributes & MAILPROTO_MAILBOX_NOSELECT) ? name->box : NULL;
}

/* NUMBERS: none that a mailbox of the account had before. A name that is made again gets a greater UIDVALIDITY. */
static void box_begin(memory *m, struct mailbox *box)
{
    box->id = ++m->id;
    box->uidvalidity = ++m->uidvalidity;
    box->uidnext = 1;
    box->cursor = ++m->modseq;
    box->forgotten = 0;
}

static void message_drop(memory *m, struct message *message)
{
    m->octets -= message->octets->size;
    m->messages--;
    release(m, message->octets);
    release(m, message->blob);
    message->octets = message->blob = NULL;
}

static void note_drop(memory *m, struct note *note)
{
    (void)take(&m->notes, note->thing.id);
    mem_free(note, sizeof *note + note->name_len + note->value_len, m);
}

/* Forgets what is in a mailbox and with it. */
static void box_empty(memory *m, struct mailbox *box)
{
    for (size_t i = 0; i < box->count; i++)
        message_drop(m, &box->messages[i]);
    for (struct note *note = (void *)m->notes, *next; note; note = next) {
        next = (void *)note->thing.next;
        if (note->mailbox == box->id)
            note_drop(m, note);
    }
    mem_free(box->messages, box->room * sizeof *box->messages, m);
    mem_free(box->gone, box->gone_room * sizeof *box->gone, m);
    box->messages = NULL;
    box->gone = NULL;
    box->count = box->room = box->gone_count = box->gone_room = 0;
}

static void box_drop(memory *m, struct name *name)
{
    box_empty(m, name->box);
    mem_free(name->box, sizeof *name->box, m);
    name->box = NULL;
    m->mailboxes--;
}

/* Takes back mailboxes that are newer than `id`, and forgets names that are neither a mailbox's nor subscribed. */
static void names_prune(memory *m, uint64_t id)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->name_count; i++) {
        struct name *name = &m->names[i];

        if (name->box && name->box->id > id)
            box_drop(m, name);
        if (name->box || name->subscribed)
            m->names[kept++] = *name;
        else
            mem_free(name->text, name->len, m);
    }
    m->name_count = kept;
}

/* Makes what is missing of a name and those above it: so every mailbox has all above it, and no mailbox is below a name
   that has none. OK, and *box is that of the name; else the caller is to prune. */
static int32_t box_make(memory *m, const char *text, size_t len, struct mailbox **box)
{
    for (size_t end = 1; end <= len; end++) {
        struct name *name;

        if (end < len && text[end] != '/')
            continue;
        name = name_need(m, text, end);
        if (name && !name->box) {
            if (m->mailboxes >= m->limits[MAILPROTO_QUOTA_MAILBOX])
                return MAILPROTO_ERR_QUOTA;
            name->box = mem_alloc(sizeof *name->box, m);
            if (name->box)
                box_begin(m, name->box);
            m->mailboxes += name->box != NULL;
        }
        if (!name || !name->box)
            return m->lacking;
        *box = name->box;
    }
    return MAILPROTO_OK;
}

/* ---- LIST (RFC 9051 6.3.9) ---- */

static mailproto_store_mailbox describe(const struct answer *a, const struct name *name, char id[OBJECT_ID_MAX])
{
    const struct mailbox *box = name->box;
    mailproto_store_mailbox item = {.head = {sizeof item, MAILPROTO_STORE_MAILBOX, a->token},
                                    .name = {name->text, name->len},
                                    .attributes = box ? box->attributes : MAILPROTO_MAILBOX_NONEXISTENT,
                                    .subscribed = name->subscribed};

    if (!box)
        return item;
    item.mailbox = box->id;
    item.object_id = object_id(a->m, 'F', box->id, id);
    return item;
}

static int32_t answer_list(void *user, mailproto_store_asker *asker, const mailproto_store_list *q)
{
    struct answer a = begin(user, asker, &q->head);
    const memory *m = user;
    struct spelled only = {0};
    size_t i = 0, end = m->name_count;

    if (q->only.len) {
        i = spell(&only, q->only) ? end : position(m, only.text, only.len);
        end = i + (name_find(m, only.text, only.len) != NULL);
    } else if (q->after.len) {
        i = position(m, q->after.ptr, q->after.len);
        i += name_find(m, q->after.ptr, q->after.len) != NULL;
    }
    for (; i < end && (!q->want || a.count < q->want) && !a.why; i++) {
        char id[OBJECT_ID_MAX];
        const mailproto_store_mailbox item = describe(&a, &m->names[i], id);

        if (!q->subscribed || item.subscribed)
            collect(&a, &item.head);
    }
    return finish(&a, NULL);
}

/* ---- OPEN, CLOSE (RFC 9051 6.3.2) ---- */

static void snapshot_free(memory *m, struct snapshot *s)
{
    if (s)
        forget(&s->answer);
    mem_free(s, sizeof *s, m);
}

static int32_t answer_close(void *user, mailproto_store_asker *asker, const mailproto_store_close *q)
{
    memory *m = user;

    (void)asker;
    for (struct snapshot *s = (void *)m->snapshots, *next; s; s = next) {
        next = (void *)s->thing.next;
        if (s->opening == q->opening)
            snapshot_free(m, take(&m->snapshots, s->thing.id));
    }
    mem_free(take(&m->openings, q->opening), sizeof(struct opening), m);
    return MAILPROTO_OK;
}

static int is_locked(const memory *m, uint64_t mailbox)
{
    const struct opening *o = (const void *)m->openings;

    while (o && !(o->mailbox == mailbox && o->exclusive))
        o = (const void *)o->thing.next;
    return o != NULL;
}

static int32_t answer_open(void *user, mailproto_store_asker *asker, const mailproto_store_open *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    const struct mailbox *box = selectable(m, q->mailbox);
    mailproto_store_opened item = {.head = {sizeof item, MAILPROTO_STORE_OPENED, a.token}};
    mailproto_store_close close = {.head = {sizeof close, MAILPROTO_STORE_CLOSE, 0}};
    struct opening *o;
    int32_t result;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->mode < MAILPROTO_STORE_READ_ONLY || q->mode > MAILPROTO_STORE_EXCLUSIVE)
        return MAILPROTO_ERR_ARG;
    if (q->mode == MAILPROTO_STORE_EXCLUSIVE && is_locked(m, box->id))
        return MAILPROTO_ERR_BUSY;
    o = put(m, &m->openings, sizeof *o);
    if (!o)
        return m->lacking;
    o->mailbox = box->id;
    o->exclusive = q->mode == MAILPROTO_STORE_EXCLUSIVE;
    item.opening = close.opening = o->thing.id;
    item.cursor = box->cursor;
    item.uidvalidity = box->uidvalidity;
    item.uidnext = box->uidnext;
    item.messages = (uint32_t)box->count;
    item.rights = m->config.rights;
    for (uint32_t i = 0; i < m->keyword_count; i++) { /* of the whole account: its messages may get them */
        const mailproto_text name = {m->keywords[i]->at, m->keywords[i]->size};
        const mailproto_store_keyword_item word = {{sizeof word, MAILPROTO_STORE_KEYWORD, a.token}, name};

        collect(&a, &word.head);
    }
    result = finish(&a, &item.head);
    if (a.why)
        (void)answer_close(m, asker, &close);
    return result;
}

/* ---- STATUS (RFC 9051 6.3.11): it may tell more than is wanted ---- */

static int32_t answer_status(void *user, mailproto_store_asker *asker, const mailproto_store_status *q)
{
    struct answer a = begin(user, asker, &q->head);
    const struct mailbox *box = selectable(user, q->mailbox);
    mailproto_store_status_item item = {.head = {sizeof item, MAILPROTO_STORE_STATUS_ITEM, a.token}};

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    item.messages = (uint32_t)box->count;
    item.uidnext = box->uidnext;
    item.uidvalidity = box->uidvalidity;
    item.cursor = box->cursor;
    for (size_t i = 0; i < box->count; i++) {
        const struct message *message = &box->messages[i];
        const int deleted = (message->flags & MAILPROTO_FLAG_DELETED) != 0;

        item.unseen += !(message->flags & MAILPROTO_FLAG_SEEN);
        item.size += message->octets->size;
        item.deleted += (uint32_t)deleted;
        item.deleted_size += deleted ? message->octets->size : 0;
    }
    return finish(&a, &item.head);
}

/* ---- CREATE (RFC 9051 6.3.4, RFC 6154 3) ---- */

static int32_t answer_create(void *user, mailproto_store_asker *asker, const mailproto_store_create *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    const uint64_t newest = m->id;
    char id[OBJECT_ID_MAX];
    mailproto_store_mailbox item;
    struct spelled spelled;
    const struct name *name;
    struct mailbox *box;

    if (spell(&spelled, q->name))
        return MAILPROTO_ERR_LIMIT;
    if (q->special_use & ~(uint32_t)SPECIAL_USES)
        return MAILPROTO_ERR_UNSUPPORTED;
    name = name_find(m, spelled.text, spelled.len);
    if (name && name->box && !(name->box->attributes & MAILPROTO_MAILBOX_NOSELECT))
        return MAILPROTO_ERR_EXISTS;
    a.why = box_make(m, spelled.text, spelled.len, &box);
    if (a.why) {
        names_prune(m, newest);
        return a.why;
    }
    if (box->attributes & MAILPROTO_MAILBOX_NOSELECT)
        box_begin(m, box); /* what DELETE left is a mailbox again, and another one than it was */
    box->attributes = q->special_use;
    item = describe(&a, name_find(m, spelled.text, spelled.len), id);
    item.name.ptr = spelled.text; /* which stays, whatever the asker does */
    changed(&a, 0);
    return finish(&a, &item.head);
}

/* ---- DELETE (RFC 9051 6.3.5) ---- */

static int32_t answer_delete(void *user, mailproto_store_asker *asker, const mailproto_store_delete *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    struct name *name = name_of(m, q->mailbox);
    const struct name *end = m->names + m->name_count, *next = name ? name + 1 : end;

    if (!name)
        return MAILPROTO_ERR_NOT_FOUND;
    if (name->box == m->inbox)
        return MAILPROTO_ERR_DENIED;
    while (next < end && !next->box)
        next++;
    if (next == end || !is_within(next, name->text, name->len)) {
        box_drop(m, name);
        names_prune(m, UINT64_MAX);
    } else if (name->box->attributes & MAILPROTO_MAILBOX_NOSELECT) {
        return MAILPROTO_ERR_DENIED;
    } else { /* it has inferiors: the name stays, with another id, which nobody has open */
        box_empty(m, name->box);
        box_begin(m, name->box);
        name->box->attributes = MAILPROTO_MAILBOX_NOSELECT;
    }
    changed(&a, q->mailbox);
    changed(&a, 0);
    return finish(&a, NULL);
}

/* ---- RENAME (RFC 9051 6.3.6) ---- */

/* The name that a name gets whose first `len` octets become `to`. OK; ERR_LIMIT: it is too long. */
static int32_t renamed(struct spelled *out, const struct name *name, size_t len, const struct spelled *to)
{
    out->len = to->len + name->len - len;
    if (out->len > NAME_MAX_OCTETS)
        return MAILPROTO_ERR_LIMIT;
    memcpy(out->text, to->text, to->len);
    memcpy(out->text + to->len, name->text + len, name->len - len);
    return MAILPROTO_OK;
}

/* Inferiors follow. ATOMIC: all names are made first; then mailboxes go from name to name, and nothing else of them
   changes: not the id, no UID, no UIDVALIDITY. */
static int32_t rename_tree(memory *m, struct name from, const struct spelled *to)
{
    struct spelled other;
    size_t i = position(m, from.text, from.len);

    while (i < m->name_count && is_within(&m->names[i], from.text, from.len)) {
        const size_t count = m->name_count;
        const struct name *name = &m->names[i];

        if (name->box) {
            if (renamed(&other, name, from.len, to))
                return MAILPROTO_ERR_LIMIT;
            name = name_need(m, other.text, other.len);
            if (!name)
                return m->lacking;
            i += m->name_count > count && name <= &m->names[i]; /* it moved on */
        }
        i++;
    }
    i = position(m, from.text, from.len);
    for (; i < m->name_count && is_within(&m->names[i], from.text, from.len); i++) {
        if (!m->names[i].box)
            continue;
        (void)renamed(&other, &m->names[i], from.len, to);
        name_find(m, other.text, other.len)->box = m->names[i].box;
        m->names[i].box = NULL;
    }
    names_prune(m, UINT64_MAX);
    return MAILPROTO_OK;
}

static const mailproto_store_run every_uid = {sizeof every_uid, 1, UINT32_MAX, 0, NULL};

static void transfer(struct answer *a, struct mailbox *from, struct mailbox *to, const mailproto_store_run *uids,
                     int move); /* see COPY */

/* INBOX stays, with its inferiors; its messages move to a new mailbox. */
static int32_t rename_inbox(memory *m, const struct spelled *to)
{
    struct answer a = {.m = m};
    struct mailbox *box;

    a.why = box_make(m, to->text, to->len, &box);
    if (!a.why)
        transfer(&a, m->inbox, box, &every_uid, 1);
    forget(&a);
    return a.why;
}

static int32_t answer_rename(void *user, mailproto_store_asker *asker, const mailproto_store_rename *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    const uint64_t newest = m->id;
    const struct name *name = name_of(m, q->mailbox), *there;
    struct mailbox *above;
    struct spelled to;
    struct name from;
    size_t parent;

    if (!name)
        return MAILPROTO_ERR_NOT_FOUND;
    from = *name;
    if (spell(&to, q->name))
        return MAILPROTO_ERR_LIMIT;
    there = name_find(m, to.text, to.len);
    if (there && there->box)
        return MAILPROTO_ERR_EXISTS;
    if (from.box != m->inbox && is_within(&(struct name){.text = to.text, .len = to.len}, from.text, from.len))
        return MAILPROTO_ERR_DENIED;
    for (parent = to.len; parent > 0 && to.text[parent - 1] != '/';)
        parent--;
    if (from.box == m->inbox)
        a.why = rename_inbox(m, &to);
    else if (parent)
        a.why = box_make(m, to.text, parent - 1, &above);
    if (!a.why && from.box != m->inbox)
        a.why = rename_tree(m, from, &to);
    if (a.why)
        names_prune(m, newest);
    changed(&a, q->mailbox);
    changed(&a, 0);
    return finish(&a, NULL);
}

/* ---- SUBSCRIBE (RFC 9051 6.3.7): to a name, whether it has a mailbox or not ---- */

static int32_t answer_subscribe(void *user, mailproto_store_asker *asker, const mailproto_store_subscribe *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    struct spelled spelled;
    struct name *name;

    if (spell(&spelled, q->name))
        return MAILPROTO_ERR_LIMIT;
    name = name_need(m, spelled.text, spelled.len);
    if (!name)
        return m->lacking;
    name->subscribed = q->subscribed != 0;
    names_prune(m, UINT64_MAX);
    changed(&a, 0);
    return finish(&a, NULL);
}

/* ---- AUTHORISE ---- */

static int32_t answer_authorise(void *user, mailproto_store_asker *asker, const mailproto_store_authorise *q)
{
    const mailproto_memory_store_config *config = &((memory *)user)->config;
    struct answer a = begin(user, asker, &q->head);
    int32_t result = q->rights & ~config->rights ? MAILPROTO_ERR_DENIED : MAILPROTO_OK;

    if (!result && config->authorise)
        result = config->authorise(config->user, q->mailbox, q->name.ptr, q->name.len, q->rights);
    a.why = result < 0 ? result : MAILPROTO_OK;
    return finish(&a, NULL);
}

/* ==== messages ==== */

/* Where the first message stands whose UID is not less. */
static size_t place(const struct mailbox *box, uint32_t uid)
{
    size_t low = 0, high = box->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (box->messages[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct message *message_find(const struct mailbox *box, uint32_t uid)
{
    const size_t i = place(box, uid);

    return i < box->count && box->messages[i].uid == uid ? &box->messages[i] : NULL;
}

/* Where the first message at or behind i stands that is in the runs, which are gone along; box->count: none is. */
static size_t named(const struct mailbox *box, const mailproto_store_run **run, size_t i)
{
    for (; *run; *run = (*run)->next) {
        if (i < box->count && box->messages[i].uid < (*run)->first)
            i = place(box, (*run)->first);
        if (i < box->count && box->messages[i].uid <= (*run)->last)
            return i;
    }
    return box->count;
}

/* Room for n more messages, and UIDs. NUMBERS: these are used once, so a mailbox that has given out all is full. */
static int32_t room_for(memory *m, struct mailbox *box, size_t n)
{
    struct message *messages;

    if (n > UINT32_MAX - box->uidnext)
        return MAILPROTO_ERR_LIMIT;
    messages = grown(m, box->messages, &box->room, box->count + n, sizeof *messages);
    if (!messages)
        return m->lacking;
    box->messages = messages;
    return MAILPROTO_OK;
}

static int32_t quota_for(const memory *m, uint64_t octets, uint64_t messages)
{
    const uint64_t *limits = m->limits;

    if (m->octets > limits[MAILPROTO_QUOTA_STORAGE] || octets > limits[MAILPROTO_QUOTA_STORAGE] - m->octets ||
        m->messages > limits[MAILPROTO_QUOTA_MESSAGE] || messages > limits[MAILPROTO_QUOTA_MESSAGE] - m->messages)
        return MAILPROTO_ERR_QUOTA;
    return MAILPROTO_OK;
}

static int64_t wall(memory *m, int32_t *zone)
{
    *zone = m->config.wall ? 0 : m->zone;
    return m->config.wall ? m->config.wall(m->config.user, zone) : m->wall;
}

/* Puts a message into the room that was made. NUMBERS, CURSORS: it gets the next UID, and it and the mailbox the
   modseq of now. */
static void message_add(memory *m, struct mailbox *box, const struct message *message)
{
    struct message *added = &box->messages[box->count++];
    int32_t zone;

    *added = *message;
    added->uid = box->uidnext++;
    added->modseq = box->cursor = m->modseq;
    added->saved = wall(m, &zone);
    m->octets += added->octets->size;
    m->messages++;
}

/* ---- what was removed (RFC 7162 3.2) ---- */

static int32_t room_for_gone(memory *m, struct mailbox *box, size_t runs)
{
    struct gone *gone = grown(m, box->gone, &box->gone_room, box->gone_count + runs, sizeof *gone);

    if (!gone)
        return m->lacking;
    box->gone = gone;
    return MAILPROTO_OK;
}

/* Closes the ranks behind messages that were dropped, and remembers their UIDs at the modseq of now (CURSORS): the last
   `remember` runs of them. Whoever asks for more is told ERR_RESYNC. */
static void close_ranks(memory *m, struct mailbox *box)
{
    size_t kept = 0, too_many;

    for (size_t i = 0; i < box->count; i++) {
        const uint32_t uid = box->messages[i].uid;
        struct gone *last = box->gone_count ? &box->gone[box->gone_count - 1] : NULL;

        if (box->messages[i].octets)
            box->messages[kept++] = box->messages[i];
        else if (last && last->modseq == m->modseq && last->last + 1 == uid)
            last->last = uid;
        else
            box->gone[box->gone_count++] = (struct gone){uid, uid, m->modseq};
    }
    box->count = kept;
    box->cursor = m->modseq;
    if (box->gone_count <= m->config.remember)
        return;
    too_many = box->gone_count - m->config.remember;
    box->forgotten = box->gone[too_many - 1].modseq;
    box->gone_count -= too_many;
    memmove(box->gone, box->gone + too_many, box->gone_count * sizeof *box->gone);
}

/* ---- flags (RFC 9051 2.3.2) ---- */

/* The set of bits. Keywords that are new come into the table if they `may`; else no message has them. */
static int32_t flag_set(memory *m, uint32_t flags, const mailproto_store_keyword *list, int may, uint64_t *set)
{
    *set = flags & ((1u << SYSTEM_FLAGS) - 1);
    for (; list; list = list->next) {
        const mailproto_text name = list->name;
        uint32_t i = 0;

        while (i < m->keyword_count &&
               !(m->keywords[i]->size == name.len && mp_ascii_same(m->keywords[i]->at, name.ptr, name.len)))
            i++;
        if (i == m->keyword_count && !may)
            continue;
        if (i == m->keyword_count) {
            if (i == KEYWORDS_MAX || !name.len)
                return MAILPROTO_ERR_LIMIT;
            m->keywords[i] = octets_new(m, name, name.len);
            if (!m->keywords[i])
                return m->lacking;
            m->keyword_count++;
        }
        *set |= UINT64_C(1) << (SYSTEM_FLAGS + i);
    }
    return MAILPROTO_OK;
}

/* ---- CHANGES, SNAPSHOT_END (RFC 7162 3.1 and 3.2): the one feed of changes ---- */

/* COPIES: all of the answer, as it is now. VANISHED first, then messages by UID. */
static void collect_changes(struct answer *a, const struct mailbox *box, const mailproto_store_changes *q)
{
    const mailproto_store_run *run, *uids = q->uids ? q->uids : &every_uid;

    for (const struct gone *gone = box->gone; q->since && gone < box->gone + box->gone_count; gone++)
        for (run = uids; run && gone->modseq > q->since; run = run->next)
            if (run->first <= gone->last && run->last >= gone->first)
                collect_uids(a, MAILPROTO_STORE_VANISHED, run->first > gone->first ? run->first : gone->first,
                             run->last < gone->last ? run->last : gone->last, gone->modseq);
    run = uids;
    for (size_t i = named(box, &run, 0); i < box->count && !a->why; i = named(box, &run, i + 1))
        if (box->messages[i].modseq > q->since)
            collect_message(a, &box->messages[i], box->messages[i].octets->size);
}

/* Gives a page of a snapshot, which is out of the list meanwhile. If there is more it is put back, else it goes. */
static int32_t give_page(memory *m, mailproto_store_asker *asker, const mailproto_store_changes *q, struct snapshot *s)
{
    mailproto_store_cursor cursor = {.head = {sizeof cursor, MAILPROTO_STORE_CURSOR, q->head.token}};
    int32_t result = MAILPROTO_OK;

    for (uint32_t messages = 0; s->given < s->answer.count && !result; s->given++) {
        mailproto_event *item = s->answer.items[s->given];

        if (item->type == MAILPROTO_STORE_MESSAGE && q->want && messages++ == q->want)
            break;
        item->token = q->head.token;
        result = mailproto_store_give(asker, item->token, item);
    }
    cursor.cursor = s->cursor;
    cursor.more = !result && s->given < s->answer.count;
    cursor.snapshot = cursor.more ? s->thing.id : 0;
    if (cursor.more && find(m->openings, q->opening)) {
        s->thing.next = m->snapshots;
        m->snapshots = &s->thing;
    } else {
        snapshot_free(m, s);
    }
    if (!result)
        result = mailproto_store_give(asker, q->head.token, &cursor.head);
    if (result >= 0)
        result = mailproto_store_done(asker, q->head.token);
    if (result < 0) /* CANCEL: nobody will ask for the rest */
        snapshot_free(m, take(&m->snapshots, cursor.snapshot));
    return MAILPROTO_OK;
}

static int32_t answer_changes(void *user, mailproto_store_asker *asker, const mailproto_store_changes *q)
{
    memory *m = user;
    const struct opening *o = find(m->openings, q->opening);
    const struct mailbox *box = o ? selectable(m, o->mailbox) : NULL;
    struct snapshot *s = find(m->snapshots, q->snapshot);
    int32_t why;

    if (!o || (q->snapshot && (!s || s->opening != q->opening)))
        return MAILPROTO_ERR_ARG;
    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (!s && q->since && q->since < box->forgotten)
        return MAILPROTO_ERR_RESYNC;
    if (!s) {
        s = put(m, &m->snapshots, sizeof *s);
        if (!s)
            return m->lacking;
        s->opening = q->opening;
        s->cursor = box->cursor;
        s->answer = begin(m, asker, &q->head);
        collect_changes(&s->answer, box, q);
    }
    (void)take(&m->snapshots, s->thing.id);
    why = s->answer.why;
    if (!why)
        return give_page(m, asker, q, s);
    snapshot_free(m, s);
    return why;
}

static int32_t answer_snapshot_end(void *user, mailproto_store_asker *asker, const mailproto_store_snapshot_end *q)
{
    memory *m = user;

    (void)asker;
    snapshot_free(m, take(&m->snapshots, q->snapshot));
    return MAILPROTO_OK;
}

/* ---- MESSAGE_OPEN, READ, CLOSE: who holds the octets reads them to their end, whatever becomes of the message ---- */

static int32_t answer_message_close(void *user, mailproto_store_asker *asker, const mailproto_store_message_close *q)
{
    memory *m = user;
    struct pin *pin = take(&m->pins, q->message);

    (void)asker;
    release(m, pin ? pin->octets : NULL);
    mem_free(pin, sizeof *pin, m);
    return MAILPROTO_OK;
}

static int32_t answer_message_open(void *user, mailproto_store_asker *asker, const mailproto_store_message_open *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    const struct mailbox *box = selectable(m, q->mailbox);
    const struct message *message = box ? message_find(box, q->uid) : NULL;
    mailproto_store_message_opened item = {.head = {sizeof item, MAILPROTO_STORE_MESSAGE_OPENED, a.token}};
    mailproto_store_message_close close = {.head = {sizeof close, MAILPROTO_STORE_MESSAGE_CLOSE, 0}};
    struct pin *pin;

    if (!message)
        return box ? MAILPROTO_ERR_GONE : MAILPROTO_ERR_NOT_FOUND;
    pin = put(m, &m->pins, sizeof *pin);
    if (!pin)
        return m->lacking;
    pin->octets = hold(message->octets);
    item.message = close.message = pin->thing.id;
    item.size = pin->octets->size;
    (void)finish(&a, &item.head);
    return a.why ? answer_message_close(m, asker, &close) : MAILPROTO_OK;
}

static int32_t answer_message_read(void *user, mailproto_store_asker *asker, const mailproto_store_message_read *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    const struct pin *pin = find(m->pins, q->message);
    mailproto_store_slice item = {.head = {sizeof item, MAILPROTO_STORE_SLICE, a.token}};
    struct octets *octets = pin ? pin->octets : NULL;

    if (!octets || q->offset > octets->size || !q->max)
        return MAILPROTO_ERR_ARG;
    item.bytes.ptr = octets->at + q->offset;
    item.bytes.len = octets->size - (size_t)q->offset;
    if (item.bytes.len > q->max)
        item.bytes.len = q->max;
    hold(octets); /* the asker may close the message while it looks at the slice */
    (void)finish(&a, &item.head);
    release(m, octets);
    return MAILPROTO_OK;
}

/* ---- APPEND_BEGIN, WRITE, COMMIT, ABORT (RFC 9051 6.3.12, RFC 3502, RFC 4315) ---- */

static void upload_end(memory *m, struct upload *u)
{
    (void)take(&m->uploads, u->thing.id);
    for (size_t i = 0; i < u->count; i++)
        release(m, u->parts[i].message.octets);
    mem_free(u->parts, u->room * sizeof *u->parts, m);
    mem_free(u, sizeof *u, m);
}

static struct part *last_part(const struct upload *u)
{
    return &u->parts[u->count - 1];
}

/* What is wrong with an upload as it stands: a write failed, or its last message is not complete. */
static int32_t upload_wrong(const struct upload *u)
{
    const struct part *last = last_part(u);

    if (u->broken)
        return u->broken;
    return last->announced && last->announced != last->written ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

/* Whether one more message may be begun, as far as it can be known. u NULL: in a new group. */
static int32_t upload_allowed(const memory *m, const mailproto_store_append_begin *q, const struct upload *u)
{
    const uint64_t octets = u ? u->octets : 0;
    const int32_t wrong = u ? upload_wrong(u) : MAILPROTO_OK;

    if (!selectable(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->upload && (!u || u->mailbox != q->mailbox))
        return MAILPROTO_ERR_ARG;
    if (wrong)
        return wrong;
    if (q->size > m->config.max_memory)
        return MAILPROTO_ERR_FULL;
    return q->size > UINT64_MAX - octets ? MAILPROTO_ERR_QUOTA : quota_for(m, octets + q->size, u ? u->count + 1 : 1);
}

/* Begins a message, in a new group if *u is NULL. OK; else nothing has changed. */
static int32_t upload_begin(memory *m, const mailproto_store_append_begin *q, struct upload **u)
{
    struct upload *group = *u;
    struct part part = {.options = q->options}, *parts = NULL;
    int32_t result = upload_allowed(m, q, group);

    if (!result)
        result = flag_set(m, q->flags, q->keywords, 1, &part.message.flags);
    if (result)
        return result;
    part.announced = q->options & MAILPROTO_STORE_SIZE_ESTIMATED ? 0 : q->size;
    part.message.zone = q->zone;
    part.message.date = q->has_date ? q->internal_date : wall(m, &part.message.zone);
    part.message.octets = octets_new(m, (mailproto_text){NULL, 0}, q->size < 65536 ? (size_t)q->size : 0);
    if (!group && part.message.octets)
        group = put(m, &m->uploads, sizeof *group);
    if (group && part.message.octets)
        parts = grown(m, group->parts, &group->room, group->count + 1, sizeof *parts);
    if (!parts) {
        release(m, part.message.octets);
        if (group && !*u)
            upload_end(m, group);
        return m->lacking;
    }
    part.message.octets->number = ++m->id;
    parts[group->count++] = part;
    group->parts = parts;
    group->mailbox = q->mailbox;
    *u = group;
    return MAILPROTO_OK;
}

/* Gives the octets of the last message another room. OK, or m->lacking: they are as they were. */
static int32_t part_resize(memory *m, struct part *part, size_t room)
{
    struct octets *o = part->message.octets, *moved = mem_resize(o, sizeof *o + o->room, sizeof *o + room, m);

    if (!moved)
        return m->lacking;
    moved->room = room;
    part->message.octets = moved;
    return MAILPROTO_OK;
}

/* Adds octets to the last message, with CRLF for LF (RFC 5322 2.1): its size is exact for what will be read. */
static int32_t upload_write(memory *m, struct upload *u, mailproto_text text)
{
    struct part *part = last_part(u);
    const size_t size = part->message.octets->size;
    uint64_t need = (uint64_t)size + text.len;
    struct octets *o;

    for (size_t i = 0; i < text.len; i++)
        need += text.ptr[i] == '\n' && (i ? text.ptr[i - 1] != '\r' : !part->after_cr);
    if (!u->broken && part->announced && text.len > part->announced - part->written)
        u->broken = MAILPROTO_ERR_LIMIT;
    if (!u->broken && need > SIZE_MAX / 2)
        u->broken = MAILPROTO_ERR_FULL;
    if (!u->broken && need > part->message.octets->room)
        u->broken = part_resize(m, part, (size_t)need + size / 2);
    if (u->broken)
        return u->broken;
    o = part->message.octets;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n' && !part->after_cr)
            o->at[o->size++] = '\r';
        o->at[o->size++] = text.ptr[i];
        part->after_cr = text.ptr[i] == '\r';
    }
    part->written += text.len;
    u->octets += o->size - size;
    return MAILPROTO_OK;
}

/* ATOMIC: all messages appear together, or none does. */
static void upload_commit(struct answer *a, struct upload *u)
{
    memory *m = a->m;
    struct mailbox *box = selectable(m, u->mailbox);
    mailproto_store_appended item = {.head = {sizeof item, MAILPROTO_STORE_APPENDED, a->token}};

    a->why = box ? upload_wrong(u) : MAILPROTO_ERR_NOT_FOUND;
    if (!a->why)
        a->why = quota_for(m, u->octets, u->count);
    if (!a->why)
        a->why = room_for(m, box, u->count);
    for (size_t i = 0; i < u->count && !a->why; i++) {
        item.uidvalidity = box->uidvalidity;
        item.uid = box->uidnext + (uint32_t)i;
        item.modseq = m->modseq + 1;
        if (!(u->parts[i].options & MAILPROTO_STORE_NO_UIDS))
            collect(a, &item.head);
    }
    if (a->why)
        return;
    m->modseq++;
    for (size_t i = 0; i < u->count; i++) {
        (void)part_resize(m, &u->parts[i], u->parts[i].message.octets->size);
        message_add(m, box, &u->parts[i].message);
        u->parts[i].message.octets = NULL; /* the mailbox has them */
    }
    changed(a, box->id);
}

static int32_t answer_append_begin(void *user, mailproto_store_asker *asker, const mailproto_store_append_begin *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    mailproto_store_upload item = {.head = {sizeof item, MAILPROTO_STORE_UPLOAD, a.token}};
    struct upload *u = find(m->uploads, q->upload);
    const int32_t result = upload_begin(m, q, &u);

    if (result)
        return result;
    item.upload = u->thing.id;
    (void)finish(&a, &item.head);
    u = a.why ? find(m->uploads, item.upload) : NULL;
    if (u && q->upload)
        u->broken = a.why; /* CANCEL: it can only be aborted, and a new one goes */
    else if (u)
        upload_end(m, u);
    return MAILPROTO_OK;
}

static int32_t answer_append_write(void *user, mailproto_store_asker *asker, const mailproto_store_append_write *q)
{
    struct answer a = begin(user, asker, &q->head);
    struct upload *u = find(a.m->uploads, q->upload);

    a.why = u ? upload_write(a.m, u, q->bytes) : MAILPROTO_ERR_ARG;
    return finish(&a, NULL);
}

static int32_t answer_append_commit(void *user, mailproto_store_asker *asker, const mailproto_store_append_commit *q)
{
    struct answer a = begin(user, asker, &q->head);
    struct upload *u = find(a.m->uploads, q->upload);

    if (!u)
        return MAILPROTO_ERR_ARG;
    upload_commit(&a, u);
    upload_end(a.m, u); /* whatever the answer */
    return finish(&a, NULL);
}

static int32_t answer_append_abort(void *user, mailproto_store_asker *asker, const mailproto_store_append_abort *q)
{
    memory *m = user;
    struct upload *u = find(m->uploads, q->upload);

    (void)asker;
    if (u)
        upload_end(m, u);
    return MAILPROTO_OK;
}

/* ---- FLAGS (RFC 9051 6.4.6, RFC 7162 3.1.3) ---- */

static uint64_t flags_after(uint64_t flags, uint32_t operation, uint64_t set)
{
    return operation == MAILPROTO_STORE_FLAGS_ADD      ? flags | set
           : operation == MAILPROTO_STORE_FLAGS_REMOVE ? flags & ~set
                                                       : set;
}

/* What becomes of the UIDs of a run. Nothing is changed yet; what will be gets the next modseq. */
static void collect_flags(struct answer *a, const struct mailbox *box, const mailproto_store_flags *q, uint64_t set,
                          const mailproto_store_run *run)
{
    const uint32_t end = run->last < box->uidnext ? run->last : box->uidnext - 1;
    uint32_t next = run->first; /* what is before it was told */

    for (size_t i = place(box, next); i < box->count && box->messages[i].uid <= end && !a->why; i++) {
        struct message message = box->messages[i];

        if (message.uid > next)
            collect_uids(a, MAILPROTO_STORE_VANISHED, next, message.uid - 1, 0);
        next = message.uid + 1;
        if (message.modseq > q->unchanged_since) {
            collect_uids(a, MAILPROTO_STORE_MODIFIED, message.uid, message.uid, 0);
            continue;
        }
        message.flags = flags_after(message.flags, q->operation, set);
        if (message.flags != box->messages[i].flags)
            message.modseq = a->m->modseq + 1;
        collect_message(a, &message, 0);
    }
    if (next <= end)
        collect_uids(a, MAILPROTO_STORE_VANISHED, next, end, 0);
}

static int32_t answer_flags(void *user, mailproto_store_asker *asker, const mailproto_store_flags *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    struct mailbox *box = selectable(m, q->mailbox);
    const mailproto_store_run *run = q->uids;
    const uint64_t modseq = m->modseq + 1;
    uint64_t set;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->operation < MAILPROTO_STORE_FLAGS_ADD || q->operation > MAILPROTO_STORE_FLAGS_REPLACE)
        return MAILPROTO_ERR_ARG;
    a.why = flag_set(m, q->flags, q->keywords, q->operation != MAILPROTO_STORE_FLAGS_REMOVE, &set);
    for (; run && !a.why; run = run->next)
        collect_flags(&a, box, q, set, run);
    if (a.why)
        return finish(&a, NULL);
    run = q->uids; /* ATOMIC: nobody could change a modseq since they were compared */
    for (size_t i = named(box, &run, 0); i < box->count; i = named(box, &run, i + 1)) {
        struct message *message = &box->messages[i];
        const uint64_t flags = flags_after(message->flags, q->operation, set);

        if (message->modseq > q->unchanged_since || message->flags == flags)
            continue;
        message->flags = flags;
        message->modseq = box->cursor = m->modseq = modseq;
    }
    if (m->modseq == modseq)
        changed(&a, box->id);
    return finish(&a, NULL);
}

/* ---- COPY (RFC 9051 6.4.7 and 6.4.8) ---- */

/* ATOMIC: every copy is put there, and with `move` every original taken away, before anybody can look: a message is
   never on both sides, nor on none. Or a->why says why nothing was done. */
static void transfer(struct answer *a, struct mailbox *from, struct mailbox *to, const mailproto_store_run *uids,
                     int move)
{
    memory *m = a->m;
    mailproto_store_copied item = {.head = {sizeof item, MAILPROTO_STORE_COPIED, a->token}};
    const mailproto_store_run *run = uids;
    const size_t end = from->count; /* of what was there: it may be the same mailbox */
    uint64_t octets = 0;

    item.uidvalidity = to->uidvalidity;
    for (size_t i = named(from, &run, 0); i < end && !a->why; i = named(from, &run, i + 1)) {
        item.from = from->messages[i].uid;
        item.to = to->uidnext + (uint32_t)a->count;
        octets += from->messages[i].octets->size;
        collect(a, &item.head);
    }
    if (a->why || !a->count)
        return;
    a->why = move ? room_for_gone(m, from, a->count) : quota_for(m, octets, a->count);
    if (!a->why)
        a->why = room_for(m, to, a->count);
    if (a->why)
        return;
    m->modseq++;
    run = uids;
    for (size_t i = named(from, &run, 0); i < end; i = named(from, &run, i + 1)) {
        struct message copy = from->messages[i];

        copy.blob = NULL;
        hold(copy.octets);
        if (move)
            message_drop(m, &from->messages[i]);
        message_add(m, to, &copy);
    }
    changed(a, to->id);
    if (!move)
        return;
    close_ranks(m, from);
    changed(a, from->id);
}

static int32_t answer_copy(void *user, mailproto_store_asker *asker, const mailproto_store_copy *q)
{
    struct answer a = begin(user, asker, &q->head);
    struct mailbox *from = selectable(a.m, q->mailbox), *to = selectable(a.m, q->destination);

    if (!from || !to)
        return MAILPROTO_ERR_NOT_FOUND;
    transfer(&a, from, to, q->uids, q->move != 0);
    return finish(&a, NULL);
}

/* ---- EXPUNGE (RFC 9051 6.4.3 and 6.4.9) ---- */

static int32_t answer_expunge(void *user, mailproto_store_asker *asker, const mailproto_store_expunge *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    struct mailbox *box = selectable(m, q->mailbox);
    const mailproto_store_run *uids = q->uids ? q->uids : &every_uid, *run = uids;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    for (size_t i = named(box, &run, 0); i < box->count && !a.why; i = named(box, &run, i + 1)) {
        const uint32_t uid = box->messages[i].uid;

        if (box->messages[i].flags & MAILPROTO_FLAG_DELETED)
            collect_uids(&a, MAILPROTO_STORE_VANISHED, uid, uid, m->modseq + 1);
    }
    if (!a.why && a.count)
        a.why = room_for_gone(m, box, a.count);
    if (a.why || !a.count)
        return finish(&a, NULL);
    m->modseq++;
    run = uids;
    for (size_t i = named(box, &run, 0); i < box->count; i = named(box, &run, i + 1))
        if (box->messages[i].flags & MAILPROTO_FLAG_DELETED)
            message_drop(m, &box->messages[i]);
    close_ranks(m, box);
    changed(&a, box->id);
    return finish(&a, NULL);
}

/* ==== what a store need not have (mailproto/store_optional.h) ==== */
/* Here is what an engine cannot make up: hints, quotas, annotations, and what it keeps with messages. */

/* ---- WATCH (for RFC 2177 and RFC 5465): see tell ---- */

static int32_t answer_watch(void *user, mailproto_store_asker *asker, const mailproto_store_watch *q)
{
    memory *m = user;
    struct watcher *w;

    if (q->mailbox && !selectable(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    w = put(m, &m->watchers, sizeof *w);
    if (!w)
        return m->lacking;
    w->asker = asker;
    w->token = q->head.token;
    w->mailbox = q->mailbox;
    return MAILPROTO_OK;
}

static void cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    memory *m = user;
    struct watcher *w = (void *)m->watchers;

    while (w && (w->asker != asker || w->token != token))
        w = (void *)w->thing.next;
    if (w)
        mem_free(take(&m->watchers, w->thing.id), sizeof *w, m);
}

/* ---- APPEND_SHARE: octets are copied, for the other account may have another allocator ---- */

static int32_t answer_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *q)
{
    struct answer a = begin(user, asker, &q->head);
    struct upload *u = find(a.m->uploads, q->upload), *other;
    const struct part *from;
    struct part *part;

    if (!q->other || q->other->append_share != answer_append_share)
        return MAILPROTO_ERR_UNSUPPORTED;
    other = find(((memory *)q->other->user)->uploads, q->other_upload);
    if (!u || !other || other == u || other->broken || last_part(u)->written)
        return MAILPROTO_ERR_ARG;
    part = last_part(u);
    from = last_part(other);
    if (part->announced && part->announced != from->written)
        return u->broken = MAILPROTO_ERR_LIMIT;
    part->announced = part->announced ? from->message.octets->size : 0; /* with the CRLF that they have now */
    a.why = upload_write(a.m, u, (mailproto_text){from->message.octets->at, from->message.octets->size});
    return finish(&a, NULL);
}

/* ---- BLOB_READ, BLOB_WRITE ---- */

static int32_t answer_blob_read(void *user, mailproto_store_asker *asker, const mailproto_store_blob_read *q)
{
    struct answer a = begin(user, asker, &q->head);
    const struct mailbox *box = selectable(a.m, q->mailbox);
    const struct message *message = box ? message_find(box, q->uid) : NULL;
    mailproto_store_slice item = {.head = {sizeof item, MAILPROTO_STORE_SLICE, a.token}};

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (message && message->blob && message->blob->number == q->version) {
        item.bytes = (mailproto_text){message->blob->at, message->blob->size};
        collect(&a, &item.head);
    }
    return finish(&a, NULL);
}

static int32_t answer_blob_write(void *user, mailproto_store_asker *asker, const mailproto_store_blob_write *q)
{
    struct answer a = begin(user, asker, &q->head);
    const struct mailbox *box = selectable(a.m, q->mailbox);
    struct message *message = box ? message_find(box, q->uid) : NULL;
    struct octets *blob;

    if (!message)
        return box ? MAILPROTO_ERR_GONE : MAILPROTO_ERR_NOT_FOUND;
    blob = octets_new(a.m, q->bytes, q->bytes.len);
    if (!blob)
        return a.m->lacking;
    blob->number = q->version;
    release(a.m, message->blob);
    message->blob = blob;
    return finish(&a, NULL);
}

/* ---- QUOTA, QUOTA_SET (RFC 9208): one root, the account ---- */

static int32_t answer_quota(void *user, mailproto_store_asker *asker, const mailproto_store_quota *q)
{
    struct answer a = begin(user, asker, &q->head);
    const memory *m = user;
    const uint64_t used[] = {0, m->octets, m->messages, m->mailboxes};

    if (q->mailbox && !selectable(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    for (uint32_t i = MAILPROTO_QUOTA_STORAGE; i <= MAILPROTO_QUOTA_MAILBOX; i++) {
        mailproto_store_quota_item item = {.head = {sizeof item, MAILPROTO_STORE_QUOTA_ITEM, a.token}};

        item.resource = i;
        item.used = used[i];
        item.has_limit = m->limits[i] != UINT64_MAX;
        item.limit = item.has_limit ? m->limits[i] : 0;
        collect(&a, &item.head);
    }
    return finish(&a, NULL);
}

static int32_t answer_quota_set(void *user, mailproto_store_asker *asker, const mailproto_store_quota_set *q)
{
    struct answer a = begin(user, asker, &q->head);

    if (q->root.len)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->resource < MAILPROTO_QUOTA_STORAGE || q->resource > MAILPROTO_QUOTA_MAILBOX)
        return MAILPROTO_ERR_UNSUPPORTED;
    a.m->limits[q->resource] = q->has_limit ? q->limit : UINT64_MAX;
    return finish(&a, NULL);
}

/* ---- METADATA, METADATA_SET (RFC 5464): names are compared without case (3.1) ---- */

/* How many levels the note is below `name`, 0: it is just that. -1: it is elsewhere. */
static int64_t note_depth(const struct note *note, uint64_t mailbox, mailproto_text name)
{
    int64_t levels = 0;

    if (note->mailbox != mailbox || note->name_len < name.len || !mp_ascii_same(note->text, name.ptr, name.len) ||
        (note->name_len > name.len && note->text[name.len] != '/'))
        return -1;
    for (size_t i = name.len; i < note->name_len; i++)
        levels += note->text[i] == '/';
    return levels;
}

static int32_t answer_metadata(void *user, mailproto_store_asker *asker, const mailproto_store_metadata *q)
{
    struct answer a = begin(user, asker, &q->head);

    if (q->mailbox && !selectable(a.m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    for (const struct note *note = (void *)a.m->notes; note; note = (const void *)note->thing.next) {
        const int64_t depth = note_depth(note, q->mailbox, q->name);
        const mailproto_store_metadata_item item = {{sizeof item, MAILPROTO_STORE_METADATA_ITEM, a.token},
                                                    {note->text, note->name_len},
                                                    {note->text + note->name_len, note->value_len}};

        if (depth >= 0 && (depth <= q->depth || q->depth == MAILPROTO_UNLIMITED))
            collect(&a, &item.head);
    }
    return finish(&a, NULL);
}

static int32_t answer_metadata_set(void *user, mailproto_store_asker *asker, const mailproto_store_metadata_set *q)
{
    memory *m = user;
    struct answer a = begin(m, asker, &q->head);
    struct note *old = (void *)m->notes, *note;

    if (q->mailbox && !selectable(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    if (!q->name.len || q->name.len > NAME_MAX_OCTETS || q->name.ptr[0] != '/')
        return MAILPROTO_ERR_LIMIT;
    while (old && note_depth(old, q->mailbox, q->name) != 0)
        old = (void *)old->thing.next;
    if (q->has_value) {
        note = put(m, &m->notes, sizeof *note + q->name.len + q->value.len);
        if (!note)
            return m->lacking;
        note->mailbox = q->mailbox;
        note->name_len = q->name.len;
        note->value_len = q->value.len;
        memcpy(note->text, q->name.ptr, q->name.len);
        if (q->value.len)
            memcpy(note->text + q->name.len, q->value.ptr, q->value.len);
    }
    if (old)
        note_drop(m, old);
    changed(&a, q->mailbox);
    return finish(&a, NULL);
}

/* ==== the account ==== */

int32_t mailproto_memory_store_config_init(mailproto_memory_store_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}

static uint64_t or_else(uint64_t limit, uint64_t otherwise)
{
    return limit ? limit : otherwise;
}

static int32_t configure(memory *m, const mailproto_memory_store_config *given)
{
    mailproto_memory_store_config *config = &m->config;

    if (given && mp_companion_struct_copy(config, sizeof *config, given))
        return MAILPROTO_ERR_ARG;
    config->rights = (uint32_t)or_else(config->rights, 2 * MAILPROTO_RIGHT_ADMIN - 1);
    config->max_memory = or_else(config->max_memory, UINT64_C(256) << 20);
    config->remember = (uint32_t)or_else(config->remember, 4096);
    m->limits[MAILPROTO_QUOTA_STORAGE] = or_else(config->max_octets, UINT64_MAX);
    m->limits[MAILPROTO_QUOTA_MESSAGE] = or_else(config->max_messages, UINT64_MAX);
    m->limits[MAILPROTO_QUOTA_MAILBOX] = or_else(config->max_mailboxes, UINT64_MAX);
    return mp_companion_allocator_copy(&m->host, config->allocator);
}

int32_t mailproto_memory_store_new(mailproto_memory_store **out, const mailproto_memory_store_config *config)
{
    memory first = {0}, *m;
    int32_t result, zone;
    int64_t now;

    if (!out)
        return MAILPROTO_ERR_ARG;
    result = configure(&first, config);
    if (result)
        return result;
    m = mem_alloc(sizeof *m, &first);
    if (!m)
        return first.lacking;
    *m = first;
    m->counted = (mailproto_allocator){sizeof m->counted, m, mem_alloc, mem_resize, mem_free};
    now = wall(m, &zone);
    m->born = m->uidvalidity = now > 0 && now < UINT32_MAX / 2 ? (uint32_t)now : 0; /* above the last account's */
    result = box_make(m, "INBOX", 5, &m->inbox);
    if (result) {
        mailproto_memory_store_free(m);
        return result;
    }
    *out = m;
    return MAILPROTO_OK;
}

void mailproto_memory_store_free(mailproto_memory_store *memory_store)
{
    memory *m = memory_store;
    mailproto_allocator host;

    if (!m)
        return;
    while (m->snapshots)
        snapshot_free(m, take(&m->snapshots, m->snapshots->id));
    while (m->openings)
        mem_free(take(&m->openings, m->openings->id), sizeof(struct opening), m);
    while (m->pins) {
        struct pin *pin = take(&m->pins, m->pins->id);

        release(m, pin->octets);
        mem_free(pin, sizeof *pin, m);
    }
    while (m->uploads)
        upload_end(m, (void *)m->uploads);
    while (m->watchers)
        mem_free(take(&m->watchers, m->watchers->id), sizeof(struct watcher), m);
    while (m->notes)
        note_drop(m, (void *)m->notes);
    for (size_t i = 0; i < m->name_count; i++)
        m->names[i].subscribed = 0;
    names_prune(m, 0);
    mem_free(m->names, m->name_room * sizeof *m->names, m);
    for (uint32_t i = 0; i < m->keyword_count; i++)
        release(m, m->keywords[i]);
    host = m->host;
    host.free(m, sizeof *m, host.user);
}

int32_t mailproto_memory_store_functions(mailproto_memory_store *memory_store, mailproto_store *out)
{
    if (!memory_store || !out)
        return MAILPROTO_ERR_ARG;
    *out = (mailproto_store){
        .struct_size = sizeof *out,
        .promises = MAILPROTO_STORE_REMEMBERS_EXPUNGES | MAILPROTO_STORE_SPECIAL_USE | MAILPROTO_STORE_SAVE_DATE |
                    MAILPROTO_STORE_OBJECT_IDS,
        .user = memory_store,
        .list = answer_list,
        .mailbox_open = answer_open,
        .mailbox_close = answer_close,
        .status = answer_status,
        .mailbox_create = answer_create,
        .mailbox_delete = answer_delete,
        .mailbox_rename = answer_rename,
        .subscribe = answer_subscribe,
        .authorise = answer_authorise,
        .changes = answer_changes,
        .snapshot_end = answer_snapshot_end,
        .message_open = answer_message_open,
        .message_read = answer_message_read,
        .message_close = answer_message_close,
        .append_begin = answer_append_begin,
        .append_write = answer_append_write,
        .append_commit = answer_append_commit,
        .append_abort = answer_append_abort,
        .flags = answer_flags,
        .copy = answer_copy,
        .expunge = answer_expunge,
        .cancel = cancel,
        .append_share = answer_append_share,
        .watch = answer_watch,
        .blob_read = answer_blob_read,
        .blob_write = answer_blob_write,
        .quota = answer_quota,
        .quota_set = answer_quota_set,
        .metadata = answer_metadata,
        .metadata_set = answer_metadata_set,
    };
    return MAILPROTO_OK;
}

int32_t mailproto_memory_store_set_wall(mailproto_memory_store *memory_store, int64_t unix_seconds, int32_t zone)
{
    if (!memory_store)
        return MAILPROTO_ERR_ARG;
    memory_store->wall = unix_seconds;
    memory_store->zone = zone;
    return MAILPROTO_OK;
}

int32_t mailproto_memory_store_add(mailproto_memory_store *memory_store, uint64_t mailbox, const void *text, size_t len)
{
    memory *m = memory_store;
    mailproto_store_append_begin q = {.size = len, .options = MAILPROTO_STORE_NO_UIDS};
    struct answer a = {.m = m};
    struct upload *u = NULL;

    if (!m || (!text && len))
        return MAILPROTO_ERR_ARG;
    q.mailbox = mailbox ? mailbox : m->inbox->id;
    a.why = upload_begin(m, &q, &u);
    if (a.why)
        return a.why;
    a.why = upload_write(m, u, (mailproto_text){text, len});
    if (!a.why)
        upload_commit(&a, u);
    upload_end(m, u);
    if (!a.why)
        tell(m, q.mailbox);
    return a.why;
}

uint64_t mailproto_memory_store_used(const mailproto_memory_store *memory_store)
{
    return memory_store ? memory_store->used : 0;
}
