/* mailproto/base.h - the conventions every header shares: results, text, allocator, events.
 *
 * Read this first. It states once what no other header repeats.
 *
 * RESULTS    Functions answer int32_t: MAILPROTO_OK (0) or one of the negative codes of the table below. A call error
 *            (ARG, STATE, TOKEN, REENTRANT, CONFIG, NOMEM of a call that is not an I/O verb) changed nothing. A session
 *            error is final: it is kept, the I/O verbs go on answering it, output still drains, then wants is CLOSE.
 *            There is no errno, no global last error, nothing is printed, nothing aborts.
 * TEXT       (pointer, size_t), never NUL-terminated unless a function says so. What you pass is used or copied before
 *            the call returns. What a payload lends lives until the callback returns; in a polled session until
 *            next_event is called again.
 * STRUCTS    Every struct that crosses begins with uint32_t struct_size and only ever grows at its end. Fill those you
 *            make with their _init function, which sets struct_size and zeroes the rest; 0 means the default
 *            everywhere, MAILPROTO_UNLIMITED is the explicit "no limit". A smaller struct than the library's is
 *            accepted (missing fields are 0), a larger one if what the library does not know is 0.
 *            mailproto_text is the one exception: it is frozen.
 * TIME       `now` is monotonic milliseconds of any origin; it never runs backwards within a session. Durations are
 *            milliseconds. Calendar time is told by mailproto_session_set_wall.
 * THREADS    A session belongs to one thread at a time; sessions share nothing.
 * NUMBERS    Tokens are not 0 and stay below 2^53, so that Lua and JavaScript can hold them.
 */
#ifndef MAILPROTO_BASE_H
#define MAILPROTO_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(MAILPROTO_API)
/* the build said how symbols are exported */
#elif defined(_WIN32) && defined(MAILPROTO_BUILDING_DLL)
#define MAILPROTO_API __declspec(dllexport)
#elif defined(__GNUC__)
#define MAILPROTO_API __attribute__((visibility("default")))
#else
#define MAILPROTO_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Every result there is: X(NAME, value, sentence). The sentence is what mailproto_result_text answers. */
#define MAILPROTO_RESULT_TABLE(X)                                                                                      \
    X(OK, 0, "it was done")                                                                                            \
    X(USE_DEFAULT, 1, "a callback asks for the documented default")                                                    \
    X(FREED, 2, "a callback freed the session during the call: touch nothing of it")                                   \
    X(ERR_ARG, -1, "an argument is missing, malformed or holds an octet that may not go on the wire")                  \
    X(ERR_STATE, -2, "the call does not fit the state the session is in")                                              \
    X(ERR_TOKEN, -3, "the token is stale, was answered already, is of another kind or of another session")             \
    X(ERR_REENTRANT, -4, "an I/O verb was called from inside a callback of the same session")                          \
    X(ERR_NOMEM, -5, "the allocator gave no memory")                                                                   \
    X(ERR_LIMIT, -6, "a configured limit was exceeded")                                                                \
    X(ERR_PROTOCOL, -7, "the peer broke the protocol and the session cannot go on")                                    \
    X(ERR_TLS_INJECTED, -8, "the peer sent octets between the announcement of TLS and its handshake")                  \
    X(ERR_TIMEOUT, -9, "the peer, or the host that owed an answer, took too long")                                     \
    X(ERR_LOST, -10, "the connection was lost")                                                                        \
    X(ERR_BODY, -11, "the body that was being sent failed or does not keep its announced size")                        \
    X(ERR_HOST, -12, "the host failed the request, the event or the session")                                          \
    X(ERR_CONFIG, -13, "the configuration contradicts itself or lacks what an offer needs")                            \
    X(ERR_UNSUPPORTED, -14, "the peer does not offer what the command needs")                                          \
    X(ERR_REFUSED, -15, "the peer refused")                                                                            \
    X(ERR_CANCELLED, -16, "the host withdrew it")                                                                      \
    X(ERR_TLS, -17, "the TLS handshake failed, TLS was refused or it was cut short")                                   \
    X(ERR_AUTH, -18, "authentication failed or no mechanism was usable")                                               \
    X(ERR_NOT_FOUND, -19, "there is no such mailbox")                                                                  \
    X(ERR_EXISTS, -20, "there is one of that name already")                                                            \
    X(ERR_GONE, -21, "the message was removed")                                                                        \
    X(ERR_DENIED, -22, "it is not allowed")                                                                            \
    X(ERR_BUSY, -23, "somebody else has it locked")                                                                    \
    X(ERR_QUOTA, -24, "the quota does not allow more")                                                                 \
    X(ERR_FULL, -25, "the disk has no room")                                                                           \
    X(ERR_UNAVAILABLE, -26, "the store cannot do it now, and may later")                                               \
    X(ERR_CORRUPT, -27, "what is stored is damaged")                                                                   \
    X(ERR_RESYNC, -28, "the store does not remember so far back")

#define MAILPROTO_RESULT_ENUM_(name, value, sentence) MAILPROTO_##name = value,
enum { MAILPROTO_RESULT_TABLE(MAILPROTO_RESULT_ENUM_) MAILPROTO_RESULT_END_ = 0x7fffffff };

/* "No limit", for the limits that allow it; 0 is always the default. */
enum { MAILPROTO_UNLIMITED = 0x7fffffff };
#define MAILPROTO_UNLIMITED_64 UINT64_MAX /* C convenience; bindings write 2^64 - 1 */

/* The name ("MAILPROTO_ERR_TOKEN") and the sentence of a result. Never NULL: an unknown code answers "MAILPROTO_?" and
   "unknown result". Static, NUL-terminated. May be called anywhere. */
MAILPROTO_API const char *mailproto_result_name(int32_t result);
MAILPROTO_API const char *mailproto_result_text(int32_t result);

/* Text or bytes that somebody else owns. Frozen for ever: never grows. */
typedef struct mailproto_text {
    const char *ptr; /* may be NULL if len is 0 */
    size_t len;
} mailproto_text;

/* Where memory comes from. Copied by whoever takes it; `user` must outlive the session. NULL instead of an allocator
   means malloc, realloc and free of the C library. */
typedef struct mailproto_allocator {
    uint32_t struct_size;
    void *user;
    /* n > 0; answers memory aligned for any object, or NULL */
    void *(*alloc)(size_t n, void *user);
    /* p as alloc gave it with old_n; answers the moved or grown memory, or NULL with p untouched */
    void *(*resize)(void *p, size_t old_n, size_t n, void *user);
    /* p as alloc or resize gave it with n; never NULL */
    void (*free)(void *p, size_t n, void *user);
} mailproto_allocator;

/* Makes an allocator out of one piece of memory, for programs without malloc. First fit, freed pieces are joined again;
   an allocation takes its size rounded up to 16 octets and no header. `memory` must outlive every session that uses it,
   and belongs to one thread at a time. ERR_ARG: NULL, or fewer than 64 usable octets. */
MAILPROTO_API int32_t mailproto_arena_init(mailproto_allocator *out, void *memory, size_t size);

/* The octets of an arena that are in use, and the most that ever were: how large it needs to be. 0 if `arena` is not one
   that mailproto_arena_init made. */
MAILPROTO_API size_t mailproto_arena_used(const mailproto_allocator *arena);
MAILPROTO_API size_t mailproto_arena_peak(const mailproto_allocator *arena);

/* Every event begins so; cast it to the struct that `type` names (each header lists its own). Types below 0x100 are
   those of every session: see session.h. */
typedef struct mailproto_event {
    uint32_t struct_size; /* of the whole payload; fields at or past it are not there */
    uint32_t type;
    uint64_t token; /* 0: something happened. Else a request, open until it is answered exactly once */
} mailproto_event;

#ifdef __cplusplus
}
#endif
#endif
