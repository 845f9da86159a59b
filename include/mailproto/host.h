/* mailproto/host.h - a host for sessions over libuv: sockets, names, timers, threads, and one-call send.
 *
 * A companion library (pkg-config: mailproto-host), which the core never needs. It owns what an engine does not: the
 * loop, listeners, connections, clocks, work off the loop's thread. Any session runs on it, and any layer over one.
 *
 *     mailproto_host_new, _run               host_loop.h         a host: a loop of its own, or yours
 *     mailproto_host_timer_start, _post,                         time, other threads,
 *     _work                                                      slow things
 *     mailproto_host_drain, _signals                             the end in good order
 *     mailproto_host_listen, _connect        host_connection.h   sessions: you make them, the host runs them
 *     mailproto_host_send, _send_now         host_send.h         a message to a URL, and what became of it
 *     mailproto_host_url_read                host_url.h          where a server is
 *     mailproto_host_store_new               host_store.h        a store that blocks, asked off the loop
 *     mailproto_host_trace                   host_trace.h        what crosses the wire, for people
 *
 * What base.h says holds: results, texts, structs with their _init. Beside it:
 *
 * THREADS    A host and all that belongs to it is one thread's: the one that runs its loop. mailproto_host_post alone
 *            may be called from any thread.
 * CALLBACKS  All come from the loop, on its thread, or from mailproto_host_free; none from inside of another call of
 *            these headers, but for those that say so. In each of them everything here may be called but
 *            mailproto_host_run. What a callback ends ("it is gone after it") is not to be touched afterwards.
 * ENDS       What was begun ends by exactly one callback: a connection by on_gone, a send by on_outcome, work by
 *            `done`, a drain by on_drained, also when the host is freed; a timer that is cancelled ends silently.
 * MEMORY     The host's own comes from its allocator; libuv and the C library (names, sockets, posts) take theirs from
 *            malloc. An idle connection has no buffer: octets are read into one that the whole host shares.
 * ERRORS     A call that failed because of the system, or of a text that a person wrote, tells more by
 *            mailproto_host_error: a sentence that can be shown.
 * SIGPIPE    is ignored for the process from the first host on where it had its default (libuv writes to sockets that
 *            the peer has closed); MAILPROTO_HOST_KEEP_SIGPIPE leaves that to the program.
 */
#ifndef MAILPROTO_HOST_H
#define MAILPROTO_HOST_H

#include "host_connection.h"
#include "host_loop.h"
#include "host_send.h"
#include "host_store.h"
#include "host_trace.h"
#include "host_url.h"

#endif
