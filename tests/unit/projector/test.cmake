target_sources(test_projector PRIVATE ${PROJECT_SOURCE_DIR}/tests/lib/journey.c)
target_include_directories(test_projector PRIVATE
  ${PROJECT_SOURCE_DIR}/tests/lib)
