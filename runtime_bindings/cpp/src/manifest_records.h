// Each record of a manifest from its JSON, checked for itself: sdk/bundle/manifest.py and sdk/spec.py, one by one.
#pragma once

#include "field.h"
#include "manifest.h"

namespace nowface {

void check_model(const Field& field);  // only its name is of use to a session
PipelineSpec parse_pipeline(const Field& field);
FileRecord parse_file(const Field& field);
TargetRecord parse_target(const Field& field);

}  // namespace nowface
