/* A session of the engine of the tests with its host: answers everything by rule, and keeps the books: every request is
   answered or cancelled once, every body that was begun ends once, CLOSED comes once and last. */
#ifndef TEST_TOY_HOST_H
#define TEST_TOY_HOST_H

#include "support/allocator.h"
#include "support/host.h"
#include "support/records.h"
#include "support/toy.h"

enum { TOY_BOOKS = 512 };
enum { TOY_ANSWERED = 1, TOY_CANCELLED = 2 };

struct toy_run {
    struct test_host host;
    toy *toy;
    struct test_records records;
    struct test_allocator memory;
    /* called for each event before anything else, with its number from 1; what it returns, if not 0, is returned */
    int32_t (*hook)(struct toy_run *run, const mailproto_event *event, size_t number);
    void *hook_user;
    uint32_t delay; /* of every answer */
    uint64_t body;  /* octets of all slices */
    uint64_t sum;   /* of them, in order */
    int in_body;    /* since the last slice, no end and no abort came */
    unsigned tls_events, ends, aborts;
    struct {
        uint64_t token;
        unsigned fate;
    } books[TOY_BOOKS];
    size_t booked;
};

/* Makes the session in host.session. `layer`: behind a record layer of records of at most that size, 0: bare. */
int32_t toy_run_begin(struct toy_run *run, const struct toy_config *config, uint32_t mode, uint64_t seed, size_t layer);

/* The books must balance: each request has a fate, nothing was begun and not ended. Not after free. */
void toy_run_check(const struct toy_run *run);

/* Frees the session and checks that no memory is out. */
void toy_run_end(struct toy_run *run);

#endif
