// The clock, the resampler, the noise, the queue, the rings and the signals, each for itself. What they compute is
// compared with the Python reference by tests/bindings/native.
#include <algorithm>
#include <cmath>
#include <thread>

#include "check.h"
#include "digest.h"
#include "hop_queue.h"
#include "noise.h"
#include "resampler.h"
#include "ring.h"
#include "sample_clock.h"
#include "signal_line.h"
#include "stream.h"

using namespace nowface;

TEST(frames_are_due_at_the_ceiling) {
    const SampleClock film{24000, 1001, 160, 0};
    CHECK(film.due(0) == 668);  // ceil(16000 * 1001 / 24000) = ceil(667.33)
    const SampleClock clock{30, 1, 160, 0};
    CHECK(clock.due(29) == 16000);
    CHECK(clock.newest_hop(0) == 2);  // 534 samples hold three hops
    CHECK(clock.frames_ready(533) == 0 && clock.frames_ready(534) == 1);
    CHECK(clock.frames_covering(0) == 0 && clock.frames_covering(1) == 1 && clock.frames_covering(16000) == 30);
}

TEST(the_resampler_gives_the_same_bits_for_any_chunking) {
    for (const std::uint32_t rate : {8000u, 16000u, 22050u, 44099u, 48000u, 96000u}) {
        std::vector<float> sound(4000);
        for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = std::sin(0.05f * static_cast<float>(i * i % 977));
        std::vector<float> whole, cut;
        for (std::vector<float>* result : {&whole, &cut}) {
            Resampler resampler(rate);
            std::vector<float> out(resampler.most_output());
            std::size_t step = result == &whole ? Resampler::most_input : 1;
            for (std::size_t at = 0; at < sound.size();) {
                const std::size_t count = std::min(step, sound.size() - at);
                const std::size_t given = resampler.step(sound.data() + at, count, out.data());
                REQUIRE(given <= resampler.most_output());
                result->insert(result->end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(given));
                at += count;
                if (result == &cut) step = step % 37 + 1;
            }
            CHECK(static_cast<std::int64_t>(result->size()) == resampler.emitted_after(4000));
        }
        CHECK(whole == cut);
    }
}

TEST(a_resampler_goes_on_from_its_state) {
    Resampler one(44100), other(44100);
    std::vector<float> sound(700, 0.25f), out(one.most_output());
    one.step(sound.data(), 700, out.data());
    const Resampler::State state = one.state();
    REQUIRE(other.set_state(state.received, state.emitted, state.history, state.history_count));
    std::vector<float> again(out.size());
    const std::size_t count = one.step(sound.data(), 500, out.data());
    CHECK(other.step(sound.data(), 500, again.data()) == count);
    CHECK(std::equal(again.begin(), again.begin() + static_cast<std::ptrdiff_t>(count), out.begin()));
    CHECK(!other.set_state(-1, 0, nullptr, 0));
    CHECK(!other.set_state(700, 3, state.history, state.history_count));
}

TEST(noise_is_a_half_without_a_seed) {
    float values[3];
    draw_uniforms(std::nullopt, 0, 5, values, 3);
    CHECK(values[0] == 0.5f && values[2] == 0.5f);
    draw_uniforms(7, 0, 5, values, 3);
    CHECK(values[0] != values[1] && values[0] >= 0 && values[0] < 1);
}

TEST(the_queue_counts_what_was_lost_by_hop) {
    HopQueue queue(4, 10, 8);
    const float samples[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    queue.append(samples, 6);
    queue.append_lost(samples, 3);
    CHECK(queue.start() == 0 && queue.end() == 9 && !queue.has_excess());
    CHECK(queue.lost_in_first() == 0);
    queue.append(samples, 7);
    CHECK(queue.has_excess());
    queue.drop();
    CHECK(queue.start() == 4 && queue.lost_in_first() == 2);
    queue.drop();
    CHECK(queue.lost_in_first() == 1 && !queue.has_excess());
    float hop[4];
    queue.peek(hop);
    CHECK(hop[0] == 2 && hop[1] == 0 && hop[3] == 2);
}

TEST(a_stream_put_back_tells_and_counts_what_was_lost_once) {
    struct Still : Executor {
        void run(std::size_t, const float* const*, float* const*) override {}
    } executor;
    PipelineSpec pipeline;
    pipeline.hop = 160;
    pipeline.rate_numerator = 30;
    StageSpec stage;
    stage.name = "face";
    stage.outputs.resize(1);
    stage.outputs[0].name = "values";
    stage.outputs[0].shape = {1};
    pipeline.stages = {stage};
    pipeline.values = "face.values";
    Stream stream(pipeline, executor, {}, {16000, 320, 30, std::nullopt});
    stream.take_lost(100);
    SnapshotWriter before;
    stream.write(before);
    const Stream::Aside aside = stream.aside();
    SnapshotReader nothing(nullptr, 0), written(before.bytes().data(), before.bytes().size());
    CHECK_THROWS(stream.read(nothing), Error, "damaged");
    stream.read(written);
    stream.put_back(aside);
    // The hop that held the lost samples leaves the queue unread: only the rest of it is newly dropped.
    const Floats sound(320);
    stream.take(sound.data(), sound.size(), 0, 0, true);
    CHECK(stream.ledger().report.dropped_samples == 160);
    nowface_event event = NOWFACE_EVENT_INIT;
    CHECK(stream.ledger().next(event) && event.kind == NOWFACE_EVENT_DROPPED_AUDIO && event.count == 100);
}

TEST(a_ring_keeps_the_order_between_two_threads) {
    Ring<int> ring(64);
    constexpr int most = 20000;
    std::thread writer([&] {
        for (int next = 0; next < most;) {
            if (ring.room() < 3) continue;
            const int three[3] = {next, next + 1, next + 2};
            ring.stage(0, three, 3);
            ring.publish(3);
            next += 3;
        }
    });
    bool in_order = true;
    for (int wanted = 0; wanted < most; ++wanted) {
        while (ring.waiting() == 0) std::this_thread::yield();
        int value = -1;
        ring.peek(0, &value, 1);
        ring.release(1);
        in_order = in_order && value == wanted;
    }
    writer.join();
    CHECK(in_order);
}

TEST(a_frame_sees_the_newest_values_that_are_not_too_old) {
    SignalSpec spec;
    spec.name = "face";
    spec.hold_samples = 100;
    SignalTensor tensor;
    tensor.name = "values";
    tensor.shape = {1, 2};
    tensor.low = -1;
    tensor.high = 1;
    spec.tensors = {tensor};
    SignalLine line(spec);
    const float first[2] = {0.1f, 0.2f}, second[2] = {0.3f, 0.4f};
    float seen[2] = {9, 9};
    line.see(50, seen);
    CHECK(seen[0] == 0);
    line.append(10, first);
    line.append(60, second);
    line.see(59, seen);
    CHECK(seen[0] == first[0]);
    line.see(160, seen);
    CHECK(seen[1] == second[1]);
    line.see(161, seen);
    CHECK(seen[1] == 0);
    line.trim(60);
    CHECK(line.rows() == 1 && line.sample_of(0) == 60);
    const float wide[2] = {0, 2}, broken[2] = {0, std::nanf("")};
    CHECK(SignalLine::fault_of(spec, wide) == SignalFault::out_of_range);
    CHECK(SignalLine::fault_of(spec, broken) == SignalFault::non_finite);
    CHECK(SignalLine::fault_of(spec, first) == SignalFault::none);
}

TEST(a_digest_sees_size_and_order) {
    const float one[4] = {1, 2, 3, 4}, other[4] = {4, 3, 2, 1};
    CHECK(digest(one, 4).root_mean_square == digest(other, 4).root_mean_square);
    CHECK(digest(one, 4).projection != digest(other, 4).projection);
}

TEST_MAIN
