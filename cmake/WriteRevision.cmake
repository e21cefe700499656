# Writes HEADER from TEMPLATE with the commit of SOURCE_DIR; leaves the file alone when nothing changed.
# "unknown" without git, outside a checkout, and in a tarball unpacked inside some other project's checkout.
set(SYNBAL_GIT_REVISION unknown)
if(GIT)
  execute_process(COMMAND ${GIT} rev-parse --show-prefix WORKING_DIRECTORY ${SOURCE_DIR}
                  OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE outside ERROR_QUIET)
  if(outside EQUAL 0 AND prefix STREQUAL "")
    execute_process(COMMAND ${GIT} describe --always --abbrev=40 --dirty --exclude=* WORKING_DIRECTORY ${SOURCE_DIR}
                    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
    if(failed EQUAL 0)
      set(SYNBAL_GIT_REVISION ${described})
    endif()
  endif()
endif()
configure_file(${TEMPLATE} ${HEADER} @ONLY)
