# OpenSSL, loaded when a directive asks for TLS and not before.
#
# Linked in, as archive or as shared library, it costs a podis without TLS 1.1 to 2 MB of resident
# memory: half a megabyte of tables with addresses in them, which are written at each start. So it is
# neither: each function that is called here is a jump through a slot, which proxy/tls/library.c
# fills from the shared library when it is needed. As with any shared library, OpenSSL is the
# system's, and so are its security updates.
#
# Which functions: those that hiredis' TLS calls are found in its archive, ours are listed here. One
# that is missing is an undefined reference to the linker.
set(PODIS_SSL_FUNCTIONS
    ASN1_TIME_to_tm BIO_clear_flags BIO_free BIO_get_data BIO_get_new_index BIO_meth_free
    BIO_meth_new BIO_meth_set_ctrl BIO_meth_set_read_ex BIO_meth_set_write_ex BIO_new BIO_new_file
    BIO_set_data BIO_set_flags BIO_set_init ERR_clear_error ERR_get_error ERR_peek_error
    ERR_reason_error_string EVP_PKEY_free PEM_read_bio_Parameters SSL_CTX_ctrl SSL_CTX_free
    SSL_CTX_get0_certificate SSL_CTX_load_verify_dir SSL_CTX_load_verify_file SSL_CTX_new
    SSL_CTX_set0_tmp_dh_pkey SSL_CTX_set_cipher_list SSL_CTX_set_ciphersuites
    SSL_CTX_set_default_passwd_cb SSL_CTX_set_default_passwd_cb_userdata SSL_CTX_set_options
    SSL_CTX_set_session_id_context SSL_CTX_set_timeout SSL_CTX_set_verify
    SSL_CTX_use_PrivateKey_file SSL_CTX_use_certificate_chain_file SSL_do_handshake SSL_free
    SSL_get_error SSL_get_verify_mode SSL_get_verify_result SSL_is_init_finished SSL_new
    SSL_read_ex SSL_set_accept_state SSL_set_bio SSL_set_connect_state SSL_shutdown SSL_write_ex
    TLS_method X509_get0_notAfter X509_verify_cert_error_string)

# Calls of `name` end up where its slot points to. No register is changed that an argument may be in.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set(PODIS_SSL_JUMP "jmp *podis_ssl_slots+@offset@(%rip)")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(PODIS_SSL_JUMP "adrp x16, podis_ssl_slots+@offset@\\n\"\n        \"ldr x16, [x16, :lo12:podis_ssl_slots+@offset@]\\n\"\n        \"br x16")
else()
    message(FATAL_ERROR "no jump is known for ${CMAKE_SYSTEM_PROCESSOR}: see cmake/lazy_ssl.cmake")
endif()

function(podis_lazy_ssl target library archive)
    execute_process(COMMAND ${CMAKE_NM} -u ${archive} OUTPUT_VARIABLE symbols ERROR_QUIET)
    string(REGEX MATCHALL "(SSL|TLS|ERR|OPENSSL)_[A-Za-z0-9_]+" theirs "${symbols}")
    set(names ${PODIS_SSL_FUNCTIONS} ${theirs})
    list(REMOVE_DUPLICATES names)
    list(LENGTH names count)
    get_filename_component(file "${library}" REALPATH)
    get_filename_component(file "${file}" NAME)

    set(text "/* Made by cmake/lazy_ssl.cmake. */\n")
    string(APPEND text "extern const char podis_ssl_library[];\n")
    string(APPEND text "extern const char *const podis_ssl_names[];\nextern void *podis_ssl_slots[];\n")
    string(APPEND text "const char podis_ssl_library[] = \"${file}\";\n")
    string(APPEND text "void *podis_ssl_slots[${count}];\n")
    string(APPEND text "const char *const podis_ssl_names[] = {\n")
    set(jumps "")
    set(offset 0)
    foreach(name ${names})
        string(APPEND text "    \"${name}\",\n")
        string(CONFIGURE "${PODIS_SSL_JUMP}" jump @ONLY)
        string(APPEND jumps "__asm__(\".text\\n.globl ${name}\\n.hidden ${name}\\n\"\n"
               "        \".type ${name}, %function\\n${name}:\\n\"\n        \"${jump}\\n\");\n")
        math(EXPR offset "${offset} + 8")
    endforeach()
    string(APPEND text "    0,\n};\n${jumps}")
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/lazy_ssl.c" CONTENT "${text}" @ONLY)
    add_library(${target} STATIC "${CMAKE_BINARY_DIR}/lazy_ssl.c")
    target_compile_options(${target} PRIVATE -fno-lto)
    target_link_libraries(${target} PUBLIC ${CMAKE_DL_LIBS})
endfunction()
