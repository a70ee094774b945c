// Test vectors as a stream to push: good ones are read, others are refused with the reason.
#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "error.h"
#include "vectors.h"

using namespace nowface;

namespace {

template <typename Number>
Tensor tensor(ElementType type, const std::vector<Number>& values) {
    Tensor made{type, {static_cast<std::int64_t>(values.size())}, std::vector<std::uint8_t>(values.size() * sizeof(Number))};
    std::memcpy(made.bytes.data(), values.data(), made.bytes.size());
    return made;
}

Tensor longs(const std::vector<std::int64_t>& values) { return tensor(ElementType::i64, values); }
Tensor floats(const std::vector<float>& values) { return tensor(ElementType::f32, values); }

// 30 frames a second, and a signal of one tensor of two floats.
PipelineSpec pipeline() {
    PipelineSpec made;
    made.hop = 320;
    made.rate_numerator = 30;
    SignalTensor pose;
    pose.name = "pose";
    pose.shape = {2};
    made.signals.push_back({"face", {pose}, 1600});
    return made;
}

TensorFile good() {
    TensorFile file;
    file.tensors["pcm"] = floats({0.1f, 0.2f, 0.3f, 0.4f, 0.5f});
    file.tensors["chunks"] = longs({2, 0, 3});
    file.tensors["signal.face"] = longs({0, 1000});
    file.tensors["signal.face.pose"] = floats({1, 2, 3, 4});
    file.metadata["sample_rate"] = "48000";
    return file;
}

void refuses(const TensorFile& file, const char* words) {
    try {
        read_vectors(file, pipeline());
        check::fail(__FILE__, __LINE__, words);
    } catch (const Error& error) {
        CHECK(error.status() == NOWFACE_ERROR_BUNDLE);
        if (std::string(error.what()).find(words) == std::string::npos) check::fail(__FILE__, __LINE__, error.what());
    }
}

void refuses_with(const char* name, const Tensor& value, const char* words) {
    TensorFile file = good();
    file.tensors[name] = value;
    refuses(file, words);
}

void refuses_rate(const char* rate, const char* words) {
    TensorFile file = good();
    file.metadata["sample_rate"] = rate;
    refuses(file, words);
}

}  // namespace

TEST(good_vectors_are_read) {
    TensorFile file = good();
    file.metadata["seed"] = "18446744073709551615";
    const Vectors vectors = read_vectors(file, pipeline());
    CHECK(vectors.pcm == &file.tensors.at("pcm"));
    CHECK((vectors.chunks == std::vector<std::size_t>{2, 0, 3}));
    CHECK(vectors.sample_rate == 48000);
    CHECK(vectors.seed == 18446744073709551615u);
    REQUIRE(vectors.signals.size() == 2);
    CHECK(vectors.signals[1].frame == 1 && vectors.signals[1].sample == 1000);  // frame 1 is due at 1067
    CHECK((vectors.signals[1].values == std::vector<float>{3, 4}));
    CHECK(!read_vectors(good(), pipeline()).seed);
}

TEST(what_came_late_is_seen_late) {
    TensorFile file = good();
    file.tensors["seen_from.face"] = longs({7, 5});
    const Vectors vectors = read_vectors(file, pipeline());
    CHECK(vectors.signals[0].frame == 5 && vectors.signals[0].sample == 1000);
    CHECK(vectors.signals[1].frame == 7 && vectors.signals[1].sample == 0);
}

TEST(what_does_not_fit_is_refused) {
    refuses_with("pcm", longs({1, 2, 3, 4, 5}), "have no samples in pcm");
    refuses_with("chunks", floats({5}), "have no tensor chunks of the right type");
    refuses_with("chunks", longs({2, 4}), "its chunks are not its samples");
    refuses_with("chunks", longs({2, 2}), "its chunks are not its samples");
    refuses_with("chunks", longs({-1, 6}), "its chunks are not its samples");
    refuses_with("signal.face", longs({0}), "signal.face has another number of rows");
    refuses_with("signal.face", longs({-1, 5}), "a number that is no sample's");
    refuses_with("signal.face", longs({0, std::int64_t{1} << 62}), "a number that is no sample's");
    refuses_with("signal.face.pose", floats({1, 2, 3}), "signal.face has another number of rows");
    refuses_with("seen_from.face", longs({0}), "signal.face has another number of rows");
    refuses_with("seen_from.face", floats({0, 0}), "have no tensor seen_from.face of the right type");
}

TEST(rates_and_seeds_that_are_no_numbers_are_refused) {
    refuses_rate("", "sample_rate is not a number");
    refuses_rate("48 kHz", "sample_rate is not a number");
    refuses_rate("-1", "sample_rate is not a number");
    refuses_rate("99999999999", "sample_rate is not a number");
    refuses_rate("3999", "have no sample rate that can be played");
    TensorFile file = good();
    file.metadata.erase("sample_rate");
    refuses(file, "have no sample rate that can be played");
    file = good();
    file.metadata["seed"] = "18446744073709551616";
    refuses(file, "seed is not a number");
}

TEST_MAIN
