// From records to frames, on the worker; without one, each step on the thread that pushes or polls.
#include <chrono>

#include "session.h"

namespace nowface {

void Session::wake() {
    woken_.fetch_add(1);
    work_.post();
}

Progress Session::step() {
    const Progress progress = stream_.advance();
    if (progress == Progress::frame) {
        outbox_.write({stream_.index(), stream_.due_sample(), stream_.seconds(), 0}, stream_.graph().values().data());
    }
    return progress;
}

void Session::drain() {
    Record record;
    const float* values = nullptr;
    while (inbox_.read(record, values)) take(record, values);
}

void Session::take(const Record& record, const float* values) {
    switch (record.kind) {
        case Record::Kind::audio:
            stream_.take(values, record.floats, record.non_finite, record.clipped, record.last != 0);
            break;
        case Record::Kind::lost:
            stream_.take_lost(record.count);
            break;
        case Record::Kind::signal:
            stream_.take_signal(record.signal, values, record.sample, record.fault);
            break;
        case Record::Kind::flush:
            stream_.flush();
            break;
    }
}

void Session::work() {
    while (!stop_) {
        const std::uint64_t woken = woken_;
        if (pause_) {
            parked_.post();
            resumed_.wait();
            continue;
        }
        drain();
        bool waiting = failed_.load(std::memory_order_relaxed);
        if (!waiting && !outbox_.has_room()) {
            starved_ = true;
            waiting = !outbox_.has_room();  // looked at again: poll may have made room before it could see the flag
        } else if (!waiting) {
            try {
                waiting = step() == Progress::waiting;
            } catch (const Error& error) {
                failure_ = error;
                failed_.store(true, std::memory_order_release);
            }
        }
        if (!waiting) continue;
        settled_ = woken;
        work_.wait();
    }
}

bool Session::wait(std::uint32_t milliseconds) {
    if (!options_.worker) return true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (;;) {
        send_lost();
        wake();
        const std::uint64_t woken = woken_;
        while (settled_ < woken) {
            if (std::chrono::steady_clock::now() >= end) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (inbox_.empty() && lost_ == 0) return true;
    }
}

}  // namespace nowface
