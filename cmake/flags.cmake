# Compiler flags, the same for every layer. Assertions stay on in every build type.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

add_compile_definitions(_GNU_SOURCE PODIS_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion
                    -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Warnings differ between compilers; gcc's are the ones that are held at none.
    add_compile_options(-Werror)
endif()
include_directories(${PROJECT_SOURCE_DIR})

# The program itself is optimized across files when it is linked; its tests, which link the same
# objects, are not, so that each of them does not take as long. Hence the "fat" objects.
set(PODIS_LINK_AS_ONE "")
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-flto -ffat-lto-objects)
    add_link_options(-fno-lto)
    set(PODIS_LINK_AS_ONE -flto -flto=auto)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_definitions(PODIS_ASSERT_SLOW)
endif()
if(PODIS_SANITIZE)
    add_compile_definitions(PODIS_SANITIZED PODIS_ASSERT_SLOW)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
    add_link_options(-fsanitize=address,undefined)
endif()
if(PODIS_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
