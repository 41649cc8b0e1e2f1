# One set of flags for every target of the project.  Warnings are errors with gcc and clang alike.
add_library(headrace_flags INTERFACE)
target_compile_options(headrace_flags INTERFACE
  -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wformat=2 -Wundef -Wcast-align
  -Wpointer-arith $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> -Werror -fno-common -ffp-contract=off -fvisibility=hidden -fno-strict-aliasing
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition>)
target_compile_definitions(headrace_flags INTERFACE _GNU_SOURCE HEADRACE_VERSION="${PROJECT_VERSION}")
if(HEADRACE_SANITIZE)
  target_compile_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g)
  target_link_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE})
endif()
if(HEADRACE_COVERAGE)
  target_compile_options(headrace_flags INTERFACE --coverage)
  target_link_options(headrace_flags INTERFACE --coverage)
endif()
if(HEADRACE_FUZZ)
  target_compile_options(headrace_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
