#include "manifest_records.h"

#include "text.h"

namespace nowface {
namespace {

constexpr std::size_t MAX_TEXT = 20000;

void check_texts(const Field& array) {
    for (const Field& item : array.items()) item.text(MAX_TEXT);
}

void check_text_key(std::string_view key, const Field& field) {
    if (characters(key) > MAX_TEXT) field.wrong("key is longer than " + std::to_string(MAX_TEXT) + " characters");
}

void check_text_map(const Field& map) {
    for (const auto& [key, value] : map.map()) {
        check_text_key(key, map);
        value.text(MAX_TEXT);
    }
}

void check_name_key(std::string_view key, const Field& field) {
    if (!is_name(key)) field.wrong("key '" + shown(key) + "' is not a name");
}

void check_layers(const Field& layers) {
    for (const auto& [stage, forms] : layers.map()) {
        check_name_key(stage, layers);
        for (const auto& [layer, form] : forms.map()) {
            check_text_key(layer, forms);
            form.label();
        }
    }
}

void check_tolerance(const Field& tolerance) {
    tolerance.closed(
        {"max_abs_of_range", "rms_of_range", "digest_relative"},
        {"label_agreement", "motion_deviation", "gain_error", "lip_error_mm", "closure_points", "lag_ms", "sync_ms",
         "jitter_mm"});
    for (const char* key : {"max_abs_of_range", "rms_of_range", "digest_relative"}) tolerance.at(key).fraction();
    if (const auto agreement = tolerance.find("label_agreement")) agreement->fraction(1);
    if (const auto deviation = tolerance.find("motion_deviation")) deviation->fraction();
    for (const char* key : {"gain_error", "lip_error_mm", "closure_points", "lag_ms", "sync_ms", "jitter_mm"})
        if (const auto bound = tolerance.given(key)) bound->fraction();
}

}  // namespace

void check_model(const Field& field) {
    field.closed({"name", "title", "licence", "trained"}, {"config"});
    field.at("name").name();
    field.at("title").text(MAX_TEXT);
    field.at("licence").text(MAX_TEXT);
    field.at("trained").boolean();
    if (const auto config = field.find("config")) config->map();
}

FileRecord parse_file(const Field& field) {
    field.closed({"path", "sha256", "bytes"});
    return {field.at("path").path(), field.at("sha256").hash(),
            static_cast<std::uint64_t>(field.at("bytes").integer(0))};
}

TargetRecord parse_target(const Field& field) {
    field.closed({"target", "precision", "artefacts"},
                 {"tools", "minimum_os", "rewrites", "undelegated", "layers", "calibration", "tolerance", "measured"});
    TargetRecord record;
    record.target = field.at("target").label();
    record.precision = field.at("precision").label();
    const Field artefacts = field.at("artefacts");
    for (const auto& [stage, path] : artefacts.map()) {
        check_name_key(stage, artefacts);
        record.artefacts.emplace(stage, path.path());
    }
    for (const char* key : {"tools", "minimum_os"})
        if (const auto texts = field.find(key)) check_text_map(*texts);
    for (const char* key : {"rewrites", "undelegated"})
        if (const auto texts = field.find(key)) check_texts(*texts);
    if (const auto layers = field.find("layers")) check_layers(*layers);
    if (const auto calibration = field.given("calibration")) calibration->hash();
    if (const auto tolerance = field.given("tolerance")) check_tolerance(*tolerance);
    if (const auto measured = field.find("measured")) {
        for (const auto& [key, value] : measured->map()) {
            check_text_key(key, *measured);
            value.number();
        }
    }
    return record;
}

}  // namespace nowface
