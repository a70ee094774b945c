#include "text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace nowface {
namespace {

constexpr std::size_t MAX_NAME = 120, MAX_LABEL = 60, MAX_PATH_LENGTH = 200, HASH_DIGITS = 64;

// Not those of <cctype>, whose answers depend on the locale.
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) { return is_lower(c) || is_digit(c) || c == '_'; }
bool is_label_character(char c) { return is_name_character(c) || c == '-'; }
bool is_path_character(char c) { return is_label_character(c) || is_upper(c) || c == '.'; }

bool is_name_of_any_length(std::string_view text) {
    return !text.empty() && is_lower(text[0]) && std::all_of(text.begin(), text.end(), is_name_character);
}

// Names that Windows takes for a device, with any extension.
bool is_device(std::string_view segment) {
    const std::string stem = lower(segment.substr(0, segment.find('.')));
    static constexpr std::array<std::string_view, 4> plain = {"con", "prn", "aux", "nul"};
    if (std::find(plain.begin(), plain.end(), stem) != plain.end()) return true;
    return stem.size() == 4 && (starts_with(stem, "com") || starts_with(stem, "lpt")) && is_digit(stem[3]);
}

bool is_segment(std::string_view text) {
    return !text.empty() && text.front() != '.' && text.front() != '-' && text.back() != '.' &&
           std::all_of(text.begin(), text.end(), is_path_character) && !is_device(text);
}

// The code point at `at`, which moves on behind it; a byte that is not UTF-8 stands for itself.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t index) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[index]));
    };
    const std::uint32_t first = byte(at++);
    const std::size_t more = first >= 0xf0 && first < 0xf8   ? 3
                             : first >= 0xe0 && first < 0xf0 ? 2
                             : first >= 0xc2 && first < 0xe0 ? 1
                                                             : 0;
    if (more == 0 || text.size() - at < more) return first;
    std::uint32_t point = first & (0x3fu >> more);
    for (std::size_t index = at; index < at + more; ++index) {
        if ((byte(index) & 0xc0u) != 0x80u) return first;
        point = (point << 6) | (byte(index) & 0x3fu);
    }
    at += more;
    return point;
}

std::string escaped(std::uint32_t point, char kind, int digits) {
    std::string text = {'\\', kind};
    for (int digit = digits - 1; digit >= 0; --digit) text += "0123456789abcdef"[(point >> (4 * digit)) & 15u];
    return text;
}

}  // namespace

std::string shown(std::string_view text, std::size_t limit) {
    std::string line;
    for (std::size_t at = 0; at < text.size() && line.size() <= limit;) {
        const std::uint32_t point = next_character(text, at);
        if (point == '\\')
            line += "\\\\";
        else if (point == '\n')
            line += "\\n";
        else if (point == '\r')
            line += "\\r";
        else if (point == '\t')
            line += "\\t";
        else if (point >= 0x20 && point < 0x7f)
            line += static_cast<char>(point);
        else if (point <= 0xff)
            line += escaped(point, 'x', 2);
        else if (point <= 0xffff)
            line += escaped(point, 'u', 4);
        else
            line += escaped(point, 'U', 8);
    }
    return line.size() <= limit ? line : line.substr(0, limit) + "...";
}

std::size_t characters(std::string_view text) {
    const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts));
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool is_name(std::string_view text) { return text.size() <= MAX_NAME && is_name_of_any_length(text); }

bool is_source(std::string_view text) {
    const std::size_t dot = text.find('.');
    return dot != std::string_view::npos && is_name_of_any_length(text.substr(0, dot)) &&
           is_name_of_any_length(text.substr(dot + 1));
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= MAX_LABEL && text[0] != '_' && text[0] != '-' &&
           std::all_of(text.begin(), text.end(), is_label_character);
}

bool is_hash(std::string_view text) {
    return text.size() == HASH_DIGITS &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_relative_path(std::string_view text) {
    if (text.size() > MAX_PATH_LENGTH) return false;
    for (std::size_t start = 0;;) {
        const std::size_t slash = text.find('/', start);
        if (!is_segment(text.substr(start, slash == std::string_view::npos ? slash : slash - start))) return false;
        if (slash == std::string_view::npos) return true;
        start = slash + 1;
    }
}

}  // namespace nowface
