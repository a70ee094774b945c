// Hostile JSON to values: size, depth, counts, duplicate keys and numbers are checked while reading.
//
// RFC 8259 leaves duplicate keys and huge numbers to the reader. What passes here means the same to every reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace nowface {

using Json = nlohmann::json;

// As in sdk/bundle/json_text.py.
inline constexpr std::size_t MAX_JSON_BYTES = 8 * 1024 * 1024;
inline constexpr std::size_t MAX_JSON_DEPTH = 32;
inline constexpr std::size_t MAX_JSON_ITEMS = 4096;  // entries of one array or object
inline constexpr std::int64_t MAX_JSON_INTEGER = std::int64_t{1} << 53;

// One object of valid UTF-8. Its numbers are int64_t within +-MAX_JSON_INTEGER or finite double. `subject` names the
// file in messages. Throws Error(NOWFACE_ERROR_BUNDLE).
Json parse_object(std::string_view text, const std::string& subject);

}  // namespace nowface
