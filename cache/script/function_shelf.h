#ifndef PODIS_CACHE_SCRIPT_FUNCTION_SHELF_H
#define PODIS_CACHE_SCRIPT_FUNCTION_SHELF_H

/* Libraries, and a shelf of them on which no two have the same name, nor two of their functions.
 *
 * A library belongs to whoever made it until it is put onto a shelf. Its functions live in the
 * interpreter: freeing a library lets go of them, and the interpreter must still be there. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lua_State;
struct shelf;

struct function {
    struct function *next; /* Of the library. */
    struct library *library;
    unsigned flags; /* enum script_flag */
    int reference;  /* In Lua's registry. */
    char *name;
    char *key;         /* The name in lower case. */
    char *description; /* NULL: none. */
    size_t description_len;
};

struct library {
    struct library *next, *previous; /* On the shelf. */
    struct function *first, *last;
    size_t count;
    char *name;
    char *code; /* As it was loaded, first line included. */
    size_t code_len;
};

/* Letters, digits and underscores, at least one. */
bool library_name_fits(struct span name);

struct library *library_new(struct span name, struct span code);
/* Accepts NULL. */
void library_free(struct library *library, struct lua_State *L);
struct span library_code(const struct library *library);

/* Adds a function. The name fits, and the library has no such function. `description` may be
 * empty with .bytes NULL: there is none. */
void library_add(struct library *library, struct span name, struct span description, unsigned flags,
                 int reference);
bool library_has(const struct library *library, struct span name);

struct shelf *shelf_new(uint64_t seed);
/* Frees its libraries, too. L is NULL: the interpreter is gone already. Accepts NULL. */
void shelf_free(struct shelf *shelf, struct lua_State *L);

struct library *shelf_first(const struct shelf *shelf);
struct library *shelf_library(const struct shelf *shelf, struct span name);
struct function *shelf_function(const struct shelf *shelf, struct span name); /* Case ignored. */

/* A function of the library whose name is that of one on the shelf; NULL: there is none. */
const struct function *shelf_collision(const struct shelf *shelf, const struct library *library);

/* At the end. No library and no function of those names is there. */
void shelf_put(struct shelf *shelf, struct library *library);
/* It is the caller's again. */
void shelf_take(struct shelf *shelf, struct library *library);

size_t shelf_libraries(const struct shelf *shelf);
size_t shelf_functions(const struct shelf *shelf);
size_t shelf_bytes(const struct shelf *shelf);

#endif
