/* The functions of ai.nowface.Native over nowface.h: each hands on its arguments and returns the status.
 *
 * Java checks ranges before it calls, so that no JNI call here leaves an exception but for memory; where one could, the
 * function returns at once and Java throws it. Arrays are copied piece by piece rather than pinned: a pinned array stops
 * the garbage collector while the library works. */
#include <jni.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nowface.h"

#define COUNT_OF(array) ((jsize)(sizeof(array) / sizeof((array)[0])))

/* Kinds of samples, as in Native.java. */
enum { FLOATS, SHORTS, FLOAT_BUFFER, SHORT_BUFFER };

/* Samples that a push copies at a time: 8 KiB of the stack. How sound is cut changes no result. */
enum { PIECE = 2048 };

/* A session and the room through which its values cross: of the pushing and of the polling thread. */
typedef struct bridge {
    nowface_session *session;
    uint32_t value_count;
    float *values;
    float *signal;
} bridge;

static bridge *bridge_of(jlong pointer) { return (bridge *)(intptr_t)pointer; }
static nowface_session *session_of(jlong pointer) { return bridge_of(pointer)->session; }
static nowface_bundle *bundle_of(jlong pointer) { return (nowface_bundle *)(intptr_t)pointer; }

static jlong bits_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* NULL, with an exception that waits, if there is no memory. */
static jbyteArray utf8(JNIEnv *env, const char *text) {
    const jsize length = (jsize)strlen(text);
    jbyteArray array = (*env)->NewByteArray(env, length);
    if (array != NULL) (*env)->SetByteArrayRegion(env, array, 0, length, (const jbyte *)text);
    return array;
}

static int32_t throw_no_memory(JNIEnv *env) {
    jclass error = (*env)->FindClass(env, "java/lang/OutOfMemoryError");
    if (error != NULL) (*env)->ThrowNew(env, error, "nowface");
    return NOWFACE_ERROR_MEMORY;
}

/* Whether there is no array, with an exception that waits then: JNI's own functions end the program on one. */
static bool is_null(JNIEnv *env, jarray array, const char *name) {
    if (array != NULL) return false;
    jclass error = (*env)->FindClass(env, "java/lang/NullPointerException");
    if (error != NULL) (*env)->ThrowNew(env, error, name);
    return true;
}

/* The bytes of an array in memory to free; NULL, with an exception that waits, if there is none. */
static void *copy_of(JNIEnv *env, jarray array, size_t element) {
    const jsize length = (*env)->GetArrayLength(env, array);
    void *copy = malloc((size_t)length * element + 1);
    if (copy == NULL) {
        throw_no_memory(env);
        return NULL;
    }
    if (element == sizeof(jfloat)) {
        (*env)->GetFloatArrayRegion(env, array, 0, length, copy);
    } else {
        (*env)->GetByteArrayRegion(env, array, 0, length, copy);
    }
    return copy;
}

static jbyteArray version(JNIEnv *env, jclass unused) {
    (void)unused;
    return utf8(env, nowface_version());
}

static jbyteArray runtime(JNIEnv *env, jclass unused) {
    (void)unused;
    return utf8(env, nowface_runtime());
}

static jbyteArray last_error(JNIEnv *env, jclass unused) {
    (void)unused;
    return utf8(env, nowface_last_error());
}

static jint bundle_open(JNIEnv *env, jclass unused, jbyteArray path, jboolean skip_hashes, jlongArray opened) {
    nowface_bundle_options options = NOWFACE_BUNDLE_OPTIONS_INIT;
    nowface_bundle *bundle = NULL;
    char *text = copy_of(env, path, 1);
    (void)unused;
    if (text == NULL) return NOWFACE_ERROR_MEMORY;
    options.skip_hashes = skip_hashes;
    const int32_t status = nowface_bundle_open(text, &options, &bundle);
    free(text);
    if (status == NOWFACE_OK) (*env)->SetLongArrayRegion(env, opened, 0, 1, &(jlong){(intptr_t)bundle});
    return status;
}

static jint bundle_info(JNIEnv *env, jclass unused, jlong pointer, jintArray numbers, jobjectArray texts) {
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    const int32_t status = nowface_bundle_get_info(bundle_of(pointer), &info);
    (void)unused;
    if (status != NOWFACE_OK) return status;
    const jint made[] = {
        (jint)info.frame_rate_numerator, (jint)info.frame_rate_denominator, (jint)info.hop_samples,
        (jint)info.lookahead_samples,    (jint)info.channel_count,          (jint)info.vertex_count,
        (jint)info.value_count,          (jint)info.signal_count,           (jint)info.parameter_count,
        (jint)info.precision_count,      (jint)info.output_count,           (jint)info.state_count,
    };
    (*env)->SetIntArrayRegion(env, numbers, 0, COUNT_OF(made), made);
    const char *const names[] = {info.model, info.unit};
    for (jsize i = 0; i < COUNT_OF(names); ++i) {
        jbyteArray name = utf8(env, names[i]);
        if (name == NULL) return NOWFACE_ERROR_MEMORY;
        (*env)->SetObjectArrayElement(env, texts, i, name);
    }
    return NOWFACE_OK;
}

static jint bundle_item(JNIEnv *env, jclass unused, jlong pointer, jint kind, jint index, jintArray numbers,
                        jobjectArray name) {
    nowface_item item = NOWFACE_ITEM_INIT;
    const int32_t status = nowface_bundle_item(bundle_of(pointer), kind, (uint32_t)index, &item);
    (void)unused;
    if (status != NOWFACE_OK) return status;
    jbyteArray text = utf8(env, item.name);
    if (text == NULL) return NOWFACE_ERROR_MEMORY;
    (*env)->SetObjectArrayElement(env, name, 0, text);
    (*env)->SetIntArrayRegion(env, numbers, 0, 2, (const jint[]){(jint)item.value_count, (jint)item.tensor_count});
    (*env)->DeleteLocalRef(env, text);
    return NOWFACE_OK;
}

static jint bundle_signal_tensor(JNIEnv *env, jclass unused, jlong pointer, jint signal, jint index, jobjectArray shape,
                                 jobjectArray name) {
    nowface_tensor tensor;
    const int32_t status = nowface_bundle_signal_tensor(bundle_of(pointer), (uint32_t)signal, (uint32_t)index, &tensor);
    (void)unused;
    if (status != NOWFACE_OK) return status;
    jintArray sizes = (*env)->NewIntArray(env, (jsize)tensor.rank);
    jbyteArray text = sizes == NULL ? NULL : utf8(env, tensor.name);
    if (text == NULL) return NOWFACE_ERROR_MEMORY;
    (*env)->SetIntArrayRegion(env, sizes, 0, (jsize)tensor.rank, (const jint *)tensor.shape);
    (*env)->SetObjectArrayElement(env, shape, 0, sizes);
    (*env)->SetObjectArrayElement(env, name, 0, text);
    (*env)->DeleteLocalRef(env, sizes);
    (*env)->DeleteLocalRef(env, text);
    return NOWFACE_OK;
}

/* Through memory of its own, as every array: a bundle is asked for its parameters once. */
static jint bundle_parameter(JNIEnv *env, jclass unused, jlong pointer, jint index, jfloatArray values) {
    const jsize capacity = (*env)->GetArrayLength(env, values);
    float *copy = malloc((size_t)capacity * sizeof *copy + 1);
    (void)unused;
    if (copy == NULL) return throw_no_memory(env);
    const int32_t status = nowface_bundle_parameter(bundle_of(pointer), (uint32_t)index, copy, (size_t)capacity);
    if (status == NOWFACE_OK) (*env)->SetFloatArrayRegion(env, values, 0, capacity, copy);
    free(copy);
    return status;
}

static void bundle_close(JNIEnv *env, jclass unused, jlong pointer) {
    (void)env;
    (void)unused;
    nowface_bundle_close(bundle_of(pointer));
}

/* Copies the parameters and creates the session; `owned` gets what is to free afterwards, two for each parameter. */
static int32_t create(JNIEnv *env, nowface_bundle *bundle, nowface_session_options *options, jobjectArray names,
                      jobjectArray values, void **owned, nowface_parameter *parameters, nowface_session **session) {
    for (size_t i = 0; i < options->parameter_count; ++i) {
        jbyteArray name = (*env)->GetObjectArrayElement(env, names, (jsize)i);
        jfloatArray value = (*env)->GetObjectArrayElement(env, values, (jsize)i);
        owned[2 * i] = copy_of(env, name, 1);
        owned[2 * i + 1] = owned[2 * i] == NULL ? NULL : copy_of(env, value, sizeof(jfloat));
        if (owned[2 * i + 1] == NULL) return NOWFACE_ERROR_MEMORY;
        parameters[i] = (nowface_parameter){owned[2 * i], owned[2 * i + 1], (size_t)(*env)->GetArrayLength(env, value)};
        (*env)->DeleteLocalRef(env, name);
        (*env)->DeleteLocalRef(env, value);
    }
    options->parameters = parameters;
    return nowface_session_create(bundle, options, session);
}

/* The room for values that sessions of a bundle need; NULL without memory. */
static bridge *make_bridge(const nowface_bundle *bundle) {
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    nowface_item item = NOWFACE_ITEM_INIT;
    size_t most = 0;
    if (nowface_bundle_get_info(bundle, &info) != NOWFACE_OK) return NULL;
    for (uint32_t i = 0; i < info.signal_count; ++i) {
        if (nowface_bundle_item(bundle, NOWFACE_ITEM_SIGNAL, i, &item) != NOWFACE_OK) return NULL;
        if (item.value_count > most) most = item.value_count;
    }
    bridge *made = malloc(sizeof(bridge) + (info.value_count + most) * sizeof(float));
    if (made == NULL) return NULL;
    made->value_count = info.value_count;
    made->values = (float *)(made + 1);
    made->signal = made->values + info.value_count;
    return made;
}

static jint session_create(JNIEnv *env, jclass unused, jlong bundle, jintArray numbers, jlong seed, jbyteArray precision,
                           jobjectArray names, jobjectArray values, jlongArray created) {
    jint given[6];
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    const size_t count = (size_t)(*env)->GetArrayLength(env, names);
    nowface_parameter *parameters = calloc(count + 1, sizeof *parameters);
    void **owned = calloc(2 * count + 1, sizeof *owned);
    bridge *made = make_bridge(bundle_of(bundle));
    int32_t status = NOWFACE_ERROR_MEMORY;
    (void)unused;
    (*env)->GetIntArrayRegion(env, numbers, 0, COUNT_OF(given), given);
    options.mode = given[0];
    options.sample_rate = (uint32_t)given[1];
    options.queue_milliseconds = (uint32_t)given[2];
    options.frame_capacity = (uint32_t)given[3];
    options.health_interval = (uint32_t)given[4];
    options.has_seed = given[5];
    options.seed = (uint64_t)seed;
    options.parameter_count = count;
    if (parameters != NULL && owned != NULL && made != NULL) {
        char *text = precision == NULL ? NULL : copy_of(env, precision, 1);
        options.precision = text;
        if (precision == NULL || text != NULL) {
            status = create(env, bundle_of(bundle), &options, names, values, owned, parameters, &made->session);
        }
        free(text);
    } else {
        throw_no_memory(env);
    }
    for (size_t i = 0; owned != NULL && i < 2 * count; ++i) free(owned[i]);
    free(owned);
    free(parameters);
    if (status == NOWFACE_OK) {
        (*env)->SetLongArrayRegion(env, created, 0, 1, &(jlong){(intptr_t)made});
    } else {
        free(made);
    }
    return status;
}

static jint push(JNIEnv *env, jclass unused, jlong pointer, jint kind, jobject samples, jint offset, jint count) {
    union {
        jfloat floats[PIECE];
        jshort shorts[PIECE];
    } piece;
    nowface_session *session = session_of(pointer);
    int32_t status = NOWFACE_OK;
    jint done = 0;
    (void)unused;
    if (kind == FLOAT_BUFFER || kind == SHORT_BUFFER) {
        const void *address = (*env)->GetDirectBufferAddress(env, samples);
        if (kind == FLOAT_BUFFER) return nowface_push_float(session, (const float *)address + offset, (size_t)count);
        return nowface_push_int16(session, (const int16_t *)address + offset, (size_t)count);
    }
    do {
        const jint length = count - done < PIECE ? count - done : PIECE;
        if (kind == FLOATS) {
            (*env)->GetFloatArrayRegion(env, samples, offset + done, length, piece.floats);
            status = nowface_push_float(session, piece.floats, (size_t)length);
        } else {
            (*env)->GetShortArrayRegion(env, samples, offset + done, length, piece.shorts);
            status = nowface_push_int16(session, piece.shorts, (size_t)length);
        }
        done += length;
    } while (status == NOWFACE_OK && done < count);
    return status;
}

static jint push_signal(JNIEnv *env, jclass unused, jlong pointer, jint signal, jfloatArray values, jlong sample) {
    bridge *made = bridge_of(pointer);
    const jsize count = (*env)->GetArrayLength(env, values);
    (void)unused;
    (*env)->GetFloatArrayRegion(env, values, 0, count, made->signal);
    return nowface_push_signal(made->session, (uint32_t)signal, made->signal, (size_t)count, sample);
}

static jint poll_into(JNIEnv *env, bridge *made, float *values, size_t capacity, jlongArray numbers) {
    nowface_frame frame = NOWFACE_FRAME_INIT;
    const int32_t status = nowface_poll(made->session, &frame, values, capacity);
    if (status != NOWFACE_OK) return status;
    const jlong told[] = {frame.index, frame.due_sample, frame.value_count, bits_of(frame.seconds)};
    (*env)->SetLongArrayRegion(env, numbers, 0, COUNT_OF(told), told);
    return status;
}

static jint poll(JNIEnv *env, jclass unused, jlong pointer, jfloatArray values, jlongArray numbers) {
    bridge *made = bridge_of(pointer);
    if (is_null(env, values, "values")) return NOWFACE_ERROR_USAGE;
    const jsize capacity = (*env)->GetArrayLength(env, values);
    const jint status = poll_into(env, made, made->values, (size_t)capacity, numbers);
    (void)unused;
    if (status == NOWFACE_OK) (*env)->SetFloatArrayRegion(env, values, 0, (jsize)made->value_count, made->values);
    return status;
}

static jint poll_buffer(JNIEnv *env, jclass unused, jlong pointer, jobject values, jint offset, jint capacity,
                        jlongArray numbers) {
    float *address = (*env)->GetDirectBufferAddress(env, values);
    (void)unused;
    return poll_into(env, bridge_of(pointer), address + offset, (size_t)capacity, numbers);
}

static jint set_retarget(JNIEnv *env, jclass unused, jlong pointer, jbyteArray json) {
    char *text = json == NULL ? NULL : copy_of(env, json, 1);
    (void)unused;
    if (json != NULL && text == NULL) return NOWFACE_ERROR_MEMORY;
    const int32_t status = nowface_session_set_retarget(session_of(pointer), text, text == NULL ? 0 : strlen(text));
    free(text);
    return status;
}

static jint set_strength(JNIEnv *env, jclass unused, jlong pointer, jbyteArray knob, jfloat strength) {
    char *name = copy_of(env, knob, 1);
    (void)unused;
    if (name == NULL) return NOWFACE_ERROR_MEMORY;
    const int32_t status = nowface_session_set_strength(session_of(pointer), name, strength);
    free(name);
    return status;
}

static jint flush(JNIEnv *env, jclass unused, jlong pointer) {
    (void)env;
    (void)unused;
    return nowface_session_flush(session_of(pointer));
}

static jint await(JNIEnv *env, jclass unused, jlong pointer, jint milliseconds) {
    (void)env;
    (void)unused;
    return nowface_session_wait(session_of(pointer), (uint32_t)milliseconds);
}

static jint reset(JNIEnv *env, jclass unused, jlong pointer) {
    (void)env;
    (void)unused;
    return nowface_session_reset(session_of(pointer));
}

static jint snapshot(JNIEnv *env, jclass unused, jlong pointer, jbyteArray bytes, jlongArray size) {
    size_t length = bytes == NULL ? 0 : (size_t)(*env)->GetArrayLength(env, bytes);
    jbyte *buffer = bytes == NULL ? NULL : (*env)->GetByteArrayElements(env, bytes, NULL);
    (void)unused;
    if (bytes != NULL && buffer == NULL) return NOWFACE_ERROR_MEMORY;
    const int32_t status = nowface_session_snapshot(session_of(pointer), buffer, &length);
    if (buffer != NULL) (*env)->ReleaseByteArrayElements(env, bytes, buffer, 0);
    (*env)->SetLongArrayRegion(env, size, 0, 1, &(jlong){(jlong)length});
    return status;
}

static jint restore(JNIEnv *env, jclass unused, jlong pointer, jbyteArray bytes) {
    if (is_null(env, bytes, "snapshot")) return NOWFACE_ERROR_USAGE;
    const jsize length = (*env)->GetArrayLength(env, bytes);
    jbyte *buffer = (*env)->GetByteArrayElements(env, bytes, NULL);
    (void)unused;
    if (buffer == NULL) return NOWFACE_ERROR_MEMORY;
    const int32_t status = nowface_session_restore(session_of(pointer), buffer, (size_t)length);
    (*env)->ReleaseByteArrayElements(env, bytes, buffer, JNI_ABORT);
    return status;
}

static jint report(JNIEnv *env, jclass unused, jlong pointer, jlongArray numbers) {
    nowface_report made = NOWFACE_REPORT_INIT;
    const int32_t status = nowface_session_get_report(session_of(pointer), &made);
    (void)unused;
    if (status != NOWFACE_OK) return status;
    const jlong told[] = {
        made.samples,         made.frames,   made.dropped_samples, made.skipped_frames,  made.non_finite_samples,
        made.clipped_samples, made.restarts, made.signals,         made.dropped_signals, bits_of(made.delay_milliseconds),
    };
    (*env)->SetLongArrayRegion(env, numbers, 0, COUNT_OF(told), told);
    return status;
}

static jint next_event(JNIEnv *env, jclass unused, jlong pointer, jlongArray numbers) {
    nowface_event event = NOWFACE_EVENT_INIT;
    const int32_t status = nowface_session_next_event(session_of(pointer), &event);
    (void)unused;
    if (status != NOWFACE_OK) return status;
    const jlong told[] = {event.kind, event.sample, event.count};
    (*env)->SetLongArrayRegion(env, numbers, 0, COUNT_OF(told), told);
    return status;
}

static jint output(JNIEnv *env, jclass unused, jlong pointer, jint index, jfloatArray values) {
    if (is_null(env, values, "values")) return NOWFACE_ERROR_USAGE;
    jfloat *buffer = (*env)->GetFloatArrayElements(env, values, NULL);
    (void)unused;
    if (buffer == NULL) return NOWFACE_ERROR_MEMORY;
    const size_t capacity = (size_t)(*env)->GetArrayLength(env, values);
    const int32_t status = nowface_session_output(session_of(pointer), (uint32_t)index, buffer, capacity);
    (*env)->ReleaseFloatArrayElements(env, values, buffer, 0);
    return status;
}

static jint digests(JNIEnv *env, jclass unused, jlong pointer, jfloatArray values) {
    if (is_null(env, values, "digests")) return NOWFACE_ERROR_USAGE;
    jfloat *buffer = (*env)->GetFloatArrayElements(env, values, NULL);
    (void)unused;
    if (buffer == NULL) return NOWFACE_ERROR_MEMORY;
    const size_t capacity = (size_t)(*env)->GetArrayLength(env, values);
    const int32_t status = nowface_session_digests(session_of(pointer), buffer, capacity);
    (*env)->ReleaseFloatArrayElements(env, values, buffer, 0);
    return status;
}

static void session_destroy(JNIEnv *env, jclass unused, jlong pointer) {
    bridge *made = bridge_of(pointer);
    (void)env;
    (void)unused;
    nowface_session_destroy(made->session);
    free(made);
}

/* Registered rather than found by name, so that a function whose types differ from Java's fails when it is loaded. */
static const JNINativeMethod methods[] = {
    {"version", "()[B", (void *)version},
    {"runtime", "()[B", (void *)runtime},
    {"lastError", "()[B", (void *)last_error},
    {"bundleOpen", "([BZ[J)I", (void *)bundle_open},
    {"bundleInfo", "(J[I[[B)I", (void *)bundle_info},
    {"bundleItem", "(JII[I[[B)I", (void *)bundle_item},
    {"bundleSignalTensor", "(JII[[I[[B)I", (void *)bundle_signal_tensor},
    {"bundleParameter", "(JI[F)I", (void *)bundle_parameter},
    {"bundleClose", "(J)V", (void *)bundle_close},
    {"sessionCreate", "(J[IJ[B[[B[[F[J)I", (void *)session_create},
    {"push", "(JILjava/lang/Object;II)I", (void *)push},
    {"pushSignal", "(JI[FJ)I", (void *)push_signal},
    {"poll", "(J[F[J)I", (void *)poll},
    {"pollBuffer", "(JLjava/nio/Buffer;II[J)I", (void *)poll_buffer},
    {"setRetarget", "(J[B)I", (void *)set_retarget},
    {"setStrength", "(J[BF)I", (void *)set_strength},
    {"flush", "(J)I", (void *)flush},
    {"await", "(JI)I", (void *)await},
    {"reset", "(J)I", (void *)reset},
    {"snapshot", "(J[B[J)I", (void *)snapshot},
    {"restore", "(J[B)I", (void *)restore},
    {"report", "(J[J)I", (void *)report},
    {"nextEvent", "(J[J)I", (void *)next_event},
    {"output", "(JI[F)I", (void *)output},
    {"digests", "(J[F)I", (void *)digests},
    {"sessionDestroy", "(J)V", (void *)session_destroy},
};

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *machine, void *unused) {
    JNIEnv *env = NULL;
    (void)unused;
    if ((*machine)->GetEnv(machine, (void **)&env, JNI_VERSION_1_6) != JNI_OK) return JNI_ERR;
    jclass native = (*env)->FindClass(env, "ai/nowface/Native");
    if (native == NULL || (*env)->RegisterNatives(env, native, methods, COUNT_OF(methods)) != JNI_OK) return JNI_ERR;
    return JNI_VERSION_1_6;
}
