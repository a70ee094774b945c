import Nowface

/// A live stream: sound in through `inlet` on the audio thread, the newest face out on the thread that draws.
public final class FacePlayer {
    /// One sample rate for the whole stream.
    public let inlet: SoundInlet
    public let channels: [String]
    public private(set) var latency = LatencyMeter()
    private let session: Session
    private let values: UnsafeMutableBufferPointer<Float>

    /// Opens the bundle, loads the model and warms it up. Takes a while: not on the main actor.
    ///
    /// - Parameters:
    ///   - bundle: path of the exported model's folder.
    ///   - rate: of the microphone, in Hz.
    /// - Throws: `usage` where the model moves vertices and not shapes by name; what `FaceBundle` and `Session` throw.
    public init(bundle path: String, engine: Engine, rate: Double) throws(NowfaceError) {
        let bundle = try FaceBundle(path: path, executor: engine.executor)
        guard !bundle.channels.isEmpty else {
            throw NowfaceError(.usage, "\(path): gives vertices, not shapes by name; use a bundle like the default one")
        }
        var options = SessionOptions()
        options.sampleRate = UInt32(rate)
        // Of sound that waited longer than this, the face would come too late to be of use.
        options.queueMilliseconds = 1_000
        session = try Session(bundle, options)
        channels = bundle.channels
        values = .allocate(capacity: bundle.valueCount)
        inlet = SoundInlet(session, rate: Double(options.sampleRate))
    }

    deinit { values.deallocate() }

    /// Weights of a mesh's shapes from the newest face that came since the last call; nil when there is none.
    ///
    /// - Parameters:
    ///   - map: from `channels` to the mesh's shapes.
    ///   - time: now, in seconds, on the clock of `SoundInlet.hear`.
    /// - Throws: `numerical` or `target` where the model cannot go on.
    public func newestFace(_ map: ChannelMap, at time: Double) throws(NowfaceError) -> [Float]? {
        var newest: FrameTime?
        while let frame = try session.poll(into: values) { newest = frame }
        guard let newest else { return nil }
        // Samples of the model's clock, 16 kHz, whatever the microphone's rate.
        if let start = inlet.start { latency.add(shown: time, heard: start + Double(newest.dueSample) / 16_000) }
        return map.weights(UnsafeBufferPointer(values))
    }
}
