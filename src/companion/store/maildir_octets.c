/* maildir_octets.c - octets of a message with CRLF line ends, from any offset, and their exact number.
 * RFC 9051 2.3.3, RFC 1939 11: what is sent has CRLF, and sizes are those of what is sent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

uint64_t mp_maildir_bare(const char *data, size_t len, char *last)
{
    const char *at = data, *end = data + len, *lf;
    uint64_t bare = 0;

    while (at < end && (lf = memchr(at, '\n', (size_t)(end - at)))) {
        bare += (lf == data ? *last : lf[-1]) != '\r';
        at = lf + 1;
    }
    if (len)
        *last = end[-1];
    return bare;
}

int mp_maildir_measure(mp_maildir *m, int fd, uint64_t octets, uint64_t *size)
{
    char *buffer = malloc(MP_READ), last = 0;
    uint64_t all = 0, bare = 0;
    int64_t n;

    if (!buffer)
        return -ENOMEM;
    while ((n = m->files.pread(m->files.user, fd, buffer, MP_READ, all)) > 0) {
        bare += mp_maildir_bare(buffer, (size_t)n, &last);
        all += (uint64_t)n;
    }
    free(buffer);
    if (n < 0)
        return (int)n;
    *size = all + bare;
    return all == octets ? 0 : -EILSEQ; /* somebody changes it while it is read */
}

/* ---- reading ---- */

static int add_mark(mp_pin *pin, const mp_mark *mark)
{
    if (pin->mark_count == pin->mark_room) {
        size_t room = pin->mark_room ? 2 * pin->mark_room : 16;
        mp_mark *marks = realloc(pin->marks, room * sizeof *marks);

        if (!marks)
            return -ENOMEM;
        pin->marks = marks;
        pin->mark_room = room;
    }
    pin->marks[pin->mark_count++] = *mark;
    return 0;
}

/* The last known place before `offset`. */
static mp_mark start(const mp_pin *pin, uint64_t offset)
{
    mp_mark best = {0, 0, 0};
    size_t low = 0, high = pin->mark_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pin->marks[middle].out <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low)
        best = pin->marks[low - 1];
    if (pin->here.out <= offset && pin->here.out > best.out)
        best = pin->here;
    return best;
}

/* A mark at each MP_MARK octets that were made, as reading goes on. */
static int pass(mp_pin *pin, const mp_mark *at)
{
    uint64_t next = pin->mark_count ? pin->marks[pin->mark_count - 1].out + MP_MARK : MP_MARK;

    return at->out >= next ? add_mark(pin, at) : 0;
}

/* Takes raw octets; what is made of them from `offset` on goes to `out`. Stops when out is full. */
static size_t convert(mp_mark *at, const char *raw, size_t len, uint64_t offset, char *out, size_t max)
{
    size_t made = 0;

    for (size_t i = 0; i < len; i++) {
        char c = raw[i];
        int bare = c == '\n' && at->last != '\r';

        if (bare && at->out >= offset) {
            if (made == max)
                break;
            out[made++] = '\r';
        }
        if (bare) {
            at->out++;
            at->last = '\r'; /* so that a stop between the two goes on with LF */
        }
        if (at->out >= offset) {
            if (made == max)
                break;
            out[made++] = c;
        }
        at->out++;
        at->raw++;
        at->last = c;
    }
    return made;
}

static int64_t read_converted(mp_maildir *m, mp_pin *pin, uint64_t offset, size_t max)
{
    char *raw = pin->buffer + MP_READ;
    mp_mark at = start(pin, offset);
    size_t made = 0;
    int error = 0;

    while (made < max && !error) {
        int64_t n = mp_files_read_at(&m->files, pin->fd, raw, MP_RAW, at.raw);

        if (n < 0)
            return n;
        if (!n)
            break;
        made += convert(&at, raw, (size_t)n, offset + made, pin->buffer + made, max - made);
        error = pass(pin, &at);
    }
    pin->here = at;
    return error ? error : (int64_t)made;
}

int64_t mp_maildir_pin_read(mp_maildir *m, mp_pin *pin, uint64_t offset, size_t max)
{
    int64_t n;

    if (offset >= pin->size)
        return 0;
    if (max > MP_READ)
        max = MP_READ;
    if (max > pin->size - offset)
        max = (size_t)(pin->size - offset);
    if (!pin->buffer)
        pin->buffer = malloc(pin->exact ? MP_READ : MP_READ + MP_RAW);
    if (!pin->buffer)
        return -ENOMEM;
    n = pin->exact ? mp_files_read_at(&m->files, pin->fd, pin->buffer, max, offset)
                   : read_converted(m, pin, offset, max);
    return n >= 0 && (size_t)n < max ? -EILSEQ : n;
}

void mp_maildir_pin_free(mp_maildir *m, mp_pin *pin)
{
    if (pin->fd >= 0)
        m->files.close(m->files.user, pin->fd);
    free(pin->marks);
    free(pin->buffer);
    free(pin);
}
