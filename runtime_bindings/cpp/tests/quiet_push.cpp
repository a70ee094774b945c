// quiet_push BUNDLE [RETARGET KNOB]: counts what a stream costs beyond computing, once it has warmed up: calls that
// allocate, free or lock, on the pushing thread and on all. The functions are replaced within this program, which the
// library then calls. With the text of a retarget file frames are retargeted, and a knob of it turned before every push.
//
// Prints four numbers a mode: allocations and locks of push and poll, allocations and locks of every thread.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <thread>
#include <vector>

#include "nowface.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<long> all_allocations{0}, all_locks{0};
thread_local bool pushing = false;
long push_allocations = 0, push_locks = 0;

void count(std::atomic<long>& all, long& mine) {
    if (!counting.load(std::memory_order_relaxed)) return;
    all.fetch_add(1, std::memory_order_relaxed);
    if (pushing) ++mine;
}

template <typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// glibc's own names of its allocator: dlsym allocates, so looking them up would not end.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
    count(all_allocations, push_allocations);
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    count(all_allocations, push_allocations);
    return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
    count(all_allocations, push_allocations);
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count(all_allocations, push_allocations);
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** place, std::size_t alignment, std::size_t size) {
    count(all_allocations, push_allocations);
    *place = __libc_memalign(alignment, size);
    return *place == nullptr ? ENOMEM : 0;
}
void free(void* place) {
    if (place != nullptr) count(all_allocations, push_allocations);
    __libc_free(place);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
    static auto* original = next<int(pthread_mutex_t*)>("pthread_mutex_lock");
    count(all_locks, push_locks);
    return original(mutex);
}
}

namespace {

void expect(std::int32_t status) {
    if (status >= 0) return;
    std::fprintf(stderr, "%s\n", nowface_last_error());
    std::exit(2);
}

void start() {
    all_allocations = all_locks = push_allocations = push_locks = 0;
    counting = true;
}

// A counter that counts nothing would pass everything.
bool counter_works() {
    pushing = true;
    start();
    std::free(std::malloc(16));
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    counting = false;
    pthread_mutex_unlock(&mutex);
    pushing = false;
    return push_allocations == 2 && push_locks == 1 && all_allocations == 2 && all_locks == 1;
}

void measure(nowface_bundle* bundle, std::int32_t mode, const char* name, const char* retarget, const char* knob) {
    nowface_session_options options = NOWFACE_SESSION_OPTIONS_INIT;
    options.mode = mode;
    options.sample_rate = 48000;
    nowface_session* session = nullptr;
    expect(nowface_session_create(bundle, &options, &session));
    nowface_bundle_info info = NOWFACE_BUNDLE_INFO_INIT;
    expect(nowface_bundle_get_info(bundle, &info));
    if (retarget != nullptr) expect(nowface_session_set_retarget(session, retarget, std::strlen(retarget)));
    std::vector<float> sound(480), values(info.value_count);
    for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = 0.3f * static_cast<float>(i % 97) / 97;
    nowface_frame frame = NOWFACE_FRAME_INIT;
    long frames = 0;
    for (int push = 0; push < 600; ++push) {
        if (push == 100) start();
        pushing = true;
        if (knob != nullptr) expect(nowface_session_set_strength(session, knob, static_cast<float>(push % 3)));
        expect(nowface_push_float(session, sound.data(), sound.size()));
        std::int32_t status = NOWFACE_OK;
        while ((status = nowface_poll(session, &frame, values.data(), values.size())) == NOWFACE_OK) ++frames;
        expect(status);
        pushing = false;
        if (mode == NOWFACE_MODE_WORKER) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    counting = false;
    std::printf("%s %ld %ld %ld %ld %ld\n", name, push_allocations, push_locks, all_allocations.load(),
                all_locks.load(), frames);
    nowface_session_destroy(session);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2 && count != 4) return 2;
    const char* retarget = count == 4 ? arguments[2] : nullptr;
    const char* knob = count == 4 ? arguments[3] : nullptr;
    if (!counter_works()) {
        std::fprintf(stderr, "the counter does not count\n");
        return 1;
    }
    nowface_bundle* bundle = nullptr;
    expect(nowface_bundle_open(arguments[1], nullptr, &bundle));
    measure(bundle, NOWFACE_MODE_WORKER, "worker", retarget, knob);
    measure(bundle, NOWFACE_MODE_SYNCHRONOUS, "synchronous", retarget, knob);
    nowface_bundle_close(bundle);
    return 0;
}
