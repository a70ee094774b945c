import CNowface

/// One running stream.
///
/// `push`, `pushSignal` and `poll` take no turn at the actor: one thread may push, such as the audio thread, while another
/// polls, such as the one that draws. They do not lock, wait or allocate. The thread that polls may also retarget and turn
/// knobs between two polls. What the actor isolates, `flush`, `reset` and so
/// on, takes turns with itself but must not run beside those: stop the sound first.
public actor Session {
    /// Floats of a frame.
    public nonisolated let valueCount: Int

    private let handle: Handle
    private let signals: [FaceBundle.Signal]

    /// Starts a stream: loads the model and runs it once to warm up. Takes a while.
    ///
    /// - Throws: `usage` or `target` where an option cannot be used or the model cannot run here.
    public init(_ bundle: FaceBundle, _ options: SessionOptions = SessionOptions()) throws(NowfaceError) {
        handle = Handle(try bundle.startSession(options), bundle.bridge)
        valueCount = bundle.valueCount
        signals = bundle.signals
    }

    /// Takes mono samples in, any number, in [-1, 1].
    ///
    /// - Throws: `session` where the stream was flushed.
    public nonisolated func push(_ samples: UnsafeBufferPointer<Float>) throws(NowfaceError) {
        try check(nowface_push_float(handle.pointer, samples.baseAddress, samples.count))
    }

    /// Takes mono samples of 16 bits in, any number.
    ///
    /// - Throws: `session` where the stream was flushed.
    public nonisolated func push(_ samples: UnsafeBufferPointer<Int16>) throws(NowfaceError) {
        try check(nowface_push_int16(handle.pointer, samples.baseAddress, samples.count))
    }

    /// Takes mono samples in, any number, in [-1, 1].
    ///
    /// - Throws: `session` where the stream was flushed.
    public nonisolated func push(_ samples: [Float]) throws(NowfaceError) {
        try check(nowface_push_float(handle.pointer, samples, samples.count))
    }

    /// Takes mono samples of 16 bits in, any number.
    ///
    /// - Throws: `session` where the stream was flushed.
    public nonisolated func push(_ samples: [Int16]) throws(NowfaceError) {
        try check(nowface_push_int16(handle.pointer, samples, samples.count))
    }

    /// Takes values of a signal in, from the thread that pushes.
    ///
    /// - Parameters:
    ///   - signal: one of the bundle's.
    ///   - values: all floats of its tensors, one after the other.
    ///   - sample: when they were captured, at 16 kHz; nil for the end of the sound pushed so far.
    /// - Throws: `usage` where the model has no such signal or the values are too few or too many, `session` where they
    ///   are older than the newest.
    public nonisolated func pushSignal(
        _ signal: String, _ values: [Float], at sample: Int64? = nil
    ) throws(NowfaceError) {
        guard let index = signals.firstIndex(where: { $0.name == signal }) else {
            let names = signals.map(\.name).listed
            throw NowfaceError(.usage, "signal \(signal): the model has no such signal; it has \(names)")
        }
        try check(nowface_push_signal(handle.pointer, UInt32(index), values, values.count, sample ?? -1))
    }

    /// Copies the next frame into `values` and tells when it was due; nil when there is none yet.
    ///
    /// - Parameter values: at least `valueCount` floats.
    /// - Throws: `buffer` where `values` is too short, `numerical` where the model is broken.
    public nonisolated func poll(into values: UnsafeMutableBufferPointer<Float>) throws(NowfaceError) -> FrameTime? {
        var frame = nowface_frame()
        frame.struct_size = UInt32(MemoryLayout<nowface_frame>.size)
        let given = try check(nowface_poll(handle.pointer, &frame, values.baseAddress, values.count))
        return given ? FrameTime(frame) : nil
    }

    /// The frames that wait, in order. Allocates: for clips and tests.
    ///
    /// - Throws: `numerical` where the model is broken.
    public nonisolated func poll() throws(NowfaceError) -> [Frame] {
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: valueCount)
        defer { values.deallocate() }
        var frames: [Frame] = []
        while let time = try poll(into: values) { frames.append(Frame(time: time, values: Array(values))) }
        return frames
    }

    /// Fits the channels of the frames polled from now on to an avatar: gain, offset, limits, smoothing and knobs.
    ///
    /// - Parameter json: the text of a retarget file; nil to show what the model gives again.
    /// - Throws: `usage` where it is none or names a channel that the model does not have.
    public nonisolated func setRetarget(_ json: String?) throws(NowfaceError) {
        try check(nowface_session_set_retarget(handle.pointer, json, json?.utf8.count ?? 0))
    }

    /// Turns a knob of the retarget, such as `jaw`; the next frame polled follows it.
    ///
    /// - Parameter strength: 0 to 2; 1 changes nothing.
    /// - Throws: `usage` where there is no such knob or the strength is out of range.
    public nonisolated func setStrength(_ knob: String, _ strength: Float) throws(NowfaceError) {
        try check(nowface_session_set_strength(handle.pointer, knob, strength))
    }

    /// Ends the stream: the frames that cover the last samples follow.
    ///
    /// - Throws: `session` where it was flushed already.
    public func flush() throws(NowfaceError) {
        try check(nowface_session_flush(handle.pointer))
    }

    /// In worker mode: waits until all that was pushed is computed, or as many frames wait for `poll` as
    /// `SessionOptions.frameCapacity` says; false when the time is over first. Blocks.
    public func wait(milliseconds: UInt32) throws(NowfaceError) -> Bool {
        try check(nowface_session_wait(handle.pointer, milliseconds))
    }

    /// Begins a new stream with the same parameters; frames that wait are forgotten.
    public func reset() throws(NowfaceError) {
        try check(nowface_session_reset(handle.pointer))
    }

    /// The stream as it stands, to go on from later, bit for bit.
    public func snapshot() throws(NowfaceError) -> [UInt8] {
        var size = 0
        try check(nowface_session_snapshot(handle.pointer, nil, &size))
        while true {
            var bytes = [UInt8](repeating: 0, count: size)
            let status = nowface_session_snapshot(handle.pointer, &bytes, &size)
            // Frames that the worker finished since the last look are part of the snapshot.
            if status == NOWFACE_ERROR_BUFFER { continue }
            try check(status)
            return Array(bytes.prefix(size))
        }
    }

    /// Goes on from a snapshot of a session of the same bundle, precision and sample rate.
    ///
    /// - Throws: `session` where it is damaged or of another model; this session is then as before.
    public func restore(_ snapshot: [UInt8]) throws(NowfaceError) {
        try check(nowface_session_restore(handle.pointer, snapshot, snapshot.count))
    }

    /// Sums over the stream since its start.
    public func report() throws(NowfaceError) -> SessionReport {
        var native = nowface_report()
        native.struct_size = UInt32(MemoryLayout<nowface_report>.size)
        try check(nowface_session_get_report(handle.pointer, &native))
        return SessionReport(native)
    }

    /// The events not told yet, oldest first; the newest 256 are kept.
    public func events() throws(NowfaceError) -> [SessionEvent] {
        var events: [SessionEvent] = []
        var native = nowface_event()
        native.struct_size = UInt32(MemoryLayout<nowface_event>.size)
        while try check(nowface_session_next_event(handle.pointer, &native)) {
            if let event = SessionEvent(native) { events.append(event) }
        }
        return events
    }

    /// Owns a nowface_session. Sendable, for the library allows one thread to push and one to poll.
    private final class Handle: @unchecked Sendable {
        let pointer: OpaquePointer
        // The native session calls it until it is destroyed, and the bundle may go first.
        private let bridge: ExecutorBridge?

        init(_ pointer: OpaquePointer, _ bridge: ExecutorBridge?) {
            self.pointer = pointer
            self.bridge = bridge
        }

        deinit { nowface_session_destroy(pointer) }
    }
}
