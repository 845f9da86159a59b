/* codec_x86.h - which vector instructions the codecs may use on an x86 processor, and how a function is given them.
 * RFC 2045 section 6. Private to the files *_x86.c. */
#ifndef MP_MIME_CODEC_X86_H
#define MP_MIME_CODEC_X86_H

#include "mime/codec_vector.h"

#if MP_VECTOR && (defined(__x86_64__) || defined(__i386__))
#define MP_X86 1
#else
#define MP_X86 0
#endif

/* Masks of 64 octets and their instructions need 64-bit registers. */
#if MP_X86 && defined(__x86_64__)
#define MP_X86_64 1
#else
#define MP_X86_64 0
#endif

#if MP_X86
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define SSSE3  __attribute__((target("ssse3")))
#define AVX2   __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,lzcnt,popcnt")))

/* gcc does not align the stack of 64-bit Windows for what wider registers spill to it. */
#if defined(_WIN64) && !defined(__clang__)
#define MP_X86_WIDE 0
#else
#define MP_X86_WIDE 1
#endif

/* The processor's features were read by the compiler's run-time library. */
static inline int mp_x86_has_ssse3(void)
{
    return __builtin_cpu_supports("ssse3");
}

static inline int mp_x86_has_avx2(void)
{
    return MP_X86_WIDE && __builtin_cpu_supports("avx2");
}

static inline int mp_x86_has_avx512(void)
{
    return MP_X86_WIDE && MP_X86_64 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

#endif
#endif
