/* progress.c - a progress bar for long transfers, on standard error, if that is a terminal.
 * Drawn at most ten times a second, on one line of at most 79 columns. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 30, LARGE = 1 << 20, PATIENCE_MS = 1000, REDRAW_MS = 100 };

/* The screen is one, and so is this. */
static struct {
    const char *what;
    uint64_t total, done, began, drawn;
    int never, visible;
} bar;

static uint64_t milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_never(void)
{
    bar.never = 1;
}

void progress_begin(const char *what, uint64_t total)
{
    progress_end();
    if (bar.never || !isatty(STDERR_FILENO))
        return;
    bar.what = what;
    bar.total = total;
    bar.done = 0;
    bar.drawn = 0;
    bar.began = milliseconds();
}

/* "12.3 MB": with one digit behind the point, without the locale's point. */
static void show_octets(uint64_t n)
{
    static const char *const units[] = {"octets", "kB", "MB", "GB", "TB"};
    unsigned unit = 0;

    if (n < 1000) {
        fprintf(stderr, "%u octets", (unsigned)n);
        return;
    }
    for (; n >= 1000000 && unit < 3; unit++)
        n /= 1000;
    fprintf(stderr, "%u.%u %s", (unsigned)(n / 1000), (unsigned)(n % 1000 / 100), units[unit + 1]);
}

static void show_share(void)
{
    /* 101 % would only confuse: a server's size is a claim */
    unsigned percent = bar.done >= bar.total ? 100 : (unsigned)((double)bar.done * 100 / (double)bar.total);
    unsigned filled = percent * WIDTH / 100;

    fputc('[', stderr);
    for (unsigned i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %3u%% of ", percent);
    show_octets(bar.total);
}

static void draw(uint64_t now)
{
    uint64_t spent = now - bar.began;

    fprintf(stderr, "\r\033[K%s ", bar.what);
    if (bar.total)
        show_share();
    else
        show_octets(bar.done);
    if (spent) {
        fputs(", ", stderr);
        show_octets((uint64_t)((double)bar.done * 1000 / (double)spent));
        fputs("/s", stderr);
    }
    fflush(stderr);
    bar.visible = 1;
    bar.drawn = now;
}

void progress_at(uint64_t done)
{
    uint64_t now;

    if (!bar.what)
        return;
    bar.done = done;
    now = milliseconds();
    if (bar.visible && now - bar.drawn < REDRAW_MS)
        return;
    if (bar.visible || bar.total >= LARGE || done >= LARGE || now - bar.began >= PATIENCE_MS)
        draw(now);
}

void progress_hide(void)
{
    if (bar.visible)
        fputs("\r\033[K", stderr);
    bar.visible = 0;
}

void progress_end(void)
{
    progress_hide();
    bar.what = NULL;
}
