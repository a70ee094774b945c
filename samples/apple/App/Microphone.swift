import AVFoundation
import FaceStream
import QuartzCore

/// The microphone's samples, in blocks as small as the hardware gives them.
///
/// A sink node and no tap: a tap collects a tenth of a second before it hands anything over, and a face that late is seen.
final class Microphone {
    enum Refusal: Error, CustomStringConvertible {
        case notAllowed
        case noInput

        var description: String {
            switch self {
            case .notAllowed: "The microphone is not allowed: allow it in Settings under Privacy & Security."
            case .noInput: "This device has no microphone that can be used now: connect one, or end the call that has it."
            }
        }
    }

    /// In Hz.
    let rate: Double
    private let engine = AVAudioEngine()

    /// Asks for the microphone and prepares it; nothing is heard before `start`.
    static func open() async throws -> sending Microphone {
        guard await AVAudioApplication.requestRecordPermission() else { throw Refusal.notAllowed }
        return try Microphone()
    }

    private init() throws {
        let session = AVAudioSession.sharedInstance()
        // Measurement has the least processing: the model hears as it was trained.
        try session.setCategory(.record, mode: .measurement)
        try session.setPreferredIOBufferDuration(0.01)
        try session.setActive(true)
        let format = engine.inputNode.outputFormat(forBus: 0)
        guard format.channelCount > 0, format.sampleRate > 0 else { throw Refusal.noInput }
        rate = format.sampleRate
    }

    func start(_ inlet: SoundInlet) throws {
        let sink = Self.sink(inlet)
        engine.attach(sink)
        engine.connect(engine.inputNode, to: sink, format: engine.inputNode.outputFormat(forBus: 0))
        try engine.start()
    }

    func stop() {
        engine.stop()
        try? AVAudioSession.sharedInstance().setActive(false)
    }

    /// Made where no actor is: its block runs on the audio thread.
    private static func sink(_ inlet: SoundInlet) -> AVAudioSinkNode {
        AVAudioSinkNode { _, count, buffers in
            let list = UnsafeMutableAudioBufferListPointer(UnsafeMutablePointer(mutating: buffers))
            // The first channel: all that a headset's microphone has.
            guard let data = list.first?.mData else { return noErr }
            let samples = UnsafeBufferPointer(start: data.assumingMemoryBound(to: Float.self), count: Int(count))
            inlet.hear(samples, at: CACurrentMediaTime())
            return noErr
        }
    }
}
