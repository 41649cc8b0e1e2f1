# One object library per storey.  A storey sees its own folder, the folders it USES (docs/architecture.md) and
# the public headers, all through -iquote: an include that the table does not allow does not compile.
set(HEADRACE_LAYERS "" CACHE INTERNAL "")
function(headrace_layer NAME)
  cmake_parse_arguments(A "" "" "USES;FILES;LIBS" ${ARGN})
  add_library(hr_${NAME} OBJECT ${A_FILES})
  target_link_libraries(hr_${NAME} PRIVATE headrace_flags Threads::Threads)
  foreach(dir IN LISTS NAME A_USES)
    target_compile_options(hr_${NAME} PRIVATE -iquote${CMAKE_SOURCE_DIR}/src/${dir})
  endforeach()
  target_include_directories(hr_${NAME} PRIVATE ${CMAKE_SOURCE_DIR}/include)
  foreach(lib IN LISTS A_LIBS)
    target_link_libraries(hr_${NAME} PRIVATE headrace_opt_${lib})
    set_property(GLOBAL APPEND PROPERTY HEADRACE_LINK headrace_opt_${lib})
  endforeach()
  set(HEADRACE_LAYERS ${HEADRACE_LAYERS} ${NAME} CACHE INTERNAL "")
endfunction()

# Every storey below cli, for what may see them all: the program and the tests.
set(HEADRACE_STOREYS base sys text gpu slots probe wsl store ingest feed guard product watch train ladder doctor kits snapshot face)
