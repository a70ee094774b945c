// What a session tells of a stream that did not go as it should: sums, and the newest events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nowface.h"

namespace nowface {

class Ledger {
  public:
    nowface_report report = NOWFACE_REPORT_INIT;

    void tell(std::int32_t kind, std::int64_t sample, std::int64_t count) {
        if (waiting_ == events_.size()) {
            first_ = (first_ + 1) % events_.size();
            --waiting_;
        }
        events_[(first_ + waiting_) % events_.size()] = {sizeof(nowface_event), kind, sample, count};
        ++waiting_;
    }

    // The oldest event not told yet; false when there is none.
    bool next(nowface_event& event) {
        if (waiting_ == 0) return false;
        event = events_[first_];
        first_ = (first_ + 1) % events_.size();
        --waiting_;
        return true;
    }

  private:
    std::array<nowface_event, 256> events_{};
    std::size_t first_ = 0;
    std::size_t waiting_ = 0;
};

}  // namespace nowface
