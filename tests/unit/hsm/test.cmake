pkg_check_modules(P11_KIT REQUIRED IMPORTED_TARGET p11-kit-1)
target_link_libraries(test_hsm PRIVATE PkgConfig::P11_KIT ${CMAKE_DL_LIBS})
