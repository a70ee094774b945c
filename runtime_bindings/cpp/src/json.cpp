#include "json.h"

#include <utility>
#include <vector>

#include "refuse.h"
#include "text.h"

namespace nowface {
namespace {

// Builds the values as the library's parser meets them, so that no more is ever built than the limits allow. (The
// library's own builder lets the last of two equal keys win.)
class Builder final : public nlohmann::json_sax<Json> {
  public:
    explicit Builder(const std::string& subject) : subject_(subject) {}

    Json take() { return std::move(root_); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool string(std::string& value) override { return add(std::move(value)); }
    bool binary(Json::binary_t&) override { return false; }  // not in JSON text

    bool number_integer(std::int64_t value) override {
        if (value > MAX_JSON_INTEGER || value < -MAX_JSON_INTEGER) too_large(std::to_string(value));
        return add(value);
    }

    bool number_unsigned(std::uint64_t value) override {
        if (value > std::uint64_t{MAX_JSON_INTEGER}) too_large(std::to_string(value));
        return add(static_cast<std::int64_t>(value));
    }

    // Also called for integers beyond 64 bits.
    bool number_float(double value, const std::string& text) override {
        if (text.find_first_of(".eE") == std::string::npos) too_large(text);
        return add(value);
    }

    bool start_object(std::size_t) override { return open(Json::value_t::object); }
    bool start_array(std::size_t) override { return open(Json::value_t::array); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(std::string& name) override {
        auto& object = *open_.back()->get_ptr<Json::object_t*>();
        const auto [place, added] = object.emplace(name, nullptr);
        if (!added) refuse(subject_, "key '" + shown(name) + "' stands twice in one object");
        check_count(object.size());
        value_ = &place->second;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
        refuse(subject_, "not JSON (byte " + std::to_string(position) + ")");
    }

  private:
    bool add(Json value) {
        place() = std::move(value);
        return true;
    }

    bool open(Json::value_t type) {
        if (open_.size() == MAX_JSON_DEPTH) refuse(subject_, "nested deeper than " + std::to_string(MAX_JSON_DEPTH));
        Json& container = place();
        container = Json(type);
        open_.push_back(&container);
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    // Where the next value belongs. It stays there while it is open: its array grows again only once it is closed.
    Json& place() {
        if (open_.empty()) return root_;
        auto* array = open_.back()->get_ptr<Json::array_t*>();
        if (array == nullptr) return *value_;
        check_count(array->size() + 1);
        return array->emplace_back();
    }

    void check_count(std::size_t count) const {
        if (count > MAX_JSON_ITEMS)
            refuse(subject_, "an array or object has more than " + std::to_string(MAX_JSON_ITEMS) + " entries");
    }

    [[noreturn]] void too_large(const std::string& text) const {
        refuse(subject_, "integer " + shown(text, 20) + " is too large");
    }

    const std::string& subject_;
    Json root_;
    std::vector<Json*> open_;  // arrays and objects around the next value
    Json* value_ = nullptr;    // of the newest key
};

}  // namespace

Json parse_object(std::string_view text, const std::string& subject) {
    if (text.size() > MAX_JSON_BYTES) {
        const std::string problem = "longer than " + std::to_string(MAX_JSON_BYTES) + " bytes";
        refuse(subject, problem, std::string("this is not a manifest; ") + REEXPORT);
    }
    // The library takes a NUL for the end of the text and skips a byte order mark; JSON has neither.
    if (text.find('\0') != std::string_view::npos || starts_with(text, "\xef\xbb\xbf")) refuse(subject, "not JSON");
    Builder builder(subject);
    Json::sax_parse(text.begin(), text.end(), &builder);
    Json value = builder.take();
    if (!value.is_object()) refuse(subject, "not a JSON object");
    return value;
}

}  // namespace nowface
