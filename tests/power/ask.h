/* ask.h - questions to a store that answers before it returns, and what came back.
 * The contract of mailproto/store.h; no part of any protocol. */
#ifndef POWER_ASK_H
#define POWER_ASK_H

#include <mailproto/store.h>

enum { ASK_UIDS = 64, ASK_PIECE = 16384 };

struct answer {
    mailproto_store_asker asker;
    mailproto_event **items;
    size_t count;
    int ended;
    int32_t result;
    char text[256];
};

/* Asks and waits. The answer is to be freed, whatever it is. */
int32_t ask(struct answer *answer, const mailproto_store *store, mailproto_event *question, uint32_t type,
            uint32_t size);
#define ASK(answer, store, question, type) ask(answer, store, &(question)->head, type, (uint32_t)sizeof *(question))
void answer_free(struct answer *answer);
/* The first item of a type; NULL: none. */
const void *answer_item(const struct answer *answer, uint32_t type);

/* Runs of single UIDs, in rising order. */
struct ask_runs {
    mailproto_store_run run[ASK_UIDS];
};
const mailproto_store_run *ask_runs(struct ask_runs *runs, const uint32_t *uids, size_t count);

/* Questions in one line each; the answer is the result. */
int32_t ask_open(const mailproto_store *store, uint64_t mailbox, mailproto_store_opened *opened);
void ask_close(const mailproto_store *store, uint64_t opening);
int32_t ask_create(const mailproto_store *store, const char *name, uint64_t *mailbox);
int32_t ask_delete(const mailproto_store *store, uint64_t mailbox);
int32_t ask_rename(const mailproto_store *store, uint64_t mailbox, const char *name);
int32_t ask_flags(struct answer *answer, const mailproto_store *store, uint64_t mailbox,
                  const mailproto_store_run *runs, uint32_t operation, uint32_t flags);
int32_t ask_copy(struct answer *answer, const mailproto_store *store, uint64_t mailbox, const mailproto_store_run *runs,
                 uint64_t destination, int move);
int32_t ask_expunge(struct answer *answer, const mailproto_store *store, uint64_t mailbox,
                    const mailproto_store_run *runs);
int32_t ask_changes(struct answer *answer, const mailproto_store *store, uint64_t opening, uint64_t since);
int32_t ask_list(struct answer *answer, const mailproto_store *store);

/* Begins a message (upload 0: a group) and writes it in pieces; commits. */
int32_t ask_begin(const mailproto_store *store, uint64_t mailbox, uint64_t *upload, int64_t date, uint32_t flags,
                  uint32_t options);
int32_t ask_write(const mailproto_store *store, uint64_t upload, const char *data, size_t len);
int32_t ask_commit(struct answer *answer, const mailproto_store *store, uint64_t upload);
void ask_abort(const mailproto_store *store, uint64_t upload);

/* The octets of a message in memory of its own; NULL: *result says why. */
char *ask_read(const mailproto_store *store, uint64_t mailbox, uint32_t uid, size_t *len, int32_t *result);

/* The sentence that came with the last question that failed, for people; and its result. */
const char *ask_why(void);
int32_t ask_last(void);
void ask_forget(void);

#endif
