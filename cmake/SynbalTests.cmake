# add_mpi_test(name NP 1 2 3 4 ...): registers one GoogleTest program once per rank count, each run with a timeout; that
# of 3 ranks under the collective checker when there is one.
include(ProcessorCount)
ProcessorCount(synbal_cores)
find_program(TIMEOUT_PROGRAM timeout)
mark_as_advanced(TIMEOUT_PROGRAM)

# No binding: several tests run side by side, and bound runs would all sit on the first core.
set(synbal_mpi_prefix ${MPIEXEC_EXECUTABLE} --oversubscribe --bind-to none --mca mpi_yield_when_idle 1)
# Programs of GoogleTest name what fails, not what passes: the tail of a log shows it.
# OpenBLAS starts a thread for each core that a rank sees: a tenth of what a short run takes, and they compete.
set(synbal_mpi_environment OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 GTEST_BRIEF=1
    OPENBLAS_NUM_THREADS=1)
# Open MPI keeps no frame pointers: who allocates is found the slow way (else no leak of its could be told from ours), but
# only eight calls deep, which takes half the time of thirty.
set(synbal_sanitizer_environment
    ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=8 UBSAN_OPTIONS=print_stacktrace=1
    LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0)

# synbal_guarded(out SECONDS command...): the command under a guard that ends mpirun by a signal it can pass on to its
# ranks; ctest's own limit is the second line.
function(synbal_guarded out seconds)
  set(guard "")
  if(TIMEOUT_PROGRAM)
    set(guard ${TIMEOUT_PROGRAM} -k 10 ${seconds})
  endif()
  set(${out} ${guard} ${ARGN} PARENT_SCOPE)
endfunction()

# A test never asks for more processors than there are: 4 ranks on 2 cores share them.
function(synbal_test_settings name np seconds)
  set(processors ${np})
  if(synbal_cores GREATER 0 AND np GREATER synbal_cores)
    set(processors ${synbal_cores})
  endif()
  math(EXPR limit "${seconds} + 30")
  set(environment ${synbal_mpi_environment})
  if(TARGET synbal_patience)
    list(APPEND environment LD_PRELOAD=$<TARGET_FILE:synbal_patience>)
  endif()
  if(SYNBAL_SANITIZE)
    list(APPEND environment ${synbal_sanitizer_environment})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} PROCESSORS ${processors} ENVIRONMENT "${environment}")
endfunction()

function(add_mpi_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "NP;LAYERS;SOURCES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  # Tests see their folder's private headers, too.
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src ${synbal_generated_dir})
  synbal_precompile(${name} precompiled_tests)
  synbal_join_folders(${name})
  list(TRANSFORM arg_LAYERS PREPEND synbal_)
  target_link_libraries(${name} PRIVATE synbal_test_support ${arg_LAYERS})
  foreach(np IN LISTS arg_NP)
    set(checker "")
    if(np EQUAL 3 AND TARGET synbal_collective_checker)
      set(checker -x LD_PRELOAD=$<TARGET_FILE:synbal_collective_checker>:$<TARGET_FILE:synbal_patience>)
    endif()
    synbal_guarded(command ${arg_TIMEOUT} ${synbal_mpi_prefix} -n ${np} ${checker} $<TARGET_FILE:${name}>)
    add_test(NAME ${name}_np${np} COMMAND ${command})
    synbal_test_settings(${name}_np${np} ${np} ${arg_TIMEOUT})
  endforeach()
endfunction()
