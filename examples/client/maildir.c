/* maildir.c - delivery into a Maildir, by the store of mailproto-store that keeps mail in such folders.
 * mailproto/maildir.h, MAILPROTO_MAILDIR_DELIVERY; RFC 1939 8: what is deleted on the server must be safe here.
 *
 * The Maildir is another program's, most likely, and stays plain: a handle for delivery makes no index where the folders
 * are there, so they are made here. And its files have LF line ends, as the mail readers of Unix expect them: the store
 * keeps what it is given, and would serve it with CRLF, as it does with the files of others. The store waits for the disk,
 * and so does the only session of this program. */
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the folders ---- */

static int open_folder(int base, const char *name)
{
    if (mkdirat(base, name, 0700) && errno != EEXIST)
        return -1;
    return openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The names of the folders, and that of the Maildir itself, are as durable as what will lie in them. */
static int sync_names(int base)
{
    int parent = openat(base, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

    if (parent < 0)
        return errno == EACCES ? fsync(base) : -1;
    failed = fsync(base) || fsync(parent);
    close(parent);
    return failed ? -1 : 0;
}

static int make_folders(struct maildir *maildir, const char *path)
{
    static const char *const names[] = {"tmp", "new", "cur"};

    maildir->base = open_folder(AT_FDCWD, path);
    if (maildir->base < 0)
        return -1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int folder = open_folder(maildir->base, names[i]);

        if (folder < 0)
            return -1;
        close(folder);
    }
    return sync_names(maildir->base);
}

/* ---- the store: it answers before it returns ---- */

static int32_t item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event)
{
    struct maildir *maildir = (struct maildir *)asker;

    (void)token;
    if (event->type == MAILPROTO_STORE_UPLOAD)
        maildir->upload = ((const mailproto_store_upload *)(const void *)event)->upload;
    return MAILPROTO_OK;
}

static int32_t end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct maildir *maildir = (struct maildir *)asker;

    (void)token;
    maildir->result = why;
    if (why && len)
        snprintf(maildir->why, sizeof maildir->why, "%.*s", (int)len, text);
    else if (why)
        snprintf(maildir->why, sizeof maildir->why, "%s", mailproto_result_text(why));
    return MAILPROTO_OK;
}

static int ask(struct maildir *maildir, mailproto_event *question, uint32_t type, size_t size)
{
    question->struct_size = (uint32_t)size;
    question->type = type;
    question->token = type == MAILPROTO_STORE_APPEND_ABORT ? 0 : ++maildir->token;
    maildir->result = MAILPROTO_OK;
    if (mailproto_store_ask(mailproto_maildir_store(maildir->account), &maildir->asker, question))
        end(&maildir->asker, question->token, MAILPROTO_ERR_ARG, NULL, 0);
    return maildir->result ? -1 : 0;
}

static int put(void *user, const char *data, size_t len)
{
    struct maildir *maildir = user;
    mailproto_store_append_write question = {.upload = maildir->upload, .bytes = {data, len}};

    return ask(maildir, &question.head, MAILPROTO_STORE_APPEND_WRITE, sizeof question);
}

/* ---- what the others see ---- */

int maildir_open(struct maildir *maildir, const char *path)
{
    mailproto_maildir_config config;

    memset(maildir, 0, sizeof *maildir);
    maildir->asker = (mailproto_store_asker){.struct_size = sizeof maildir->asker, .item = item, .end = end};
    if (make_folders(maildir, path)) {
        snprintf(maildir->why, sizeof maildir->why, "%s", strerror(errno));
        maildir_close(maildir);
        return -1;
    }
    mailproto_maildir_config_init(&config, sizeof config);
    config.options = MAILPROTO_MAILDIR_DELIVERY;
    if (!mailproto_maildir_open(&maildir->account, path, &config, maildir->why, sizeof maildir->why))
        return 0;
    maildir_close(maildir);
    return -1;
}

int maildir_begin(struct maildir *maildir)
{
    mailproto_store_append_begin question = {.mailbox = MAILPROTO_MAILDIR_INBOX, .options = MAILPROTO_STORE_NO_UIDS};

    writer_begin(&maildir->writer, put, maildir, 1);
    return ask(maildir, &question.head, MAILPROTO_STORE_APPEND_BEGIN, sizeof question);
}

int maildir_write(struct maildir *maildir, const char *data, size_t len)
{
    return writer_put(&maildir->writer, data, len);
}

void maildir_discard(struct maildir *maildir)
{
    mailproto_store_append_abort question = {.upload = maildir->upload};

    if (maildir->upload)
        ask(maildir, &question.head, MAILPROTO_STORE_APPEND_ABORT, sizeof question);
    maildir->upload = 0;
}

int maildir_commit(struct maildir *maildir)
{
    mailproto_store_append_commit question = {.upload = maildir->upload};

    if (writer_flush(&maildir->writer)) {
        maildir_discard(maildir);
        return -1;
    }
    maildir->upload = 0; /* it is over, whatever the answer */
    return ask(maildir, &question.head, MAILPROTO_STORE_APPEND_COMMIT, sizeof question);
}

void maildir_close(struct maildir *maildir)
{
    mailproto_maildir_close(maildir->account); /* an upload that is not whole is forgotten */
    maildir->account = NULL;
    if (maildir->base >= 0)
        close(maildir->base);
    maildir->base = -1;
}
