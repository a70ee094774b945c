// A queue of floats between one thread that writes and one that reads, without locks (Lamport 1983, "Specifying
// concurrent program modules"): each thread owns one index and reads the other's.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <vector>

namespace nowface {

// Of trivially copyable elements.
template <typename Element>
class Ring {
  public:
    explicit Ring(std::size_t capacity) : elements_(capacity + 1) {}

    // Room for the writer, at least.
    std::size_t room() const {
        const std::size_t used = distance(read_.load(std::memory_order_acquire), write_.load(std::memory_order_relaxed));
        return elements_.size() - 1 - used;
    }

    // What waits for the reader, at least.
    std::size_t waiting() const {
        return distance(read_.load(std::memory_order_relaxed), write_.load(std::memory_order_acquire));
    }

    bool empty() const {
        return read_.load(std::memory_order_acquire) == write_.load(std::memory_order_acquire);
    }

    // Copies elements to `offset` behind what was published last; there must be room. Not visible until `publish`.
    void stage(std::size_t offset, const Element* from, std::size_t count) {
        const std::size_t place = (write_.load(std::memory_order_relaxed) + offset) % elements_.size();
        const std::size_t until_end = std::min(count, elements_.size() - place);
        std::copy_n(from, until_end, elements_.data() + place);
        std::copy_n(from + until_end, count - until_end, elements_.data());
    }

    void publish(std::size_t count) {
        const std::size_t at = write_.load(std::memory_order_relaxed);
        write_.store((at + count) % elements_.size(), std::memory_order_release);
    }

    // Copies the oldest elements from `offset` on; that many must wait. They stay until `release`.
    void peek(std::size_t offset, Element* to, std::size_t count) const {
        const std::size_t place = (read_.load(std::memory_order_relaxed) + offset) % elements_.size();
        const std::size_t until_end = std::min(count, elements_.size() - place);
        std::copy_n(elements_.data() + place, until_end, to);
        std::copy_n(elements_.data(), count - until_end, to + until_end);
    }

    void release(std::size_t count) {
        const std::size_t at = read_.load(std::memory_order_relaxed);
        read_.store((at + count) % elements_.size(), std::memory_order_release);
    }

    // Only while neither thread is at work.
    void clear() { read_.store(write_.load()); }

  private:
    std::size_t distance(std::size_t from, std::size_t to) const {
        return (to + elements_.size() - from) % elements_.size();
    }

    std::vector<Element> elements_;
    std::atomic<std::size_t> read_{0};
    std::atomic<std::size_t> write_{0};
};

}  // namespace nowface
