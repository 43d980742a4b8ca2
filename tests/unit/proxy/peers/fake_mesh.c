/* A mesh of two, on one loop. */

#include "tests/unit/proxy/peers/fake_mesh.h"

#include <signal.h>

static bool is_self(void *context, const struct address *address)
{
    struct mesh *mesh = context;
    return address->port != mesh->fake.port;
}

void set_view(struct mesh *mesh, size_t count)
{
    struct view view;

    view_init(&view, mesh->members, count, is_self, mesh);
    peers_set_view(mesh->peers, &view);
    view_fini(&view);
}

void find_key(struct mesh *mesh, bool mine, int number, char key[16])
{
    for (int i = 0, found = 0;; i++) {
        snprintf(key, 16, "key:%d", i);
        if (ring_is_mine(peers_ring(mesh->peers), slot_of(span_from(key))) == mine &&
            found++ == number) {
            return;
        }
    }
}

static void configure(struct mesh *mesh, const char *const *flags, size_t count)
{
    struct config_sources sources = { .flags = flags, .flag_count = count };
    struct config_report report;

    assert_int_equal(config_load(&sources, &mesh->config, &report), ERR_OK);
    config_report_fini(&report);
}

static void keep_message(void *context, enum log_level level, const char *text)
{
    struct mesh *mesh = context;

    (void)level;
    snprintf(mesh->logged, sizeof(mesh->logged), "%s", text);
}

void mesh_init(struct mesh *mesh, const char *const *flags, size_t count)
{
    struct cache_options options = { .databases = 16, .seed = 5 };

    signal(SIGPIPE, SIG_IGN); /* A peer that hangs up must not end the test. */
    *mesh = (struct mesh){ .loop = ev_loop_new(0) };
    mesh->commands = command_table_new();
    command_table_add_store(mesh->commands);
    mesh->cache = cache_new(&options);
    configure(mesh, flags, count);
    fake_init(&mesh->fake, mesh->loop, mesh->commands);
    mesh->log = (struct log){ .level = LOG_NOTICE, .write = keep_message, .context = mesh };
    struct peers_parts parts = {
        .loop = mesh->loop,
        .cache = mesh->cache,
        .commands = mesh->commands,
        .config = mesh->config,
        .log = &mesh->log,
        .node_id = "1111111111111111111111111111111111111111",
        .seed = 11,
    };
    mesh->peers = peers_new(&parts);
    snprintf(mesh->members[0].host, sizeof(mesh->members[0].host), "127.0.0.1");
    mesh->members[0].port = mesh->fake.port;
    snprintf(mesh->members[1].host, sizeof(mesh->members[1].host), "127.0.0.1");
    mesh->members[1].port = 1;
    set_view(mesh, 2);
    find_key(mesh, false, 0, mesh->key[0]);
    find_key(mesh, true, 0, mesh->key[1]);
}

void mesh_fini(struct mesh *mesh)
{
    peers_free(mesh->peers);
    fake_fini(&mesh->fake);
    cache_free(mesh->cache);
    config_free(mesh->config);
    command_table_free(mesh->commands);
    ev_loop_destroy(mesh->loop);
}

uint64_t wall_ms(void)
{
    return (uint64_t)(ev_time() * 1000);
}

void turn(struct mesh *mesh)
{
    ev_run(mesh->loop, EVRUN_NOWAIT);
    peers_turn(mesh->peers, wall_ms());
}

void turns(struct mesh *mesh, double seconds)
{
    for (double until = ev_time() + seconds; ev_time() < until;) {
        turn(mesh);
    }
}

static void on_done(struct waiter *waiter)
{
    struct asked *asked = (struct asked *)waiter;
    asked->done = true;
    asked->times++;
}

void ask_in(struct mesh *mesh, struct asked *asked, int protocol, int db, const char *text)
{
    struct span argv[32];
    size_t argc = 0;
    char words[512];

    snprintf(words, sizeof(words), "%s", text);
    for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;) {
        argv[argc++] = span_from(word);
    }
    *asked = (struct asked){ .waiter = { .done = on_done } };
    buf_init(&asked->buf, 1 << 26);
    asked->reply = reply_into(&asked->buf, protocol);
    asked->waiter.reply = &asked->reply;
    struct peers_request request = {
        .command = command_find(mesh->commands, argv, argc, NULL),
        .argv = argv,
        .argc = argc,
        .db = db,
        .now_ms = wall_ms(),
    };
    struct route_question question = {
        .command = request.command,
        .argv = argv,
        .argc = argc,
        .ring = peers_ring(mesh->peers),
        .rules = mesh->config->rules,
    };
    request.route = route_decide(&question);
    if (peers_run(mesh->peers, &request, &asked->waiter)) {
        asked->done = true;
    }
    memset(words, '#', sizeof(words)); /* Nobody may have kept a pointer. */
}

void ask(struct mesh *mesh, struct asked *asked, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ask_in(mesh, asked, 2, 0, text);
}

bool says(const struct asked *asked, const char *bytes)
{
    return span_equal(buf_span(&asked->buf), span_from(bytes));
}

bool begins(const struct asked *asked, const char *bytes)
{
    struct span answer = buf_span(&asked->buf);
    size_t len = strlen(bytes);
    return answer.len >= len && memcmp(answer.bytes, bytes, len) == 0;
}

bool fake_is_ready(struct mesh *mesh)
{
    return peers_answers(mesh->peers, &mesh->members[0]);
}

void fake_set(struct mesh *mesh, const char *key, const char *value)
{
    struct span argv[] = { SPAN("SET"), span_from(key), span_from(value) };
    struct buf nowhere = { 0 };
    struct reply reply = { .out = &nowhere, .protocol = 2, .silent = true };
    struct cache_request request = {
        .command = command_named(mesh->commands, SPAN("set")),
        .argv = argv,
        .argc = 3,
        .now_ms = wall_ms(),
        .reply = &reply,
    };
    cache_exec(mesh->fake.cache, &request);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        fake_write(&mesh->fake.connections[i]);
    }
}

void make_copy(struct mesh *mesh, const char *key, const char *answer)
{
    wait_for(mesh, fake_is_ready(mesh));
    expect(mesh, answer, "GET %s", key);
    expect(mesh, answer, "GET %s", key); /* Read twice: worth a fetch. */
    turns(mesh, 0.005);                  /* The first ping is answered: there is a lease. */
}

void expect(struct mesh *mesh, const char *answer, const char *format, ...)
{
    struct asked asked;
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ask_in(mesh, &asked, 2, 0, text);
    wait_for(mesh, asked.done);
    if (!says(&asked, answer)) {
        fail_msg("%s: got %.*s, not %s", text, (int)asked.buf.len, buf_span(&asked.buf).bytes,
                 answer);
    }
    buf_fini(&asked.buf);
}
