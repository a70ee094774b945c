// A value of the manifest and its place in it. What is asked of it and it cannot give is told with that place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json.h"

namespace nowface {

// All functions throw Error(NOWFACE_ERROR_BUNDLE) if the value is not what they give. The JSON and the subject must
// outlive the field.
class Field {
  public:
    static constexpr std::size_t ANY_LENGTH = std::numeric_limits<std::size_t>::max();

    Field(const Json& json, std::string place, const std::string& subject);

    // Text of at most `longest` characters.
    const std::string& text(std::size_t longest = ANY_LENGTH) const;
    // Text for which `form` is true; `what` names the form.
    const std::string& text(bool (*form)(std::string_view), const char* what) const;
    const std::string& name() const;
    const std::string& path() const;
    const std::string& label() const;
    const std::string& hash() const;
    std::int64_t integer(std::int64_t low, std::int64_t high = MAX_JSON_INTEGER) const;
    double number() const;
    double fraction(double high = std::numeric_limits<double>::infinity()) const;  // at least 0
    bool boolean() const;

    std::vector<Field> items() const;                             // of an array
    std::vector<std::pair<std::string_view, Field>> map() const;  // of an object with free keys

    // An object with all of `required`, any of `optional` and no other key.
    void closed(std::initializer_list<std::string_view> required,
                std::initializer_list<std::string_view> optional = {}) const;
    // Of an object that was found closed: a required key, and an optional one if it is there.
    Field at(std::string_view key) const;
    std::optional<Field> find(std::string_view key) const;
    // The same, with null for absent.
    std::optional<Field> given(std::string_view key) const;

    [[noreturn]] void wrong(const std::string& problem) const;

  private:
    const Json::object_t& object() const;

    const Json* json_;
    std::string place_;
    const std::string* subject_;
};

}  // namespace nowface
