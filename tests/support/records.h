/* A layer for tests that stands where TLS would: a handshake of three octets, records of length and masked octets, and
   an empty record for close_notify. It hides nothing from anybody.
   include/mailproto/layer.h. */
#ifndef TEST_RECORDS_H
#define TEST_RECORDS_H

#include <mailproto/layer.h>

enum { TEST_RECORD_MAX = 16384 };

struct test_records {
    int client;    /* says "HI!" first */
    size_t record; /* octets of the records it makes; 0: TEST_RECORD_MAX */
    int refuse;    /* the handshake fails */
    int greedy;    /* the handshake takes what is behind it, and keeps it for open */
    size_t shaken, said;
    uint8_t head[2];
    size_t head_len, body_len, size, given;
    int notified, whole;
    int freed; /* how often */
    uint8_t body[TEST_RECORD_MAX];
    uint8_t early[256];
    size_t early_len;
};

/* The table for records of at most `record` octets, 0: TEST_RECORD_MAX. */
void test_records_layer(mailproto_layer *ops, size_t record);

/* The peer's side, in memory: n octets at p as records of `record` octets each. The length of what it wrote to `out`. */
size_t test_records_seal(uint8_t *out, const void *p, size_t n, size_t record);
/* All whole records at p, their octets at out. *notify: close_notify was among them. *rest: octets not understood. */
size_t test_records_open(uint8_t *out, const void *p, size_t n, int *notify, size_t *rest);

#endif
