import CNowface

/// An exported model in a folder. Its sessions go on without it.
///
/// Not called `Bundle`: that is Foundation's.
public final class FaceBundle: Sendable {
    /// A named piece that holds numbers: a parameter, output or state tensor.
    public struct Item: Equatable, Sendable {
        public let name: String
        /// How many floats it holds.
        public let valueCount: Int
    }

    /// What may be given beside the sound, such as a tracked face.
    public struct Signal: Equatable, Sendable {
        public let name: String
        /// What one value of it holds, one after the other.
        public let tensors: [Tensor]

        /// How many floats one value holds.
        public var valueCount: Int { tensors.reduce(0) { $0 + $1.valueCount } }
    }

    /// Name of the model, such as faceformer.
    public let model: String
    /// Unit of the values, such as mm; 1 for pure numbers.
    public let unit: String
    /// Frames a second, as a fraction.
    public let frameRate: (numerator: Int, denominator: Int)
    /// Samples at 16 kHz that the model reads at a time.
    public let hopSamples: Int
    /// Samples at 16 kHz after a frame's time that it needs; 0 for zero lookahead.
    public let lookaheadSamples: Int
    /// Vertices of a frame, x y z each; 0 when a frame is named values.
    public let vertexCount: Int
    /// Floats of a frame: one a channel, or three a vertex.
    public let valueCount: Int
    /// Names of a frame's values, such as jawOpen; empty when a frame is vertices.
    public let channels: [String]
    /// What a session may compute in; the first is the default.
    public let precisions: [String]
    /// What may be given beside the sound, such as a tracked face.
    public let signals: [Signal]
    /// What a session may replace, such as the template.
    public let parameters: [Item]
    /// Outputs of the frame stages, for traces.
    public let outputs: [Item]
    /// State tensors, for traces.
    public let state: [Item]

    private let handle: Handle

    /// Opens the bundle in a folder, after a look at the size and SHA-256 of its files.
    ///
    /// - Parameters:
    ///   - path: of the folder.
    ///   - executor: runs the stages; nil for the ExecuTorch that is built into the native library.
    ///   - skipHashes: do not compare files with their SHA-256: only for a folder that an installer verified.
    /// - Throws: `bundle` where the folder is damaged or is no bundle, `usage` where the executor's target is no name.
    public init(
        path: String, executor: (any StageExecutor)? = nil, skipHashes: Bool = false
    ) throws(NowfaceError) {
        guard nowface_abi_version() == NOWFACE_ABI_VERSION else {
            let problem = "nowface: the native library has ABI \(nowface_abi_version()), this code \(NOWFACE_ABI_VERSION)"
            throw NowfaceError(.abi, "\(problem); take both from one release")
        }
        var options = nowface_bundle_options()
        options.struct_size = UInt32(MemoryLayout<nowface_bundle_options>.size)
        options.abi_version = UInt32(NOWFACE_ABI_VERSION)
        options.skip_hashes = skipHashes ? 1 : 0
        let bridge = executor.map(ExecutorBridge.init)
        let handle = Handle(try Self.open(path, options, bridge), bridge)
        self.handle = handle

        var info = nowface_bundle_info()
        info.struct_size = UInt32(MemoryLayout<nowface_bundle_info>.size)
        try check(nowface_bundle_get_info(handle.pointer, &info))
        model = String(cString: info.model)
        unit = String(cString: info.unit)
        frameRate = (Int(info.frame_rate_numerator), Int(info.frame_rate_denominator))
        hopSamples = Int(info.hop_samples)
        lookaheadSamples = Int(info.lookahead_samples)
        vertexCount = Int(info.vertex_count)
        valueCount = Int(info.value_count)
        channels = try handle.items(NOWFACE_ITEM_CHANNEL, info.channel_count).map(\.name)
        precisions = try handle.items(NOWFACE_ITEM_PRECISION, info.precision_count).map(\.name)
        signals = try handle.signals(info.signal_count)
        parameters = try handle.items(NOWFACE_ITEM_PARAMETER, info.parameter_count)
        outputs = try handle.items(NOWFACE_ITEM_OUTPUT, info.output_count)
        state = try handle.items(NOWFACE_ITEM_STATE, info.state_count)
    }

    /// The values of a parameter that a session begins with if it is given none.
    ///
    /// - Throws: `usage` where the bundle has no such parameter.
    public func defaultValues(of parameter: String) throws(NowfaceError) -> [Float] {
        guard let index = parameters.firstIndex(where: { $0.name == parameter }) else {
            let problem = "parameter \(parameter): the model has no such parameter"
            throw NowfaceError(.usage, "\(problem); it has \(parameters.map(\.name).listed)")
        }
        var values = [Float](repeating: 0, count: parameters[index].valueCount)
        try check(nowface_bundle_parameter(handle.pointer, UInt32(index), &values, values.count))
        return values
    }

    /// Plays the bundle's test vectors and writes what came out, for `python -m sdk parity BUNDLE --device FILE`.
    /// Returns when all is computed: call it off the main actor.
    ///
    /// - Parameters:
    ///   - precision: one of the bundle's; nil for the first.
    ///   - device: what the trace calls this device; nil for nothing.
    ///   - path: of the safetensors file to write.
    /// - Throws: `bundle` where it has no vectors, `target` where it cannot be played, `usage` where the file cannot be
    ///   written.
    public func replay(precision: String? = nil, device: String? = nil, to path: String) throws(NowfaceError) {
        try check(nowface_bundle_replay(handle.pointer, precision, device, path))
    }

    private static func open(
        _ path: String, _ given: nowface_bundle_options, _ bridge: ExecutorBridge?
    ) throws(NowfaceError) -> OpaquePointer {
        var options = given
        var opened: OpaquePointer?
        guard let bridge else {
            try check(nowface_bundle_open(path, &options, &opened))
            return opened!
        }
        return try bridge.withNative { native throws(NowfaceError) in
            options.executor = native
            try check(nowface_bundle_open(path, &options, &opened))
            return opened!
        }
    }

    /// What the sessions of this bundle call, and therefore keep.
    var bridge: ExecutorBridge? { handle.bridge }

    /// The native session that `options` describe: loads the model and runs it once to warm up.
    func startSession(_ options: SessionOptions) throws(NowfaceError) -> OpaquePointer {
        let handle = handle
        return try options.withNative { native throws(NowfaceError) in
            var session: OpaquePointer?
            try check(nowface_session_create(handle.pointer, &native, &session))
            return session!
        }
    }

    /// Owns a nowface_bundle, which any thread may use.
    private final class Handle: @unchecked Sendable {
        let pointer: OpaquePointer
        let bridge: ExecutorBridge?

        init(_ pointer: OpaquePointer, _ bridge: ExecutorBridge?) {
            self.pointer = pointer
            self.bridge = bridge
        }

        deinit { nowface_bundle_close(pointer) }

        func signals(_ count: UInt32) throws(NowfaceError) -> [Signal] {
            var signals: [Signal] = []
            for index in 0..<count {
                let item = try item(NOWFACE_ITEM_SIGNAL, index)
                var tensors: [Tensor] = []
                for number in 0..<item.tensor_count {
                    var tensor = nowface_tensor()
                    try check(nowface_bundle_signal_tensor(pointer, index, number, &tensor))
                    tensors.append(Tensor(tensor))
                }
                signals.append(Signal(name: String(cString: item.name), tensors: tensors))
            }
            return signals
        }

        func items(_ kind: Int32, _ count: UInt32) throws(NowfaceError) -> [Item] {
            var items: [Item] = []
            for index in 0..<count {
                let item = try item(kind, index)
                items.append(Item(name: String(cString: item.name), valueCount: Int(item.value_count)))
            }
            return items
        }

        private func item(_ kind: Int32, _ index: UInt32) throws(NowfaceError) -> nowface_item {
            var item = nowface_item()
            item.struct_size = UInt32(MemoryLayout<nowface_item>.size)
            try check(nowface_bundle_item(pointer, kind, index, &item))
            return item
        }
    }
}
