/* nowface: speech in, a moving face out, without waiting for the future.
 *
 * The C interface of the native runtime. Everything is in this file; it is C89 but for <stdint.h>.
 *
 *   nowface_bundle *bundle;
 *   nowface_session *session;
 *   nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
 *   nowface_frame frame = NOWFACE_FRAME_INIT;
 *
 *   if (nowface_bundle_open("faceformer", NULL, &bundle) != NOWFACE_OK) puts(nowface_last_error());
 *   nowface_session_create(bundle, &options, &session);
 *   nowface_push_float(session, samples, count);                       -- from the audio thread
 *   while (nowface_poll(session, &frame, values, capacity) == NOWFACE_OK) show(values);
 *   nowface_session_destroy(session);
 *   nowface_bundle_close(bundle);
 *
 * Results. Every function that can fail returns a status: 0 is good, above 0 is no error, below 0 is an error, and
 * `nowface_last_error` then says in one line what was wrong and how to mend it. A call that fails changes nothing.
 *
 * Time. All indices count samples at 16 kHz from the start of the stream. Frame t is computed from the samples before
 * `due_sample + lookahead_samples` only, and comes out the same to the bit however the samples were cut into pushes.
 *
 * Threads. A bundle may be used from any thread. A session has one thread that pushes and one that polls, which may be
 * the same. The one that polls may also set the retarget and turn its knobs, and read the report and events, which waits
 * for the step at work to end. Every other call on a session must not run beside those. Sessions of one bundle may run at
 * the same time.
 *
 * Structs begin with `struct_size`, and those given with options also with `abi_version`; the INIT macros set both.
 * Later versions add fields at the end only, and take a shorter struct for one without them.
 */
#ifndef NOWFACE_H
#define NOWFACE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define NOWFACE_API __declspec(dllexport)
#elif defined(__GNUC__)
#define NOWFACE_API __attribute__((visibility("default")))
#else
#define NOWFACE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Changes when an old program could not run on a new library. */
#define NOWFACE_ABI_VERSION 1

/* Statuses. The table for all languages is runtime_bindings/statuses.json. */
#define NOWFACE_OK 0
#define NOWFACE_NO_FRAME 1          /* poll: no frame can be computed from the samples so far */
#define NOWFACE_ERROR_USAGE -1      /* an argument cannot be used */
#define NOWFACE_ERROR_ABI -2        /* the program was built for another version of this library */
#define NOWFACE_ERROR_BUNDLE -3     /* the folder is damaged or is no bundle */
#define NOWFACE_ERROR_TARGET -4     /* the bundle has no such precision, or this library cannot run it */
#define NOWFACE_ERROR_SESSION -5    /* the session's state does not allow the call: flushed, or a foreign snapshot */
#define NOWFACE_ERROR_NUMERICAL -6  /* a stage gives non-finite values even from its start state */
#define NOWFACE_ERROR_BUFFER -7     /* the caller's buffer is too small */
#define NOWFACE_ERROR_MEMORY -8     /* no memory */
#define NOWFACE_ERROR_INTERNAL -9   /* a fault of this library: please report it */

/* How a session computes. */
#define NOWFACE_MODE_WORKER 0      /* one thread of its own: push and poll never wait, lock or allocate */
#define NOWFACE_MODE_SYNCHRONOUS 1 /* within poll, on the caller's thread: for tests, files and parity */

typedef struct nowface_bundle nowface_bundle;
typedef struct nowface_session nowface_session;

/* One tensor of a stage or signal: float32, row by row. */
typedef struct nowface_tensor {
    const char *name;
    const uint32_t *shape;
    uint32_t rank;
    uint32_t value_count; /* floats: the product of the shape */
} nowface_tensor;

/* A stage that an executor is asked to load. It and all it points at are valid during the call only. */
typedef struct nowface_stage {
    uint32_t struct_size;
    uint32_t input_count, state_count, output_count;
    const char *name;
    const char *path; /* UTF-8, of the stage's program: a file or a folder, its hashes compared already */
    const nowface_tensor *inputs, *state, *outputs;
} nowface_stage;

/* A runtime of the app's own, such as Core ML, for the stages of a bundle; clock, sound, state and snapshots stay the
 * library's. Sessions load and run at the same time, each what it loaded itself, one call at a time. `context` must stay
 * good until the bundle is closed and its last session destroyed. No callback may throw, or call this library. */
typedef struct nowface_executor {
    uint32_t struct_size;
    uint32_t abi_version;
    const char *target;  /* of the manifest's targets that it runs, such as "coreml" */
    const char *runtime; /* its name and version, for traces */
    void *context;       /* given to load */
    /* Loads a stage for one session into *loaded; any thread. 0, or another number with a line of text in `problem`. */
    int32_t (*load)(void *context, const nowface_stage *stage, void **loaded, char *problem, size_t capacity);
    /* One step: inputs then state by position, to outputs then next state; results do not overlap arguments. On the
     * session's thread, or in poll and session_create. 0, or another number with a line of text in `problem`. */
    int32_t (*run)(void *loaded, const float *const *arguments, float *const *results, char *problem, size_t capacity);
    /* Frees what load gave; any thread. Not called for a load that failed. */
    void (*unload)(void *loaded);
} nowface_executor;

#define NOWFACE_EXECUTOR_INIT { (uint32_t)sizeof(nowface_executor), NOWFACE_ABI_VERSION, 0, 0, 0, 0, 0, 0 }

typedef struct nowface_bundle_options {
    uint32_t struct_size;
    uint32_t abi_version;
    int32_t skip_hashes; /* 1: do not compare files with their SHA-256; only for a folder that an installer verified */
    const nowface_executor *executor; /* runs the stages, copied with its texts; NULL for the built-in runtime */
} nowface_bundle_options;

#define NOWFACE_BUNDLE_OPTIONS_INIT { (uint32_t)sizeof(nowface_bundle_options), NOWFACE_ABI_VERSION, 0, 0 }

/* What a bundle holds. Texts belong to the bundle. */
typedef struct nowface_bundle_info {
    uint32_t struct_size;
    uint32_t frame_rate_numerator;   /* frames a second as a fraction */
    uint32_t frame_rate_denominator;
    uint32_t hop_samples;            /* at 16 kHz: the model reads the sound in pieces of this length */
    uint32_t lookahead_samples;      /* at 16 kHz: 0 for zero lookahead */
    uint32_t channel_count;          /* named values of a frame; 0 when a frame is vertices */
    uint32_t vertex_count;           /* vertices of a frame, x y z each; 0 when a frame is named values */
    uint32_t value_count;            /* floats of a frame: channel_count or 3 * vertex_count */
    uint32_t signal_count;           /* what may be given beside the sound, such as a tracked face */
    uint32_t parameter_count;        /* what a session may replace, such as the template */
    uint32_t precision_count;        /* precisions of the target that runs; the first is the default */
    uint32_t output_count;           /* outputs of the frame stages, see nowface_session_output */
    uint32_t state_count;            /* state tensors, see nowface_session_digests */
    const char *model;               /* name, such as faceformer */
    const char *unit;                /* of the values, such as mm; 1 for pure numbers */
} nowface_bundle_info;

#define NOWFACE_BUNDLE_INFO_INIT { (uint32_t)sizeof(nowface_bundle_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* One named piece of a bundle. The name belongs to the bundle. */
typedef struct nowface_item {
    uint32_t struct_size;
    uint32_t value_count; /* floats; 0 for a channel or a precision */
    const char *name;
    uint32_t tensor_count; /* of a signal, see nowface_bundle_signal_tensor; 0 for any other */
} nowface_item;

#define NOWFACE_ITEM_INIT { (uint32_t)sizeof(nowface_item), 0, 0, 0 }

/* Kinds of nowface_bundle_item. */
#define NOWFACE_ITEM_CHANNEL 0
#define NOWFACE_ITEM_SIGNAL 1    /* value_count: of all its tensors, in the manifest's order */
#define NOWFACE_ITEM_PARAMETER 2
#define NOWFACE_ITEM_PRECISION 3
#define NOWFACE_ITEM_OUTPUT 4
#define NOWFACE_ITEM_STATE 5

/* A value for one of the bundle's parameters. */
typedef struct nowface_parameter {
    const char *name;
    const float *values;
    size_t count;
} nowface_parameter;

typedef struct nowface_session_options {
    uint32_t struct_size;
    uint32_t abi_version;
    int32_t mode;                        /* NOWFACE_MODE_WORKER or NOWFACE_MODE_SYNCHRONOUS */
    uint32_t sample_rate;                /* of what is pushed, 4000 to 768000; 0 for 16000 */
    uint32_t queue_milliseconds;         /* most sound that may wait, the oldest beyond it is dropped; 0 for 10000 */
    uint32_t frame_capacity;             /* frames that may wait for poll before the worker stands; 0 for 64 */
    uint32_t health_interval;            /* frames between two looks at the state; 0 for 30 */
    int32_t has_seed;                    /* 0: a model that samples takes its likeliest choices */
    uint64_t seed;                       /* of a model that samples */
    const char *precision;               /* NULL for the bundle's default */
    const nowface_parameter *parameters; /* that replace the bundle's own; copied */
    size_t parameter_count;
} nowface_session_options;

#define NOWFACE_SESSION_OPTIONS_INIT \
    { (uint32_t)sizeof(nowface_session_options), NOWFACE_ABI_VERSION, NOWFACE_MODE_WORKER, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

typedef struct nowface_frame {
    uint32_t struct_size;
    uint32_t value_count; /* floats written */
    int64_t index;        /* from 0; jumps where audio was dropped, and never goes back */
    int64_t due_sample;   /* first sample after the frame's time */
    float seconds;        /* spent computing it */
} nowface_frame;

#define NOWFACE_FRAME_INIT { (uint32_t)sizeof(nowface_frame), 0, 0, 0, 0.0f }

/* Sums over a stream since its start. */
typedef struct nowface_report {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t samples;            /* at 16 kHz: taken in, dropped and padded */
    int64_t frames;             /* computed */
    int64_t dropped_samples;    /* at 16 kHz: never read because too many waited */
    int64_t skipped_frames;     /* never computed because their newest audio was dropped */
    int64_t non_finite_samples; /* became 0; at the rate they were pushed */
    int64_t clipped_samples;    /* were beyond [-1, 1]; at the rate they were pushed */
    int64_t restarts;           /* times the state began anew because a stage gave a non-finite value */
    int64_t signals;            /* values of signals taken in */
    int64_t dropped_signals;    /* not finite, out of range, or too many waited */
    float delay_milliseconds;   /* of the lookahead and the resampler */
} nowface_report;

#define NOWFACE_REPORT_INIT { (uint32_t)sizeof(nowface_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0f }

/* Kinds of event. */
#define NOWFACE_EVENT_DROPPED_AUDIO 0
#define NOWFACE_EVENT_NON_FINITE_AUDIO 1
#define NOWFACE_EVENT_CLIPPED_AUDIO 2
#define NOWFACE_EVENT_RESTARTED_STATE 3
#define NOWFACE_EVENT_DROPPED_SIGNAL 4
#define NOWFACE_EVENT_NON_FINITE_SIGNAL 5
#define NOWFACE_EVENT_OUT_OF_RANGE_SIGNAL 6

/* Something the session put right by itself. */
typedef struct nowface_event {
    uint32_t struct_size;
    int32_t kind;
    int64_t sample; /* where in the stream */
    int64_t count;  /* samples, or values of a signal; 1 for a restart */
} nowface_event;

#define NOWFACE_EVENT_INIT { (uint32_t)sizeof(nowface_event), 0, 0, 0 }

/* About the library. */
NOWFACE_API uint32_t nowface_abi_version(void);
NOWFACE_API const char *nowface_version(void);
NOWFACE_API const char *nowface_runtime(void); /* what is built in, such as "executorch 1.4.1" */
NOWFACE_API const char *nowface_status_name(int32_t status);
/* Of the last call that failed on this thread; valid until the next one that does. */
NOWFACE_API const char *nowface_last_error(void);

/* Opens the bundle in a folder. The manifest is checked, then that the folder holds the listed files with the listed
 * sizes and SHA-256 and nothing else, but for the NAME.meta that Unity's editor writes beside them; only then is one
 * read. `path` is UTF-8. Opened files are not kept open. */
NOWFACE_API int32_t nowface_bundle_open(const char *path, const nowface_bundle_options *options, nowface_bundle **bundle);
NOWFACE_API int32_t nowface_bundle_get_info(const nowface_bundle *bundle, nowface_bundle_info *info);
/* The item of a kind at an index from 0. */
NOWFACE_API int32_t nowface_bundle_item(const nowface_bundle *bundle, int32_t kind, uint32_t index, nowface_item *item);
/* A tensor of a signal, both by index from 0. Name and shape belong to the bundle. */
NOWFACE_API int32_t nowface_bundle_signal_tensor(const nowface_bundle *bundle, uint32_t signal, uint32_t index,
                                                 nowface_tensor *tensor);
/* Copies the bundle's own value of a parameter, as many floats as its item says. */
NOWFACE_API int32_t nowface_bundle_parameter(const nowface_bundle *bundle, uint32_t index, float *values,
                                             size_t capacity);
/* Plays the bundle's test vectors through a session of its own and writes what came out to a safetensors file at the
 * UTF-8 `path`, for `python -m sdk parity BUNDLE --device FILE`. `precision`: NULL for the default. `device`: what the
 * trace calls this device; NULL for nothing. NOWFACE_ERROR_BUNDLE if the bundle has no vectors, NOWFACE_ERROR_USAGE if
 * the file cannot be written. It returns when all is computed. */
NOWFACE_API int32_t nowface_bundle_replay(nowface_bundle *bundle, const char *precision, const char *device,
                                          const char *path);
/* Closes the bundle. Its sessions go on; what they need is freed with the last of them. NULL is allowed. */
NOWFACE_API void nowface_bundle_close(nowface_bundle *bundle);

/* Starts a stream: loads the stages, runs those that run once, and each of the others once to warm up. */
NOWFACE_API int32_t nowface_session_create(nowface_bundle *bundle, const nowface_session_options *options,
                                           nowface_session **session);
/* Takes mono samples in, any number, floats in [-1, 1] or 16 bits. NaN and infinities become 0, floats beyond the range
 * are clipped; both are counted. When more than `queue_milliseconds` wait, the oldest are dropped and counted: push a clip
 * in pieces and poll after each, in synchronous mode. In worker mode it neither locks nor allocates, and wakes the worker
 * at most once a hop. */
NOWFACE_API int32_t nowface_push_float(nowface_session *session, const float *samples, size_t count);
NOWFACE_API int32_t nowface_push_int16(nowface_session *session, const int16_t *samples, size_t count);
/* Takes values of a signal in: all floats of its tensors, one after the other. `sample` is the time they were captured
 * at, at 16 kHz, or -1 for the end of the sound pushed so far; it must not go back. */
NOWFACE_API int32_t nowface_push_signal(nowface_session *session, uint32_t signal, const float *values, size_t count,
                                        int64_t sample);
/* Copies the next frame into `values`. NOWFACE_NO_FRAME when there is none yet. */
NOWFACE_API int32_t nowface_poll(nowface_session *session, nowface_frame *frame, float *values, size_t capacity);
/* Fits the channels of the frames polled from now on to an avatar, as the text of a retarget file says: gain, offset,
 * limits, smoothing and knobs, by channel name (docs/retarget.md). NULL ends it. For the polling thread, between two
 * polls, also while another thread pushes; it allocates. Outputs and digests stay those of the model. */
NOWFACE_API int32_t nowface_session_set_retarget(nowface_session *session, const char *json, size_t size);
/* Turns a knob of the retarget, such as "jaw", to a strength of 0 to 2; 1 changes nothing. The next frame polled follows
 * it. For the polling thread too; it neither locks nor allocates, so that a slider may call it every frame. */
NOWFACE_API int32_t nowface_session_set_strength(nowface_session *session, const char *knob, float strength);
/* Ends the stream: the frames that remain follow, ceil(samples * frame rate / 16000) in all. */
NOWFACE_API int32_t nowface_session_flush(nowface_session *session);
/* In worker mode: waits until all that was pushed is computed, or `frame_capacity` frames wait for poll, or a step has
 * failed, as poll then tells; NOWFACE_NO_FRAME when `milliseconds` are over first. In synchronous mode: returns at once. */
NOWFACE_API int32_t nowface_session_wait(nowface_session *session, uint32_t milliseconds);
/* Begins a new stream with the same parameters; frames that wait are forgotten. */
NOWFACE_API int32_t nowface_session_reset(nowface_session *session);
/* Writes the stream as it stands to `buffer`. `size` is the buffer's size on entry and the snapshot's on return; with
 * a NULL buffer only the size is told, as it also is when the buffer is too small: a worker may have gone on since it was
 * asked for. Frames that wait for poll in worker mode are part of it. */
NOWFACE_API int32_t nowface_session_snapshot(nowface_session *session, void *buffer, size_t *size);
/* Goes on from a snapshot of a session of the same pipeline and sample rate, in any precision, whoever wrote it. One that
 * is not, or is damaged, is refused, and the stream goes on as it was. */
NOWFACE_API int32_t nowface_session_restore(nowface_session *session, const void *buffer, size_t size);
NOWFACE_API int32_t nowface_session_get_report(nowface_session *session, nowface_report *report);
/* The oldest event not told yet; NOWFACE_NO_FRAME when there is none. The newest 256 are kept. */
NOWFACE_API int32_t nowface_session_next_event(nowface_session *session, nowface_event *event);
NOWFACE_API void nowface_session_destroy(nowface_session *session); /* NULL is allowed */

/* For traces, in synchronous mode: of the frame that poll gave last. */
/* An output of a frame stage, by its index among the items of kind NOWFACE_ITEM_OUTPUT. */
NOWFACE_API int32_t nowface_session_output(nowface_session *session, uint32_t output, float *values, size_t capacity);
/* Two numbers for each state tensor, 2 * state_count in all: root mean square and projection (sdk/bundle/digest.py). */
NOWFACE_API int32_t nowface_session_digests(nowface_session *session, float *digests, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
