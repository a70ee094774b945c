// A session: one stream of speech through one face, on the caller's thread or on one of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "executor.h"
#include "inbox.h"
#include "nowface.h"
#include "outbox.h"
#include "retarget.h"
#include "stream.h"
#include "wake.h"

namespace nowface {

// What a bundle lends to its sessions, for as long as one of them lives.
struct Loaded {
    Manifest manifest;
    std::unique_ptr<Model> model;
    std::map<std::string, std::vector<float>> parameters;  // defaults
};

struct SessionOptions {
    bool worker;
    std::size_t frame_capacity;
    StreamOptions stream;
};

// See nowface.h for what each call does. Everything is allocated by the constructor.
class Session {
  public:
    Session(std::shared_ptr<const Loaded> loaded, const std::map<std::string, Floats>& parameters,
            const SessionOptions& options);
    ~Session();

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    template <typename Sample>
    void push(const Sample* samples, std::size_t count);
    void push_signal(std::uint32_t signal, const float* values, std::size_t count, std::int64_t sample);
    bool poll(FrameHead& head, float* values);
    void set_retarget(std::optional<std::string_view> json);
    void set_strength(std::string_view knob, float strength);
    void flush();
    bool wait(std::uint32_t milliseconds);
    void reset();
    std::vector<std::uint8_t> snapshot();
    void restore(const void* bytes, std::size_t count);
    nowface_report report();
    bool next_event(nowface_event& event);

    std::size_t value_count() const { return value_count_; }
    bool has_worker() const { return options_.worker; }
    Graph& graph() { return stream_.graph(); }
    const PipelineSpec& pipeline() const { return loaded_->manifest.pipeline; }

  private:
    template <typename Call>
    auto with_parked(Call call);
    template <typename Call>
    auto with_stream(Call call);
    bool send(const Record& record, const float* values);
    void send_lost();
    void wake();
    void wake_for(std::int64_t samples);
    void drain();
    void take(const Record& record, const float* values);
    std::vector<std::uint8_t> sealed();
    SnapshotReader unsealed(const void* bytes, std::size_t count) const;
    void write(SnapshotWriter& to);
    void read(SnapshotReader from);
    void read_shown(SnapshotReader& from);
    void work();
    Progress step();
    bool receive(FrameHead& head, float* values);
    void forget();
    void check_not_flushed(const char* call) const;

    std::shared_ptr<const Loaded> loaded_;
    SessionOptions options_;
    std::unique_ptr<Executor> executor_;
    Stream stream_;
    std::size_t value_count_;
    std::size_t most_signal_;
    Inbox inbox_;
    Outbox outbox_;

    // The polling thread's own: frames wait as the model gave them, so that a knob acts on the next one polled.
    std::optional<Retarget> retarget_;
    Shown shown_;

    // The pushing thread's own account.
    std::vector<float> cleaned_;
    std::int64_t received_ = 0;  // samples at the rate they are pushed
    std::int64_t lost_ = 0;      // samples that found no room and were not told yet
    std::int64_t woken_hop_ = 0;
    std::vector<std::int64_t> newest_signal_;
    bool flushed_ = false;

    std::thread thread_;
    Wake work_, parked_, resumed_;
    std::atomic<bool> stop_{false}, pause_{false}, starved_{false}, failed_{false};
    // How often the worker was woken, and how often it had been when it last found nothing to do.
    std::atomic<std::uint64_t> woken_{0}, settled_{0};
    std::optional<Error> failure_;
};

}  // namespace nowface
