/* memory.h - allocation through the host's allocator, wiping, and the copying of size-prefixed structs.
 * contract.md section 3: one allocator covers every byte; structs that cross begin with struct_size and only grow. */
#ifndef MP_CORE_MEMORY_H
#define MP_CORE_MEMORY_H

#include "mailproto/base.h"

/* Fills *out from the host's allocator (NULL: the C library's). OK, or ERR_ARG: a function is missing. */
int32_t mp_allocator_copy(mailproto_allocator *out, const mailproto_allocator *host);

void *mp_alloc(const mailproto_allocator *a, size_t n);
void *mp_alloc_zero(const mailproto_allocator *a, size_t n);
void *mp_resize(const mailproto_allocator *a, void *p, size_t old_n, size_t n);
/* p may be NULL */
void mp_free(const mailproto_allocator *a, void *p, size_t n);

/* Overwrites secrets in a way the compiler does not remove. */
void mp_wipe(void *p, size_t n);

/* The body of every public _init: zeroes size octets and sets struct_size. ERR_ARG: NULL or too small to hold it. */
int32_t mp_struct_init(void *p, size_t size);

/* Copies a host's struct into the library's of `size` octets, missing fields zero. ERR_ARG: NULL, no struct_size, or one
   that is larger with a tail that is not zero. */
int32_t mp_struct_copy(void *to, size_t size, const void *from);

#endif
