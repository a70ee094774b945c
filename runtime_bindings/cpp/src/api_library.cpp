// The C interface: about the library itself.
#include "executor.h"
#include "nowface.h"
#include "text_buffer.h"

extern "C" {

uint32_t nowface_abi_version(void) { return NOWFACE_ABI_VERSION; }

const char* nowface_version(void) { return NOWFACE_VERSION; }

const char* nowface_runtime(void) { return nowface::builtin_runtime().name.c_str(); }

const char* nowface_status_name(int32_t status) {
    switch (status) {
        case NOWFACE_OK:
            return "OK";
        case NOWFACE_NO_FRAME:
            return "NO_FRAME";
        case NOWFACE_ERROR_USAGE:
            return "USAGE";
        case NOWFACE_ERROR_ABI:
            return "ABI";
        case NOWFACE_ERROR_BUNDLE:
            return "BUNDLE";
        case NOWFACE_ERROR_TARGET:
            return "TARGET";
        case NOWFACE_ERROR_SESSION:
            return "SESSION";
        case NOWFACE_ERROR_NUMERICAL:
            return "NUMERICAL";
        case NOWFACE_ERROR_BUFFER:
            return "BUFFER";
        case NOWFACE_ERROR_MEMORY:
            return "MEMORY";
        case NOWFACE_ERROR_INTERNAL:
            return "INTERNAL";
        default:
            return "UNKNOWN";
    }
}

const char* nowface_last_error(void) { return nowface::last_error(); }

}  // extern "C"
