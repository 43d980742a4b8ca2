# libmicrohttpd without its TLS.
#
# The admin port speaks plain HTTP, but Debian's libmicrohttpd is built with GnuTLS, and brings ten
# libraries and 2.4 MB of resident memory along: more than all the rest of an idle podis. So its
# archive is linked, and the GnuTLS functions it names are defined here, by name alone. They
# are never called without MHD_USE_TLS; the two that the start and the end call say all is well,
# any other ends the process.
function(podis_without_tls target archive)
    set(source "${CMAKE_BINARY_DIR}/no_tls.c")
    execute_process(COMMAND ${CMAKE_NM} -u ${archive} OUTPUT_VARIABLE symbols ERROR_QUIET)
    string(REGEX MATCHALL "gnutls_[a-z0-9_]+" names "${symbols}")
    list(REMOVE_DUPLICATES names)
    set(text "/* Made by cmake/no_tls.cmake. */\n#include <stdlib.h>\n")
    foreach(name ${names})
        if(name MATCHES "^gnutls_(malloc|calloc|realloc|free)$")
            string(APPEND text "void *${name};\n")
        elseif(name MATCHES "^gnutls_global_(init|deinit)$")
            string(APPEND text "int ${name}(void);\nint ${name}(void)\n{\n    return 0;\n}\n")
        else()
            string(APPEND text "int ${name}(void);\nint ${name}(void)\n{\n    abort();\n}\n")
        endif()
    endforeach()
    file(CONFIGURE OUTPUT ${source} CONTENT "${text}" @ONLY)
    add_library(podis_no_tls STATIC ${source})
    target_link_libraries(${target} INTERFACE podis_no_tls)
endfunction()
