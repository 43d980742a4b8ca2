/* The libraries that scripts find beside Lua's own. */

#include "cache/script/libraries.h"

#include "cache/base/check.h"

#include <lauxlib.h>
#include <lua.h>

static const struct {
    const char *name;
    void (*push)(struct lua_State *L);
} libraries[] = {
    { "cjson", library_push_cjson },
    { "cmsgpack", library_push_cmsgpack },
    { "struct", library_push_struct },
    { "bit", library_push_bit },
};

int script_open_libraries(struct lua_State *L)
{
    luaL_checkstack(L, 4, "too many values");
    for (size_t i = 0; i < COUNT(libraries); i++) {
        libraries[i].push(L);
        lua_setfield(L, -2, libraries[i].name);
    }
    return 0;
}
