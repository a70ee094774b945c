import Foundation
import XCTest

@testable import FaceStream

final class FaceStreamTests: XCTestCase {
    private func player() throws -> FacePlayer {
        let path = try XCTUnwrap(ProcessInfo.processInfo.environment["NOWFACE_TEST_BUNDLE"])
        return try FacePlayer(bundle: path, engine: .execuTorch, rate: 48_000)
    }

    private func hear(_ inlet: SoundInlet, _ samples: [Float], at time: Double) {
        samples.withUnsafeBufferPointer { inlet.hear($0, at: time) }
    }

    func testSoundGoesInAndTheNewestFaceComesOut() throws {
        let player = try player()
        XCTAssertEqual(player.channels, "abcdefgh".map(String.init))
        let map = ChannelMap(channels: player.channels, shapes: ["Face.h", "nose", "a"])
        XCTAssertEqual(map.count, 2)
        XCTAssertNil(try player.newestFace(map, at: 0))

        let block = (0..<480).map { 0.4 * sin(Float($0) / 9) }
        var shown: [[Float]] = []
        let end = Date(timeIntervalSinceNow: 20)
        // Blocks of 10 ms that come on time, in a stream that began at 5 s; each look is 50 ms after its block.
        var blocks = 0
        while shown.count < 10, Date() < end {
            blocks += 1
            hear(player.inlet, block, at: 5 + 0.01 * Double(blocks))
            if let face = try player.newestFace(map, at: 5.05 + 0.01 * Double(blocks)) { shown.append(face) }
            Thread.sleep(forTimeInterval: 0.01)
        }
        XCTAssertEqual(shown.count, 10)
        for face in shown {
            XCTAssertEqual(face.count, 3)
            XCTAssertEqual(face[1], 0)
            XCTAssertNotEqual(face[0], 0)
            XCTAssertNotEqual(face[0], face[2])
        }
        XCTAssertEqual(try XCTUnwrap(player.inlet.start), 5, accuracy: 1e-6)
        // No face is of sound that has not come.
        let latency = try XCTUnwrap(player.latency.median)
        XCTAssertGreaterThanOrEqual(latency, 50 - 1e-6)
        XCTAssertLessThan(latency, 1_000)
    }

    func testTheInletKnowsWhenTheStreamBeganAndHowLoudItIs() throws {
        let inlet = try player().inlet
        XCTAssertNil(inlet.start)
        XCTAssertEqual(inlet.loudness, -100)
        hear(inlet, [Float](repeating: 0.1, count: 480), at: 7.03)
        XCTAssertEqual(try XCTUnwrap(inlet.start), 7.02, accuracy: 1e-9)
        XCTAssertEqual(inlet.loudness, -20, accuracy: 0.01)
        // Late by 1 ms, not by 20 as the one before.
        hear(inlet, [Float](repeating: 0, count: 480), at: 7.021)
        XCTAssertEqual(try XCTUnwrap(inlet.start), 7.001, accuracy: 1e-9)
        XCTAssertEqual(inlet.loudness, -100)
        hear(inlet, [Float](repeating: 1, count: 480), at: 7.2)
        XCTAssertEqual(try XCTUnwrap(inlet.start), 7.001, accuracy: 1e-9)
        XCTAssertEqual(inlet.loudness, 0, accuracy: 0.01)
    }

    func testLatencyIsThatOfTheNewestFaces() {
        var meter = LatencyMeter(capacity: 100)
        XCTAssertNil(meter.median)
        for _ in 0..<50 { meter.add(shown: 9, heard: 1) }
        for late in 0...99 { meter.add(shown: 2 + Double(late) / 1_000, heard: 2) }
        XCTAssertEqual(meter.median!, 50, accuracy: 1e-6)
        XCTAssertEqual(meter.slow!, 94, accuracy: 1e-6)
    }

    func testShapesAreFoundByName() {
        let map = ChannelMap(channels: ["jawOpen", "mouthClose"], shapes: ["a/b/mouthClose", "Face.jawOpen", "jawOpen2"])
        let values: [Float] = [0.25, 0.5]
        XCTAssertEqual(values.withUnsafeBufferPointer(map.weights), [0.5, 0.25, 0])
        XCTAssertEqual(ChannelMap(channels: ["x"], shapes: ["y", ""]).count, 0)
    }

    func testWhatIsMissingIsSaidWithItsMend() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        func missing() -> String {
            do {
                _ = try Resources(in: folder)
                return ""
            } catch {
                return error.description
            }
        }
        XCTAssertTrue(missing().contains("python -m export"), missing())
        let bundle = folder.appendingPathComponent("bundle")
        try FileManager.default.createDirectory(at: bundle, withIntermediateDirectories: true)
        XCTAssertTrue(missing().contains("python -m export"), missing())
        try Data().write(to: bundle.appendingPathComponent("manifest.json"))
        XCTAssertTrue(missing().contains("python -m sdk animate"), missing())
        try Data().write(to: folder.appendingPathComponent("head.usdz"))
        XCTAssertEqual(try Resources(in: folder).bundle.path, bundle.path)
        XCTAssertThrowsError(try Resources(in: nil))
    }

    func testABundleOfVerticesIsRefused() throws {
        let path = try XCTUnwrap(ProcessInfo.processInfo.environment["NOWFACE_TEST_SIGNALS"])
        XCTAssertThrowsError(try FacePlayer(bundle: path, engine: .execuTorch, rate: 48_000)) { error in
            XCTAssertTrue("\(error)".contains("gives vertices"), "\(error)")
        }
        XCTAssertEqual(Engine.available, [.execuTorch])
    }
}
