/* LZF by liblzf, whose lengths are 32 bits. */

#include "cache/base/compress.h"

#include <lzf.h>
#include <stdint.h>

size_t compress_lzf(struct span in, void *out, size_t room)
{
    if (in.len > UINT32_MAX || in.len == 0 || room == 0) {
        return 0;
    }
    unsigned most = room > UINT32_MAX ? UINT32_MAX : (unsigned)room;
    return lzf_compress(in.bytes, (unsigned)in.len, out, most);
}

bool decompress_lzf(struct span in, void *out, size_t len)
{
    if (in.len > UINT32_MAX || len > UINT32_MAX || in.len == 0) {
        return false;
    }
    return lzf_decompress(in.bytes, (unsigned)in.len, out, (unsigned)len) == len;
}
