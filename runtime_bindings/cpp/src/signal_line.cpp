#include "signal_line.h"

#include <algorithm>
#include <cmath>

namespace nowface {

SignalLine::SignalLine(const SignalSpec& spec)
    : hold_(spec.hold_samples), width_(spec.width()), values_(most_rows * width_), samples_(most_rows) {}

bool SignalLine::append(std::int64_t sample, const float* values) {
    const bool full = count_ == most_rows;
    if (full) {
        first_ = (first_ + 1) % most_rows;
        --count_;
    }
    const std::size_t place = (first_ + count_) % most_rows;
    samples_[place] = sample;
    std::copy_n(values, width_, values_.data() + place * width_);
    ++count_;
    return full;
}

void SignalLine::trim(std::int64_t until) {
    while (count_ >= 2 && sample_of(1) <= until) {
        first_ = (first_ + 1) % most_rows;
        --count_;
    }
}

void SignalLine::see(std::int64_t until, float* values) const {
    for (std::size_t row = count_; row-- > 0;) {
        if (sample_of(row) > until) continue;
        if (until - sample_of(row) > hold_) break;
        std::copy_n(values_of(row), width_, values);
        return;
    }
    std::fill_n(values, width_, 0.0f);
}

SignalFault SignalLine::fault_of(const SignalSpec& spec, const float* values) {
    SignalFault fault = SignalFault::none;
    for (const SignalTensor& tensor : spec.tensors) {
        for (std::size_t i = 0; i < tensor.size(); ++i, ++values) {
            if (!std::isfinite(*values)) return SignalFault::non_finite;
            const double value = static_cast<double>(*values);
            if (value < tensor.low || value > tensor.high) fault = SignalFault::out_of_range;
        }
    }
    return fault;
}

}  // namespace nowface
