import Nowface

#if canImport(CoreML)
import CoreML
#endif

/// What runs the model.
public enum Engine: String, CaseIterable, Identifiable, Sendable {
    case execuTorch = "ExecuTorch"
    case coreML = "Core ML"

    public var id: String { rawValue }

    /// Those that this system has.
    public static var available: [Engine] {
        #if canImport(CoreML)
        allCases
        #else
        [.execuTorch]
        #endif
    }

    /// nil for the runtime that the native library has built in.
    var executor: (any StageExecutor)? {
        #if canImport(CoreML)
        self == .coreML ? CoreMLExecutor() : nil
        #else
        nil
        #endif
    }
}
