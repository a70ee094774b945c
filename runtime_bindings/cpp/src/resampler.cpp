#include "resampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sample_clock.h"

namespace nowface {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double attenuation_db = 90;
constexpr double passband = 7.0 / 8;        // end of the flat band as a part of the lower Nyquist frequency
constexpr std::int64_t most_phases = 1024;  // beyond it neighbours are interpolated

// Kaiser's formula 2 H = (A - 7.95) / (2.285 * transition).
std::size_t half_length(std::uint32_t rate) {
    const double nyquist = std::min<double>(rate, sample_rate) / 2;
    const double transition = 2 * pi * nyquist * (1 - passband) / rate;
    return static_cast<std::size_t>(std::ceil((attenuation_db - 7.95) / (2.285 * transition) / 2));
}

// Modified Bessel function of the first kind, order 0, by its power series (Abramowitz and Stegun 9.6.12).
double bessel_i0(double x) {
    double term = 1, sum = 1;
    for (int k = 1; term > sum * 1e-17; ++k) {
        term *= (x / 2 / k) * (x / 2 / k);
        sum += term;
    }
    return sum;
}

double sinc(double x) { return x == 0 ? 1 : std::sin(pi * x) / (pi * x); }

std::vector<double> filter_bank(std::uint32_t rate, std::size_t half, std::int64_t phases) {
    const double cutoff = std::min<double>(rate, sample_rate) * (1 + passband) / 2 / rate;
    const double beta = 0.1102 * (attenuation_db - 8.7);
    const std::size_t width = 2 * half;
    std::vector<double> bank(static_cast<std::size_t>(phases + 1) * width);
    for (std::int64_t phase = 0; phase <= phases; ++phase) {
        double* row = bank.data() + static_cast<std::size_t>(phase) * width;
        double sum = 0;
        for (std::size_t tap = 0; tap < width; ++tap) {
            const double whole = static_cast<double>(tap) + 1 - static_cast<double>(half);
            const double distance = whole - static_cast<double>(phase) / static_cast<double>(phases);
            const double part = distance / static_cast<double>(half);
            // The window's edge is left out on both sides, else the row at distance 0 would hold it on one side only.
            const bool inside = std::abs(distance) < static_cast<double>(half);
            row[tap] = inside ? sinc(cutoff * distance) * bessel_i0(beta * std::sqrt(std::max(0.0, 1 - part * part))) : 0;
            sum += row[tap];
        }
        for (std::size_t tap = 0; tap < width; ++tap) row[tap] /= sum;
    }
    return bank;
}

}  // namespace

Resampler::Resampler(std::uint32_t rate) : rate_(rate) {
    const std::int64_t common = std::gcd<std::int64_t, std::int64_t>(rate, sample_rate);
    up_ = sample_rate / common;
    down_ = rate / common;
    half_ = rate == sample_rate ? 0 : half_length(rate);
    most_output_ = static_cast<std::size_t>(ceil_divide(static_cast<std::int64_t>(most_input) * up_, down_)) + 2;
    if (half_ > 0) {
        phases_ = std::min(up_, most_phases);
        bank_ = filter_bank(rate, half_, phases_);
        products_.resize(2 * half_);
        line_.resize(2 * half_ + static_cast<std::size_t>(down_ / up_) + 2 + most_input);
    } else {
        line_.resize(most_input);
    }
    reset();
}

std::int64_t Resampler::emitted_after(std::int64_t received) const {
    if (half_ == 0) return received;
    return std::max<std::int64_t>(0, ceil_divide((received - static_cast<std::int64_t>(half_)) * up_, down_));
}

void Resampler::reset() {
    received_ = emitted_ = 0;
    held_ = half_ > 0 ? half_ - 1 : 0;
    std::fill(line_.begin(), line_.end(), 0.0f);
}

std::size_t Resampler::step(const float* input, std::size_t count, float* output) {
    received_ += static_cast<std::int64_t>(count);
    if (half_ == 0) {
        std::copy_n(input, count, output);
        emitted_ = received_;
        return count;
    }
    std::copy_n(input, count, line_.data() + held_);
    held_ += count;
    const std::int64_t emitted = std::max(emitted_, emitted_after(received_));
    for (std::int64_t k = 0; k < emitted - emitted_; ++k) {
        const std::int64_t position = emitted_ * down_ % up_ + k * down_;
        output[k] = weigh(line_.data() + position / up_, position % up_);
    }
    const auto used = static_cast<std::size_t>(emitted * down_ / up_ - emitted_ * down_ / up_);
    std::copy(line_.begin() + static_cast<std::ptrdiff_t>(used), line_.begin() + static_cast<std::ptrdiff_t>(held_),
              line_.begin());
    held_ -= used;
    const auto given = static_cast<std::size_t>(emitted - emitted_);
    emitted_ = emitted;
    return given;
}

// Products and sums in float64 in a fixed order, by halving, as the Python reference has them.
float Resampler::weigh(const float* window, std::int64_t turn) {
    const std::size_t width = 2 * half_;
    const double* row = bank_.data() + static_cast<std::size_t>(turn * phases_ / up_) * width;
    const double rest = static_cast<double>(turn * phases_ % up_) / static_cast<double>(up_);
    for (std::size_t tap = 0; tap < width; ++tap) {
        double weight = row[tap];
        if (phases_ != up_) weight += rest * (row[width + tap] - weight);
        products_[tap] = static_cast<double>(window[tap]) * weight;
    }
    for (std::size_t left = width; left > 1; left /= 2) {
        const std::size_t middle = left / 2;
        for (std::size_t tap = 0; tap < middle; ++tap) products_[tap] += products_[middle + tap];
        if (left % 2 != 0) products_[0] += products_[left - 1];
    }
    return static_cast<float>(products_[0]);
}

Resampler::State Resampler::state() const { return {received_, emitted_, line_.data(), half_ > 0 ? held_ : 0}; }

bool Resampler::set_state(std::int64_t received, std::int64_t emitted, const float* history,
                          std::size_t history_count) {
    if (received < 0 || emitted != emitted_after(received)) return false;
    // The history begins at the oldest sample under the next output.
    const std::int64_t held = half_ == 0 ? 0 : static_cast<std::int64_t>(half_) - 1 + received - emitted * down_ / up_;
    if (held != static_cast<std::int64_t>(history_count) || history_count > most_history()) return false;
    received_ = received;
    emitted_ = emitted;
    held_ = history_count;
    std::copy_n(history, history_count, line_.begin());
    return true;
}

}  // namespace nowface
