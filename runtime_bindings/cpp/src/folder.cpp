#include "folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <system_error>
#include <unordered_map>

#include "json.h"
#include "refuse.h"
#include "sha256.h"
#include "text.h"

namespace nowface {
namespace {

namespace fs = std::filesystem;

constexpr const char* MANIFEST = "manifest.json";
constexpr const char* REPLACE = "put the file itself in its place";
constexpr std::size_t BLOCK_BYTES = std::size_t{1} << 18;

fs::path path_of(const std::string& utf8) { return fs::u8path(utf8); }

std::string place(const std::string& folder, const std::string& path) { return folder + "/" + path; }

[[noreturn]] void unreadable(const std::string& subject, const std::error_code& code) {
    refuse(subject, "cannot be read (" + shown(code.message()) + ")", "check its permissions");
}

// What std::filesystem or the conversion of a name to UTF-8 throws.
template <typename Function>
auto guarded(const std::string& subject, Function function) -> decltype(function()) {
    try {
        return function();
    } catch (const std::system_error& error) {
        unreadable(subject, error.code());
    }
}

// The bytes of a plain file in blocks, the status of each link of its path looked at before it is opened. A folder that
// changes meanwhile can still lead elsewhere; what that brings has another SHA-256.
template <typename Take>
void read_blocks(const std::string& subject, const fs::path& path, Take take) {
    const fs::file_status status = fs::symlink_status(path);
    if (!fs::exists(status)) refuse(subject, "is listed in the manifest and missing");
    if (fs::is_symlink(status)) refuse(subject, "is a link", REPLACE);
    if (!fs::is_regular_file(status)) refuse(subject, "is a special file", REPLACE);
    std::ifstream file(path, std::ios::binary);
    std::vector<char> block(BLOCK_BYTES);
    while (file) {
        file.read(block.data(), static_cast<std::streamsize>(block.size()));
        const auto count = static_cast<std::size_t>(file.gcount());
        if (count != 0 && !take(reinterpret_cast<const std::uint8_t*>(block.data()), count)) return;
    }
    if (!file.eof()) refuse(subject, "cannot be read", "check its permissions");
}

[[noreturn]] void wrong_size(const std::string& subject, std::uint64_t bytes, const FileRecord& file) {
    refuse(subject, "has " + std::to_string(bytes) + " bytes, the manifest says " + std::to_string(file.bytes));
}

// Hands the bytes of a listed file over and checks them: no more than are listed, and in the end their hash.
template <typename Take>
void read_listed(const std::string& folder, const FileRecord& file, bool hash, Take take) {
    const std::string subject = place(folder, file.path);
    std::uint64_t total = 0;
    Sha256 digest;
    read_blocks(subject, path_of(subject), [&](const std::uint8_t* bytes, std::size_t count) {
        total += count;
        if (total > file.bytes) wrong_size(subject, total, file);
        if (hash) digest.update(bytes, count);
        take(bytes, count);
        return true;
    });
    if (total != file.bytes) wrong_size(subject, total, file);
    if (hash && digest.digits() != file.sha256) refuse(subject, "its content is not what the manifest's SHA-256 says");
}

// Calls `found` with the path of every plain file below the folder, relative and with `/`.
template <typename Found>
void walk(const std::string& folder, Found found) {
    std::vector<std::string> waiting = {""};  // folders, each with a `/` behind it
    while (!waiting.empty()) {
        const std::string prefix = waiting.back();
        waiting.pop_back();
        for (const fs::directory_entry& entry : fs::directory_iterator(path_of(place(folder, prefix)))) {
            const std::string path = prefix + entry.path().filename().u8string();
            const fs::file_status status = entry.symlink_status();
            if (fs::is_directory(status)) {
                waiting.push_back(path + "/");
            } else if (fs::is_regular_file(status)) {
                found(path, entry);
            } else {
                const char* kind = fs::is_symlink(status) ? "is a link" : "is a special file";
                refuse(place(folder, shown(path)), kind, REPLACE);
            }
        }
    }
}

// `NAME.meta` for the manifest, each listed file and each folder of one: what Unity's editor writes beside them.
std::set<std::string> meta_files(const Manifest& manifest) {
    std::set<std::string> names = {MANIFEST + std::string(".meta")};
    for (const FileRecord& file : manifest.files) {
        names.insert(file.path + ".meta");
        for (std::size_t end = file.path.find('/'); end != std::string::npos; end = file.path.find('/', end + 1))
            names.insert(file.path.substr(0, end) + ".meta");
    }
    return names;
}

void check_names_and_sizes(const std::string& folder, const Manifest& manifest) {
    std::unordered_map<std::string, const FileRecord*> listed;
    for (const FileRecord& file : manifest.files) listed.emplace(file.path, &file);
    const std::set<std::string> passed_over = meta_files(manifest);
    std::set<std::string> found;
    walk(folder, [&](const std::string& path, const fs::directory_entry& entry) {
        if (path == MANIFEST) return;
        const auto record = listed.find(path);
        if (record == listed.end()) {
            if (passed_over.count(path) != 0) return;
            refuse(place(folder, shown(path)), "is not listed in the manifest", "remove it from the bundle");
        }
        const std::uint64_t bytes = entry.file_size();
        if (bytes != record->second->bytes) wrong_size(place(folder, path), bytes, *record->second);
        found.insert(path);
    });
    for (const FileRecord& file : manifest.files)
        if (found.count(file.path) == 0) refuse(place(folder, file.path), "is listed in the manifest and missing");
}

std::string manifest_text(const std::string& folder) {
    const char* const mend = "give the folder that `python -m export` wrote";
    const fs::file_status whole = fs::status(path_of(folder));  // the folder itself may be reached by a link
    if (!fs::exists(whole)) refuse(folder, "does not exist", mend);
    if (!fs::is_directory(whole)) refuse(folder, "is not a folder", mend);
    const std::string subject = place(folder, MANIFEST);
    const fs::path path = path_of(subject);
    const fs::file_status status = fs::symlink_status(path);
    if (!fs::exists(status)) refuse(folder, std::string("has no ") + MANIFEST, mend);
    if (!fs::is_symlink(status) && !fs::is_regular_file(status))
        refuse(folder, std::string("its ") + MANIFEST + " is not a file", mend);
    std::string text;
    read_blocks(subject, path, [&](const std::uint8_t* bytes, std::size_t count) {
        text.append(reinterpret_cast<const char*>(bytes), count);
        return text.size() <= MAX_JSON_BYTES;  // the parser refuses what is longer
    });
    return text;
}

}  // namespace

Manifest read_manifest(const std::string& folder) {
    const std::string text = guarded(folder, [&] { return manifest_text(folder); });
    return parse_manifest(text, place(folder, MANIFEST));
}

void check_files(const std::string& folder, const Manifest& manifest, bool hashes) {
    guarded(folder, [&] {
        check_names_and_sizes(folder, manifest);
        if (!hashes) return;
        for (const FileRecord& file : manifest.files)
            read_listed(folder, file, true, [](const std::uint8_t*, std::size_t) {});
    });
}

std::vector<std::uint8_t> read_checked(const std::string& folder, const FileRecord& file, bool hash) {
    return guarded(folder, [&] {
        const std::string subject = place(folder, file.path);
        std::vector<std::uint8_t> content;
        // Not before the file is known to be as long as a hostile manifest may claim.
        const std::uint64_t bytes = fs::file_size(path_of(subject));
        if (bytes != file.bytes) wrong_size(subject, bytes, file);
        if (bytes > content.max_size())
            refuse(subject, "is too large for this machine's memory", "use a smaller model");
        content.reserve(static_cast<std::size_t>(bytes));
        read_listed(folder, file, hash, [&](const std::uint8_t* block, std::size_t count) {
            content.insert(content.end(), block, block + count);
        });
        return content;
    });
}

}  // namespace nowface
