/* maildir_scan.h - what a look at the folders of one mailbox gathers: names of files, and what the index knows of them.
 * https://cr.yp.to/proto/maildir.html. */
#ifndef MAILPROTO_STORE_MAILDIR_SCAN_H
#define MAILPROTO_STORE_MAILDIR_SCAN_H

#include "maildir.h"

/* Texts one behind the other: found again by their offset, for the block may move. */
typedef struct mp_texts {
    char *text;
    size_t used, room;
} mp_texts;
/* The offset; SIZE_MAX: no memory. A NUL is put behind it. */
size_t mp_texts_add(mp_texts *texts, const char *text, size_t len);

/* A file that was found. */
typedef struct mp_found {
    size_t name; /* in scan->texts */
    int in_new;
} mp_found;

/* What the index knows of a base name. */
typedef struct mp_known {
    size_t base, info; /* in scan->texts */
    uint32_t uid;      /* 0: it was removed, and the file may be left over */
    uint32_t flags;
    int in_new;
    int seen; /* a file was found */
    size_t seen_as;
} mp_known;

typedef struct mp_scan {
    mp_maildir *m;
    mp_mailbox *box;
    mp_texts texts;
    mp_found *found;
    size_t found_count, found_room;
    size_t found_start; /* of what this pass found */
    mp_known *known;
    size_t known_count, known_room;
    size_t *slots; /* indices into known + 1, by hash; a power of 2 */
    size_t slot_count;
    size_t *fresh; /* indices into found: unknown to the index */
    size_t fresh_count, fresh_room;
    uint64_t modseq; /* of this scan's changes; 0: none yet */
    int full;        /* cur/ too */
    int changed;     /* the index */
    int took;        /* files out of new/, in this pass */
    int own;         /* our own changes in cur/ */
    int leftovers;   /* removed files that are still there */
    int left_out;    /* something that may be a message later: look again */
    size_t limit;    /* no more new messages than that; 0: all */
    size_t adopted;  /* so many there were */
    int limited;     /* there are more of them */
} mp_scan;

const char *mp_scan_text(const mp_scan *scan, size_t at);
/* Lists a folder behind what was found before. */
int32_t mp_scan_list(mp_scan *scan, int in_new);
/* Loads all the index knows of the mailbox. */
int32_t mp_scan_load(mp_scan *scan);
/* Loads what it knows of the found files only. */
int32_t mp_scan_load_found(mp_scan *scan);
/* Adds to what is known; pointers to what was known before are no longer good. */
int32_t mp_scan_know(mp_scan *scan, const mp_known *known);
mp_known *mp_scan_find(const mp_scan *scan, const char *base, size_t len);
void mp_scan_free(mp_scan *scan);

int32_t mp_scan_modseq(mp_scan *scan);
/* Compares what was found with what is known; what is unknown is put into `fresh`. */
int32_t mp_scan_compare(mp_scan *scan);
/* Gives what is fresh its UIDs, in the order of delivery. */
int32_t mp_scan_adopt(mp_scan *scan);
/* What is known and was not found has vanished. */
int32_t mp_scan_vanish(mp_scan *scan);

#endif
