# The counterpart that these tests answer with.
pkg_check_modules(MHD REQUIRED IMPORTED_TARGET libmicrohttpd)
target_link_libraries(test_registry PRIVATE PkgConfig::MHD)
