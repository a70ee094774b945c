# Defines the target nowface_executorch and NOWFACE_EXECUTORCH_VERSION, from where NOWFACE_EXECUTORCH says.
add_library(nowface_executorch INTERFACE)

if(NOWFACE_EXECUTORCH STREQUAL "package")
  find_package(executorch CONFIG REQUIRED)
  set(NOWFACE_EXECUTORCH_VERSION "${executorch_VERSION}")
  # Kernels and delegates register themselves when they are loaded: a linker that drops unused objects drops them.
  foreach(library optimized_native_cpu_ops_lib quantized_ops_lib xnnpack_backend)
    if(TARGET ${library})
      target_link_libraries(nowface_executorch INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${library}>")
    endif()
  endforeach()
  target_link_libraries(nowface_executorch INTERFACE executorch extension_threadpool)
  return()
endif()

if(NOT NOWFACE_ET_ROOT)
  message(FATAL_ERROR "NOWFACE_ET_ROOT is not set: give the `executorch` folder of the Python wheel")
endif()
set(NOWFACE_EXECUTORCH_VERSION "unknown" CACHE STRING "version of ExecuTorch")
target_include_directories(nowface_executorch SYSTEM INTERFACE
  "${NOWFACE_ET_ROOT}/include" "${NOWFACE_ET_ROOT}/include/executorch/runtime/core/portable_type/c10")
target_compile_definitions(nowface_executorch INTERFACE C10_USING_CUSTOM_GENERATED_MACROS)

if(NOWFACE_EXECUTORCH STREQUAL "wheel")
  # The wheel's libraries name CPython's functions and never call them here: linking libpython satisfies the loader.
  # The registry of backends lies in the Qualcomm library on x86, which the others need without saying so.
  file(GLOB libraries "${NOWFACE_ET_ROOT}/extension/pybindings/_portable_lib*.so"
       "${NOWFACE_ET_ROOT}/backends/qualcomm/libqnn_executorch_backend.so"
       "${NOWFACE_ET_ROOT}/kernels/quantized/libquantized_ops_aot_lib.so")
  if(NOT libraries)
    message(FATAL_ERROR "${NOWFACE_ET_ROOT} holds no ExecuTorch libraries: install executorch and torch with pip")
  endif()
  set(folders "${NOWFACE_ET_ROOT}/extension/pybindings" "${NOWFACE_ET_ROOT}/backends/qualcomm"
      "${NOWFACE_ET_ROOT}/kernels/quantized" "${NOWFACE_TORCH_LIBRARY}" "${NOWFACE_PYTHON_LIBRARY}")
  target_link_libraries(nowface_executorch INTERFACE "-Wl,--push-state,--no-as-needed" ${libraries}
    "-L${NOWFACE_PYTHON_LIBRARY}" "${NOWFACE_PYTHON_NAME}" "-Wl,--pop-state" "-Wl,--allow-shlib-undefined")
  foreach(folder ${folders})
    target_link_options(nowface_executorch INTERFACE "LINKER:-rpath,${folder}")
  endforeach()
elseif(NOWFACE_EXECUTORCH STREQUAL "torchfree")
  # The library has no name of its own: linked by path, its path would become its name.
  # It also names CPython's functions, which are never called outside Python: data of those names satisfies the loader.
  execute_process(COMMAND ${CMAKE_NM} -D --undefined-only "${NOWFACE_ET_LIBRARY}/_core.abi3.so"
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "_?Py[A-Za-z0-9_]+" names "${symbols}")
  list(REMOVE_DUPLICATES names)
  set(stub "")
  foreach(name ${names})
    string(APPEND stub "__attribute__((visibility(\"default\"))) char ${name}[256];\n")
  endforeach()
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/python_names.c" "${stub}")
  add_library(nowface_python_names SHARED "${CMAKE_CURRENT_BINARY_DIR}/python_names.c")
  target_link_libraries(nowface_executorch INTERFACE "-L${NOWFACE_ET_LIBRARY}" "-l:_core.abi3.so"
    "-Wl,--push-state,--no-as-needed" nowface_python_names "-Wl,--pop-state")
  target_link_options(nowface_executorch INTERFACE "LINKER:-rpath,${NOWFACE_ET_LIBRARY}" "LINKER:--allow-shlib-undefined")
else()
  message(FATAL_ERROR "NOWFACE_EXECUTORCH is ${NOWFACE_EXECUTORCH}: use package, wheel or torchfree")
endif()
