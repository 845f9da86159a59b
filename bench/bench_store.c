/* bench_store.c - the Maildir store by itself: opening and reading through a mailbox, listing mailboxes, delivery.
 * mailproto/store.h, mailproto/maildir.h. Prints what it saw and the CPU time of the process, an object a line. */
#include <inttypes.h>
#include <mailproto/maildir.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The store answers before its functions return: one answer at a time is all there is to hear. */
struct hearing {
    mailproto_store_asker asker; /* first */
    const mailproto_store *store;
    int32_t why;
    uint64_t number;   /* mailbox, opening, upload: what the answer told */
    uint64_t snapshot; /* of CHANGES */
    uint32_t more;
    uint64_t items, octets;
};

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct hearing *h = (struct hearing *)asker;

    (void)token;
    if (item->type == MAILPROTO_STORE_MAILBOX) {
        h->number = ((const mailproto_store_mailbox *)item)->mailbox;
        h->items++;
    } else if (item->type == MAILPROTO_STORE_OPENED) {
        h->number = ((const mailproto_store_opened *)item)->opening;
    } else if (item->type == MAILPROTO_STORE_UPLOAD) {
        h->number = ((const mailproto_store_upload *)item)->upload;
    } else if (item->type == MAILPROTO_STORE_MESSAGE) {
        h->items++;
        h->octets += ((const mailproto_store_message *)item)->size;
    } else if (item->type == MAILPROTO_STORE_CURSOR) {
        h->snapshot = ((const mailproto_store_cursor *)item)->snapshot;
        h->more = ((const mailproto_store_cursor *)item)->more;
    }
    return MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    (void)token;
    ((struct hearing *)asker)->why = why;
    if (why)
        fprintf(stderr, "bench_store: %.*s\n", (int)len, text ? text : "");
    return MAILPROTO_OK;
}

static void ask(struct hearing *h, void *question, size_t size, uint32_t type)
{
    mailproto_event *head = question;

    *head = (mailproto_event){(uint32_t)size, type, 1};
    if (mailproto_store_ask(h->store, &h->asker, head) || h->why)
        exit(1);
}

static mailproto_maildir *open_account(struct hearing *h, const char *path, uint32_t options)
{
    mailproto_maildir *maildir;
    mailproto_maildir_config config;
    char why[500];

    mailproto_maildir_config_init(&config, sizeof config);
    config.options = options;
    *h = (struct hearing){.asker = {sizeof h->asker, 0, on_item, on_end}};
    if (mailproto_maildir_open(&maildir, path, &config, why, sizeof why)) {
        fprintf(stderr, "bench_store: %s\n", why);
        exit(1);
    }
    h->store = mailproto_maildir_store(maildir);
    return maildir;
}

static void find_mailbox(struct hearing *h, const char *name)
{
    mailproto_store_list list = {.only = {name, strlen(name)}};

    ask(h, &list, sizeof list, MAILPROTO_STORE_LIST);
    if (h->items != 1) {
        fprintf(stderr, "bench_store: there is no mailbox %s\n", name);
        exit(1);
    }
}

/* Opens INBOX and hears of all its messages, as a POP3 or an IMAP server does at the beginning. */
static void read_through(const char *path)
{
    struct hearing h;
    mailproto_maildir *maildir = open_account(&h, path, 0);
    mailproto_store_open open = {.mode = MAILPROTO_STORE_READ_WRITE};
    mailproto_store_changes changes = {.want = 1000};

    find_mailbox(&h, "INBOX");
    open.mailbox = h.number;
    ask(&h, &open, sizeof open, MAILPROTO_STORE_OPEN);
    changes.opening = h.number;
    h.items = 0;
    do {
        changes.snapshot = h.snapshot;
        ask(&h, &changes, sizeof changes, MAILPROTO_STORE_CHANGES);
    } while (h.more);
    mailproto_maildir_close(maildir);
    printf("\"items\": %" PRIu64 ", \"octets\": %" PRIu64, h.items, h.octets);
}

static void list_all(const char *path)
{
    struct hearing h;
    mailproto_maildir *maildir = open_account(&h, path, 0);
    mailproto_store_list list = {.want = 0};

    ask(&h, &list, sizeof list, MAILPROTO_STORE_LIST);
    mailproto_maildir_close(maildir);
    printf("\"items\": %" PRIu64 ", \"octets\": 0", h.items);
}

static void deliver(const char *path, unsigned long count, const char *name)
{
    char text[4096];
    struct hearing h;
    mailproto_maildir *maildir = open_account(&h, path, MAILPROTO_MAILDIR_DELIVERY);
    uint64_t mailbox;

    memset(text, 'x', sizeof text);
    for (size_t i = 78; i < sizeof text; i += 80)
        memcpy(text + i, "\r\n", 2);
    memcpy(text, "Subject: bench\r\n\r\n", 18);
    memcpy(text + sizeof text - 2, "\r\n", 2);
    find_mailbox(&h, name);
    mailbox = h.number;
    for (unsigned long i = 0; i < count; i++) {
        mailproto_store_append_begin begin = {.mailbox = mailbox, .options = MAILPROTO_STORE_NO_UIDS};
        mailproto_store_append_write write = {.bytes = {text, sizeof text}};
        mailproto_store_append_commit commit = {.upload = 0};

        ask(&h, &begin, sizeof begin, MAILPROTO_STORE_APPEND_BEGIN);
        write.upload = commit.upload = h.number;
        ask(&h, &write, sizeof write, MAILPROTO_STORE_APPEND_WRITE);
        ask(&h, &commit, sizeof commit, MAILPROTO_STORE_APPEND_COMMIT);
    }
    mailproto_maildir_close(maildir);
    printf("\"items\": %lu, \"octets\": %lu", count, count * (unsigned long)sizeof text);
}

static uint64_t cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int count, char **words)
{
    uint64_t begin = cpu_now();

    printf("{");
    if (count == 3 && !strcmp(words[1], "open"))
        read_through(words[2]);
    else if (count == 3 && !strcmp(words[1], "list"))
        list_all(words[2]);
    else if ((count == 4 || count == 5) && !strcmp(words[1], "deliver"))
        deliver(words[2], strtoul(words[3], NULL, 10), count == 5 ? words[4] : "INBOX");
    else
        return fprintf(stderr, "usage: bench_store open|list ACCOUNT, or deliver ACCOUNT COUNT [MAILBOX]\n"), 2;
    printf(", \"cpu\": %" PRIu64 "}\n", cpu_now() - begin);
    return 0;
}
