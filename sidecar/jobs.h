#ifndef PODIS_SIDECAR_JOBS_H
#define PODIS_SIDECAR_JOBS_H

/* Work that would stop the loop, done by one thread in the order in which it came.
 *
 * A job is a function and what it works on, which from then on is the job's alone. The thread is
 * made when there is something to do for the first time: a podis that never has a job pays
 * nothing for it. */

struct ev_loop;
struct jobs;

/* `loop` is the one that jobs_wake() wakes, or NULL: none. It outlives the queue. */
struct jobs *jobs_new(struct ev_loop *loop);
/* Does what is left, then ends the thread. Accepts NULL. */
void jobs_free(struct jobs *jobs);

/* `run` is called once with `job`, on the queue's thread. If there can be no thread: now. */
void jobs_add(struct jobs *jobs, void (*run)(void *job), void *job);

/* Waits until all jobs that were given are done: for the end, and for what may stop the loop. */
void jobs_wait(struct jobs *jobs);

/* The loop turns once more, now: somebody waits for what a job has done. From any thread. */
void jobs_wake(struct jobs *jobs);

#endif
