import Nowface
import Synchronization

/// Takes the microphone's samples in, on the audio thread, and notes how loud they were and when they came.
public final class SoundInlet: Sendable {
    private let session: Session
    private let rate: Double
    private let pushed = Atomic<Int>(0)
    private let meanSquare = Atomic<UInt32>(0)
    private let began = Atomic<UInt64>(Double.nan.bitPattern)

    init(_ session: Session, rate: Double) {
        self.session = session
        self.rate = rate
    }

    /// Neither locks nor allocates.
    ///
    /// - Parameters:
    ///   - samples: mono, at the session's rate.
    ///   - time: when the last of them was taken in, in seconds.
    public func hear(_ samples: UnsafeBufferPointer<Float>, at time: Double) {
        // Fails only after a flush, and a live stream has none.
        try? session.push(samples)
        let count = pushed.add(samples.count, ordering: .relaxed).newValue
        // The earliest of all estimates: blocks come late, never early.
        let start = time - Double(count) / rate
        let known = Double(bitPattern: began.load(ordering: .relaxed))
        if !(known <= start) { began.store(start.bitPattern, ordering: .relaxed) }
        let sum = samples.reduce(Float(0)) { $0 + $1 * $1 }
        meanSquare.store((sum / Float(max(1, samples.count))).bitPattern, ordering: .relaxed)
    }

    /// When the stream's first sample was taken in, in seconds; nil before there is one.
    var start: Double? {
        let known = Double(bitPattern: began.load(ordering: .relaxed))
        return known.isNaN ? nil : known
    }

    /// Of the newest block, in dB below full scale; -100 for silence.
    public var loudness: Float {
        let power = Float(bitPattern: meanSquare.load(ordering: .relaxed))
        return power > 1e-10 ? decibels(power) : -100
    }
}
