# Checks of the build itself: headers stand alone, includes keep to the layers, an installed library can be used.

# Every public header compiles as the first include of a file, which for most is their own body (compiled alone in debug
# and asan; tests/gates.sh does so with the newest that changed), and all of them need no more than their users are told to have.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/synbal/*.hpp)
set(header_checks "${CMAKE_CURRENT_BINARY_DIR}/headers/all.cpp")
set(all "")
foreach(header IN LISTS headers)
  string(APPEND all "#include \"${header}\"\n")
  string(REGEX REPLACE "^synbal/(.*)\\.hpp$" "${PROJECT_SOURCE_DIR}/src/\\1.cpp" body ${header})
  set(first "")
  if(EXISTS ${body})
    file(STRINGS ${body} first REGEX "^#include" LIMIT_COUNT 1)
  endif()
  if(NOT first STREQUAL "#include \"${header}\"")
    string(MAKE_C_IDENTIFIER ${header} name)
    set(check ${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.cpp)
    file(GENERATE OUTPUT ${check} CONTENT "#include \"${header}\"\n#include \"${header}\"  // and is guarded\n")
    list(APPEND header_checks ${check})
  endif()
endforeach()
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/headers/all.cpp CONTENT "${all}${all}")
add_library(synbal_headers_stand_alone OBJECT ${header_checks})
set_target_properties(synbal_headers_stand_alone PROPERTIES UNITY_BUILD OFF)
target_include_directories(synbal_headers_stand_alone PRIVATE ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(synbal_headers_stand_alone PRIVATE synbal_options synbal_public_dependencies)

# Each folder includes only headers of the folders it may use.
get_property(folders GLOBAL PROPERTY SYNBAL_FOLDERS)
set(allowed "")
foreach(folder IN LISTS folders)
  get_property(uses GLOBAL PROPERTY SYNBAL_${folder}_USES)
  list(JOIN uses "," uses)
  list(APPEND allowed "${folder}:${uses}")
endforeach()
list(JOIN allowed "|" allowed)
add_test(NAME layers COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} "-DALLOWED=${allowed}"
         -P ${CMAKE_CURRENT_SOURCE_DIR}/support/check_layers.cmake)

# No call means another file's function because the files of its folder are compiled as one.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
  add_test(NAME names_within_folders COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/support/check_names.py
           ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/benchmarks ${CMAKE_CURRENT_SOURCE_DIR})
endif()

# Installs to a fresh prefix and builds a program against find_package(synbal).
if(NOT SYNBAL_SANITIZE)
  add_test(NAME installed_library_can_be_used
           COMMAND ${CMAKE_COMMAND} -DBUILD_DIR=${PROJECT_BINARY_DIR} -DGENERATOR=${CMAKE_GENERATOR}
                   -DCXX=${CMAKE_CXX_COMPILER} -DCONSUMER=${CMAKE_CURRENT_SOURCE_DIR}/support/consumer
                   -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/installed -DVERSION=${PROJECT_VERSION}
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/support/check_install.cmake)
  synbal_test_settings(installed_library_can_be_used 1 120)
endif()

# The version has one place.
add_test(NAME versions_agree COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
         -P ${CMAKE_CURRENT_SOURCE_DIR}/support/check_versions.cmake)
