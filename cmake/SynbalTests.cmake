# add_mpi_test(name NP 1 2 3 4 ...): registers one GoogleTest program once per rank count, each run with a timeout.
include(ProcessorCount)

function(synbal_mpi_command out np)
  set(${out} ${CMAKE_COMMAND} -E env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ${MPIEXEC_EXECUTABLE}
      --oversubscribe --mca mpi_yield_when_idle 1 -n ${np} PARENT_SCOPE)
endfunction()

function(add_mpi_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "NP;LAYERS;SOURCES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_BINARY_DIR}/include)
  list(TRANSFORM arg_LAYERS PREPEND synbal_)
  target_link_libraries(${name} PRIVATE synbal_test_support ${arg_LAYERS})
  foreach(np IN LISTS arg_NP)
    synbal_mpi_command(mpi ${np})
    add_test(NAME ${name}_np${np} COMMAND ${mpi} $<TARGET_FILE:${name}>)
    set_tests_properties(${name}_np${np} PROPERTIES TIMEOUT ${arg_TIMEOUT} PROCESSORS ${np})
  endforeach()
endfunction()
