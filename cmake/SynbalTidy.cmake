# Target `tidy`: clang-tidy over the sources of src/, with the settings of .clang-tidy. About ten seconds a file, so it is
# not part of the tests. SYNBAL_TIDY_FILES names a part of them, as a regular expression. For builds of file by file.
find_program(RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14 run-clang-tidy-15 run-clang-tidy-16)
set(SYNBAL_TIDY_FILES "/src/" CACHE STRING "Regular expression of the files that the target tidy looks at")
mark_as_advanced(RUN_CLANG_TIDY SYNBAL_TIDY_FILES)
if(RUN_CLANG_TIDY AND NOT CMAKE_UNITY_BUILD)
  add_custom_target(tidy COMMAND ${RUN_CLANG_TIDY} -quiet -p ${PROJECT_BINARY_DIR} "${SYNBAL_TIDY_FILES}"
                    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} USES_TERMINAL VERBATIM)
endif()
