#ifndef PODIS_CACHE_SCRIPT_PACKING_H
#define PODIS_CACHE_SCRIPT_PACKING_H

/* The formats of the struct library, and the bytes that its numbers become: no Lua here.
 *
 *     > <       big or little endian from here on; at first the machine's
 *     !n        things are aligned to n bytes at most (a power of two; 8); at first 1
 *     b h l T   signed char, short, long, size_t; in upper case without sign
 *     in In     integer of n bytes (4), at most 32
 *     f d       float, double
 *     x         a byte that is nothing
 *     cn        a text of n bytes (1); n = 0: its length is the number before it, or all of it
 *     s         a text that a zero byte ends
 *     space     ignored */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKING_INTEGER_MAX = 32 };

struct packing {
    const char *format; /* What is left of it; a zero byte ends it. */
    bool big;
    size_t align;
};

enum packing_result {
    PACKING_OK,
    PACKING_OVERFLOW,  /* A number in the format is over INT_MAX. */
    PACKING_TOO_LONG,  /* An integer of more than 32 bytes, `number`. */
    PACKING_ALIGNMENT, /* Not a power of two, `number`. */
    PACKING_UNKNOWN,   /* No such option. */
};

struct packing_option {
    char letter;
    size_t size; /* 0 for those that have none, or have it from their value. */
    int number;
};

void packing_begin(struct packing *packing, const char *format);

/* Takes one option; the format has not ended. */
enum packing_result packing_next(struct packing *packing, struct packing_option *option);

/* What an option means for those behind it, if it is none with a value. */
enum packing_result packing_control(struct packing *packing, struct packing_option *option);

/* How many bytes are left out at `at` so that the option is aligned. */
size_t packing_gap(const struct packing *packing, const struct packing_option *option, size_t at);

bool packing_is_integer(char letter);

/* The 64 bits of a number, negative ones in two's complement. Too big: what amd64 makes of it. */
uint64_t packing_bits(double number);

/* The lowest bytes of those. */
void packing_put_integer(const struct packing *packing, size_t size, double number,
                         char bytes[PACKING_INTEGER_MAX]);
double packing_integer(const struct packing *packing, const struct packing_option *option,
                       const char *bytes);

/* A float or a double, by its option's size. */
void packing_put_real(const struct packing *packing, size_t size, double number, char bytes[8]);
double packing_real(const struct packing *packing, size_t size, const char *bytes);

#endif
