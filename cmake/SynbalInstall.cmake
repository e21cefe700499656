# cmake --install: the program, the library, its headers, and a package that find_package(synbal) finds.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/synbal)

install(TARGETS synbal EXPORT synbalTargets)
if(TARGET synbal_program)
  install(TARGETS synbal_program)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/synbal DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT synbalTargets NAMESPACE synbal:: DESTINATION ${package_dir})

configure_package_config_file(cmake/synbalConfig.cmake.in ${PROJECT_BINARY_DIR}/synbalConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/synbalConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/synbalConfig.cmake ${PROJECT_BINARY_DIR}/synbalConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/SynbalDependencies.cmake DESTINATION ${package_dir})
