#include "field.h"

#include <algorithm>
#include <cmath>

#include "refuse.h"
#include "text.h"

namespace nowface {

Field::Field(const Json& json, std::string place, const std::string& subject)
    : json_(&json), place_(std::move(place)), subject_(&subject) {}

const std::string& Field::text(std::size_t longest) const {
    const auto* value = json_->get_ptr<const std::string*>();
    if (value == nullptr) wrong("is not a text");
    if (value->size() > longest && characters(*value) > longest)
        wrong("is longer than " + std::to_string(longest) + " characters");
    return *value;
}

const std::string& Field::text(bool (*form)(std::string_view), const char* what) const {
    const std::string& value = text();
    if (!form(value)) wrong("'" + shown(value) + "' is not " + what);
    return value;
}

const std::string& Field::name() const { return text(is_name, "a name"); }
const std::string& Field::path() const { return text(is_relative_path, "a plain relative path inside the bundle"); }
const std::string& Field::label() const { return text(is_label, "a name of a target or precision"); }
const std::string& Field::hash() const { return text(is_hash, "a SHA-256"); }

std::int64_t Field::integer(std::int64_t low, std::int64_t high) const {
    const auto* value = json_->get_ptr<const std::int64_t*>();
    if (value == nullptr) wrong("is not an integer");
    if (*value < low || *value > high)
        wrong(std::to_string(*value) + " is not within " + std::to_string(low) + " and " + std::to_string(high));
    return *value;
}

double Field::number() const {
    if (const auto* integer = json_->get_ptr<const std::int64_t*>()) return static_cast<double>(*integer);
    const auto* value = json_->get_ptr<const double*>();
    if (value == nullptr) wrong("is not a number");
    return *value;
}

double Field::fraction(double high) const {
    const double value = number();
    if (value < 0) wrong("is below 0");
    if (value > high) wrong("is too large");
    return value;
}

bool Field::boolean() const {
    const auto* value = json_->get_ptr<const bool*>();
    if (value == nullptr) wrong("is not true or false");
    return *value;
}

std::vector<Field> Field::items() const {
    const auto* array = json_->get_ptr<const Json::array_t*>();
    if (array == nullptr) wrong("is not an array");
    std::vector<Field> fields;
    fields.reserve(array->size());
    for (std::size_t index = 0; index < array->size(); ++index)
        fields.emplace_back((*array)[index], place_ + "." + std::to_string(index), *subject_);
    return fields;
}

std::vector<std::pair<std::string_view, Field>> Field::map() const {
    std::vector<std::pair<std::string_view, Field>> fields;
    for (const auto& [key, value] : object())
        fields.emplace_back(key, Field(value, place_ + "." + shown(key), *subject_));
    return fields;
}

void Field::closed(std::initializer_list<std::string_view> required,
                   std::initializer_list<std::string_view> optional) const {
    const auto known = [&](const std::string& key) {
        return std::find(required.begin(), required.end(), key) != required.end() ||
               std::find(optional.begin(), optional.end(), key) != optional.end();
    };
    for (const auto& member : object())
        if (!known(member.first)) wrong("key '" + shown(member.first) + "' is not known");
    for (const std::string_view key : required)
        if (!find(key)) wrong("key '" + std::string(key) + "' is missing");
}

Field Field::at(std::string_view key) const { return *find(key); }

std::optional<Field> Field::find(std::string_view key) const {
    const auto& members = object();
    const auto found = members.find(std::string(key));
    if (found == members.end()) return std::nullopt;
    return Field(found->second, place_.empty() ? std::string(key) : place_ + "." + std::string(key), *subject_);
}

std::optional<Field> Field::given(std::string_view key) const {
    std::optional<Field> field = find(key);
    return field && !field->json_->is_null() ? field : std::nullopt;
}

void Field::wrong(const std::string& problem) const {
    refuse(*subject_, (place_.empty() ? "manifest" : shown(place_)) + ": " + problem);
}

const Json::object_t& Field::object() const {
    const auto* value = json_->get_ptr<const Json::object_t*>();
    if (value == nullptr) wrong("is not an object");
    return *value;
}

}  // namespace nowface
