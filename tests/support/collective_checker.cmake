# The collective checker: a shared object loaded before MPI that ends the run with a message when ranks call different
# collectives, where they would otherwise hang. Its core lies beside the checkout; without it these runs are left out.
set(checker_core ${SYNBAL_SHARED_DIR}/tools/collchk.c)
if(NOT EXISTS ${checker_core})
  message(STATUS "Tests under the collective checker are left out: ${checker_core} is absent")
  return()
endif()
if(SYNBAL_SANITIZE)
  message(STATUS "Tests under the collective checker are left out: a sanitizer has to be loaded first")
  return()
endif()
file(REAL_PATH ${checker_core} checker_core)
add_library(synbal_collective_checker MODULE support/collective_checker.c)
target_compile_definitions(synbal_collective_checker PRIVATE CHECKER_CORE="${checker_core}" OMPI_SKIP_MPICXX=1)
target_link_libraries(synbal_collective_checker PRIVATE MPI::MPI_C)

# The checker itself is checked: a program with a mismatch must be caught and named.
add_executable(mismatched_collectives support/mismatched_collectives.cpp)
target_link_libraries(mismatched_collectives PRIVATE MPI::MPI_CXX)
synbal_guarded(command 60 ${synbal_mpi_prefix} -n 3 -x LD_PRELOAD=$<TARGET_FILE:synbal_collective_checker>
               $<TARGET_FILE:mismatched_collectives>)
add_test(NAME collective_checker_names_a_mismatch COMMAND ${command})
synbal_test_settings(collective_checker_names_a_mismatch 3 60)
set_tests_properties(collective_checker_names_a_mismatch PROPERTIES PASS_REGULAR_EXPRESSION "COLLCHK: rank [0-9]")
