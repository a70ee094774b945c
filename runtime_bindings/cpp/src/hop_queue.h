// Samples that wait to be read: whole hops over absolute sample indices, the oldest dropped when there are too many.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sample_clock.h"

namespace nowface {

class HopQueue {
  public:
    // At most `limit` samples wait, and at most `piece` are appended at once.
    HopQueue(std::int64_t hop, std::int64_t limit, std::size_t piece)
        : hop_(hop), limit_(limit), samples_(static_cast<std::size_t>(limit + hop) + piece),
          lost_(samples_.size() / static_cast<std::size_t>(hop) + 2) {}

    std::int64_t first_hop() const { return first_hop_; }
    std::int64_t start() const { return first_hop_ * hop_; }  // first sample not read
    std::int64_t end() const { return start() + static_cast<std::int64_t>(count_); }
    std::int64_t waiting() const { return static_cast<std::int64_t>(count_); }
    std::size_t capacity() const { return samples_.size(); }

    void clear() {
        first_hop_ = 0;
        first_ = count_ = 0;
        std::fill(lost_.begin(), lost_.end(), 0);
    }

    // The same, of silence in place of samples that never came.
    void append_lost(const float* silence, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) ++lost_[lost_slot((end() + static_cast<std::int64_t>(i)) / hop_)];
        append(silence, count);
    }

    // Samples of the oldest hop that were lost before they came here.
    std::int64_t lost_in_first() const { return lost_[lost_slot(first_hop_)]; }

    // Of each hop that may wait, for the queue that `set` fills again with the samples it held.
    const std::vector<std::int64_t>& lost() const { return lost_; }
    void set_lost(const std::vector<std::int64_t>& lost) { lost_ = lost; }

    void append(const float* samples, std::size_t count) {
        assert(count <= samples_.size() - count_);
        for (std::size_t i = 0; i < count; ++i) samples_[(first_ + count_ + i) % samples_.size()] = samples[i];
        count_ += count;
    }

    bool has_excess() const { return waiting() > limit_; }

    // Copies the oldest hop; there must be one.
    void peek(float* hop) const { copy(hop, static_cast<std::size_t>(hop_)); }

    // Copies the oldest `count` samples.
    void copy(float* to, std::size_t count) const {
        for (std::size_t i = 0; i < count; ++i) to[i] = samples_[(first_ + i) % samples_.size()];
    }

    void drop() {
        assert(waiting() >= hop_);
        first_ = (first_ + static_cast<std::size_t>(hop_)) % samples_.size();
        count_ -= static_cast<std::size_t>(hop_);
        lost_[lost_slot(first_hop_)] = 0;
        ++first_hop_;
    }

    // Holds exactly these samples; there must be room.
    void set(std::int64_t first_hop, const float* samples, std::size_t count) {
        clear();
        append(samples, count);
        first_hop_ = first_hop;
    }

  private:
    std::size_t lost_slot(std::int64_t hop) const { return static_cast<std::size_t>(hop) % lost_.size(); }

    std::int64_t hop_;
    std::int64_t limit_;
    std::vector<float> samples_;
    std::vector<std::int64_t> lost_;  // by hop
    std::int64_t first_hop_ = 0;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace nowface
