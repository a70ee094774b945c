#if canImport(CoreML)
import CoreML

/// Whether a program is the stage's: names, shapes and types of its tensors.
///
/// - Throws: `target` where they differ, or where the program keeps a state of its own, which `reset` and `restore` could
///   not reach.
func checkSignature(of found: MLModelDescription, _ stage: StageDescription) throws {
    try compare("input", stage.arguments, found.inputDescriptionsByName, [.float32], stage)
    try compare("output", stage.results, found.outputDescriptionsByName, [.float32, .float16], stage)
    if #available(iOS 18, macOS 15, visionOS 2, *), let name = found.stateDescriptionsByName.keys.min() {
        throw NowfaceError(.target, "\(stage.path): keeps state \(name) of its own")
    }
}

private func compare(
    _ kind: String, _ wanted: [Tensor], _ found: [String: MLFeatureDescription], _ types: [MLMultiArrayDataType],
    _ stage: StageDescription
) throws {
    func refuse(_ problem: String) -> NowfaceError {
        NowfaceError(.target, "\(stage.path): \(problem)")
    }
    let unknown = Set(found.keys).subtracting(wanted.map(\.name))
    if let name = unknown.min() { throw refuse("stage \(stage.name) has no \(kind) \(name)") }
    for tensor in wanted {
        guard let array = found[tensor.name]?.multiArrayConstraint else { throw refuse("has no \(kind) \(tensor.name)") }
        let shape = array.shape.map(\.intValue)
        guard shape == tensor.shape else {
            throw refuse("\(kind) \(tensor.name) is \(shape), in stage \(stage.name) \(tensor.shape)")
        }
        guard types.contains(array.dataType) else {
            throw refuse("\(kind) \(tensor.name) is of type \(array.dataType.rawValue), not a float")
        }
    }
}
#endif
