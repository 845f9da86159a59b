/* maildir.c - delivery into a Maildir, by the store of mailproto-store that keeps mail in such folders.
 * mailproto/maildir.h, MAILPROTO_MAILDIR_DELIVERY; RFC 1939 8: what is deleted on the server must be safe here.
 *
 * The Maildir is another program's, most likely, and stays plain: a handle for delivery makes no index where the folders
 * are there, so they are made before. And its files have LF line ends, as the mail readers of Unix expect them: the store
 * keeps what it is given, and would serve it with CRLF, as it does with the files of others. The store waits for the disk,
 * and so does the only session of this program. */
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The Maildir is made where there is none, but not what is above it: that may be a disk that is not mounted. */
static int is_parent_there(const char *path)
{
    char *copy = strdup(path);
    struct stat about;
    int there = copy && !stat(dirname(copy), &about);

    free(copy);
    return there;
}

int maildir_open(struct maildir *maildir, const char *path)
{
    mailproto_maildir_config config;

    memset(maildir, 0, sizeof *maildir);
    maildir->asker = (mailproto_store_asker){.struct_size = sizeof maildir->asker, .item = item, .end = end};
    maildir->base = -1;
    if (!is_parent_there(path)) {
        snprintf(maildir->why, sizeof maildir->why, "the folder above it is not there: %s", strerror(errno));
        return -1;
    }
    mailproto_maildir_config_init(&config, sizeof config);
    config.options = MAILPROTO_MAILDIR_DELIVERY | MAILPROTO_MAILDIR_NO_RESERVE;
    if (mailproto_maildir_make(path, &config, maildir->why, sizeof maildir->why) ||
        mailproto_maildir_open(&maildir->account, path, &config, maildir->why, sizeof maildir->why))
        return -1;
    maildir->base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (maildir->base >= 0)
        return 0;
    snprintf(maildir->why, sizeof maildir->why, "%s", strerror(errno));
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
