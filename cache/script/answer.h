#ifndef PODIS_CACHE_SCRIPT_ANSWER_H
#define PODIS_CACHE_SCRIPT_ANSWER_H

/* From the value that a script returns to its caller's reply. result.h has the table, which is
 * read backwards; what is not in it, functions for example, is null. A list ends at its first nil,
 * a number loses its fraction. */

#include <stddef.h>
#include <stdbool.h>

struct lua_State;
struct reply;

/* Writes the value on top of the stack and pops it. `protocol` is what the script chose for the
 * replies that it reads itself: with 3 its booleans are booleans. Raises no error of Lua. */
void answer_write(struct lua_State *L, struct reply *reply, int protocol);

/* Whether the table on top of the stack says that its error was counted already. */
bool answer_is_counted(struct lua_State *L);

#endif
