# A Spack recipe. In a repository of one's own (spack repo create, spack repo add), as packages/synbal/package.py:
#   spack install synbal ^openmpi
# `git` below names where the sources lie; without it: spack dev-build synbal@main in a checkout.
from spack.package import *


class Synbal(CMakePackage):
    """Balanced weights for huge recurrent networks: of all networks that compute the same, the one of least cost."""

    git = "file:///path/to/synbal"
    license("BSD-3-Clause")
    version("main", branch="main")

    variant("int64", default=False, description="64-bit indices in PETSc and SLEPc")
    variant("shared", default=True, description="Build the library as a shared object")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type=("build", "link"))
    depends_on("python@3.9:", type=("build", "run"))
    depends_on("mpi@3:")
    depends_on("petsc@3.18: +mpi+hdf5~complex+double")
    depends_on("petsc +int64", when="+int64")
    depends_on("petsc ~int64", when="~int64")
    depends_on("slepc@3.18:")
    depends_on("hdf5@1.10: +mpi")
    depends_on("sundials@6.4:6 +mpi+petsc~int64")
    depends_on("suite-sparse")
    depends_on("lapack")
    depends_on("zlib-api")
    depends_on("fmt@9:")
    depends_on("spdlog@1.10: +fmt_external")
    depends_on("nlohmann-json@3.11:")
    depends_on("cli11@2.1:")
    depends_on("random123")

    def cmake_args(self):
        return [
            self.define_from_variant("BUILD_SHARED_LIBS", "shared"),
            self.define_from_variant("SYNBAL_PETSC64", "int64"),
            self.define("SYNBAL_BUILD_TESTS", False),
            self.define("SYNBAL_BUILD_BENCHMARKS", False),
        ]
