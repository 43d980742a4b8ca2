#ifndef PODIS_CACHE_COMMANDS_SYNOPSIS_H
#define PODIS_CACHE_COMMANDS_SYNOPSIS_H

/* A command's arguments, as its row states them.
 *
 *     synopsis  = item { " " item }
 *     item      = argument | "[" argument "]"       the second is optional
 *     argument  = name ":" kind [ "=" token ] [ "#" number ] [ "@" version ] [ repeat ]
 *     kind      = type                              key string integer double pattern unix-time
 *               | token                             nothing but this word
 *               | "(" item { " | " item } ")"       one of these
 *               | "{" synopsis "}"                  these, in order
 *     repeat    = "..."                             once or more
 *               | "+..."                            once or more, the token each time
 *
 * "=" says which word stands in front of the argument, "#" which key specification
 * of the row a key belongs to (if left out they are numbered in order), "@" since
 * when it exists. For example SET:
 *
 *     key:key value:string [condition:(nx:NX | xx:XX)@2.6.12] [get:GET@6.2.0]
 *     [expiration:(seconds:integer=EX | milliseconds:integer=PX | …)]
 *
 * It is printed as COMMAND DOCS' `arguments` and as a line for people. A row with
 * a synopsis that does not follow the grammar stops the process when it is read. */

#include "cache/base/buf.h"
#include "cache/base/span.h"

enum argument_kind { ARGUMENT_TYPED, ARGUMENT_TOKEN, ARGUMENT_ONEOF, ARGUMENT_BLOCK };

struct argument {
    enum argument_kind kind;
    struct span name;
    struct span type;   /* "key", "string", …, "pure-token", "oneof", "block". */
    struct span token;  /* Empty if there is none. */
    struct span since;  /* Empty if there is none. */
    struct span inside; /* Of a oneof or a block: its items. */
    int key_spec;       /* As stated by "#", else -1. */
    bool optional;
    bool multiple;
    bool multiple_token;
};

/* Takes the next argument off the front of *rest; false at the end. Everything in
 * *argument is borrowed from the text. */
bool synopsis_next(struct span *rest, struct argument *argument);

/* How many arguments there are, not counting those inside others. */
size_t synopsis_count(struct span text);

/* For people: "key value [NX | XX] [GET] [EX seconds | PX milliseconds]". */
void synopsis_print(struct span text, struct buf *out);

#endif
