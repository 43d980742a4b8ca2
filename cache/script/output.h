#ifndef PODIS_CACHE_SCRIPT_OUTPUT_H
#define PODIS_CACHE_SCRIPT_OUTPUT_H

/* A text that grows while a function called by a script makes it.
 *
 * Its bytes are a userdata on the interpreter's stack. So they count as the script's own memory,
 * an error raised on the way frees them, and a script that asks for too much is told that there
 * is not enough memory, like one that makes long strings. */

#include <stddef.h>

struct lua_State;

struct output {
    struct lua_State *L;
    int at; /* Index of the userdata. */
    char *bytes;
    size_t len, room;
};

/* Pushes the userdata, which stays where it is until the caller pops it. */
void output_begin(struct output *output, struct lua_State *L);

/* Room for so many more bytes, at the end; they count once `len` is moved. */
char *output_reserve(struct output *output, size_t len);

void output_add(struct output *output, const void *bytes, size_t len);
void output_add_byte(struct output *output, char byte);

/* Pushes it as a string. */
void output_push(const struct output *output);

#endif
