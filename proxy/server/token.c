/* A token is found by its bytes, and from its link, with which it ends. */

#include "proxy/server/token.h"

#include "cache/base/memory.h"
#include "cache/ds/table.h"
#include "proxy/server/session.h"

struct token {
    struct tokens *tokens;
    struct watcher watcher;
    struct session *link;
    struct token *next, *previous; /* Of the same link. */
    struct span name;              /* In the same block. */
    char bytes[];
};

struct tokens {
    struct table *all;
    uint64_t seed;
};

static struct span name_of(const void *token)
{
    return ((const struct token *)token)->name;
}

static const struct table_type named_tokens = { .key = name_of };

struct tokens *tokens_new(uint64_t seed)
{
    struct tokens *tokens = memory_alloc(sizeof(*tokens));
    *tokens = (struct tokens){ .all = table_new(&named_tokens, seed), .seed = seed };
    return tokens;
}

void tokens_free(struct tokens *tokens)
{
    if (tokens == NULL) {
        return;
    }
    assert(table_count(tokens->all) == 0);
    table_free(tokens->all);
    memory_free(tokens);
}

size_t tokens_count(const struct tokens *tokens)
{
    return table_count(tokens->all);
}

static struct token *find(const struct tokens *tokens, struct span name)
{
    struct table_slot *slot = table_find(tokens->all, name, table_hash(name, tokens->seed));
    return slot == NULL ? NULL : table_slot_get(slot);
}

static struct token *add(struct tokens *tokens, struct session *link, struct span name)
{
    struct token *token = memory_alloc(sizeof(*token) + name.len);

    memcpy(token->bytes, name.bytes, name.len);
    *token = (struct token){
        .tokens = tokens, .link = link, .next = link->tokens, .name = { token->bytes, name.len }
    };
    if (link->tokens != NULL) {
        link->tokens->previous = token;
    }
    link->tokens = token;
    link->token_count++;
    table_add(tokens->all, token, table_hash(token->name, tokens->seed));
    return token;
}

static void end(struct token *token)
{
    uint64_t hash = table_hash(token->name, token->tokens->seed);
    struct table *all = token->tokens->all;

    table_remove(all, table_find(all, token->name, hash), hash);
    if (token->previous == NULL) {
        token->link->tokens = token->next;
    } else {
        token->previous->next = token->next;
    }
    if (token->next != NULL) {
        token->next->previous = token->previous;
    }
    token->link->token_count--;
    watcher_forget(&token->watcher);
    memory_free(token);
}

struct watcher *tokens_watcher(struct tokens *tokens, struct session *link, struct span name)
{
    if (name.len == 0 || name.len > TOKEN_MAX) {
        return NULL;
    }
    struct token *token = find(tokens, name);
    if (token == NULL && link->token_count < TOKENS_PER_LINK_MAX) {
        token = add(tokens, link, name);
    }
    return token == NULL ? NULL : &token->watcher;
}

bool tokens_redeem(struct tokens *tokens, struct span name, uint64_t now_ms)
{
    struct token *token = find(tokens, name);

    if (token == NULL) {
        return false;
    }
    bool good = !watcher_is_void(&token->watcher, now_ms);
    end(token);
    return good;
}

void tokens_forget(struct session *link)
{
    while (link->tokens != NULL) {
        end(link->tokens);
    }
}
