# cmake --install: the program, the library, its headers, a package that find_package(synbal) finds; man pages, completion,
# campaigns and an example. Everything is found from where it lies, so that the tree can be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/synbal)
set(data_dir ${CMAKE_INSTALL_DATADIR}/synbal)
# Debian's zsh looks into vendor-completions below /usr, others into site-functions.
set(SYNBAL_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh finds completions, below the prefix")
mark_as_advanced(SYNBAL_ZSH_DIR)

install(TARGETS synbal EXPORT synbalTargets)
if(TARGET synbal_program)
  install(TARGETS synbal_program)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/synbal DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(EXPORT synbalTargets NAMESPACE synbal:: DESTINATION ${package_dir})
configure_package_config_file(cmake/synbalConfig.cmake.in ${PROJECT_BINARY_DIR}/synbalConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/synbalConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/synbalConfig.cmake ${PROJECT_BINARY_DIR}/synbalConfigVersion.cmake
              cmake/SynbalPublicDependencies.cmake DESTINATION ${package_dir})
if(NOT BUILD_SHARED_LIBS)
  install(FILES cmake/SynbalDependencies.cmake DESTINATION ${package_dir})
endif()

install(FILES LICENSE README.md CHANGELOG.md CITATION.cff jobs/CLUSTERS.md jobs/TUTORIAL.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY tests/support/consumer/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/consumer)
install(PROGRAMS jobs/campaign.py jobs/synbal_plot.py DESTINATION ${data_dir})
install(DIRECTORY jobs/driver jobs/machines jobs/campaigns jobs/pictures DESTINATION ${data_dir} PATTERN __pycache__ EXCLUDE)
install(FILES jobs/packaging/modulefile DESTINATION ${CMAKE_INSTALL_DATADIR}/modulefiles/synbal RENAME ${PROJECT_VERSION})

# synbal_install_command(name script): NAME in bin leads to a script that finds its parts beside itself.
function(synbal_install_command name script)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/links)
  file(RELATIVE_PATH target ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_DATADIR}/synbal/${script})
  file(CREATE_LINK ${target} ${PROJECT_BINARY_DIR}/links/${name} SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/links/${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
synbal_install_command(synbal-campaign campaign.py)
synbal_install_command(synbal-plot synbal_plot.py)

# The same names beside the program that was just built: one folder for PATH.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/jobs/campaign.py ${PROJECT_BINARY_DIR}/bin/synbal-campaign SYMBOLIC)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/jobs/synbal_plot.py ${PROJECT_BINARY_DIR}/bin/synbal-plot SYMBOLIC)

# Man pages and completions are made by the program's own --help.
find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
if(TARGET synbal_program AND Python3_Interpreter_FOUND)
  set(manual ${PROJECT_BINARY_DIR}/manual)
  add_custom_command(OUTPUT ${manual}/zsh/_synbal
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${manual}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/manual.py $<TARGET_FILE:synbal_program> ${manual}
    DEPENDS synbal_program cmake/manual.py COMMENT "Writing man pages and completions" VERBATIM)
  add_custom_target(synbal_manual ALL DEPENDS ${manual}/zsh/_synbal)
  install(DIRECTORY ${manual}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR} OPTIONAL)
  install(FILES ${manual}/bash/synbal DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions OPTIONAL)
  install(FILES ${manual}/zsh/_synbal DESTINATION ${SYNBAL_ZSH_DIR} OPTIONAL)
else()
  message(STATUS "No man pages and completions: python3 is absent")
endif()
