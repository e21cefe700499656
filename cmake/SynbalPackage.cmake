# cpack: a Debian package. `cmake --preset package && cmake --build --preset package && cpack --preset package`.
set(CPACK_PACKAGE_NAME synbal)
set(CPACK_PACKAGE_CONTACT "The synbal authors <synbal@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Finds, among all networks that compute the same, the one of least synaptic
cost: there every neuron's incoming synapses cost what its outgoing ones do.
Runs on many nodes through MPI; with a C++ library.")
# What the program links is found by dpkg-shlibdeps (package dpkg-dev). Recommended: what pictures and the headers need.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "openmpi-bin, python3")
set(recommended python3-matplotlib python3-numpy python3-h5py g++ cmake make pkg-config libopenmpi-dev libfmt-dev librandom123-dev)
if(SYNBAL_PETSC64)
  list(APPEND recommended libpetsc64-real-dev)
else()
  list(APPEND recommended libpetsc-real-dev)
endif()
if(NOT BUILD_SHARED_LIBS)  # whoever links a static library needs what it stands on
  list(APPEND recommended libslepc-real-dev libsundials-dev libhdf5-openmpi-dev libspdlog-dev nlohmann-json3-dev libcli11-dev
       zlib1g-dev liblapack-dev libsuitesparse-dev)
endif()
list(JOIN recommended ", " CPACK_DEBIAN_PACKAGE_RECOMMENDS)
include(CPack)
