// What the app pushes, on its way to the thread that computes: records in a ring, in the order of the pushes.
#pragma once

#include <cstdint>
#include <vector>

#include "ring.h"
#include "signal_line.h"

namespace nowface {

struct Record {
    enum class Kind : std::uint32_t { audio, lost, signal, flush };
    Kind kind = Kind::audio;
    std::uint32_t signal = 0;
    SignalFault fault = SignalFault::none;
    std::uint32_t floats = 0;       // that follow
    std::uint32_t last = 1;         // of a push of audio: no more of it follows
    std::int64_t count = 0;         // of lost samples
    std::int64_t sample = -1;       // of a signal
    std::int64_t non_finite = 0;    // of audio
    std::int64_t clipped = 0;
};

class Inbox {
  public:
    static constexpr std::size_t header = (sizeof(Record) + sizeof(float) - 1) / sizeof(float);

    // Room for `floats` in records of at most `most_floats` each.
    Inbox(std::size_t floats, std::size_t most_floats) : ring_(floats), values_(most_floats) {}

    bool has_room(std::size_t floats) const { return ring_.room() >= header + floats; }
    bool empty() const { return ring_.empty(); }
    void clear() { ring_.clear(); }

    // Writer: there must be room.
    void write(const Record& record, const float* values) {
        float head[header];
        std::memcpy(head, &record, sizeof(Record));
        ring_.stage(0, head, header);
        ring_.stage(header, values, record.floats);
        ring_.publish(header + record.floats);
    }

    // Reader: the oldest record and its floats, which stay valid until the next read; false when there is none.
    bool read(Record& record, const float*& values) {
        if (ring_.waiting() < header) return false;
        float head[header];
        ring_.peek(0, head, header);
        std::memcpy(&record, head, sizeof(Record));
        ring_.peek(header, values_.data(), record.floats);
        ring_.release(header + record.floats);
        values = values_.data();
        return true;
    }

  private:
    Ring<float> ring_;
    std::vector<float> values_;
};

}  // namespace nowface
