import CNowface

/// A `StageExecutor` as the native library calls it.
///
/// The library keeps its address, not itself: whoever holds a native bundle or session holds this too.
final class ExecutorBridge: Sendable {
    private let executor: any StageExecutor

    init(_ executor: any StageExecutor) { self.executor = executor }

    /// Calls `body` with the executor as the native library reads it; the library copies it with its texts.
    func withNative<Result>(
        _ body: (UnsafePointer<nowface_executor>) throws(NowfaceError) -> Result
    ) throws(NowfaceError) -> Result {
        let target = CText(executor.target), runtime = CText(executor.runtime)
        defer {
            target.free()
            runtime.free()
        }
        var native = nowface_executor()
        native.struct_size = UInt32(MemoryLayout<nowface_executor>.size)
        native.abi_version = UInt32(NOWFACE_ABI_VERSION)
        native.target = target.pointer
        native.runtime = runtime.pointer
        native.context = Unmanaged.passUnretained(self).toOpaque()
        native.load = { context, stage, loaded, problem, capacity in
            let bridge = Unmanaged<ExecutorBridge>.fromOpaque(context!).takeUnretainedValue()
            return answer(problem, capacity) {
                let described = StageDescription(stage!.pointee)
                let made = Step(try bridge.executor.load(described), described)
                loaded!.pointee = Unmanaged.passRetained(made).toOpaque()
            }
        }
        native.run = { loaded, arguments, results, problem, capacity in
            let step = Unmanaged<Step>.fromOpaque(loaded!).takeUnretainedValue()
            return answer(problem, capacity) {
                try step.stage.run(
                    StageArguments(pointers: arguments!, counts: step.argumentCounts),
                    StageResults(pointers: results!, counts: step.resultCounts))
            }
        }
        native.unload = { loaded in Unmanaged<Step>.fromOpaque(loaded!).release() }
        // Not withUnsafePointer: its body could only throw any error.
        let copy = UnsafeMutablePointer<nowface_executor>.allocate(capacity: 1)
        copy.initialize(to: native)
        defer { copy.deallocate() }
        return try body(copy)
    }

    /// A loaded stage, and how many floats each of its tensors holds.
    private final class Step {
        let stage: any LoadedStage
        let argumentCounts: [Int]
        let resultCounts: [Int]

        init(_ stage: any LoadedStage, _ described: StageDescription) {
            self.stage = stage
            argumentCounts = described.arguments.map(\.valueCount)
            resultCounts = described.results.map(\.valueCount)
        }
    }
}

/// Status of a callback: 0, or 1 with the text of what `call` threw in `problem`.
private func answer(_ problem: UnsafeMutablePointer<CChar>?, _ capacity: Int, _ call: () throws -> Void) -> Int32 {
    do {
        try call()
        return 0
    } catch {
        if let problem, capacity > 0 {
            let text = "\(error)".utf8.prefix(capacity - 1)
            for (index, byte) in text.enumerated() { problem[index] = CChar(bitPattern: byte) }
            problem[text.count] = 0
        }
        return 1
    }
}
