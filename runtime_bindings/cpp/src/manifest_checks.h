// What the records of a manifest must be to each other. All functions throw Error(NOWFACE_ERROR_BUNDLE); `subject`
// names the manifest in messages.
#pragma once

#include <string>
#include <vector>

#include "manifest.h"

namespace nowface {

// Names are used once, sources exist and are ready in time, shapes fit, and a frame stage makes the values.
void check_pipeline(const PipelineSpec& pipeline, const std::string& subject);

// Tensors are small enough, the values fit their names, targets have one artefact a stage, and what is named is listed.
void check_manifest(const Manifest& manifest, const std::vector<std::string>& named_files, const std::string& subject);

// No two paths are one file, or one folder in two spellings, where case is ignored.
void check_collisions(const std::vector<FileRecord>& files, const std::string& subject);

std::string shape_text(const Shape& shape);  // such as (2, 8)

}  // namespace nowface
