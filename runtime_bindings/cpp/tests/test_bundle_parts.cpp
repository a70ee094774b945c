// The parts that read a bundle. That they accept and refuse what Python's reader does is tested from Python
// (tests/bindings/native/test_bundle_agreement.py); here is what only C++ sees.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "error.h"
#include "folder.h"
#include "json.h"
#include "manifest.h"
#include "safetensors.h"
#include "sha256.h"
#include "text.h"

namespace fs = std::filesystem;
using namespace nowface;

namespace {

const std::string MANIFEST = R"({
  "format_version": 1,
  "model": {"name": "tiny", "title": "Tiny", "licence": "CC0-1.0", "trained": false},
  "unit": "mm",
  "pipeline": {
    "hop": 320, "frame_rate": {"num": 30000, "den": 1001}, "lookahead_samples": 80,
    "parameters": [{"name": "template", "shape": [5, 3], "unit": "mm"}],
    "signals": [{"name": "face", "hold_samples": 1600, "tensors": [
      {"name": "pose", "shape": [1, 2], "low": -1, "high": 2.5}]}],
    "stages": [
      {"name": "ear", "clock": "hop", "inputs": [{"name": "pcm", "shape": [1, 320], "source": "audio.pcm"}],
       "outputs": [{"name": "features", "shape": [1, 8]}], "state": [{"name": "left", "shape": [1, 80]}]},
      {"name": "mouth", "clock": "frame",
       "inputs": [{"name": "features", "shape": [4, 8], "source": "ear.features"},
                  {"name": "pose", "shape": [1, 2], "source": "face.pose"}],
       "outputs": [{"name": "vertices", "shape": [5, 3], "unit": "mm"}]}
    ],
    "values": "mouth.vertices"
  },
  "files": [
    {"path": "tiny/model.pte",
     "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "bytes": 3},
    {"path": "parameters.safetensors",
     "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": 0}
  ],
  "targets": [{"target": "executorch", "precision": "fp32", "artefacts": {"ear": "tiny/model.pte", "mouth": "tiny"}}],
  "parameters": "parameters.safetensors"
})";

Json object(const std::string& text) { return parse_object(text, "file"); }

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

// A safetensors file of a header, its length before it, and data.
std::vector<std::uint8_t> container(const std::string& header, std::size_t data_bytes) {
    std::string bytes(8, '\0');
    for (std::size_t index = 0; index < 8; ++index) bytes[index] = static_cast<char>(header.size() >> (8 * index));
    return bytes_of(bytes + header + std::string(data_bytes, '\0'));
}

std::string entry(const std::string& type, const std::string& shape, const std::string& offsets) {
    return R"({"dtype": ")" + type + R"(", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}";
}

Tensor floats(Shape shape, const std::vector<float>& values) {
    Tensor tensor{ElementType::f32, std::move(shape), std::vector<std::uint8_t>(values.size() * sizeof(float))};
    if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
}

// A folder of its own for a test, gone after it.
class Folder {
  public:
    Folder() : path_(fs::temp_directory_path() / ("nowface-test-" + std::to_string(std::random_device{}()))) {
        write("manifest.json", MANIFEST);
        write("tiny/model.pte", "abc");
        write("parameters.safetensors", "");
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const std::string& name, const std::string& content) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << content;
    }
    std::string name() const { return path_.u8string(); }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

}  // namespace

TEST(hashes_are_those_of_the_standards_examples) {
    CHECK(sha256(nullptr, 0) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const auto abc = bytes_of("abc");
    CHECK(sha256(abc.data(), abc.size()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const auto two = bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    CHECK(sha256(two.data(), two.size()) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    const std::vector<std::uint8_t> million(1000000, 'a');
    CHECK(sha256(million.data(), million.size()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(a_hash_does_not_depend_on_how_the_bytes_are_cut) {
    for (std::size_t length = 0; length < 200; ++length) {
        std::vector<std::uint8_t> message(length);
        for (std::size_t index = 0; index < length; ++index) message[index] = static_cast<std::uint8_t>(index * 7);
        for (const std::size_t piece : std::vector<std::size_t>{1, 3, 63, 64, 65}) {
            Sha256 hash;
            for (std::size_t at = 0; at < length; at += piece) hash.update(&message[at], std::min(piece, length - at));
            CHECK(hash.digits() == sha256(message.data(), length));
        }
    }
}

TEST(what_is_shown_is_one_short_line_of_ascii) {
    CHECK(shown("plain name") == "plain name");
    CHECK(shown("\x1b[2J\n\t\\") == "\\x1b[2J\\n\\t\\\\");
    CHECK(shown("\xc3\xa9 \xe2\x80\xae \xf0\x9f\x98\x80") == "\\xe9 \\u202e \\U0001f600");
    CHECK(shown("\xff\xe2\x80") == "\\xff\\xe2\\x80");
    CHECK(shown(std::string(121, 'a')) == std::string(120, 'a') + "...");
    CHECK(shown(std::string(120, 'a')) == std::string(120, 'a'));
}

TEST(json_keeps_integers_and_decimals_apart) {
    const Json json = object(R"({"a": -9007199254740992, "b": 1.0, "c": [true, null, "é"], "d": {}})");
    CHECK(json["a"].get<std::int64_t>() == -9007199254740992);
    CHECK(json["b"].is_number_float());
    CHECK(json["c"].size() == 3);
    CHECK(json["d"].is_object());
}

TEST(json_errors_name_the_defect) {
    CHECK_THROWS(object(R"({"a": 1, "a": 2})"), Error, "file: key 'a' stands twice in one object; ");
    CHECK_THROWS(object(R"({"a": 9007199254740993})"), Error, "integer 9007199254740993 is too large");
    CHECK_THROWS(object(R"({"a": 99999999999999999999999})"), Error, "integer 99999999999999999999... is too large");
    CHECK_THROWS(object("{\"a\": " + std::string(1000000, '[')), Error, "nested deeper than 32");
    CHECK_THROWS(object("{\"a\": NaN}"), Error, "not JSON (byte 7)");
    CHECK_THROWS(object("[]"), Error, "not a JSON object");
    CHECK_THROWS(object(std::string("{}\0", 3)), Error, "not JSON");
}

TEST(a_manifest_is_read_with_all_a_session_needs) {
    const Manifest manifest = parse_manifest(MANIFEST, "manifest.json");
    CHECK(manifest.model == "tiny");
    CHECK(manifest.unit == "mm");
    CHECK(manifest.channels.empty());
    CHECK(manifest.parameters == "parameters.safetensors");
    CHECK(manifest.vectors.empty());
    REQUIRE(manifest.files.size() == 2);
    CHECK(manifest.files[0].path == "tiny/model.pte");
    CHECK(manifest.files[0].bytes == 3);
    REQUIRE(manifest.targets.size() == 1);
    CHECK(manifest.targets[0].target == "executorch");
    CHECK(manifest.targets[0].precision == "fp32");
    CHECK(manifest.targets[0].artefacts.at("ear") == "tiny/model.pte");

    const PipelineSpec& pipeline = manifest.pipeline;
    CHECK(pipeline.hop == 320);
    CHECK(pipeline.rate_numerator == 30000);
    CHECK(pipeline.rate_denominator == 1001);
    CHECK(pipeline.lookahead_samples == 80);
    CHECK(pipeline.values_spec().shape == Shape({5, 3}));
    CHECK(pipeline.values_spec().size() == 15);
    REQUIRE(pipeline.parameters.size() == 1);
    CHECK(pipeline.parameters[0].unit == "mm");
    REQUIRE(pipeline.signals.size() == 1);
    CHECK(pipeline.signals[0].hold_samples == 1600);
    CHECK(pipeline.signals[0].tensors[0].low == -1);
    CHECK(pipeline.signals[0].tensors[0].high == 2.5);
    REQUIRE(pipeline.stages.size() == 2);
    CHECK(pipeline.stages[0].clock == Clock::hop);
    CHECK(pipeline.stages[0].state[0].shape == Shape({1, 80}));
    CHECK(pipeline.stages[1].clock == Clock::frame);
    CHECK(pipeline.stages[1].inputs[0].source == "ear.features");
    CHECK(pipeline.stages[1].inputs[0].dtype == "float32");
}

TEST(a_manifest_that_is_wrong_is_refused_with_the_place) {
    const auto changed = [](const std::string& from, const std::string& to) {
        std::string text = MANIFEST;
        text.replace(text.find(from), from.size(), to);
        return parse_manifest(text, "manifest.json");
    };
    CHECK_THROWS(changed("\"hop\": 320", "\"hop\": 0"), Error,
                 "manifest.json: pipeline.hop: 0 is not within 1 and 16000; ");
    CHECK_THROWS(changed("\"clock\": \"hop\"", "\"clock\": \"day\""), Error,
                 "pipeline.stages.0.clock: 'day' is not a clock");
    CHECK_THROWS(changed("[4, 8]", "[4, 9]"), Error, "mouth.features: shape (4, 9) is not (1, 8)");
    CHECK_THROWS(changed("face.pose", "face.gaze"), Error, "mouth.pose: no earlier stage makes face.gaze");
    CHECK_THROWS(changed("\"unit\"", "\"\\u001b\""), Error, "manifest: key '\\x1b' is not known");
    CHECK_THROWS(changed("[1, 80]", "[65536, 65536]"), Error, "ear.left: shape (65536, 65536) is larger than");
    CHECK(changed("\"low\"", "\"unit\": \"rad\", \"low\"").pipeline.signals[0].tensors[0].unit == "rad");
}

TEST(sizes_do_not_wrap_around) {
    TensorSpec spec;
    CHECK(spec.size() == 1);
    spec.shape.assign(10, std::int64_t{1} << 31);
    CHECK(spec.size() == std::numeric_limits<std::size_t>::max());
}

TEST(a_signal_is_as_small_as_any_tensor) {
    std::string text = MANIFEST;
    const std::string from = R"("name": "face", "hold_samples": 1600, "tensors": [)";
    text.replace(text.find(from), from.size(), from + R"({"name": "huge", "shape": [2147483648, 2147483648]}, )");
    CHECK_THROWS(parse_manifest(text, "manifest.json"), Error, "face.huge: shape");
}

TEST(tensors_come_back_as_they_were_written) {
    TensorFile file;
    file.metadata["model"] = "tiny \xc3\xa9";
    file.tensors["b"] = floats({2, 3}, {1, 2, 3, 4, 5, 6.5f});
    file.tensors["a"] = {ElementType::i16, {3}, {1, 0, 2, 0, 255, 255}};
    file.tensors["c"] = {ElementType::i64, {}, {7, 0, 0, 0, 0, 0, 0, 128}};
    file.tensors["none"] = floats({0, 4}, {});
    const std::vector<std::uint8_t> bytes = write_tensors(file);
    const TensorFile read = parse_tensors(bytes, "file");
    CHECK(read.metadata == file.metadata);
    REQUIRE(read.tensors.size() == 4);
    CHECK(read.tensors.at("b").shape == Shape({2, 3}));
    CHECK(read.tensors.at("b").elements() == 6);
    CHECK(read.tensors.at("b").floats()[5] == 6.5f);
    CHECK(read.tensors.at("a").shorts()[2] == -1);
    CHECK(read.tensors.at("c").shape.empty());
    CHECK(read.tensors.at("c").longs()[0] == std::numeric_limits<std::int64_t>::min() + 7);
    CHECK(read.tensors.at("none").elements() == 0);
    CHECK(write_tensors(read) == bytes);
    CHECK(parse_tensors(write_tensors({}), "file").tensors.empty());
}

TEST(tensor_files_that_are_cut_anywhere_are_refused) {
    TensorFile file;
    file.tensors["a"] = floats({2}, {1, 2});
    const std::vector<std::uint8_t> whole = write_tensors(file);
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK_THROWS(parse_tensors({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}, "file"), Error,
                     "file: not");
    std::vector<std::uint8_t> longer = whole;
    longer.push_back(0);
    CHECK_THROWS(parse_tensors(longer, "file"), Error, "longer than its tensors");
}

TEST(tensor_headers_that_lie_are_refused) {
    const auto header = [](const std::string& text, std::size_t bytes) {
        return parse_tensors(container(text, bytes), "file");
    };
    CHECK(header(R"({"a": )" + entry("F32", "[2]", "[0, 8]") + "} ", 8).tensors.size() == 1);
    CHECK_THROWS(header(" {}", 0), Error, "does not begin with {");
    CHECK_THROWS(header("{\"a\": {}}", 0), Error, "three keys");
    CHECK_THROWS(header("{\"a\": 1}", 0), Error, "not an object");
    CHECK_THROWS(header(R"({"__metadata__": {"a": 1}})", 0), Error, "not text");
    for (const char* shape : {"[3]", "[2, 2]", "[4611686018427387905]", "[4294967296, 4294967296]",
                              "[4294967296, 4294967296, 0]", "[-2]", "[2.0]", "2"})
        CHECK_THROWS(header(R"({"a": )" + entry("F32", shape, "[0, 8]") + "}", 8), Error, "file: ");
    for (const char* offsets : {"[0, 4]", "[0, 16]", "[8, 16]", "[8, 0]", "[0]", "[0, 8, 8]", "[-8, 0]"})
        CHECK_THROWS(header(R"({"a": )" + entry("F32", "[2]", offsets) + "}", 8), Error, "file: ");
    CHECK_THROWS(header(R"({"a": )" + entry("F64", "[1]", "[0, 8]") + "}", 8), Error, "tensor 'a' is of type F64");
    const std::string twice =
        R"({"a": )" + entry("F32", "[2]", "[0, 8]") + R"(, "b": )" + entry("F32", "[2]", "[0, 8]");
    CHECK_THROWS(header(twice + "}", 8), Error, "offsets");
    const std::string hole =
        R"({"a": )" + entry("F32", "[1]", "[0, 4]") + R"(, "b": )" + entry("F32", "[1]", "[8, 12]");
    CHECK_THROWS(header(hole + "}", 12), Error, "offsets");
}

TEST(specified_tensors_are_those_and_finite) {
    TensorSpec spec;
    spec.name = "a";
    spec.shape = {2};
    const auto read = [&](const Tensor& tensor, const std::string& name) {
        TensorFile file;
        file.tensors[name] = tensor;
        return parse_specified(write_tensors(file), {spec}, "file");
    };
    CHECK(read(floats({2}, {1, 2}), "a").at("a").floats()[1] == 2);
    CHECK_THROWS(read(floats({2}, {1, 2}), "b"), Error, "holds b, which the manifest does not name");
    CHECK_THROWS(read(floats({2, 1}, {1, 2}), "a"), Error, "a has shape (2, 1), the manifest says (2,)");
    CHECK_THROWS(read(floats({2}, {1, std::nanf("")}), "a"), Error, "tensor 'a' holds NaN or infinity");
    CHECK_THROWS(read({ElementType::i64, {2}, std::vector<std::uint8_t>(16)}, "a"), Error, "tensor 'a' is of type I64");
    CHECK_THROWS(parse_specified(write_tensors({}), {spec}, "file"), Error, "holds no a");
}

TEST(a_folder_is_what_its_manifest_lists) {
    const Folder folder;
    const Manifest manifest = read_manifest(folder.name());
    check_files(folder.name(), manifest, true);
    CHECK(read_checked(folder.name(), manifest.files[0], true) == bytes_of("abc"));

    folder.write("tiny/model.pte", "abd");
    check_files(folder.name(), manifest, false);
    CHECK_THROWS(check_files(folder.name(), manifest, true), Error, "model.pte: its content is not what");
    CHECK_THROWS(read_checked(folder.name(), manifest.files[0], true), Error, "model.pte: its content is not what");
    CHECK(read_checked(folder.name(), manifest.files[0], false) == bytes_of("abd"));

    folder.write("tiny/model.pte", "abcd");
    CHECK_THROWS(check_files(folder.name(), manifest, false), Error, "has 4 bytes, the manifest says 3");
    CHECK_THROWS(read_checked(folder.name(), manifest.files[0], false), Error, "has 4 bytes, the manifest says 3");

    fs::remove(folder.path() / "tiny" / "model.pte");
    CHECK_THROWS(check_files(folder.name(), manifest, false), Error, "is listed in the manifest and missing");
    CHECK_THROWS(read_checked(folder.name(), manifest.files[0], false), Error, "cannot be read");

    fs::create_symlink(folder.path() / "manifest.json", folder.path() / "tiny" / "model.pte");
    CHECK_THROWS(check_files(folder.name(), manifest, false), Error, "is a link");
}

TEST(what_unity_writes_beside_each_is_passed_over) {
    const Folder folder;
    const Manifest manifest = read_manifest(folder.name());
    for (const char* name : {"manifest.json.meta", "tiny.meta", "tiny/model.pte.meta"}) folder.write(name, "guid");
    check_files(folder.name(), manifest, true);
    for (const char* name : {"x.meta", ".meta", "tiny/.meta", "tiny/manifest.json.meta", "tiny.meta.meta", "Tiny.meta"}) {
        folder.write(name, "guid");
        CHECK_THROWS(check_files(folder.name(), manifest, false), Error, "is not listed in the manifest");
        fs::remove(folder.path() / name);
    }
    check_files(folder.name(), manifest, true);
}

TEST(a_claimed_length_is_not_allocated) {
    const Folder folder;
    CHECK_THROWS(read_checked(folder.name(), {"tiny/model.pte", "", std::uint64_t{1} << 53}, false), Error,
                 "has 3 bytes");
}

TEST(no_folder_and_no_manifest_are_told_apart) {
    const Folder folder;
    CHECK_THROWS(read_manifest(folder.name() + "/absent"), Error, "does not exist");
    CHECK_THROWS(read_manifest(folder.name() + "/manifest.json"), Error, "is not a folder");
    CHECK_THROWS(read_manifest(folder.name() + "/tiny"), Error, "has no manifest.json");
    CHECK_THROWS(read_manifest(std::string(300, 'a')), Error, "cannot be read");
}

TEST_MAIN
