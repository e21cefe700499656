# make install: the program, the library, its headers, and a package that find_package(synbal) finds.
