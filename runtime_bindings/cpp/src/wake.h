// A counting semaphore: C++17 has none, and POSIX's is not implemented on Apple's systems. `post` neither locks nor
// allocates, and is a system call only when a thread waits.
#pragma once

#if defined(__APPLE__)
#include <dispatch/dispatch.h>
#elif defined(_WIN32)
#include <windows.h>
#else
#include <cerrno>
#include <semaphore.h>
#endif

namespace nowface {

class Wake {
  public:
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

#if defined(__APPLE__)
    Wake() : semaphore_(dispatch_semaphore_create(0)) {}
    ~Wake() { dispatch_release(semaphore_); }
    void post() { dispatch_semaphore_signal(semaphore_); }
    void wait() { dispatch_semaphore_wait(semaphore_, DISPATCH_TIME_FOREVER); }

  private:
    dispatch_semaphore_t semaphore_;
#elif defined(_WIN32)
    Wake() : semaphore_(CreateSemaphoreW(nullptr, 0, 0x7fffffff, nullptr)) {}
    ~Wake() { CloseHandle(semaphore_); }
    void post() { ReleaseSemaphore(semaphore_, 1, nullptr); }
    void wait() { WaitForSingleObject(semaphore_, INFINITE); }

  private:
    HANDLE semaphore_;
#else
    Wake() { sem_init(&semaphore_, 0, 0); }
    ~Wake() { sem_destroy(&semaphore_); }
    void post() { sem_post(&semaphore_); }
    void wait() {
        while (sem_wait(&semaphore_) != 0 && errno == EINTR) {
        }
    }

  private:
    sem_t semaphore_;
#endif
};

}  // namespace nowface
