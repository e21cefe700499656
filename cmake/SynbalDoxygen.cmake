# Target `docs`: HTML pages of the public headers, where doxygen is installed; build/PRESET/html/index.html. A warning is an
# error, and a test sees to that.
find_package(Doxygen QUIET)
if(DOXYGEN_FOUND)
  set(DOXYGEN_USE_MDFILE_AS_MAINPAGE ${PROJECT_SOURCE_DIR}/README.md)
  set(DOXYGEN_EXTRACT_ALL YES)
  set(DOXYGEN_WARN_IF_UNDOCUMENTED NO)
  set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
  set(DOXYGEN_QUIET YES)
  set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
  doxygen_add_docs(docs ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/jobs/TUTORIAL.md
                   ${PROJECT_SOURCE_DIR}/jobs/CLUSTERS.md COMMENT "Writing pages of the headers")
  if(SYNBAL_BUILD_TESTS)
    add_test(NAME pages_of_headers COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target docs)
    set_tests_properties(pages_of_headers PROPERTIES TIMEOUT 600)
  endif()
endif()
