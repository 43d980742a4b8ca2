/* Libraries of functions, and where they are found.
 *
 * Libraries are in a list, in the order in which they came, and in a table by name; functions in a
 * table by name in lower case, and in the list of their library. */

#include "cache/script/function_shelf.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/table.h"

#include <lauxlib.h>
#include <lua.h>

enum { NAME_ON_STACK = 256 };

struct shelf {
    struct table *libraries, *functions;
    struct library *first, *last;
    uint64_t seed;
    size_t bytes; /* Of code. */
};

static struct span name_of_library(const void *library)
{
    return span_from(((const struct library *)library)->name);
}

static struct span key_of_function(const void *function)
{
    return span_from(((const struct function *)function)->key);
}

static const struct table_type libraries = { .key = name_of_library };
static const struct table_type functions = { .key = key_of_function };

/* --- a library --- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool library_name_fits(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char letter = lower(name.bytes[i]);
        bool digit = letter >= '0' && letter <= '9';
        if (!digit && letter != '_' && !(letter >= 'a' && letter <= 'z')) {
            return false;
        }
    }
    return name.len > 0;
}

struct library *library_new(struct span name, struct span code)
{
    struct library *library = memory_zero(sizeof(*library));

    library->name = memory_copy_text(name.bytes, name.len);
    library->code = memory_copy_text(code.bytes, code.len);
    library->code_len = code.len;
    return library;
}

static void function_free(struct function *function)
{
    memory_free(function->name);
    memory_free(function->key);
    memory_free(function->description);
    memory_free(function);
}

void library_free(struct library *library, struct lua_State *L)
{
    if (library == NULL) {
        return;
    }
    while (library->first != NULL) {
        struct function *function = library->first;
        library->first = function->next;
        if (L != NULL) {
            luaL_unref(L, LUA_REGISTRYINDEX, function->reference);
        }
        function_free(function);
    }
    memory_free(library->name);
    memory_free(library->code);
    memory_free(library);
}

struct span library_code(const struct library *library)
{
    return (struct span){ library->code, library->code_len };
}

void library_add(struct library *library, struct span name, struct span description, unsigned flags,
                 int reference)
{
    struct function *function = memory_zero(sizeof(*function));

    function->library = library;
    function->flags = flags;
    function->reference = reference;
    function->name = memory_copy_text(name.bytes, name.len);
    function->key = memory_copy_text(name.bytes, name.len);
    for (char *at = function->key; *at != '\0'; at++) {
        *at = lower(*at);
    }
    if (description.bytes != NULL) {
        function->description = memory_copy_text(description.bytes, description.len);
        function->description_len = description.len;
    }
    if (library->last == NULL) {
        library->first = function;
    } else {
        library->last->next = function;
    }
    library->last = function;
    library->count++;
}

bool library_has(const struct library *library, struct span name)
{
    const struct function *at = library->first;

    while (at != NULL && !span_is(name, at->name)) {
        at = at->next;
    }
    return at != NULL;
}

/* --- a shelf --- */

struct shelf *shelf_new(uint64_t seed)
{
    struct shelf *shelf = memory_zero(sizeof(*shelf));

    shelf->seed = seed;
    shelf->libraries = table_new(&libraries, seed);
    shelf->functions = table_new(&functions, seed);
    return shelf;
}

void shelf_free(struct shelf *shelf, struct lua_State *L)
{
    if (shelf == NULL) {
        return;
    }
    while (shelf->first != NULL) {
        struct library *library = shelf->first;
        shelf_take(shelf, library);
        library_free(library, L);
    }
    table_free(shelf->libraries);
    table_free(shelf->functions);
    memory_free(shelf);
}

struct library *shelf_first(const struct shelf *shelf)
{
    return shelf->first;
}

static struct table_slot *find(const struct shelf *shelf, const struct table *table,
                               struct span name)
{
    return table_find(table, name, table_hash(name, shelf->seed));
}

struct library *shelf_library(const struct shelf *shelf, struct span name)
{
    struct table_slot *slot = find(shelf, shelf->libraries, name);
    return slot == NULL ? NULL : table_slot_get(slot);
}

struct function *shelf_function(const struct shelf *shelf, struct span name)
{
    char few[NAME_ON_STACK];
    char *key = name.len <= sizeof(few) ? few : memory_alloc(name.len);

    for (size_t i = 0; i < name.len; i++) {
        key[i] = lower(name.bytes[i]);
    }
    struct table_slot *slot = find(shelf, shelf->functions, (struct span){ key, name.len });
    if (key != few) {
        memory_free(key);
    }
    return slot == NULL ? NULL : table_slot_get(slot);
}

const struct function *shelf_collision(const struct shelf *shelf, const struct library *library)
{
    const struct function *at = library->first;

    while (at != NULL && find(shelf, shelf->functions, key_of_function(at)) == NULL) {
        at = at->next;
    }
    return at;
}

static void add(const struct shelf *shelf, struct table *table, struct span key, void *entry)
{
    table_add(table, entry, table_hash(key, shelf->seed));
}

static void removed(const struct shelf *shelf, struct table *table, struct span key)
{
    struct table_slot *slot = find(shelf, table, key);
    assert(slot != NULL);
    table_remove(table, slot, table_hash(key, shelf->seed));
}

void shelf_put(struct shelf *shelf, struct library *library)
{
    assert(shelf_library(shelf, span_from(library->name)) == NULL);
    assert(shelf_collision(shelf, library) == NULL);
    add(shelf, shelf->libraries, name_of_library(library), library);
    for (struct function *at = library->first; at != NULL; at = at->next) {
        add(shelf, shelf->functions, key_of_function(at), at);
    }
    shelf->bytes += library->code_len;
    library->next = NULL;
    library->previous = shelf->last;
    if (shelf->last == NULL) {
        shelf->first = library;
    } else {
        shelf->last->next = library;
    }
    shelf->last = library;
}

void shelf_take(struct shelf *shelf, struct library *library)
{
    removed(shelf, shelf->libraries, name_of_library(library));
    for (const struct function *at = library->first; at != NULL; at = at->next) {
        removed(shelf, shelf->functions, key_of_function(at));
    }
    shelf->bytes -= library->code_len;
    if (library->previous == NULL) {
        shelf->first = library->next;
    } else {
        library->previous->next = library->next;
    }
    if (library->next == NULL) {
        shelf->last = library->previous;
    } else {
        library->next->previous = library->previous;
    }
    library->next = NULL;
    library->previous = NULL;
}

size_t shelf_libraries(const struct shelf *shelf)
{
    return table_count(shelf->libraries);
}

size_t shelf_functions(const struct shelf *shelf)
{
    return table_count(shelf->functions);
}

size_t shelf_bytes(const struct shelf *shelf)
{
    return shelf->bytes + table_bytes(shelf->libraries) + table_bytes(shelf->functions);
}
