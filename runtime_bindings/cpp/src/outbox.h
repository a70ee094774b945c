// Frames on their way to the app: a ring of slots of one size.
#pragma once

#include <cstdint>

#include "ring.h"

namespace nowface {

struct FrameHead {
    std::int64_t index;
    std::int64_t due_sample;
    float seconds;
    float reserved;
};

class Outbox {
  public:
    Outbox(std::size_t capacity, std::size_t values)
        : capacity_(capacity), values_(values), heads_(capacity), slots_(capacity * values) {}

    std::size_t capacity() const { return capacity_; }
    bool has_room() const { return heads_.room() > 0; }
    bool empty() const { return heads_.empty(); }
    std::size_t waiting() const { return heads_.waiting(); }

    void write(const FrameHead& head, const float* values) {
        slots_.stage(0, values, values_);
        slots_.publish(values_);
        heads_.stage(0, &head, 1);
        heads_.publish(1);
    }

    bool read(FrameHead& head, float* values) {
        if (heads_.waiting() == 0) return false;
        copy(0, head, values);
        heads_.release(1);
        slots_.release(values_);
        return true;
    }

    // The frame `place` behind the oldest, which stays.
    void copy(std::size_t place, FrameHead& head, float* values) const {
        heads_.peek(place, &head, 1);
        slots_.peek(place * values_, values, values_);
    }

    void clear() {
        heads_.clear();
        slots_.clear();
    }

  private:
    std::size_t capacity_;
    std::size_t values_;
    Ring<FrameHead> heads_;
    Ring<float> slots_;
};

}  // namespace nowface
