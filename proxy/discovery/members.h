#ifndef PODIS_PROXY_DISCOVERY_MEMBERS_H
#define PODIS_PROXY_DISCOVERY_MEMBERS_H

/* What the answers of DNS say about who the members are. Pure: no socket, no clock.
 *
 * Each source (one name and record type, or a fixed address) keeps its own last list:
 *
 *   FOUND    the list is what the answer says
 *   NOBODY   NXDOMAIN, or no record: nobody is listed yet or any more; members that still
 *            answer on their link stay
 *   FAILED   SERVFAIL, refused, time-out: nothing is known, the last list stays
 *
 * The members are the union of the lists. They are not known at all until every
 * source has been answered once by something other than FAILED. */

#include "proxy/routing/view.h"

enum answer_kind { ANSWER_FOUND, ANSWER_NOBODY, ANSWER_FAILED };

struct members;

/* Whether the member at this address answers on its link, or is ourselves. */
typedef bool (*answers_fn)(void *context, const struct address *address);

/* NOBODY keeps members for which `answers` says true; NULL keeps none. */
struct members *members_new(size_t sources, answers_fn answers, void *context);
void members_free(struct members *members);

/* Takes one source's answer; the addresses are copied. Duplicates and any order are fine. */
void members_answer(struct members *members, size_t source, enum answer_kind kind,
                    const struct address *addresses, size_t count);

/* Whether every source was answered at least once. */
bool members_known(const struct members *members);

/* The union of all lists; view_fini() it. */
void members_view(const struct members *members, answers_fn is_self, void *context,
                  struct view *view);

#endif
