/* BullMQ: queues of jobs, which are scripts on lists, sorted sets, hashes and streams, and workers
 * that wait. The prefix is a hashtag, as BullMQ wants it for a cluster. */

'use strict';

const assert = require('node:assert');
const { FlowProducer, Queue, QueueEvents, Worker } = require('bullmq');
const { test, finish } = require('../clients/harness');
const { everywhere } = require('./places');

const JOBS = 10000;

/* Queues, workers and listeners of one test: each part is connected to another podis, and all are
 * closed at its end. */
class Parts {
    constructor(place) {
        this.place = place;
        this.all = [];
    }

    make(Kind, ...args) {
        const options = args.pop();
        const connection = { port: this.place.port(this.all.length), maxRetriesPerRequest: null };
        const part = new Kind(...args, { prefix: '{bull}', connection, ...options });
        part.on('error', (error) => { this.error = error; });
        this.all.push(part);
        return part;
    }

    async close() {
        await Promise.all(this.all.map((part) => part.close()));
        assert.equal(this.error, undefined);
    }
}

/* Resolves with what a worker's event said, once it was said `count` times. */
function heard(part, event, count) {
    const said = [];
    return new Promise((resolve) => {
        part.on(event, (...args) => {
            said.push(args);
            if (said.length === count) {
                resolve(said);
            }
        });
    });
}

async function jobsAreDoneAndTheirResultsKept(parts) {
    const queue = parts.make(Queue, 'plain', {});
    const events = parts.make(QueueEvents, 'plain', {});
    await events.waitUntilReady();
    parts.make(Worker, 'plain', async (job) => {
        await job.updateProgress(50);
        await job.log('half way');
        return job.data.a + job.data.b;
    }, {});
    const job = await queue.add('sum', { a: 19, b: 23 });
    assert.equal(await job.waitUntilFinished(events), 42);
    const done = await queue.getJob(job.id);
    assert.equal(await done.getState(), 'completed');
    assert.equal(done.returnvalue, 42);
    assert.equal(done.progress, 50);
    assert.deepEqual((await queue.getJobLogs(job.id)).logs, ['half way']);
    await queue.obliterate({ force: true });
    assert.equal(await queue.count(), 0);
}

async function failuresAreRetriedUntilTheyAreGivenUp(parts) {
    const queue = parts.make(Queue, 'retry', {});
    const events = parts.make(QueueEvents, 'retry', {});
    await events.waitUntilReady();
    const tries = {};
    parts.make(Worker, 'retry', async (job) => {
        tries[job.name] = (tries[job.name] || 0) + 1;
        if (tries[job.name] < job.data.fails) {
            throw new Error(`not yet: ${tries[job.name]}`);
        }
        return tries[job.name];
    }, {});
    const options = { attempts: 3, backoff: { type: 'fixed', delay: 30 } };
    const good = await queue.add('good', { fails: 3 }, options);
    const bad = await queue.add('bad', { fails: 9 }, options);
    assert.equal(await good.waitUntilFinished(events), 3);
    await assert.rejects(bad.waitUntilFinished(events), /not yet: 3/);
    assert.deepEqual(tries, { good: 3, bad: 3 });
    assert.equal(await queue.getFailedCount(), 1);
}

async function delayedJobsWaitForTheirTime(parts) {
    const queue = parts.make(Queue, 'delayed', {});
    const began = Date.now();
    const order = [];
    const worker = parts.make(Worker, 'delayed', async (job) => {
        order.push(job.name);
        assert.ok(Date.now() - began >= job.data.delay - 5, `${job.name} came early`);
    }, {});
    const done = heard(worker, 'completed', 3);
    for (const delay of [300, 100, 0]) {
        await queue.add(`after ${delay}`, { delay }, { delay });
    }
    await done;
    assert.deepEqual(order, ['after 0', 'after 100', 'after 300']);
}

async function prioritiesDecideTheOrder(parts) {
    const queue = parts.make(Queue, 'priority', {});
    const order = [];
    await queue.pause();
    for (const priority of [5, 1, 3, 2, 4]) {
        await queue.add(`p${priority}`, {}, { priority });
    }
    const worker = parts.make(Worker, 'priority', async (job) => { order.push(job.name); }, {});
    await queue.resume();
    await heard(worker, 'completed', 5);
    assert.deepEqual(order, ['p1', 'p2', 'p3', 'p4', 'p5']);
}

async function repeatedJobsComeAgain(parts) {
    const queue = parts.make(Queue, 'repeat', {});
    const times = [];
    const worker = parts.make(Worker, 'repeat', async () => { times.push(Date.now()); }, {});
    await queue.upsertJobScheduler('often', { every: 100 }, { name: 'tick', data: {} });
    await heard(worker, 'completed', 4);
    assert.equal((await queue.getJobSchedulers()).length, 1);
    assert.ok(await queue.removeJobScheduler('often'));
    assert.ok(times[3] - times[0] >= 200, String(times));
}

async function aFlowsParentWaitsForItsChildren(parts) {
    const flows = parts.make(FlowProducer, {});
    const events = parts.make(QueueEvents, 'parents', {});
    await events.waitUntilReady();
    parts.make(Worker, 'children', async (job) => job.data.n * 10, { concurrency: 3 });
    parts.make(Worker, 'parents', async (job) => {
        const values = Object.values(await job.getChildrenValues());
        return values.reduce((a, b) => a + b, 0);
    }, {});
    const children = [1, 2, 3, 4].map((n) => (
        { name: `child ${n}`, queueName: 'children', data: { n } }));
    const { job } = await flows.add({ name: 'sum', queueName: 'parents', children });
    assert.equal(await job.waitUntilFinished(events), 100);
}

async function tenThousandJobsAreDoneOnceEach(parts) {
    const queue = parts.make(Queue, 'many', {});
    const seen = new Uint8Array(JOBS);
    let done;
    let left = JOBS;
    const all = new Promise((resolve) => { done = resolve; });
    const work = async (job) => {
        seen[job.data]++;
        if (--left === 0) {
            done();
        }
    };
    for (let i = 0; i < 3; i++) {
        parts.make(Worker, 'many', work, { concurrency: 50 });
    }
    for (let first = 0; first < JOBS; first += 1000) {
        await queue.addBulk(Array.from({ length: 1000 }, (_, i) => (
            { name: 'job', data: first + i, opts: { removeOnComplete: true } })));
    }
    await all;
    assert.ok(seen.every((times) => times === 1));
}

const tests = [
    jobsAreDoneAndTheirResultsKept,
    failuresAreRetriedUntilTheyAreGivenUp,
    delayedJobsWaitForTheirTime,
    prioritiesDecideTheOrder,
    repeatedJobsComeAgain,
    aFlowsParentWaitsForItsChildren,
    tenThousandJobsAreDoneOnceEach,
];

async function main() {
    await everywhere(async (place) => {
        for (const body of tests) {
            const parts = new Parts(place);
            const name = body.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
            await test(`bullmq ${place.name}: ${name}`, async () => {
                await body(parts);
                await parts.close();
            });
        }
    });
    finish();
}

main();
