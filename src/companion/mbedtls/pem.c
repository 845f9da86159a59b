/* pem.c - PEM texts and files (RFC 7468), read whole, with sentences that name them, and wiped afterwards.
 * mailproto/mbedtls.h: mailproto_mbedtls_tls_new. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <mbedtls/platform_util.h>

#include "internal.h"

enum { PEM_MAX = 8 * 1024 * 1024, FIRST = 4096, PATH_SIZE = 4096 };

static int32_t no_memory(char *why, size_t why_size)
{
    return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
}

void mp_mbedtls_pem_free(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator)
{
    if (!pem->ptr)
        return;
    mbedtls_platform_zeroize(pem->ptr, pem->size);
    allocator->free(pem->ptr, pem->size, allocator->user);
    pem->ptr = NULL;
}

/* Not by `resize`: what it moves away from may hold a key. */
static int grow(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator, size_t size)
{
    struct mp_mbedtls_pem old = *pem;

    pem->ptr = allocator->alloc(size, allocator->user);
    if (!pem->ptr) {
        pem->ptr = old.ptr;
        return -1;
    }
    pem->size = size;
    if (old.len)
        memcpy(pem->ptr, old.ptr, old.len);
    mp_mbedtls_pem_free(&old, allocator);
    return 0;
}

static int32_t cannot(const struct mp_mbedtls_pem *pem, int error, const char *what, char *why, size_t why_size)
{
    if (error == ENOENT || error == ENOTDIR)
        return mp_mbedtls_say(MAILPROTO_ERR_NOT_FOUND, why, why_size, "%s: %s is not there", what, pem->label);
    if (error == EACCES || error == EPERM)
        return mp_mbedtls_say(MAILPROTO_ERR_DENIED, why, why_size, "%s: %s may not be read by this user", what,
                              pem->label);
    return mp_mbedtls_say(MAILPROTO_ERR_UNAVAILABLE, why, why_size, "%s: %s cannot be read (system error %d)", what,
                          pem->label, error);
}

/* All of an open file; room for a NUL is left. */
static int32_t read_all(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator, int file, const char *what,
                        char *why, size_t why_size)
{
    ssize_t n;

    for (;;) {
        if (pem->len + 1 >= pem->size && grow(pem, allocator, pem->size ? 2 * pem->size : FIRST))
            return no_memory(why, why_size);
        n = read(file, pem->ptr + pem->len, pem->size - 1 - pem->len);
        if (n == 0)
            return MAILPROTO_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot(pem, errno, what, why, why_size);
        pem->len += (size_t)n;
        if (pem->len > PEM_MAX)
            return mp_mbedtls_say(MAILPROTO_ERR_LIMIT, why, why_size, "%s: %s has more than 8 MiB", what, pem->label);
    }
}

static int32_t read_file(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator, mailproto_text path,
                         const char *what, char *why, size_t why_size)
{
    char name[PATH_SIZE];
    int32_t result;
    int file;

    mp_mbedtls_say(0, pem->label, sizeof pem->label, "the file ");
    mp_mbedtls_show(pem->label + 9, sizeof pem->label - 9, (const uint8_t *)path.ptr, path.len);
    if (path.len >= sizeof name || memchr(path.ptr, 0, path.len))
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "%s: %s has no path that can be", what, pem->label);
    memcpy(name, path.ptr, path.len);
    name[path.len] = '\0';
    file = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return cannot(pem, errno, what, why, why_size);
    result = read_all(pem, allocator, file, what, why, why_size);
    close(file);
    return result;
}

int32_t mp_mbedtls_pem_read(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator, mailproto_text text,
                            mailproto_text file, const char *what, char *why, size_t why_size)
{
    int32_t result = MAILPROTO_OK;

    *pem = (struct mp_mbedtls_pem){0};
    if (text.len) {
        mp_mbedtls_say(0, pem->label, sizeof pem->label, "the text");
        if (text.len > PEM_MAX)
            return mp_mbedtls_say(MAILPROTO_ERR_LIMIT, why, why_size, "%s: the text has more than 8 MiB", what);
        if (grow(pem, allocator, text.len + 1))
            return no_memory(why, why_size);
        memcpy(pem->ptr, text.ptr, text.len);
        pem->len = text.len;
    } else {
        result = read_file(pem, allocator, file, what, why, why_size);
    }
    if (result) {
        mp_mbedtls_pem_free(pem, allocator);
        return result;
    }
    pem->ptr[pem->len++] = '\0';
    return MAILPROTO_OK;
}
