import CNowface

/// A runtime of the app's own for the stages of a bundle, such as Core ML.
///
/// Clock, sound, state and snapshots stay the library's. What `load` and `run` throw becomes a `target` error of the call
/// that asked for it, with the text of the error. Neither may call a session or a bundle.
public protocol StageExecutor: Sendable {
    /// Which of the manifest's targets it runs, such as `coreml`.
    var target: String { get }
    /// Its name and version, for traces.
    var runtime: String { get }

    /// Loads a stage for one session. Called from any thread, while a session starts.
    func load(_ stage: StageDescription) throws -> sending any LoadedStage
}

/// A stage that was loaded for one session.
///
/// Steps come one at a time, the first from the thread that starts the session, and those of a worker from its own. It is
/// let go with its session.
public protocol LoadedStage: AnyObject {
    /// Computes one step. Every result must be written in whole; none shares memory with an argument.
    func run(_ arguments: StageArguments, _ results: StageResults) throws
}

/// A stage that an executor is asked to load.
public struct StageDescription: Equatable, Sendable {
    public let name: String
    /// Of its program: a file or a folder, whose hashes were compared.
    public let path: String
    public let inputs: [Tensor]
    public let state: [Tensor]
    public let outputs: [Tensor]

    public init(name: String, path: String, inputs: [Tensor], state: [Tensor], outputs: [Tensor]) {
        self.name = name
        self.path = path
        self.inputs = inputs
        self.state = state
        self.outputs = outputs
    }

    /// What a step is given, in order: inputs, then state.
    public var arguments: [Tensor] { inputs + state }

    /// What a step gives, in order and with the names of the program: outputs, then the next state as `next_NAME`.
    public var results: [Tensor] { outputs + state.map { Tensor(name: "next_\($0.name)", shape: $0.shape) } }

    init(_ native: nowface_stage) {
        self.init(
            name: String(cString: native.name),
            path: String(cString: native.path),
            inputs: Tensor.list(native.inputs, native.input_count),
            state: Tensor.list(native.state, native.state_count),
            outputs: Tensor.list(native.outputs, native.output_count))
    }
}

/// The arguments of one step, by position. Good until `run` returns.
public struct StageArguments {
    let pointers: UnsafePointer<UnsafePointer<Float>?>
    let counts: [Int]

    public var count: Int { counts.count }

    public subscript(index: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: pointers[index], count: counts[index])
    }
}

/// Where one step writes its results, by position. Good until `run` returns.
public struct StageResults {
    let pointers: UnsafePointer<UnsafeMutablePointer<Float>?>
    let counts: [Int]

    public var count: Int { counts.count }

    public subscript(index: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: pointers[index], count: counts[index])
    }
}
