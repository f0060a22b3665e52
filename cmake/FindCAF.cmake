# Debian ships CAF 0.17.6 without a CMake package. Gives CAF::core. Set CAF_ROOT to use another build of it.
find_path(CAF_INCLUDE_DIR caf/all.hpp HINTS ${CAF_ROOT}/include)
find_library(CAF_CORE_LIBRARY caf_core HINTS ${CAF_ROOT}/lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_CORE_LIBRARY CAF_INCLUDE_DIR)
if(CAF_FOUND AND NOT TARGET CAF::core)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES IMPORTED_LOCATION ${CAF_CORE_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
  target_link_libraries(CAF::core INTERFACE Threads::Threads)
endif()
