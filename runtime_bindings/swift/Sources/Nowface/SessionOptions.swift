import CNowface

/// What a session begins with. A number left at 0 takes the default.
public struct SessionOptions: Sendable {
    /// How a session computes; the numbers of nowface.h.
    public enum Mode: Int32, Sendable {
        /// On one thread of its own: push and poll never wait, lock or allocate.
        case worker = 0
        /// Within poll, on the caller's thread: for clips, tests and parity.
        case synchronous = 1
    }

    public var mode = Mode.worker
    /// Of what is pushed, in Hz, 4000 to 768000; 0 for 16000.
    public var sampleRate: UInt32 = 0
    /// Most sound that may wait, in ms; 0 for 10000. The oldest beyond it is dropped and counted.
    public var queueMilliseconds: UInt32 = 0
    /// Frames that may wait for poll in worker mode; 0 for 64. The worker stands while so many wait.
    public var frameCapacity: UInt32 = 0
    /// Frames between two looks at the state; 0 for 30.
    public var healthInterval: UInt32 = 0
    /// Of a model that samples; nil: it takes its likeliest choices.
    public var seed: UInt64?
    /// One of the bundle's precisions; nil for the first.
    public var precision: String?
    /// Values in place of the bundle's own, by the names of its parameters.
    public var parameters: [String: [Float]] = [:]

    public init() {}

    /// Calls `body` with the options as the native library reads them; they are valid until it returns.
    func withNative<Result>(
        _ body: (inout nowface_session_options) throws(NowfaceError) -> Result
    ) throws(NowfaceError) -> Result {
        let precisionText = precision.map(CText.init)
        var native = nowface_session_options()
        native.struct_size = UInt32(MemoryLayout<nowface_session_options>.size)
        native.abi_version = UInt32(NOWFACE_ABI_VERSION)
        native.mode = mode.rawValue
        native.sample_rate = sampleRate
        native.queue_milliseconds = queueMilliseconds
        native.frame_capacity = frameCapacity
        native.health_interval = healthInterval
        native.has_seed = seed == nil ? 0 : 1
        native.seed = seed ?? 0
        native.precision = precisionText?.pointer
        let given = UnsafeMutableBufferPointer<nowface_parameter>.allocate(capacity: parameters.count)
        for (index, parameter) in parameters.enumerated() {
            let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, parameter.value.count))
            _ = values.initialize(from: parameter.value)
            let name = CText(parameter.key).pointer
            let count = parameter.value.count
            let made = nowface_parameter(name: name, values: UnsafePointer(values.baseAddress!), count: count)
            given.initializeElement(at: index, to: made)
        }
        defer {
            precisionText?.free()
            for parameter in given {
                parameter.name.deallocate()
                parameter.values.deallocate()
            }
            given.deallocate()
        }
        native.parameters = UnsafePointer(given.baseAddress)
        native.parameter_count = given.count
        return try body(&native)
    }
}
