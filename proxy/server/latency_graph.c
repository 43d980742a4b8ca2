/* LATENCY GRAPH, as Redis draws it:
 *
 *     command - high 100 ms, low 30 ms (all time high 100 ms)
 *     -------------------------------------------------------
 *      #        four rows; a column is a sample, the oldest at the left
 *      |        between the lowest and the highest there are twelve steps, three to a row: _ o #
 *     _|        and what is below is |
 *     ||_
 *
 *     321       how long ago, from top to bottom
 *     sss
 *
 * What does not fit into 80 columns goes on below. */

#include "proxy/server/latency_graph.h"

#include "cache/base/check.h"

#include <inttypes.h>
#include <stdio.h>

enum { COLUMNS = 80, ROWS = 4, STEPS_PER_ROW = 3, STEPS = ROWS * STEPS_PER_ROW, AGE_ROOM = 24 };

struct range {
    uint64_t low_ms, high_ms;
};

static struct range range_of(const struct latency_series *series)
{
    struct range range = { .low_ms = UINT64_MAX };

    for (size_t i = 0; i < series->count; i++) {
        uint64_t ms = latency_series_at(series, i)->ms;
        range.low_ms = ms < range.low_ms ? ms : range.low_ms;
        range.high_ms = ms > range.high_ms ? ms : range.high_ms;
    }
    return range;
}

/* From 0 to STEPS - 1. */
static int step_of(uint64_t ms, struct range range)
{
    uint64_t span_ms = range.high_ms - range.low_ms;
    double step = (double)(ms - range.low_ms) * STEPS / (double)(span_ms == 0 ? 1 : span_ms);

    return step < STEPS ? (int)step : STEPS - 1;
}

/* What a column shows in a row, counted from below. */
static char mark(int step, int row)
{
    int above = step - row * STEPS_PER_ROW;

    if (above < 0) {
        return ' ';
    }
    return above < STEPS_PER_ROW ? "_o#"[above] : '|';
}

static void write_age(char age[AGE_ROOM], uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        char letter;
    } units[] = { { 24 * 3600, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
    size_t i = 0;

    while (units[i].seconds > 1 && seconds < units[i].seconds) {
        i++;
    }
    snprintf(age, AGE_ROOM, "%" PRIu64 "%c", seconds / units[i].seconds, units[i].letter);
}

static void add_row(struct buf *text, const char *marks, size_t count)
{
    buf_add(text, (struct span){ marks, count });
    buf_add(text, SPAN("\n"));
}

/* The ages stand upright; the longest says how many rows that takes. */
static void draw_ages(struct buf *text, char ages[COLUMNS][AGE_ROOM], size_t count)
{
    char marks[COLUMNS];
    size_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(ages[i]);
        longest = len > longest ? len : longest;
        marks[i] = ' ';
    }
    add_row(text, marks, count);
    for (size_t row = 0; row < longest; row++) {
        for (size_t i = 0; i < count; i++) {
            marks[i] = row < strlen(ages[i]) ? ages[i][row] : ' ';
        }
        add_row(text, marks, count);
    }
}

/* Samples from `first` on that fit next to each other; returns how many. */
static size_t draw_part(struct buf *text, const struct latency_series *series, size_t first,
                        uint64_t now_s)
{
    size_t left = series->count - first;
    size_t count = left < COLUMNS ? left : COLUMNS;
    struct range range = range_of(series);
    char ages[COLUMNS][AGE_ROOM];
    char marks[COLUMNS];

    for (int row = ROWS - 1; row >= 0; row--) {
        for (size_t i = 0; i < count; i++) {
            marks[i] = mark(step_of(latency_series_at(series, first + i)->ms, range), row);
        }
        add_row(text, marks, count);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t at_s = latency_series_at(series, first + i)->at_s;
        write_age(ages[i], now_s > at_s ? now_s - at_s : 0);
    }
    draw_ages(text, ages, count);
    return count;
}

void latency_graph(struct buf *text, const char *event, const struct latency_series *series,
                   uint64_t now_s)
{
    struct range range = range_of(series);
    char rule[COLUMNS];

    assert(series->count > 0);
    memset(rule, '-', sizeof(rule));
    buf_addf(text, "%s - high %" PRIu64 " ms, low %" PRIu64 " ms (all time high %" PRIu64 " ms)\n",
             event, range.high_ms, range.low_ms, series->max_ms);
    add_row(text, rule, sizeof(rule));
    for (size_t first = 0; first < series->count;) {
        buf_add(text, first == 0 ? SPAN("") : SPAN("\n"));
        first += draw_part(text, series, first, now_s);
    }
}
