# An install of ExecuTorch in the layout of its own build, over the libraries of the Python wheel: the targets that a
# product links, of which the archives hold one object that nobody names.
set(executorch_VERSION "1.4.1")

foreach(archive optimized_native_cpu_ops_lib quantized_ops_lib xnnpack_backend)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/${archive}.c" "int made_up_${archive} = 1;\n")
  add_library(${archive} STATIC "${CMAKE_CURRENT_BINARY_DIR}/${archive}.c")
endforeach()

add_library(extension_threadpool INTERFACE)
add_library(executorch INTERFACE)
target_include_directories(executorch SYSTEM INTERFACE
  "${MADE_UP_WHEEL}/include" "${MADE_UP_WHEEL}/include/executorch/runtime/core/portable_type/c10")
target_compile_definitions(executorch INTERFACE C10_USING_CUSTOM_GENERATED_MACROS)
file(GLOB libraries "${MADE_UP_WHEEL}/extension/pybindings/_portable_lib*.so"
     "${MADE_UP_WHEEL}/backends/qualcomm/libqnn_executorch_backend.so"
     "${MADE_UP_WHEEL}/kernels/quantized/libquantized_ops_aot_lib.so")
target_link_libraries(executorch INTERFACE "-Wl,--push-state,--no-as-needed" ${libraries}
  "-L${MADE_UP_PYTHON}" "${MADE_UP_PYTHON_NAME}" "-Wl,--pop-state" "-Wl,--allow-shlib-undefined")
foreach(library ${libraries})
  get_filename_component(folder "${library}" DIRECTORY)
  target_link_options(executorch INTERFACE "LINKER:-rpath,${folder}")
endforeach()
foreach(folder "${MADE_UP_TORCH}" "${MADE_UP_PYTHON}")
  target_link_options(executorch INTERFACE "LINKER:-rpath,${folder}")
endforeach()
