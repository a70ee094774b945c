// What reads or replaces the stream as a whole, for which the worker stands still.
#include <algorithm>

#include "session.h"

namespace nowface {

// Calls `call` while the worker stands still. The other thread may push meanwhile.
template <typename Call>
auto Session::with_parked(Call call) {
    if (!options_.worker) return call();
    struct Parked {
        Session& session;
        explicit Parked(Session& parking) : session(parking) {
            session.pause_ = true;
            session.wake();
            session.parked_.wait();
        }
        ~Parked() {
            session.pause_ = false;
            session.resumed_.post();
        }
    };
    const Parked parked(*this);
    return call();
}

// The same when all that was pushed has been taken in, which no other thread may add to meanwhile.
template <typename Call>
auto Session::with_stream(Call call) {
    return with_parked([&] {
        if (options_.worker) {
            drain();
            send_lost();
            drain();
        }
        return call();
    });
}

// The account of the stream that is no more.
void Session::forget() {
    outbox_.clear();
    shown_.frame = -1;
    received_ = lost_ = woken_hop_ = 0;
    std::fill(newest_signal_.begin(), newest_signal_.end(), 0);
    flushed_ = false;
    failed_ = false;
}

void Session::reset() {
    with_stream([this] {
        stream_.reset();
        forget();
    });
}

std::vector<std::uint8_t> Session::snapshot() {
    return with_stream([this] { return sealed(); });
}

void Session::restore(const void* bytes, std::size_t count) {
    const SnapshotReader content = unsealed(bytes, count);
    with_stream([&] {
        const bool failed = failed_;
        // What does not fit, as more frames than may wait here, shows itself only half-way: what this session was doing
        // is put back then.
        SnapshotWriter before;
        write(before);
        const Stream::Aside aside = stream_.aside();
        try {
            read(content);
        } catch (...) {
            read({before.bytes().data(), before.bytes().size()});
            stream_.put_back(aside);
            failed_ = failed;
            throw;
        }
    });
}

nowface_report Session::report() {
    return with_parked([this] {
        nowface_report report = stream_.ledger().report;
        report.delay_milliseconds =
            static_cast<float>(static_cast<double>(pipeline().lookahead_samples) * 1000 / sample_rate +
                               stream_.resampler().delay_milliseconds());
        return report;
    });
}

bool Session::next_event(nowface_event& event) {
    return with_parked([this, &event] { return stream_.ledger().next(event); });
}

}  // namespace nowface
