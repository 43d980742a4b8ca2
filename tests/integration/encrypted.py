#!/usr/bin/env python3
"""TLS: the app's port and the peers', certificates that are missing, wrong, renewed; clients that
are slow, rude or in no hurry. Certificates are made here, with openssl."""

import contextlib
import os
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
from program import Admin, PROGRAM, run, until  # noqa: E402
from server import BUILD, Server, Tally, free_port, redis_program, scratch  # noqa: E402

HOME = tempfile.mkdtemp(prefix="tls-", dir=scratch())
HANDSHAKE_S = 10
NODE_PROGRAM = """
const fs = require('fs'), Redis = require('ioredis'), [port, ca, cert, key] = process.argv.slice(1);
const read = (path) => fs.readFileSync(path);
const client = new Redis({ host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: 0,
    tls: { ca: read(ca), cert: read(cert), key: read(key), checkServerIdentity: () => undefined } });
client.pipeline().set('n', 'x'.repeat(100000)).strlen('n').incr('c').exec()
    .then((all) => { console.log(JSON.stringify(all)); client.disconnect(); });
"""


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=HOME)


def path_of(name):
    return os.path.join(HOME, name)


def make_authority(name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out",
            name + ".crt", "-subj", "/CN=" + name, "-days", "30")


def make_certificate(name, authority, days=20):
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out",
            name + ".csr", "-subj", "/CN=" + name)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".crt", "-CAkey",
            authority + ".key", "-CAcreateserial", "-out", name + ".crt", "-days", str(days))


def flags(certificate="server", authority="ca", **more):
    directives = {"tls-cert-file": path_of(certificate + ".crt"),
                  "tls-key-file": path_of(certificate + ".key"),
                  "tls-ca-cert-file": path_of(authority + ".crt"),
                  **{name.replace("_", "-"): value for name, value in more.items()}}
    return [word for name, value in directives.items() for word in ("--" + name, value)]


def request(*args):
    return resp.encode(resp.to_bytes(args))


class Podis(Admin):
    """With a plain port, a TLS port and an admin port."""

    def __init__(self, *more, **directives):
        self.tls_port = free_port()
        super().__init__("", "--tls-port", str(self.tls_port), "--loglevel", "verbose",
                         *flags(**directives), *more)

    def metric(self, name):
        lines = self.get("/metrics")[1].split("\n")
        return int(next(line.split()[1] for line in lines if line.startswith("podis_" + name)))


def context(certificate="client", authority="ca", **versions):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.load_verify_locations(path_of(authority + ".crt"))
    if certificate is not None:
        made.load_cert_chain(path_of(certificate + ".crt"), path_of(certificate + ".key"))
    for name, value in versions.items():
        setattr(made, name, value)
    return made


class Encrypted(resp.Connection):
    """A connection of the test's own client, over TLS."""

    def __init__(self, port, how=None, protocol=2, timeout=15.0):
        super().__init__(("127.0.0.1", port), 2, timeout)
        try:
            self.socket = (how or context()).wrap_socket(self.socket)
        except Exception:
            self.socket.close()
            raise
        if protocol == 3:
            self.call("HELLO", "3")


def is_refused(port, how):
    """TLS 1.3 clients learn with their first read that their certificate was not liked."""
    try:
        with Encrypted(port, how) as conn:
            conn.call("PING")
    except (ssl.SSLError, ConnectionError, resp.Closed):
        return True
    return False


def clients_of_all_kinds_are_served():
    with Podis() as podis:
        port, paths = str(podis.tls_port), [path_of(n) for n in ("ca.crt", "client.crt",
                                                                 "client.key")]
        told = subprocess.run(
            [redis_program("redis-cli"), "-p", port, "--tls", "--cacert", paths[0], "--cert",
             paths[1], "--key", paths[2], "SET", "k", "cli"], capture_output=True, timeout=20)
        assert told.stdout.strip() == b"OK", told
        with Encrypted(podis.tls_port, protocol=3) as conn, podis.connect() as plain:
            assert conn.call("GET", "k") == b"cli"
            assert plain.call("GET", "k") == b"cli"
            assert b"resp=3" in conn.call("CLIENT", "LIST"), conn.call("CLIENT", "LIST")
            assert plain.call("CONFIG", "GET", "tls-port") == [b"tls-port", port.encode()]
        until(lambda: podis.metric("tls_handshakes_total") == 2, 2, "both are counted")
        expires = podis.metric("tls_certificate_not_after_seconds")
        assert 19 < (expires - time.time()) / 86400 < 21, expires


def python_redis_is_served():
    sys.path.insert(0, os.environ.get("PYTHONPATH") or os.path.join(BUILD, "python"))
    try:
        import redis
    except ImportError:
        return "redis-py is not in BUILD"
    with Podis() as podis:
        client = redis.Redis(port=podis.tls_port, ssl=True, ssl_ca_certs=path_of("ca.crt"),
                             ssl_certfile=path_of("client.crt"), ssl_check_hostname=False,
                             ssl_keyfile=path_of("client.key"))
        with client.pipeline() as pipe:
            for number in range(1000):
                pipe.set("k%d" % number, "v" * number)
            assert all(pipe.execute())
        assert client.get("k999") == b"v" * 999
        client.close()


def ioredis_is_served():
    modules = os.environ.get("NODE_PATH") or os.path.join(BUILD, "npm", "node_modules")
    if not os.path.isdir(os.path.join(modules, "ioredis")):
        return "ioredis is not in BUILD"
    with Podis() as podis:
        done = subprocess.run(
            ["node", "-e", NODE_PROGRAM, str(podis.tls_port), path_of("ca.crt"),
             path_of("client.crt"), path_of("client.key")],
            env={**os.environ, "NODE_PATH": os.path.abspath(modules)}, capture_output=True,
            timeout=60)
        assert done.stdout.strip() == b'[[null,"OK"],[null,100000],[null,1]]', done


def certificates_are_asked_for_as_the_directive_says():
    with Podis() as podis, podis.connect() as plain:
        def now(clients):
            assert plain.call("CONFIG", "SET", "tls-auth-clients", clients) == b"OK"
            return [is_refused(podis.tls_port, context(certificate))
                    for certificate in (None, "client", "stranger")]

        assert now("yes") == [True, False, True]
        assert now("optional") == [False, False, True]
        assert now("no") == [False, False, False]
        assert podis.metric("tls_handshake_failures_total") == 3
        assert "peer did not return a certificate" in podis.log()


def a_client_refuses_the_wrong_authority():
    with Podis() as podis:
        assert is_refused(podis.tls_port, context(authority="strangers"))
        assert not is_refused(podis.tls_port, context())


def protocols_and_ciphers_are_those_of_the_directives():
    with Podis() as podis, podis.connect() as plain:
        old = context(maximum_version=ssl.TLSVersion.TLSv1_2)
        new = context(minimum_version=ssl.TLSVersion.TLSv1_3)
        assert plain.call("CONFIG", "SET", "tls-protocols", "TLSv1.2") == b"OK"
        assert (is_refused(podis.tls_port, old), is_refused(podis.tls_port, new)) == (False, True)
        assert plain.call("CONFIG", "SET", "tls-protocols", "TLSv1.3", "tls-ciphersuites",
                          "TLS_CHACHA20_POLY1305_SHA256") == b"OK"
        assert (is_refused(podis.tls_port, old), is_refused(podis.tls_port, new)) == (True, False)
        with Encrypted(podis.tls_port) as conn:
            assert conn.socket.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"


def what_cannot_be_used_is_refused_whole():
    with Podis() as podis, podis.connect() as plain:
        before = plain.call("CONFIG", "GET", "tls-cert-file", "maxclients")
        for name, value, why in (
                ("tls-cert-file", "/nowhere", b"/nowhere: No such file or directory"),
                ("tls-key-file", path_of("client.key"), b"key values mismatch"),
                ("tls-ca-cert-file", path_of("ca.key"), b"tls-ca-cert-file"),
                ("tls-ciphers", "NOTHING", b"no cipher match"),
                ("tls-protocols", "TLSv1.2 SSLv3", b"TLSv1.3"),
                ("tls-dh-params-file", path_of("ca.key"), b"tls-dh-params-file"),
                ("tls-ca-cert-file", "", b"tls-ca-cert-dir")):
            error = resp.decode(plain.raw("CONFIG", "SET", "maxclients", "77", name, value))
            assert isinstance(error, resp.Error), (name, error)
            text = str(error).encode()
            assert why in text and b"Unable to update TLS configuration" in text, error
            assert ("'%s'" % name).encode() in text, error
        assert plain.call("CONFIG", "GET", "tls-cert-file", "maxclients") == before
        assert not is_refused(podis.tls_port, context())


def an_encrypted_key_needs_its_password():
    openssl("rsa", "-in", "server.key", "-out", "locked.key", "-aes256", "-passout", "pass:1234",
            "-traditional")
    with Podis() as podis, podis.connect() as plain:
        locked = path_of("locked.key")
        error = resp.decode(plain.raw("CONFIG", "SET", "tls-key-file", locked))
        assert "Unable to update TLS configuration" in str(error), error
        assert plain.call("CONFIG", "SET", "tls-key-file-pass", "1234", "tls-key-file",
                          locked) == b"OK"
        assert not is_refused(podis.tls_port, context())
        assert "1234" not in podis.log()


def the_start_says_what_is_wrong():
    for wrong, why in ((["--tls-cert-file", "/nowhere"], "tls-cert-file /nowhere"),
                       (["--tls-ca-cert-file", ""], "tls-ca-cert-dir")):
        status, text = run("--port", "0", "--tls-port", str(free_port()),
                           *flags(), *wrong)
        assert status == 1 and "Cannot offer TLS: " in text and why in text, text


def serial(port):
    with Encrypted(port) as conn:
        return ssl.DER_cert_to_PEM_cert(conn.socket.getpeercert(binary_form=True))


def renewed_certificates_are_used_without_a_restart():
    """As Kubernetes does it: a link is turned to another folder."""
    root = tempfile.mkdtemp(dir=HOME)
    for folder, certificate in (("one", "server"), ("two", "renewed")):
        os.mkdir(os.path.join(root, folder))
        for end in ("crt", "key"):
            os.link(path_of(certificate + "." + end), os.path.join(root, folder, "tls." + end))

    def turn(folder):
        os.symlink(folder, os.path.join(root, "..new"))
        os.rename(os.path.join(root, "..new"), os.path.join(root, "data"))

    turn("one")
    live = [os.path.join(root, "data", "tls." + end) for end in ("crt", "key")]
    with Podis("--tls-cert-file", live[0], "--tls-key-file", live[1]) as podis:
        first = serial(podis.tls_port)
        with Encrypted(podis.tls_port) as old:
            turn("two")
            until(lambda: serial(podis.tls_port) != first, 5, "the new certificate is shown")
            assert old.call("PING") == b"PONG"
        assert podis.metric("tls_reloads_total") == 1
        with open(path_of("renewed.crt")) as file:
            assert serial(podis.tls_port).split() == file.read().split()


def half_a_renewal_changes_nothing():
    paths = [path_of("half." + end) for end in ("crt", "key")]

    def put(name, path):
        with open(name) as file, open(path + ".new", "w") as new:
            new.write(file.read())
        os.rename(path + ".new", path)

    put(path_of("server.crt"), paths[0])
    put(path_of("server.key"), paths[1])
    with Podis("--tls-cert-file", paths[0], "--tls-key-file", paths[1]) as podis:
        first = serial(podis.tls_port)
        put(path_of("renewed.crt"), paths[0])
        until(lambda: podis.metric("tls_reload_failures_total") == 1, 5, "the refusal is counted")
        assert "TLS: files have changed and cannot be used" in podis.log()
        assert serial(podis.tls_port) == first
        put(path_of("renewed.key"), paths[1])
        until(lambda: serial(podis.tls_port) != first, 5, "the pair is whole")


def a_slow_handshake_is_ended_and_delays_nobody():
    with Podis() as podis:
        rude = [socket.create_connection(("127.0.0.1", podis.tls_port)) for _ in range(50)]
        hello = bytes.fromhex("16030100c8010000c40303")
        began = time.monotonic()
        for each in rude:
            each.sendall(hello)
        with Encrypted(podis.tls_port) as conn:
            assert conn.call("PING") == b"PONG"
            assert time.monotonic() - began < 5
            for step in range(int(HANDSHAKE_S * 0.6)):
                with contextlib.suppress(OSError):
                    rude[0].sendall(b"x")
                time.sleep(1)
                assert conn.call("PING") == b"PONG"
            until(lambda: podis.metric("tls_handshake_timeouts_total") == 50, HANDSHAKE_S,
                  "they are all closed")
            assert time.monotonic() - began >= HANDSHAKE_S - 1
            assert conn.call("PING") == b"PONG"
        for each in rude:
            each.settimeout(5)
            with contextlib.suppress(ConnectionError):
                assert each.recv(100) == b""
            each.close()


def plain_words_at_the_tls_port_end_the_connection():
    with Podis() as podis:
        with socket.create_connection(("127.0.0.1", podis.tls_port), 5) as plain:
            plain.sendall(b"PING\r\n")
            heard = b""
            with contextlib.suppress(ConnectionError):
                while True:
                    more = plain.recv(1000)
                    if not more:
                        break
                    heard += more
            assert b"PONG" not in heard and len(heard) < 100, heard
        until(lambda: podis.metric("tls_handshake_failures_total") == 1, 5, "it is counted")


def large_values_go_both_ways_however_they_are_cut():
    value = os.urandom(3_000_000)
    with Podis() as podis, Encrypted(podis.tls_port) as conn:
        assert conn.call("SET", "big", value) == b"OK"
        payload = b"".join(request("GET", "big") for _ in range(10))
        conn.send(payload)
        time.sleep(0.5)  # More than the socket's buffers hold waits for us to read.
        for _ in range(10):
            assert resp.decode(conn.read()) == value
        for byte in request("SET", "k", "one byte in each record"):
            conn.send(bytes([byte]))
        assert conn.read() == b"+OK\r\n"
        small = b"".join(request("INCR", "n") for _ in range(20000))
        conn.send(small)
        for number in range(1, 20001):
            assert conn.read() == b":%d\r\n" % number


def records_that_arrive_in_pieces_are_read():
    """A proxy that passes on a few bytes at a time: no record is ever whole at once."""
    with Podis() as podis:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            inside = socket.create_connection(listener.getsockname())
            near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", podis.tls_port))
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = context().wrap_socket(inside, do_handshake_on_connect=False)
        tls.setblocking(False)

        def pump(step):
            """What can be moved is, until the step is done."""
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    return step()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                for one, other, size in ((near, far, 37), (far, near, 65536)):
                    if select.select([one], [], [], 0.002)[0]:
                        other.sendall(one.recv(size))
            raise AssertionError("no progress")

        pump(tls.do_handshake)
        pump(lambda: tls.send(request("SET", "k", "v" * 5000)))
        assert pump(lambda: tls.recv(100)) == b"+OK\r\n"
        for each in (tls, near, far):
            each.close()


def answers_still_come_after_the_client_has_said_goodbye():
    with Podis() as podis:
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context().wrap_bio(inside, outside)
        with socket.create_connection(("127.0.0.1", podis.tls_port), 5) as link:
            def go_on(step):
                while True:
                    try:
                        done = step()
                        link.sendall(outside.read())
                        return done
                    except ssl.SSLWantReadError:
                        link.sendall(outside.read())
                        inside.write(link.recv(65536))

            go_on(tls.do_handshake)
            tls.write(request("SET", "k", "v") + request("GET", "k"))
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.unwrap()  # Says goodbye; what it waits for is the other's.
            link.sendall(outside.read())
            heard = b""
            while more := link.recv(65536):
                heard += more
            # Two answers and a goodbye, each in a record of its own or not; and the end.
            assert len(heard) > len(b"+OK\r\n$1\r\nv\r\n"), heard
        with podis.connect() as plain:
            assert plain.call("GET", "k") == b"v"


def ports_can_change_while_it_runs():
    with Podis() as podis:
        plain, tls = podis.port, podis.tls_port
        with Encrypted(tls) as conn:
            assert conn.call("CONFIG", "SET", "port", "0") == b"OK"
            assert conn.call("CONFIG", "SET", "tls-port", str(plain)) == b"OK"
            assert conn.call("PING") == b"PONG"
        assert not is_refused(plain, context())
        with Encrypted(plain) as conn:
            assert conn.call("CONFIG", "SET", "tls-port", "0", "port", str(plain)) == b"OK"
        with podis.connect() as conn:
            assert conn.call("PING") == b"PONG"


def peers(count, directives, odd=None):
    """A mesh on this machine; the last of it may have directives of its own."""
    ports = [free_port() for _ in range(count)]
    names = "static:" + ",".join("127.0.0.1:%d" % port for port in ports)
    stack = contextlib.ExitStack()
    made = []
    for number, port in enumerate(ports):
        own = odd if odd is not None and number == count - 1 else directives
        made.append(stack.enter_context(Server(
            PROGRAM, "--peers", names, "--peer-bind", "127.0.0.1", "--peer-port", str(port),
            "--mesh-settle", "100", "--forward-timeout", "2000", "--node-timeout", "1000",
            "--loglevel", "verbose", *own)))
    return stack, made, ports


def links_ready(pod):
    with pod.connect() as conn:
        return conn.call("INFO", "mesh").decode().count("state=ready")


def a_mesh_speaks_tls_both_ways():
    # The clients' certificate is one that no server would be believed with.
    directives = [*flags(tls_client_cert_file=path_of("peer.crt"),
                         tls_client_key_file=path_of("peer.key")), "--tls-cluster", "yes"]
    stack, pods, ports = peers(2, directives)
    with stack:
        for pod in pods:
            until(lambda: links_ready(pod) == 1, 15, "the link is ready")
        with pods[0].connect() as one, pods[1].connect() as two:
            for number in range(500):
                assert one.call("SET", "k%d" % number, "v%d" % number) == b"OK"
            big = os.urandom(2_000_000)
            for number in range(8):
                assert one.call("SET", "big%d" % number, big) == b"OK"
            for number in range(500):
                assert two.call("GET", "k%d" % number) == b"v%d" % number
            for number in range(8):
                assert two.call("GET", "big%d" % number) == big
            sizes = [conn.call("DBSIZE") for conn in (one, two)]
            assert max(sizes) <= 508, sizes
        with Encrypted(ports[0], context("peer")) as peer:
            assert peer.call("PING") == b"PONG"
        assert is_refused(ports[0], context(None))


def a_peer_is_not_believed_without_the_authority():
    directives = [*flags(), "--tls-cluster", "yes"]
    stranger = [*flags("stranger", "strangers"), "--tls-cluster", "yes"]
    stack, pods, _ = peers(2, directives, stranger)
    with stack:
        until(lambda: "certificate" in pods[0].log().split("ready")[0] and
              "peer 127.0.0.1" in pods[0].log(), 15, "it is said why")
        assert links_ready(pods[0]) == 0 and links_ready(pods[1]) == 0


def a_plain_peer_does_not_get_in():
    stack, pods, _ = peers(2, [*flags(), "--tls-cluster", "yes"], [])
    with stack:
        until(lambda: "peer 127.0.0.1" in pods[0].log(), 15, "the link has failed")
        time.sleep(1)
        assert links_ready(pods[0]) == 0 and links_ready(pods[1]) == 0


TESTS = [
    clients_of_all_kinds_are_served,
    python_redis_is_served,
    ioredis_is_served,
    certificates_are_asked_for_as_the_directive_says,
    a_client_refuses_the_wrong_authority,
    protocols_and_ciphers_are_those_of_the_directives,
    what_cannot_be_used_is_refused_whole,
    an_encrypted_key_needs_its_password,
    the_start_says_what_is_wrong,
    renewed_certificates_are_used_without_a_restart,
    half_a_renewal_changes_nothing,
    a_slow_handshake_is_ended_and_delays_nobody,
    plain_words_at_the_tls_port_end_the_connection,
    large_values_go_both_ways_however_they_are_cut,
    records_that_arrive_in_pieces_are_read,
    answers_still_come_after_the_client_has_said_goodbye,
    ports_can_change_while_it_runs,
    a_mesh_speaks_tls_both_ways,
    a_peer_is_not_believed_without_the_authority,
    a_plain_peer_does_not_get_in,
]


def main():
    tally = Tally()
    for authority in ("ca", "strangers"):
        make_authority(authority)
    for certificate, authority in (("server", "ca"), ("renewed", "ca"), ("client", "ca"),
                                   ("peer", "ca"), ("stranger", "strangers")):
        make_certificate(certificate, authority)
    for test in TESTS:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        tally.run(test.__name__.replace("_", " "), test)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
