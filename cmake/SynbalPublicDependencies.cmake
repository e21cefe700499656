# What the public headers need: MPI, PETSc, fmt and Random123. Installed beside synbalConfig.cmake, so that a program that
# uses the library finds the same ones in the same way; C++ is the only language it takes.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI 3 REQUIRED COMPONENTS CXX)
find_package(PkgConfig REQUIRED)
if(SYNBAL_PETSC64)
  pkg_search_module(PETSC REQUIRED IMPORTED_TARGET PETSc64>=3.18 petsc64>=3.18)
else()
  pkg_search_module(PETSC REQUIRED IMPORTED_TARGET PETSc>=3.18 petsc>=3.18)
endif()
find_package(fmt REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)

if(NOT TARGET synbal_public_dependencies)
  add_library(synbal_public_dependencies INTERFACE)
  target_include_directories(synbal_public_dependencies SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})
  target_link_libraries(synbal_public_dependencies INTERFACE MPI::MPI_CXX PkgConfig::PETSC fmt::fmt)
  target_compile_definitions(synbal_public_dependencies INTERFACE OMPI_SKIP_MPICXX=1)
endif()
