#ifndef PODIS_CACHE_BASE_CHECK_H
#define PODIS_CACHE_BASE_CHECK_H

/* Assertions that stay on in release builds.
 *
 * assert() states what a caller must have done, or what was just achieved. When
 * it does not hold the process stops at once: a wrong answer is worse than none.
 * assert_slow() is for checks with loops; it is on in debug, sanitized and
 * fuzzing builds only. */

#include <stdnoreturn.h>

noreturn void check_failed(const char *condition, const char *file, int line);

#undef assert
#define assert(condition)                                                                          \
    ((__builtin_expect(!(condition), 0)) ? check_failed(#condition, __FILE__, __LINE__) : (void)0)

#ifdef PODIS_ASSERT_SLOW
#define assert_slow(condition) assert(condition)
#else
#define assert_slow(condition) ((void)sizeof(condition))
#endif

/* Marks a place that cannot be reached. */
#define unreachable(why) check_failed(why, __FILE__, __LINE__)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(number)  (1u << (number))
/* For the few functions that every request goes through. */
#define inline_always            inline __attribute__((always_inline))
#define inline_never             __attribute__((noinline))
#define must_check               __attribute__((warn_unused_result))
#define printf_like(text, first) __attribute__((format(printf, text, first)))

#ifndef static_assert
#define static_assert _Static_assert
#endif

#endif
