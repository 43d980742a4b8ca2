/* Regular expressions: the only file that knows PCRE2.
 *
 * The match data is made once per pattern, so a match allocates nothing. It is
 * scratch space, not state: patterns are matched from one thread. */

#include "config/pattern.h"

#include "cache/base/memory.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

struct pattern {
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    uint32_t groups;
};

static void explain(int error, size_t offset, char *why, size_t why_size)
{
    PCRE2_UCHAR text[160];
    pcre2_get_error_message(error, text, sizeof(text));
    snprintf(why, why_size, "not a regular expression: %s, at offset %zu", (const char *)text,
             offset);
}

enum err pattern_new(struct span text, struct pattern **pattern, char *why, size_t why_size)
{
    int error;
    size_t offset;

    *pattern = NULL;
    if (text.len > PATTERN_LEN_MAX) {
        snprintf(why, why_size, "the regular expression is longer than %d bytes", PATTERN_LEN_MAX);
        return ERR_INVALID;
    }
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text.bytes, text.len, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C,
                      &error, &offset, NULL);
    if (code == NULL) {
        explain(error, offset, why, why_size);
        return ERR_INVALID;
    }

    struct pattern *made = memory_zero(sizeof(*made));
    made->code = code;
    made->found = pcre2_match_data_create_from_pattern(code, NULL);
    made->limits = pcre2_match_context_create(NULL);
    assert(made->found != NULL);
    assert(made->limits != NULL);
    pcre2_set_match_limit(made->limits, PATTERN_MATCH_STEPS);
    pcre2_set_depth_limit(made->limits, PATTERN_DEPTH);
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &made->groups);
    /* Where there is no JIT (or no executable memory) the interpreter does the same. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    *pattern = made;
    return ERR_OK;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL) {
        return;
    }
    pcre2_match_data_free(pattern->found);
    pcre2_match_context_free(pattern->limits);
    pcre2_code_free(pattern->code);
    memory_free(pattern);
}

int pattern_groups(const struct pattern *pattern)
{
    return (int)pattern->groups;
}

enum pattern_result pattern_match(const struct pattern *pattern, struct span text, int group,
                                  struct span *part)
{
    assert(group >= 0);
    assert(group <= pattern_groups(pattern));

    *part = text;
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.len == 0 ? "" : text.bytes);
    int result =
        pcre2_match(pattern->code, subject, text.len, 0, 0, pattern->found, pattern->limits);
    if (result == PCRE2_ERROR_NOMATCH) {
        return PATTERN_MISS;
    }
    if (result < 0) {
        return PATTERN_LIMIT;
    }
    const size_t *ends = pcre2_get_ovector_pointer(pattern->found);
    if (group > 0 && group < result && ends[2 * group] != PCRE2_UNSET) {
        *part =
            (struct span){ text.bytes + ends[2 * group], ends[2 * group + 1] - ends[2 * group] };
    }
    return PATTERN_HIT;
}
