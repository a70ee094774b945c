/* The header is C, and the library answers a C program. */
#include <stdio.h>
#include <string.h>

#include "nowface.h"

static int failures = 0;

static void check(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "not so: %s\n", what);
    ++failures;
}

int main(void) {
    nowface_bundle *bundle = NULL;
    nowface_bundle_options options = NOWFACE_BUNDLE_OPTIONS_INIT;
    nowface_session *session = NULL;
    nowface_frame frame = NOWFACE_FRAME_INIT;
    nowface_executor executor = NOWFACE_EXECUTOR_INIT;
    nowface_tensor tensor;
    float values[1] = {0};

    check(nowface_abi_version() == NOWFACE_ABI_VERSION, "the library has the header's version");
    check(strlen(nowface_version()) > 0, "the library has a version");
    check(strncmp(nowface_runtime(), "executorch ", 11) == 0, "the runtime is ExecuTorch");
    check(strcmp(nowface_status_name(NOWFACE_ERROR_BUNDLE), "BUNDLE") == 0, "statuses have names");
    check(strcmp(nowface_status_name(77), "UNKNOWN") == 0, "other numbers have none");

    check(nowface_bundle_open(NULL, NULL, &bundle) == NOWFACE_ERROR_USAGE, "no path is refused");
    check(strcmp(nowface_last_error(), "path: is NULL; give a pointer") == 0, "the error says so");
    check(nowface_bundle_open("/no/such/folder", NULL, &bundle) == NOWFACE_ERROR_BUNDLE, "no folder is refused");
    check(strstr(nowface_last_error(), "/no/such/folder") != NULL, "the error names the folder");
    options.abi_version = NOWFACE_ABI_VERSION + 1;
    check(nowface_bundle_open("/", &options, &bundle) == NOWFACE_ERROR_ABI, "another version is refused");
    options.abi_version = NOWFACE_ABI_VERSION;
    options.executor = &executor;
    check(nowface_bundle_open("/", &options, &bundle) == NOWFACE_ERROR_USAGE, "an empty executor is refused");
    check(strstr(nowface_last_error(), "executor target: is NULL") != NULL, "the error names the field");
    executor.abi_version = NOWFACE_ABI_VERSION + 1;
    check(nowface_bundle_open("/", &options, &bundle) == NOWFACE_ERROR_ABI, "another version is refused");
    options.struct_size = offsetof(nowface_bundle_options, executor);
    check(nowface_bundle_open("/", &options, &bundle) == NOWFACE_ERROR_BUNDLE, "older options have no executor");
    options.struct_size = 0;
    check(nowface_bundle_open("/", &options, &bundle) == NOWFACE_ERROR_USAGE, "a struct without size is refused");
    check(bundle == NULL, "a call that fails changes nothing");

    check(nowface_session_create(NULL, NULL, &session) == NOWFACE_ERROR_USAGE, "no bundle is refused");
    check(nowface_bundle_signal_tensor(NULL, 0, 0, &tensor) == NOWFACE_ERROR_USAGE, "no bundle is refused");
    check(nowface_bundle_parameter(NULL, 0, values, 1) == NOWFACE_ERROR_USAGE, "no bundle is refused");
    check(nowface_bundle_replay(NULL, NULL, NULL, "trace") == NOWFACE_ERROR_USAGE, "no bundle is refused");
    check(nowface_push_float(NULL, values, 1) == NOWFACE_ERROR_USAGE, "no session is refused");
    check(nowface_poll(NULL, &frame, values, 1) == NOWFACE_ERROR_USAGE, "no session is refused");
    check(nowface_session_set_retarget(NULL, "{}", 2) == NOWFACE_ERROR_USAGE, "no session is refused");
    check(nowface_session_set_strength(NULL, "jaw", 1.0f) == NOWFACE_ERROR_USAGE, "no session is refused");
    nowface_session_destroy(NULL);
    nowface_bundle_close(NULL);
    return failures == 0 ? 0 : 1;
}
