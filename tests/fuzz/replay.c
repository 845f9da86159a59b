/* replay.c - runs a fuzz target without a fuzzer: over its seeds, over changed ones, over transcripts and a corpus.
 * contract.md section 5.4, "the corpus is replayed in every test run".
 *
 * usage: TARGET [-n CHANGED] [-t FOLDER PREFIX] PATH...
 *
 * PATH is an input or a folder of them. -t takes the lines of transcripts in FOLDER that begin with PREFIX as scripts. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { INPUTS = 4096, MESSAGES = 200, MESSAGE_MAX = 1 << 18 };

static struct test_bytes inputs[INPUTS];
static size_t input_count;

/* As libFuzzer does: an input without octets is no null pointer. */
static void run_one(const uint8_t *data, size_t len)
{
    static const uint8_t nothing[1];

    LLVMFuzzerTestOneInput(len ? data : nothing, len);
}

static void keep(const struct test_bytes *input)
{
    if (input_count < INPUTS)
        inputs[input_count++] = *input;
}

static struct test_bytes load(const char *path)
{
    struct test_bytes b = {0};
    FILE *file = fopen(path, "rb");
    char part[4096];
    size_t n;

    if (!file) {
        perror(path);
        exit(1);
    }
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        test_bytes_add(&b, part, n);
    fclose(file);
    return b;
}

/* ---- where inputs come from ---- */

/* A transcript's head is not said in it: each is played under several. */
static void keep_transcript(const char *path, void *prefix)
{
    static const char *const heads[] = {"@@@@@@@@", "FPA@@@@@", "ELAC@@BD", "OT@CCFEC"};
    struct test_bytes file = load(path), script = {0};
    size_t n = strlen(prefix);
    char *line, *next;

    test_bytes_add(&file, "", 1);
    for (line = (char *)file.ptr; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!strncmp(line, prefix, n) && (line[n] == ':' || line[n] == '*') && strchr(line, ':')) {
            line = strchr(line, ':') + 1;
            line += *line == ' ';
            for (; *line; line++)
                test_bytes_add(&script, *line == '~' ? "~~" : line, *line == '~' ? 2 : 1);
            test_bytes_text(&script, "\n");
        } else if (!*line) {
            test_bytes_text(&script, "~.");
        }
    }
    for (size_t i = 0; script.len && i < sizeof heads / sizeof heads[0]; i++) {
        struct test_bytes input = {0};

        test_bytes_text(&input, heads[i]);
        if (*(const char *)prefix == 'S')
            test_bytes_text(&input, "~m~c~m~c");
        test_bytes_add(&input, script.ptr, script.len);
        keep(&input);
    }
    test_bytes_free(&script);
    test_bytes_free(&file);
}

static void keep_file(const char *path, void *user)
{
    struct test_bytes input = load(path);

    (void)user;
    keep(&input);
}

/* A message as the peer would send it: dots stuffed, every line ended. */
static void keep_message(const char *path, void *user)
{
    struct test_bytes file = load(path), input = {0};
    uint8_t last = '\n';

    (void)user;
    test_bytes_text(&input, fuzz_before_message);
    for (size_t i = 0; i < file.len && i < MESSAGE_MAX; i++) {
        uint8_t c = file.ptr[i];

        if (c == '\r' && i + 1 < file.len && file.ptr[i + 1] == '\n')
            continue;
        if (last == '\n' && c == '.')
            test_bytes_text(&input, ".");
        test_bytes_text(&input, c == '~' ? "~" : "");
        test_bytes_add(&input, &c, 1);
        last = c;
    }
    test_bytes_text(&input, last == '\n' ? "" : "\n");
    test_bytes_text(&input, fuzz_after_message);
    test_bytes_free(&file);
    run_one(input.ptr, input.len);
    test_bytes_free(&input);
}

/* All files below a path, in any order; at most `left` of them. */
static void walk(const char *path, void (*each)(const char *, void *), void *user, int depth, size_t *left)
{
    struct stat status;
    struct dirent *entry;
    DIR *folder;
    char name[4096];

    if (!*left || stat(path, &status)) {
        if (*left && !depth)
            perror(path), exit(1);
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        if (S_ISREG(status.st_mode)) {
            each(path, user);
            --*left;
        }
        return;
    }
    folder = opendir(path);
    while (folder && depth < 8 && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name)
            walk(name, each, user, depth + 1, left);
    if (folder)
        closedir(folder);
}

/* ---- changed inputs ---- */

static void change(struct test_bytes *b, struct test_random *random)
{
    static const char *const words[] = {"\n",   ".\n",      "\r\n",     "~.",     "~n",     "~r",    "~e",
                                        "~t",   "BDAT 5\n", "DATA\n",   "RSET\n", "~b",     "+OK\n", "-ERR [",
                                        "250-", "250 a\n",  "354 \n",   "=",      "STLS\n", "\x80",  "<>",
                                        "~m",   "~c",       "\xc3\xa9", " SIZE=", "+2B",    "QUIT\n"};
    const char *word = words[test_random_below(random, sizeof words / sizeof words[0])];
    const struct test_bytes *other = &inputs[test_random_below(random, input_count)];
    size_t at = test_random_below(random, b->len + 1), n = test_random_below(random, 30), from;
    struct test_bytes tail = {0};

    test_bytes_add(&tail, b->ptr + at, b->len - at);
    b->len = at;
    switch (test_random_below(random, 5)) {
    case 0:
        test_bytes_text(b, word);
        break;
    case 1:
        test_bytes_take(&tail, n < tail.len ? n : tail.len);
        break;
    case 2:
        if (tail.len)
            tail.ptr[0] ^= (uint8_t)(1u << test_random_below(random, 8));
        break;
    case 3:
        n = n < at ? n : at;
        if (n)
            test_bytes_add(&tail, b->ptr + at - n, n);
        break;
    default:
        from = test_random_below(random, other->len + 1);
        test_bytes_add(b, other->ptr + from, n < other->len - from ? n : other->len - from);
    }
    test_bytes_add(b, tail.ptr, tail.len);
    test_bytes_free(&tail);
}

static void run_changed(size_t count)
{
    struct test_random random = {20250101};

    for (size_t i = 0; i < count && input_count; i++) {
        const struct test_bytes *from = &inputs[test_random_below(&random, input_count)];
        struct test_bytes input = {0};
        size_t changes = 1 + test_random_below(&random, 6);

        test_bytes_add(&input, from->ptr, from->len);
        while (changes--)
            change(&input, &random);
        run_one(input.ptr, input.len);
        test_bytes_free(&input);
    }
}

int main(int argc, char **argv)
{
    const char *corpus = getenv("MAILPROTO_CORPUS");
    size_t changed = 0, left;

    for (int i = 1; i < argc; i++) {
        left = INPUTS;
        if (!strcmp(argv[i], "-n") && i + 1 < argc) {
            changed = (size_t)strtoul(argv[++i], NULL, 10);
        } else if (!strcmp(argv[i], "-t") && i + 2 < argc) {
            walk(argv[i + 1], keep_transcript, argv[i + 2], 0, &left);
            i += 2;
        } else {
            walk(argv[i], keep_file, NULL, 0, &left);
        }
    }
    if (!input_count) {
        fprintf(stderr, "no input\n");
        return 1;
    }
    for (size_t i = 0; i < input_count; i++)
        run_one(inputs[i].ptr, inputs[i].len);
    run_changed(changed);
    left = MESSAGES;
    if (corpus && *corpus && fuzz_before_message)
        walk(corpus, keep_message, NULL, 0, &left);
    printf("%zu inputs, %zu changed, %zu messages\n", input_count, changed, corpus ? MESSAGES - left : 0);
    for (size_t i = 0; i < input_count; i++)
        test_bytes_free(&inputs[i]);
    return 0;
}
