/* What the tests of IMAP texts share: messages as trees, what is written of them.
   No part of any protocol. */
#ifndef IMAP_SHOW_H
#define IMAP_SHOW_H

#include "show.h"

#include "support/imap_check.h"

static inline mailproto_mime_tree *tree_of(const char *message, size_t n, const mailproto_mime_config *config)
{
    mailproto_mime_tree *tree;

    assert_int_equal(mailproto_mime_tree_new(config, message, n, &tree), MAILPROTO_OK);
    return tree;
}

/* What is written of a message is this; and all that must hold of any message holds. */
static inline void assert_made(const char *message, size_t n, const mailproto_mime_config *config, int what,
                               uint32_t flags, const char *wanted)
{
    char *copy = exact(message, n), out[4096];
    mailproto_mime_tree *tree = tree_of(copy, n, config);
    size_t made;

    imap_check_all(tree);
    assert_int_equal(imap_call(tree, what, 0, flags, out, sizeof out - 1, &made), MAILPROTO_OK);
    out[made] = '\0';
    assert_string_equal(out, wanted);
    mailproto_mime_tree_free(tree);
    free(copy);
}

static inline void assert_envelope(const char *message, const char *wanted)
{
    assert_made(message, strlen(message), NULL, IMAP_MAKE_ENVELOPE, 0, wanted);
}

static inline void assert_structure(const char *message, const char *wanted)
{
    assert_made(message, strlen(message), NULL, IMAP_MAKE_STRUCTURE, 0, wanted);
}

static inline void assert_body(const char *message, const char *wanted)
{
    assert_made(message, strlen(message), NULL, IMAP_MAKE_BODY, 0, wanted);
}

#endif
