/* The texts of enum err. */

#include "cache/base/err.h"

const char *err_text(enum err err)
{
    static const char *const texts[] = {
#define X(name, text) [ERR_##name] = text,
        ERR_TABLE(X)
#undef X
    };

    assert((unsigned)err < COUNT(texts));
    return texts[err];
}
