#if canImport(CoreML)
import CoreML
import Foundation

/// Runs a bundle's `coreml` programs in Core ML.
///
/// A `.mlpackage` is compiled for the device the first time that it is loaded; the result is kept, and loading it again
/// takes less. A step allocates: Core ML makes an array for each result, and its own working memory. What the native
/// library promises for `push` and `poll` holds all the same in worker mode, where steps have a thread of their own.
public struct CoreMLExecutor: StageExecutor {
    public let target = "coreml"
    public let runtime: String
    /// Processors that Core ML may choose among. Programs in fp32 never run on the Neural Engine.
    public let computeUnits: MLComputeUnits
    private let store: CompiledModelStore

    /// - Parameters:
    ///   - computeUnits: processors that Core ML may choose among.
    ///   - compiledFolder: holds `PRECISION/STAGE.mlmodelc` for each stage, as `xcrun coremlcompiler compile` makes them:
    ///     for apps that compile when they are built. Its files are not compared with the bundle's hashes. nil: compile
    ///     on the device.
    ///   - cacheFolder: where what was compiled on the device is kept; nil for `nowface` in the user's caches.
    public init(computeUnits: MLComputeUnits = .all, compiledFolder: URL? = nil, cacheFolder: URL? = nil) {
        self.computeUnits = computeUnits
        store = CompiledModelStore(compiledFolder: compiledFolder, cacheFolder: cacheFolder)
        runtime = "Core ML \(ProcessInfo.processInfo.operatingSystemVersionString)"
    }

    public func load(_ stage: StageDescription) throws -> sending any LoadedStage {
        let configuration = MLModelConfiguration()
        configuration.computeUnits = computeUnits
        let model = try store.model(of: URL(fileURLWithPath: stage.path), configuration)
        return try CoreMLStage(model, stage)
    }
}
#endif
