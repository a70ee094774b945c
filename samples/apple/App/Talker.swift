import FaceStream
import Foundation
import Observation
import QuartzCore

/// From the microphone to the head: loads, starts, stops, and hands each new face over.
@MainActor
@Observable
final class Talker {
    enum State {
        case loading
        case talking(Head)
        /// A line for the screen.
        case problem(String)
    }

    private(set) var state = State.loading
    private(set) var loudness: Float = -100
    private(set) var latency = LatencyMeter()
    var engine = Engine.execuTorch

    @ObservationIgnored private var player: FacePlayer?
    @ObservationIgnored private var microphone: Microphone?
    @ObservationIgnored private var told = 0.0

    func start() async {
        stop()
        state = .loading
        do {
            let resources = try Resources(in: Bundle.main.resourceURL)
            let microphone = try await Microphone.open()
            let player = try await Self.load(resources.bundle.path, engine, microphone.rate)
            let head = try await Head(contentsOf: resources.head, channels: player.channels)
            // Another start or a stop may have come in between.
            guard !Task.isCancelled else { return }
            try microphone.start(player.inlet)
            self.microphone = microphone
            self.player = player
            state = .talking(head)
        } catch {
            if !Task.isCancelled { state = .problem("\(error)") }
        }
    }

    func stop() {
        microphone?.stop()
        microphone = nil
        player = nil
    }

    /// Called before every picture.
    func draw(on head: Head) {
        guard let player else { return }
        let now = CACurrentMediaTime()
        do {
            if let weights = try player.newestFace(head.map, at: now) { head.show(weights) }
        } catch {
            stop()
            state = .problem("\(error)")
            return
        }
        // The eye reads no number that changes with every picture.
        guard now - told > 0.1 else { return }
        told = now
        loudness = player.inlet.loudness
        latency = player.latency
    }

    /// Hashes are compared, the model is loaded and warmed: off the main actor.
    private nonisolated static func load(
        _ path: String, _ engine: Engine, _ rate: Double
    ) async throws -> sending FacePlayer {
        try FacePlayer(bundle: path, engine: engine, rate: rate)
    }
}
