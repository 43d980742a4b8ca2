#ifndef PODIS_CACHE_SCRIPT_RESULT_H
#define PODIS_CACHE_SCRIPT_RESULT_H

/* From a command's reply to a Lua value.
 *
 *     integer :1        number               null        false, in RESP3 nil
 *     bulk              string               boolean     boolean
 *     array             table from 1 on      double      { double = number }
 *     status            { ok = text }        map         { map = table }
 *     error             { err = text }       set         { set = { element = true } }
 *     verbatim          { verbatim_string = { string =, format = } }
 *     big number        { big_number = text }
 */

#include "cache/base/span.h"

struct lua_State;

/* Pushes the value of a whole reply of our own. May raise Lua's "not enough memory". */
void result_push(struct lua_State *L, struct span reply);

/* Pushes { err = text, ignore_error_stats_update = true }. `text` is without RESP's minus sign;
 * line breaks at its end are left out. */
void result_push_error(struct lua_State *L, struct span text);

#endif
