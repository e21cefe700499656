# What the build knows and the sources ask: synbal_config.hpp (settings, always 0 or 1) and synbal_revision.hpp (git).
# Both are private to src/ and tests/; only what includes the revision is compiled again when HEAD moves.
set(synbal_generated_dir ${PROJECT_BINARY_DIR}/include)

function(synbal_as_flag setting)
  if(${setting})
    set(${setting}_FLAG 1 PARENT_SCOPE)
  else()
    set(${setting}_FLAG 0 PARENT_SCOPE)
  endif()
endfunction()
synbal_as_flag(SYNBAL_PETSC64)
synbal_as_flag(SYNBAL_NATIVE)
synbal_as_flag(SYNBAL_SANITIZE)
configure_file(${PROJECT_SOURCE_DIR}/cmake/synbal_config.hpp.in ${synbal_generated_dir}/synbal_config.hpp @ONLY)

# Parameters of the performance model are data: a new fit is a new file.
set(synbal_measured ${PROJECT_SOURCE_DIR}/src/forecast/measured.json)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${synbal_measured})
file(READ ${synbal_measured} SYNBAL_MEASURED_MACHINE)
configure_file(${PROJECT_SOURCE_DIR}/cmake/synbal_measured_machine.hpp.in ${synbal_generated_dir}/synbal_measured_machine.hpp @ONLY)

find_package(Git QUIET)
add_custom_target(synbal_revision
  COMMAND ${CMAKE_COMMAND} -DGIT=${GIT_EXECUTABLE} -DSOURCE_DIR=${PROJECT_SOURCE_DIR}
          -DTEMPLATE=${PROJECT_SOURCE_DIR}/cmake/synbal_revision.hpp.in
          -DHEADER=${synbal_generated_dir}/synbal_revision.hpp -P ${PROJECT_SOURCE_DIR}/cmake/WriteRevision.cmake
  BYPRODUCTS ${synbal_generated_dir}/synbal_revision.hpp
  COMMENT "Looking at the git revision" VERBATIM)
