/* outline.h - functions that are called rather than copied into their callers where code is to be small: a copy of each, or
 * one inside an engine, whose fields lie far from the base's, is more code than the calls. docs/design/performance.md. */
#ifndef MP_CORE_OUTLINE_H
#define MP_CORE_OUTLINE_H

#if defined(__GNUC__) && defined(__OPTIMIZE_SIZE__)
#define MP_OUTLINE __attribute__((noinline))
#else
#define MP_OUTLINE
#endif

#endif
