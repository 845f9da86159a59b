/* mime_text.c - what the benchmarks of MIME share: messages that are made here, libraries that are opened at run time.
 * RFC 2045, RFC 2046. */
#define _GNU_SOURCE
#include "mime_text.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

void find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    if (!symbol)
        die(name);
    memcpy(function, &symbol, sizeof symbol);
}

/* ---- messages ---- */

static void put(struct text *t, const char *text)
{
    const size_t n = strlen(text);

    if (t->n + n > t->room)
        die("a message is too large");
    memcpy(t->p + t->n, text, n);
    t->n += n;
}

static const char header[] =
    "Return-Path: <sender@example.net>\r\n"
    "Delivered-To: user7@example.org\r\n"
    "Received: from mx1.example.net (mx1.example.net [192.0.2.1])\r\n\tby mail.example.org with ESMTPS id 4f3a9c21\r\n"
    "\tfor <user7@example.org>; Mon, 3 Mar 2025 09:12:13 +0000\r\n"
    "Received: from client.example.net (client.example.net [192.0.2.9])\r\n\tby mx1.example.net with ESMTPSA id "
    "4f3a9c2177\r\n"
    "\tfor <user7@example.org>; Mon, 3 Mar 2025 09:12:11 +0000\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=key;\r\n"
    "\th=from:to:subject:date:message-id; bh=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=;\r\n"
    "\tb=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4\r\n"
    "\t OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm\r\n"
    "Authentication-Results: mail.example.org; dkim=pass header.d=example.net;\r\n\tspf=pass "
    "smtp.mailfrom=sender@example.net\r\n"
    "From: \"Sender Seven\" <sender@example.net>\r\n"
    "To: user7@example.org, \"Team, Bench\" <team@example.org>\r\n"
    "Cc: other@example.com\r\n"
    "Subject: =?utf-8?Q?R=C3=A9port_7?= of the week\r\n"
    "Message-ID: <bench.7@example.net>\r\n"
    "In-Reply-To: <bench.6@example.net>\r\n"
    "References: <bench.1@example.net> <bench.2@example.net>\r\n <bench.6@example.net>\r\n"
    "Date: Mon, 3 Mar 2025 09:12:10 +0000\r\n"
    "Reply-To: list@example.org\r\n"
    "User-Agent: Example Mail/1.0\r\n"
    "List-Id: <list.example.org>\r\n"
    "List-Unsubscribe: <mailto:leave@example.org>, <https://example.org/leave>\r\n"
    "Precedence: list\r\n"
    "X-Spam-Status: No, score=-1.2 required=5.0 tests=BAYES_00\r\n"
    "Importance: normal\r\n"
    "MIME-Version: 1.0\r\n";

static void put_text(struct text *t, size_t octets)
{
    static const char *const lines[] = {"The report of the week is attached; numbers are those of last Friday.\r\n",
                                        "Please look at the second table, where the sums differ\r\n", "\r\n",
                                        "> and tell me what you think - it need not be long.\r\n"};
    const size_t end = t->n + octets;

    for (size_t i = 0; t->n < end; i++)
        put(t, lines[i % 4]);
}

static void put_base64(struct text *t, size_t lines)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t random = 1;
    char line[79];

    while (lines--) {
        for (size_t i = 0; i < 76; i++) {
            random = random * 1664525 + 1013904223;
            line[i] = alphabet[random >> 26];
        }
        memcpy(line + 76, "\r\n", 3);
        put(t, line);
    }
}

struct text mime_text(size_t files, size_t lines)
{
    struct text t = {NULL, 0, 8192 + files * (512 + lines * 78), files ? 1 + files : 2};

    t.p = malloc(t.room);
    if (!t.p)
        die("no memory");
    put(&t, header);
    put(&t, "Content-Type: multipart/mixed;\r\n\tboundary=\"=_bench_00000007_1f2e3d4c\"\r\n\r\n");
    for (size_t i = 0; i < (files ? 1 : 2); i++) {
        put(&t, "--=_bench_00000007_1f2e3d4c\r\nContent-Type: text/plain; charset=us-ascii\r\n"
                "Content-Transfer-Encoding: 7bit\r\n\r\n");
        put_text(&t, 1300);
    }
    for (size_t i = 0; i < files; i++) {
        put(&t, "--=_bench_00000007_1f2e3d4c\r\nContent-Type: application/pdf;\r\n\tname=\"report.pdf\"\r\n"
                "Content-Transfer-Encoding: base64\r\nContent-Disposition: "
                "attachment;\r\n\tfilename=\"report.pdf\"\r\n\r\n");
        put_base64(&t, lines);
    }
    put(&t, "--=_bench_00000007_1f2e3d4c--\r\n");
    return t;
}

int opened(const char *variable, void (*use)(void *library))
{
    const char *path = getenv(variable);
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_GLOBAL) : NULL;

    if (path && !library)
        die(dlerror());
    if (library)
        use(library);
    return library != NULL;
}
