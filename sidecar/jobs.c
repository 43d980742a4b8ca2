/* The job queue: a list under a lock, and a thread that sleeps while it is empty. */

#include "sidecar/jobs.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct job {
    struct job *next;
    void (*run)(void *job);
    void *what;
};

struct jobs {
    pthread_mutex_t lock; /* Of all below but `running`. */
    pthread_cond_t filled, emptied;
    struct job *first, **end;
    bool ending;
    bool busy;    /* The thread is at a job. */
    bool running; /* There is a thread. Only the thread that adds looks at it. */
    pthread_t thread;
    struct ev_loop *loop; /* NULL: nobody is woken. */
    struct ev_async woken;
};

/* That the loop turned is all there is to it. */
static void on_woken(struct ev_loop *loop, struct ev_async *woken, int events)
{
    (void)loop;
    (void)woken;
    (void)events;
}

static void watch(struct jobs *jobs, struct ev_loop *loop)
{
    jobs->loop = loop;
    if (loop != NULL) {
        ev_async_init(&jobs->woken, on_woken);
        ev_async_start(loop, &jobs->woken);
        ev_unref(loop); /* It keeps no loop going. */
    }
}

static void unwatch(struct jobs *jobs)
{
    if (jobs->loop != NULL) {
        ev_ref(jobs->loop);
        ev_async_stop(jobs->loop, &jobs->woken);
    }
}

struct jobs *jobs_new(struct ev_loop *loop)
{
    struct jobs *jobs = memory_zero(sizeof(*jobs));
    int failed = pthread_mutex_init(&jobs->lock, NULL);
    assert(failed == 0);
    failed = pthread_cond_init(&jobs->filled, NULL);
    assert(failed == 0);
    failed = pthread_cond_init(&jobs->emptied, NULL);
    assert(failed == 0);
    jobs->end = &jobs->first;
    watch(jobs, loop);
    return jobs;
}

/* The next job, waited for; NULL at the end. */
static struct job *take(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->busy = false;
    if (jobs->first == NULL) {
        pthread_cond_broadcast(&jobs->emptied);
    }
    while (jobs->first == NULL && !jobs->ending) {
        pthread_cond_wait(&jobs->filled, &jobs->lock);
    }
    struct job *job = jobs->first;
    if (job != NULL) {
        jobs->busy = true;
        jobs->first = job->next;
        if (jobs->first == NULL) {
            jobs->end = &jobs->first;
        }
    }
    pthread_mutex_unlock(&jobs->lock);
    return job;
}

static void *work(void *context)
{
    struct job *job;
    while ((job = take(context)) != NULL) {
        job->run(job->what);
        memory_free(job);
    }
    return NULL;
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static void start(struct jobs *jobs)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    jobs->running = pthread_create(&jobs->thread, NULL, work, jobs) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void jobs_wake(struct jobs *jobs)
{
    if (jobs->loop != NULL) {
        ev_async_send(jobs->loop, &jobs->woken);
    }
}

/* Lets the thread look. */
static void unlock_filled(struct jobs *jobs)
{
    pthread_cond_signal(&jobs->filled);
    pthread_mutex_unlock(&jobs->lock);
}

void jobs_add(struct jobs *jobs, void (*run)(void *job), void *what)
{
    if (!jobs->running) {
        start(jobs);
    }
    if (!jobs->running) {
        run(what);
        return;
    }
    struct job *job = memory_alloc(sizeof(*job));
    *job = (struct job){ .run = run, .what = what };
    pthread_mutex_lock(&jobs->lock);
    *jobs->end = job;
    jobs->end = &job->next;
    unlock_filled(jobs);
}

void jobs_wait(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    while (jobs->first != NULL || jobs->busy) {
        pthread_cond_wait(&jobs->emptied, &jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL) {
        return;
    }
    if (jobs->running) {
        pthread_mutex_lock(&jobs->lock);
        jobs->ending = true;
        unlock_filled(jobs);
        pthread_join(jobs->thread, NULL);
    }
    assert(jobs->first == NULL);
    unwatch(jobs);
    pthread_cond_destroy(&jobs->filled);
    pthread_cond_destroy(&jobs->emptied);
    pthread_mutex_destroy(&jobs->lock);
    memory_free(jobs);
}
