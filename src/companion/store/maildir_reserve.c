/* maildir_reserve.c - a little room on the disk that is kept back, so that a full disk can be emptied by who has mail on it.
 * RFC 1939 6 (what was deleted is removed), RFC 5321 4.2.3 (452). The reasons are told in docs/design/maildir.md.
 *
 * To read a mailbox SQLite needs 32 KB of shared memory in a file, and a log for the UIDs of mail that came; to delete, a log
 * again. On a full disk the first file is removed to let somebody see what he has, the second to let him delete it: so that
 * seeing cannot use up what deleting needs. Mail is not taken where the two cannot be kept. */
#include <errno.h>
#include <string.h>

#include "maildir.h"

/* The second is for the log of one message whose flags change, and for what the index becomes longer by it. Such a change
 * writes the pages of the account and of the mailbox, the first page, two of padding; and goes down three trees, a row of
 * the messages and an old and a new entry by modseq, each at most three pages deep, with two neighbours and two new pages:
 * 26 pages of 4120 octets in the log, of which six are new in the index; that is 129 KB if all of it ever came together,
 * and far less as a rule. Before that the log is emptied, which gives back no less than it takes. */
enum { PIECE = 16384 };

static const char names[][12] = {"reserve-1", "reserve-2"};

/* No two octets alike, so that a file system that compresses keeps the room, too. */
static void fill(char *piece, uint32_t *state)
{
    for (size_t i = 0; i < PIECE; i++) {
        *state = *state * 1664525U + 1013904223U;
        piece[i] = (char)(*state >> 24);
    }
}

static int write_reserve(mp_maildir *m, int fd, uint32_t size)
{
    char piece[PIECE];
    uint32_t state = m->salt;
    int error = 0;

    for (uint32_t at = 0; at < size && !error; at += PIECE) {
        fill(piece, &state);
        error = mp_files_write_all(&m->files, fd, piece, PIECE);
    }
    return error;
}

static int make_one(mp_maildir *m, const char *name, uint32_t size)
{
    uint32_t how = MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_TRUNCATE;
    char path[MP_PATH_MAX];
    int fd, error;

    if (!mp_maildir_own(m, path, name))
        return -ENAMETOOLONG;
    fd = m->files.open(m->files.user, path, how);
    if (fd == -ENOENT && !mp_maildir_make_own(m))
        fd = m->files.open(m->files.user, path, how);
    if (fd < 0)
        return fd;
    error = write_reserve(m, fd, size);
    m->files.close(m->files.user, fd);
    if (error)
        (void)m->files.unlink(m->files.user, path);
    return error;
}

/* The first is made last and removed first: where it is the other one is. */
int mp_maildir_reserve(mp_maildir *m)
{
    char path[MP_PATH_MAX];
    mp_file_status status;
    int error;

    if (m->options & MAILPROTO_MAILDIR_NO_RESERVE || !mp_maildir_own(m, path, names[0]) ||
        (!m->files.stat(m->files.user, path, &status) && status.size == MP_ROOM_TO_SEE))
        return 0;
    error = make_one(m, names[1], MP_ROOM_TO_DELETE);
    if (!error)
        error = make_one(m, names[0], MP_ROOM_TO_SEE);
    m->sentence[0] = 0;
    return error == -ENOSPC || error == -EDQUOT ? error : 0;
}

int mp_maildir_has_room(mp_maildir *m, uint64_t size)
{
    const uint32_t most = 1 << 20;
    char path[MP_PATH_MAX];
    int error = make_one(m, "room", size < most ? (uint32_t)size : most);

    if (!error && mp_maildir_own(m, path, "room"))
        (void)m->files.unlink(m->files.user, path);
    m->sentence[0] = 0;
    return error != -ENOSPC && error != -EDQUOT;
}

int mp_maildir_release(mp_maildir *m, int stage)
{
    char path[MP_PATH_MAX];
    int released = 0;

    for (int i = 0; i < stage; i++)
        if (mp_maildir_own(m, path, names[i]) && !m->files.unlink(m->files.user, path))
            released = 1;
    m->released |= released;
    if (released) /* what was tried in vain has left its octets in the log; what was given is all there yet */
        mp_maildir_checkpoint(m, stage == MP_TO_SEE ? MP_ROOM_TO_SEE : MP_ROOM_TO_DELETE);
    return released;
}
