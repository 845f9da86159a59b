/* mailproto/store_kit.h - what whoever writes a store needs to prove it: the rules of the contract, and a late store.
 *
 * Part of the companion library mailproto-store.
 *
 *     mailproto_store_kit_run       runs the rules of store.h against any store, and tells the outcome of each
 *     mailproto_late_store_*        any store, with answers that come later and in random order
 *
 * Without a rule are SEARCH, SORT and PREVIEW: what is right there follows from the messages' own text, which an engine reads
 * for every store that has no such functions; a store that has them is to be compared with that, and the kit has no such
 * reader. ACCOUNT_CHANGES and ACL, too: no store of the library has them, so nothing would prove a rule. Of WATCH only what
 * must not happen has one, for a hint may always be late, merged or lost.
 *
 * The program mailproto-store-check runs the kit on the stores of the library and on a shared object that has
 * mailproto_store_kit_entry.
 *
 * RFC 9051, RFC 7162, RFC 4315, RFC 1939: as the rules say.
 */
#ifndef MAILPROTO_STORE_KIT_H
#define MAILPROTO_STORE_KIT_H

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the kit --------------------------------------------------------------------------------------------------- */

/* Where the kit gets stores from. Each function gets `user`, and answers OK or a negative result: the kit then gives up
   with it. */
typedef struct mailproto_store_kit_factory {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void *user;
    /* Makes an account that nobody used before, with an INBOX that is empty, and a first store for it. *account is passed
       to the other functions. */
    int32_t (*make)(void *user, void **account, mailproto_store *store);
    /* Makes one more store for the same account, as another session or process would have it, `index` 1, 2 ... NULL: all
       use the first. */
    int32_t (*more)(void *user, void *account, uint32_t index, mailproto_store *store);
    /* Ends all stores of the account in good order, as a program does that ends, and makes a first one anew. Nothing is
       open on them but what the rule left. NULL: the store cannot be restarted; the rules that need it are left out. */
    int32_t (*restart)(void *user, void *account, mailproto_store *store);
    /* Goes on until at least one answer that is owed was given, or none is owed. NULL: the store answers before its
       functions return. */
    int32_t (*drive)(void *user, void *account);
    /* Ends all stores of the account and removes it. */
    void (*end)(void *user, void *account);
} mailproto_store_kit_factory;
MAILPROTO_API int32_t mailproto_store_kit_factory_init(mailproto_store_kit_factory *factory, size_t size);

enum { MAILPROTO_STORE_KIT_PASSED = 1, MAILPROTO_STORE_KIT_FAILED = 2, MAILPROTO_STORE_KIT_LEFT_OUT = 3 };

/* What became of a rule. Lives until the callback returns. */
typedef struct mailproto_store_kit_line {
    uint32_t struct_size;
    uint32_t outcome;    /* MAILPROTO_STORE_KIT_* */
    uint32_t late;       /* 1: through a late store */
    uint32_t reserved;   /* 0 */
    mailproto_text rule; /* "append.atomic" */
    mailproto_text says; /* what the rule demands */
    mailproto_text seen; /* what was seen instead, or why it was left out; "" if it passed */
} mailproto_store_kit_line;

/* How the rules are run; 0 is the default everywhere. */
typedef struct mailproto_store_kit_config {
    uint32_t struct_size;
    uint32_t only_prompt; /* 1: not a second time through a late store */
    uint64_t seed;        /* of all that is random; 0: 1 */
    mailproto_text rule;  /* this one alone; "": all */
    /* told the outcome of each rule, in their order; nothing of the kit may be called in it. Required. */
    void (*on_line)(void *user, const mailproto_store_kit_line *line);
    void *user;
} mailproto_store_kit_config;
MAILPROTO_API int32_t mailproto_store_kit_config_init(mailproto_store_kit_config *config, size_t size);

/* Runs the rules, each on an account of its own, first as the store answers, then through a late store. *failed, if not
   NULL, counts the failures. Memory is the C library's. OK, whatever the outcome; ERR_ARG: NULL, a function that is
   required is missing, no such rule; ERR_NOMEM; what a function of the factory answered. */
MAILPROTO_API int32_t mailproto_store_kit_run(const mailproto_store_kit_factory *factory,
                                              const mailproto_store_kit_config *config, uint32_t *failed);

/* The rules, from index 0 on: their names and what they demand, static, NUL-terminated. The out pointers may be NULL. OK;
   ERR_ARG: there is none with that index. */
MAILPROTO_API int32_t mailproto_store_kit_rule(uint32_t index, const char **rule, const char **says);

/* What a shared object for mailproto-store-check exports by this type, as `mailproto_store_kit_entry`: it fills a factory.
   `argument` is what the command line has behind the file, "" if nothing. OK, or a negative result. */
typedef int32_t (*mailproto_store_kit_entry_function)(mailproto_store_kit_factory *factory, const char *argument);

/* ---- a late store ---------------------------------------------------------------------------------------------- */

/* A store over another that passes questions on when it likes, and gives the items of answers one by one, all in an order
   that a seed decides; what touches the same upload, message or opening stays in order. Slices have a lease. */
typedef struct mailproto_late_store mailproto_late_store;

/* Makes one. `inner` is copied; what it needs must outlive the late store. allocator NULL: the C library's. Out of memory
   it fails the question at hand with ERR_NOMEM. OK; ERR_ARG: NULL; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_late_store_new(mailproto_late_store **out, const mailproto_store *inner, uint64_t seed,
                                               const mailproto_allocator *allocator);
/* The functions of the late store: those that the inner one has. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_late_store_functions(mailproto_late_store *late, mailproto_store *out);
/* Does one thing that is to be done: asks the inner store, or gives an item or an end. 1: it did; 0: there is nothing to
   do; ERR_ARG: NULL; ERR_REENTRANT: it was called from inside of itself. Not an answer of OK alone: the number counts. */
MAILPROTO_API int32_t mailproto_late_store_step(mailproto_late_store *late);
/* Ends it; who asked is told nothing any more, and what is open in the inner store stays so. NULL is ignored. */
MAILPROTO_API void mailproto_late_store_free(mailproto_late_store *late);

#ifdef __cplusplus
}
#endif
#endif
