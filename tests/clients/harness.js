/* What the Node client tests share: a server to talk to, and counting.
 *
 * A test is a name and an async function; it passes if it does not throw. The last line is
 * `N passed, N failed, N skipped`. */

'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const TEST_SECONDS = 30;
const counts = { passed: 0, failed: 0 };

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = net.createServer();
        probe.on('error', reject);
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

function answers(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
        socket.on('data', () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* A podis of its own; stop() ends it, start() brings it back on the same port, empty. */
class Server {
    constructor(port, flags) {
        this.port = port;
        this.flags = flags;
    }

    static async run(...flags) {
        const server = new Server(await freePort(), flags);
        await server.start();
        return server;
    }

    async start() {
        const folder = fs.mkdtempSync(path.join(process.env.LOG || os.tmpdir(), 'client-'));
        const log = fs.openSync(path.join(folder, 'log'), 'w');
        const argv = ['--port', String(this.port), '--save', '', ...this.flags];
        this.child = spawn(process.env.PODIS, argv, {
            cwd: folder, stdio: ['ignore', log, log],
            env: { ...process.env, PODIS_ADMIN_PORT: '0' },
        });
        for (let tries = 0; tries < 500; tries++) {
            if (await answers(this.port)) {
                return;
            }
            await sleep(20);
        }
        const said = fs.readFileSync(path.join(folder, 'log'));
        throw new Error(`no answer on port ${this.port}: ${said}`);
    }

    /* One inline request without arguments; the text of its answer. */
    ask(request) {
        return new Promise((resolve, reject) => {
            const socket = net.connect(this.port, '127.0.0.1');
            let text = '';
            socket.on('error', reject);
            socket.on('data', (some) => { text += some; });
            socket.on('end', () => resolve(text));
            socket.end(`${request}\r\n`);
        });
    }

    stop(signal = 'SIGTERM') {
        return new Promise((resolve) => {
            this.child.on('exit', resolve);
            this.child.kill(signal);
        });
    }
}

function late() {
    return new Promise((resolve, reject) => {
        const tell = () => reject(new Error(`not done after ${TEST_SECONDS} s`));
        setTimeout(tell, TEST_SECONDS * 1000).unref();
    });
}

async function test(name, body) {
    try {
        await Promise.race([body(), late()]);
        counts.passed++;
        console.log(`ok    ${name}`);
    } catch (error) {
        counts.failed++;
        console.log(`FAIL  ${name}: ${error.stack}`);
    }
}

function finish() {
    console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`);
    process.exit(counts.failed ? 1 : 0);
}

module.exports = { Server, freePort, sleep, test, finish };
