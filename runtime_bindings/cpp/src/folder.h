// The folder of a bundle: read and checked before anything else sees a byte of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "manifest.h"

namespace nowface {

// Reads manifest.json of the folder at the UTF-8 path and parses it. Links are refused. Throws
// Error(NOWFACE_ERROR_BUNDLE).
Manifest read_manifest(const std::string& folder);

// The folder holds the listed files, each with its listed size, nothing else, no link and no special file; with
// `hashes` also each with its SHA-256. `NAME.meta`, which Unity's editor writes beside the manifest, a listed file or a
// folder of one, is passed over. Throws Error(NOWFACE_ERROR_BUNDLE).
void check_files(const std::string& folder, const Manifest& manifest, bool hashes);

// The bytes of one listed file, whose size and SHA-256 are checked on the very bytes that are returned, so that a file
// changed after `check_files` cannot pass. Throws Error(NOWFACE_ERROR_BUNDLE).
std::vector<std::uint8_t> read_checked(const std::string& folder, const FileRecord& file, bool hash);

}  // namespace nowface
