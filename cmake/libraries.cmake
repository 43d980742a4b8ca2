# Third-party libraries, and where each comes from. All are Debian packages.
#
#   jemalloc      libjemalloc-dev     the allocator (not in sanitized builds, which bring their own)
#   xxhash        libxxhash-dev       header only, key hashing
#   libmd         libmd-dev           SHA-1
#   liblzf        liblzf-dev          LZF; its two sources, which the package brings for this, since
#                                     it has no archive
#   lua           liblua5.1-0-dev     scripts
#   pcre2         libpcre2-dev        key rules
#   libev         libev-dev           event loop
#   c-ares        libc-ares-dev       DNS
#   hiredis       libhiredis-dev      1.2 or newer; Debian 12 has 0.14, so there cmake/setup.sh
#                                     unpacks Debian 13's into build/deps (PODIS_DEPS). Its
#                                     libhiredis_ssl is in the same package
#   openssl       libssl-dev          TLS; the shared library, loaded when it is needed
#   microhttpd    libmicrohttpd-dev   admin port
#   cmocka        libcmocka-dev       unit tests
# Archives are preferred to shared objects: each shared object costs an idle podis at least 70 kB of
# resident memory, and jemalloc's brings libstdc++ (0.9 MB).
set(PODIS_DEPS "${PROJECT_SOURCE_DIR}/build/deps" CACHE PATH "Where cmake/setup.sh unpacks libraries")

function(podis_library target header)
    cmake_parse_arguments(ARG "" "" "NAMES;HINTS" ${ARGN})
    string(MAKE_C_IDENTIFIER ${target} id)
    find_library(LIBRARY_${id} NAMES ${ARG_NAMES} HINTS ${ARG_HINTS} REQUIRED)
    find_path(HEADERS_${id} ${header} HINTS ${ARG_HINTS} REQUIRED)
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_link_libraries(${target} INTERFACE ${LIBRARY_${id}})
    if(NOT HEADERS_${id} STREQUAL "/usr/include")
        target_include_directories(${target} SYSTEM INTERFACE ${HEADERS_${id}})
    endif()
endfunction()

add_library(podis::allocator INTERFACE IMPORTED GLOBAL)
if(NOT PODIS_SANITIZE)
    podis_library(podis::jemalloc jemalloc/jemalloc.h NAMES libjemalloc_pic.a jemalloc)
    target_link_libraries(podis::allocator INTERFACE podis::jemalloc)
    target_link_options(podis::allocator INTERFACE -static-libgcc)
    target_compile_definitions(podis::allocator INTERFACE PODIS_JEMALLOC)
endif()
podis_library(podis::md sha1.h NAMES libmd.a md)
find_path(LZF_SOURCE lzf_c.c PATHS /usr/src/liblzf REQUIRED)
find_path(LZF_INCLUDE lzf.h PATH_SUFFIXES liblzf REQUIRED)
add_library(podis_lzf STATIC ${LZF_SOURCE}/lzf_c.c ${LZF_SOURCE}/lzf_d.c)
target_compile_options(podis_lzf PRIVATE -w)
# Its table is on the stack: 32 kB instead of 256, and cleared, so that the same text is always
# compressed to the same bytes.
target_compile_definitions(podis_lzf PRIVATE HLOG=13 INIT_HTAB=1 STRICT_ALIGN=1)
target_include_directories(podis_lzf SYSTEM PUBLIC ${LZF_INCLUDE})
podis_library(podis::lua lua5.1/lua.h NAMES liblua5.1.a lua5.1)
target_include_directories(podis::lua SYSTEM INTERFACE ${HEADERS_podis__lua}/lua5.1)
target_link_libraries(podis::lua INTERFACE m)
podis_library(podis::pcre2 pcre2.h NAMES libpcre2-8.a pcre2-8)
podis_library(podis::ev ev.h NAMES libev.a ev)
target_link_libraries(podis::ev INTERFACE m)
podis_library(podis::cares ares.h NAMES libcares.a cares)
podis_library(podis::microhttpd microhttpd.h NAMES libmicrohttpd.a microhttpd)
if(LIBRARY_podis__microhttpd MATCHES "\\.a$")
    include(cmake/no_tls.cmake)
    podis_without_tls(podis::microhttpd ${LIBRARY_podis__microhttpd})
endif()

# hiredis: the unpacked one first. Its version is checked, since 0.14 has no RESP3.
file(GLOB_RECURSE HIREDIS_ARCHIVE "${PODIS_DEPS}/hiredis/*/libhiredis.a")
if(HIREDIS_ARCHIVE)
    string(REPLACE "libhiredis.a" "libhiredis_ssl.a" HIREDIS_SSL_LIBRARY "${HIREDIS_ARCHIVE}")
    set(HIREDIS_INCLUDE "${PODIS_DEPS}/hiredis/usr/include")
    set(HIREDIS_LIBRARY "${HIREDIS_ARCHIVE}")
else()
    find_path(HIREDIS_INCLUDE hiredis/hiredis.h REQUIRED)
    find_library(HIREDIS_LIBRARY NAMES libhiredis.a hiredis REQUIRED)
    find_library(HIREDIS_SSL_LIBRARY NAMES libhiredis_ssl.a hiredis_ssl REQUIRED)
endif()
file(STRINGS "${HIREDIS_INCLUDE}/hiredis/hiredis.h" hiredis_lines
     REGEX "#define HIREDIS_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*HIREDIS_MAJOR ([0-9]+).*HIREDIS_MINOR ([0-9]+).*" "\\1.\\2"
       HIREDIS_VERSION "${hiredis_lines}")
if(HIREDIS_VERSION VERSION_LESS 1.2)
    message(FATAL_ERROR "hiredis ${HIREDIS_VERSION} found, 1.2 or newer is needed: run 'make setup'")
endif()
find_library(SSL_LIBRARY NAMES libssl.so REQUIRED)
find_path(SSL_INCLUDE openssl/ssl.h REQUIRED)
include(cmake/lazy_ssl.cmake)
podis_lazy_ssl(podis_ssl ${SSL_LIBRARY} ${HIREDIS_SSL_LIBRARY})

add_library(podis::hiredis INTERFACE IMPORTED GLOBAL)
target_link_libraries(podis::hiredis INTERFACE ${HIREDIS_SSL_LIBRARY} ${HIREDIS_LIBRARY}
                      podis_ssl)
target_include_directories(podis::hiredis SYSTEM INTERFACE ${HIREDIS_INCLUDE})
