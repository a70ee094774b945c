import CNowface

/// When a face was due.
public struct FrameTime: Equatable, Sendable {
    /// From 0; jumps where audio was dropped, and never goes back.
    public let index: Int64
    /// First sample at 16 kHz after the frame's time.
    public let dueSample: Int64
    /// Time in seconds spent computing it.
    public let seconds: Float

    init(_ native: nowface_frame) {
        index = native.index
        dueSample = native.due_sample
        seconds = native.seconds
    }
}

/// A face and when it was due.
public struct Frame: Equatable, Sendable {
    public let time: FrameTime
    /// Weights of the bundle's channels, or x y z of each vertex.
    public let values: [Float]
}

/// Sums over a stream since its start.
public struct SessionReport: Equatable, Sendable {
    /// At 16 kHz: taken in, dropped and padded.
    public let samples: Int64
    /// Frames computed.
    public let frames: Int64
    /// At 16 kHz: never read because too many waited.
    public let droppedSamples: Int64
    /// Frames never computed because their newest audio was dropped.
    public let skippedFrames: Int64
    /// Samples that became 0, at the rate they were pushed.
    public let nonFiniteSamples: Int64
    /// Samples beyond [-1, 1], at the rate they were pushed.
    public let clippedSamples: Int64
    /// Times the state began anew because a stage gave a non-finite value.
    public let restarts: Int64
    /// Values of signals taken in.
    public let signals: Int64
    /// Values of signals that were not finite, out of range, or too many.
    public let droppedSignals: Int64
    /// Of the lookahead and the resampler.
    public let delayMilliseconds: Float

    init(_ native: nowface_report) {
        samples = native.samples
        frames = native.frames
        droppedSamples = native.dropped_samples
        skippedFrames = native.skipped_frames
        nonFiniteSamples = native.non_finite_samples
        clippedSamples = native.clipped_samples
        restarts = native.restarts
        signals = native.signals
        droppedSignals = native.dropped_signals
        delayMilliseconds = native.delay_milliseconds
    }
}

/// Something the session put right by itself.
public struct SessionEvent: Equatable, Sendable {
    /// The numbers of nowface.h.
    public enum Kind: Int32, CaseIterable, Sendable {
        case droppedAudio = 0
        case nonFiniteAudio = 1
        case clippedAudio = 2
        case restartedState = 3
        case droppedSignal = 4
        case nonFiniteSignal = 5
        case outOfRangeSignal = 6
    }

    public let kind: Kind
    /// Where in the stream, at 16 kHz.
    public let sample: Int64
    /// Samples, or values of a signal; 1 for a restart.
    public let count: Int64

    /// Nil for a kind that this version does not know.
    init?(_ native: nowface_event) {
        guard let kind = Kind(rawValue: native.kind) else { return nil }
        self.kind = kind
        sample = native.sample
        count = native.count
    }
}
