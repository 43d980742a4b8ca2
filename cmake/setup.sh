#!/usr/bin/env bash
# Puts on this machine, or into build/, what podis needs; does nothing when it is there already.
#
#     cmake/setup.sh build    compiler, cmake and libraries: enough to build and run podis
#     cmake/setup.sh test     that, and all that `make test` and `make bench` need (the default)
#
# Debian 12 and 13, as root or with sudo. Two kinds of things are fetched:
#
#   installed     compilers, headers, interpreters: ordinary packages, by apt
#   unpacked      into build/, never installed, so that no service starts and nothing of the
#                 system changes:
#                     build/deps/hiredis    Debian 12 only: the static hiredis of Debian 13
#                     build/servers/bin     redis-server, redis-cli, dnsmasq, nutcracker, valkey
#                     build/python          redis-py, to be put into PYTHONPATH
#                     build/redis-suite     the tests of Redis's source package
#                     build/python-apps     rq and celery, with the redis-py that they know
#                     build/npm             ioredis, node-redis, and applications on them
#
# Packages of another suite than the machine's come through a private apt configuration in
# build/apt. It names the archives that the machine itself uses, with another suite; apt's own
# configuration stays as it is. Each part leaves a stamp in build/setup, is made beside its place
# and renamed into it, so an interrupted run is simply run again.
set -euo pipefail

level="${1:-test}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$root/build"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# The redis that behaviour is compared with is the same on every machine: Debian 12's, which is 7.0.
redis_suite=bookworm

build_packages=(gcc libc6-dev make cmake ninja-build pkg-config libev-dev libc-ares-dev
                libpcre2-dev libjemalloc-dev libxxhash-dev libmd-dev liblzf-dev
                libmicrohttpd-dev liblua5.1-0-dev libssl-dev)
test_packages=(libcmocka-dev tcl python3 python3-yaml clang clang-format llvm iproute2 procps binutils
               libc-bin openssl tcl-tls)
server_packages=(dnsmasq-base nutcracker liblzf1 libatomic1 libjemalloc2)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

need_root() {
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "needs root or sudo to install packages"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
    fi
}

# --- packages that are installed ---------------------------------------------------------------

missing_packages() {
    local installed
    installed="$(dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || true)"
    local package
    for package in "$@"; do
        grep -q "^$package ii" <<<"$installed" || printf '%s\n' "$package"
    done
}

updated=no
update_lists() {
    [ "$updated" = no ] || return 0
    say "apt-get update"
    need_root
    as_root apt-get -qq update || die "apt-get update failed: see above"
    updated=yes
}

# Lists of packages may be absent (a bare container) or stale (names that are gone): both are
# mended by one update.
ensure_lists() {
    compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null || update_lists
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${missing[*]}"
    need_root
    ensure_lists
    local install=(apt-get -qq -y --no-install-recommends install "${missing[@]}")
    as_root "${install[@]}" >"$build/setup/apt.log" 2>&1 && return
    update_lists
    as_root "${install[@]}" >"$build/setup/apt.log" 2>&1 && return
    tail -20 "$build/setup/apt.log" >&2
    die "apt-get install failed: see above"
}

# libFuzzer and the sanitizers of clang are a package of its own, named after clang's version.
install_clang_runtime() {
    local version
    version="$(clang -dumpversion | cut -d. -f1)"
    install_packages "libclang-rt-$version-dev"
}

install_node() {
    command -v node >/dev/null || install_packages nodejs
    command -v npm >/dev/null || install_packages npm
}

# --- packages that are unpacked ----------------------------------------------------------------

# The archives of Debian this machine uses, one URI per line. apt knows its sources best, and an
# archive says itself that it is Debian's.
debian_archives() {
    ensure_lists
    apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
        awk -v want="$1" '$1 == "Debian" && $2 == "main" && $4 == want { print $3 }' | sort -u
}

# private NAME TYPES SUITE [SUITE...]: an apt configuration of our own in build/apt/NAME. A suite
# is looked for where the machine gets the corresponding suite of its own release.
private() {
    local name="$1" types="$2" suite archive own dir="$build/apt/$1"
    shift 2
    mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,sources}
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    local found=no
    : >"$dir/sources/podis.sources.new"
    for suite in "$@"; do
        own="$codename"
        case "$suite" in *-security) own="$codename-security" ;; esac
        for archive in $(debian_archives "$own"); do
            found=yes
            printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' "$types" "$archive" "$suite"
            [ ! -e "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
            printf '\n'
        done >>"$dir/sources/podis.sources.new"
    done
    [ "$found" = yes ] || grep -q URIs "$dir/sources/podis.sources.new" ||
        { say "no Debian archive among this machine's apt sources"; return 1; }
    mv "$dir/sources/podis.sources.new" "$dir/sources/podis.sources"
    cat >"$dir/apt.conf" <<CONF
Dir::State "$dir/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$dir/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "$(id -un)";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
    apt-get -c "$dir/apt.conf" -qq update
}

# fetch CONF PACKAGE...: the packages' files into the current folder. CONF is a private
# configuration's name, or `-` for the system's.
fetch() {
    local conf="$1" options=()
    shift
    [ "$conf" = - ] || options=(-c "$build/apt/$conf/apt.conf")
    options+=(-o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" -qq download "$@" && return
    [ "$conf" = - ] || return 1
    update_lists
    apt-get "${options[@]}" -qq download "$@"
}

# fetch_with_dependencies PACKAGE...: also whatever they need that this machine does not have.
fetch_with_dependencies() {
    ensure_lists
    local needed
    mapfile -t needed < <(
        apt-get -s --no-install-recommends install "$@" | awk '$1 == "Inst" { print $2 }' | cat - <(printf '%s\n' "$@") |
            sort -u)
    fetch - "${needed[@]}"
}

unpack_all() {
    local file
    mkdir -p "$1"
    for file in ./*.deb; do
        dpkg-deb -x "$file" "$1"
    done
}

# swap NEW PLACE: NEW takes the place of what was there.
swap() {
    rm -rf "$2.old"
    [ ! -e "$2" ] || mv "$2" "$2.old"
    mv "$1" "$2"
    rm -rf "$2.old"
}

library_path() {
    local tree
    for tree in "$@"; do
        find "$tree" -name '*.so.*' -printf '%h\n' 2>/dev/null || true
    done | sort -u | paste -sd:
}

# wrap BIN LIBRARIES PROGRAM...: BIN/name runs the program with the libraries unpacked beside it.
wrap() {
    local bin="$1" libraries="$2" program
    shift 2
    mkdir -p "$bin"
    for program in "$@"; do
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$libraries" "$program" \
            >"$bin/.$(basename "$program")"
        chmod 755 "$bin/.$(basename "$program")"
        mv "$bin/.$(basename "$program")" "$bin/$(basename "$program")"
        if LD_LIBRARY_PATH="$libraries" ldd "$program" | grep 'not found'; then
            say "$program lacks libraries: see above"
            return 1
        fi
    done
}

get_hiredis() {
    private next deb trixie
    fetch next libhiredis-dev
    unpack_all unpacked
    mkdir -p "$build/deps"
    swap unpacked "$build/deps/hiredis"
}

get_python_redis() {
    if [ "$codename" = bookworm ]; then
        private next deb trixie
        fetch next python3-redis python3-async-timeout
    else
        fetch_with_dependencies python3-redis
    fi
    unpack_all unpacked
    swap unpacked/usr/lib/python3/dist-packages "$build/python"
}

get_python_apps() {
    fetch_with_dependencies python3-rq python3-celery python3-redis
    unpack_all unpacked
    swap unpacked/usr/lib/python3/dist-packages "$build/python-apps"
}

redis_conf=-
use_redis_conf() {
    [ "$codename" != "$redis_suite" ] || return 0
    private redis deb "$redis_suite" "$redis_suite-security"
    redis_conf=redis
}

get_servers() {
    use_redis_conf
    fetch_with_dependencies "${server_packages[@]}"
    fetch "$redis_conf" redis-server redis-tools
    unpack_all servers/root
    rm -rf "$build/servers.new"
    mv servers "$build/servers.new"
    swap "$build/servers.new" "$build/servers"
    local tree="$build/servers/root"
    wrap "$build/servers/bin" "$(library_path "$tree")" "$tree"/usr/bin/redis-* \
        "$tree"/usr/sbin/dnsmasq "$tree"/usr/sbin/nutcracker
}

get_valkey() {
    if [ "$codename" = bookworm ]; then
        private backports deb bookworm-backports
        fetch backports valkey-server valkey-tools
    else
        fetch - valkey-server valkey-tools
    fi
    unpack_all unpacked
    swap unpacked "$build/servers/valkey"
    wrap "$build/servers/bin" "$(library_path "$build/servers/root" "$build/servers/valkey")" \
        "$build"/servers/valkey/usr/bin/valkey-*
}

get_redis_suite() {
    private source deb-src "$redis_suite" "$redis_suite-security"
    apt-get -c "$build/apt/source/apt.conf" -qq --download-only --tar-only source redis
    mkdir unpacked
    tar -xf redis_*.orig.tar.gz -C unpacked --strip-components=1 --wildcards \
        --no-wildcards-match-slash '*/tests' '*/utils' '*/runtest*' \
        '*/redis.conf' '*/sentinel.conf' '*/COPYING'
    swap unpacked "$build/redis-suite"
}

get_npm() {
    cp "$root"/tests/clients/package*.json .
    local how=install
    [ ! -e package-lock.json ] || how=ci
    npm "$how" --no-audit --no-fund --ignore-scripts --loglevel=error
    mkdir -p "$build/npm"
    swap "$PWD" "$build/npm"
    mkdir -p "$work"
}

# --- parts, and the stamps that say they are done -----------------------------------------------

# part NAME RESULT FUNCTION [required|optional]: runs FUNCTION in an empty folder unless its stamp
# says that RESULT is there. An optional part that cannot be had is tried again after an hour.
part() {
    local name="$1" result="$2" function="$3" kind="${4:-required}"
    local stamp="$build/setup/$name" status key
    key="$(recipe "$function")"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && [ -e "$result" ]; then
        return
    fi
    if [ "$kind" = optional ] && [ "$(cat "$stamp.absent" 2>/dev/null)" = "$key" ] &&
        [ -n "$(find "$stamp.absent" -mmin -60)" ]; then
        say "$name is not available here (tried within the hour): tests that need it are skipped"
        return
    fi
    say "fetching $name into ${result#"$root"/}"
    rm -rf "$stamp" "$stamp.absent" "$build/setup/work"
    work="$build/setup/work"
    mkdir -p "$work"
    set +e
    (set -e; cd "$work"; "$function") >"$build/setup/$name.log" 2>&1
    status=$?
    set -e
    if [ "$status" = 0 ]; then
        printf '%s\n' "$key" >"$stamp"
    elif [ "$kind" = optional ]; then
        printf '%s\n' "$key" >"$stamp.absent"
        say "$name is not available here: tests that need it are skipped (build/setup/$name.log)"
    else
        tail -20 "$build/setup/$name.log" >&2
        die "cannot get $name: see above"
    fi
    rm -rf "$work"
}

# recipe FUNCTION: a checksum of all that decides what FUNCTION makes. Another script, another
# release of Debian or a tree that was moved makes it anew.
recipe() {
    {
        printf '%s\n' "$codename" "$build" "$redis_suite" "${server_packages[@]}"
        declare -f debian_archives private fetch fetch_with_dependencies unpack_all swap \
            library_path wrap use_redis_conf "$1"
        [ "$1" != get_npm ] || cat "$root"/tests/clients/package*.json
    } | sha256sum | cut -d' ' -f1
}

. /etc/os-release
codename="${VERSION_CODENAME:-unknown}"
case "${ID:-}-$codename" in
debian-bookworm) ;;
debian-trixie) build_packages+=(libhiredis-dev) ;;
*) die "knows Debian 12 and 13, and this is ${PRETTY_NAME:-unknown}. The packages are: ${build_packages[*]} libhiredis-dev (1.2 or newer); for tests ${test_packages[*]}" ;;
esac
case "$level" in
build | test) ;;
*) die "levels are build and test, not $level" ;;
esac

mkdir -p "$build/setup"
exec 9>"$build/setup/lock"
flock -n 9 || { say "waiting for another set-up of this tree"; flock 9; }

install_packages "${build_packages[@]}"
if [ "$codename" = bookworm ]; then
    part hiredis "$build/deps/hiredis" get_hiredis
fi
if [ "$level" = test ]; then
    install_packages "${test_packages[@]}"
    install_clang_runtime
    part servers "$build/servers/bin/redis-server" get_servers
    part python-redis "$build/python/redis" get_python_redis
    part python-apps "$build/python-apps/celery" get_python_apps optional
    part redis-suite "$build/redis-suite/tests" get_redis_suite
    part valkey "$build/servers/bin/valkey-server" get_valkey optional
    if [ -e "$root/tests/clients/package.json" ]; then
        install_node
        part npm "$build/npm/node_modules" get_npm optional
    fi
fi
say "ready for $level"
