// Texts of a bundle: which are names, hashes and paths, and how a hostile one is shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nowface {

// `text` on one line of printable ASCII, cut after `limit` characters: a hostile bundle must not write control
// characters to a terminal or fill the screen. What is not ASCII is spelt out, as only tables of Unicode could tell
// which of it is harmless.
std::string shown(std::string_view text, std::size_t limit = 120);

// Characters (code points) of valid UTF-8.
std::size_t characters(std::string_view text);

// ASCII letters in lower case, whatever the locale.
std::string lower(std::string_view text);

bool starts_with(std::string_view text, std::string_view start);

bool is_name(std::string_view text);    // of a stage, a tensor: [a-z][a-z0-9_]*, at most 120 characters
bool is_source(std::string_view text);  // two such names of any length and a dot between them
bool is_label(std::string_view text);   // of a target, a precision: [a-z0-9][a-z0-9_-]*, at most 60 characters
bool is_hash(std::string_view text);    // 64 lower-case hexadecimal digits

// A relative path inside the bundle that is safe on any system: `segment/segment` of letters, digits, `_`, `-` and `.`
// (neither first nor last), no name that Windows keeps for a device, at most 200 characters.
bool is_relative_path(std::string_view text);

}  // namespace nowface
