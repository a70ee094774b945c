// What the polling thread calls: it takes the frames out, and retargets them on the way.
#include "session.h"

namespace nowface {

bool Session::poll(FrameHead& head, float* values) {
    if (!receive(head, values)) return false;
    if (retarget_) retarget_->apply(head.index, values, shown_);
    return true;
}

void Session::set_retarget(std::optional<std::string_view> json) {
    if (!json) {
        retarget_.reset();
        shown_.frame = -1;
        return;
    }
    retarget_ = parse_retarget(*json, loaded_->manifest.channels, pipeline().rate_numerator, pipeline().rate_denominator);
}

void Session::set_strength(std::string_view knob, float strength) {
    if (!retarget_) {
        throw Error(NOWFACE_ERROR_USAGE, "knob", "the session does not retarget", "set a retarget first");
    }
    retarget_->set_strength(knob, strength);
}

// The next frame as the model gave it.
bool Session::receive(FrameHead& head, float* values) {
    if (outbox_.read(head, values)) {
        if (starved_.exchange(false)) wake();
        return true;
    }
    if (options_.worker) {
        if (failed_.load(std::memory_order_acquire)) throw *failure_;
        return false;
    }
    for (;;) {
        switch (step()) {
            case Progress::waiting:
                return false;
            case Progress::frame:
                return outbox_.read(head, values);
            case Progress::worked:
                break;
        }
    }
}

}  // namespace nowface
