import CoreML
import Foundation
import XCTest

@testable import Nowface

/// A bundle's `coreml` target through the library, with the toy of tests/toy.py as the stand-in's programs.
final class StreamTests: XCTestCase {
    private typealias Port = StandInProgram.Port

    private func program(_ toy: Toy, _ name: String, _ inputs: [Port], _ outputs: [Port]) -> StandInProgram {
        StandInProgram(inputs: inputs, outputs: outputs) { given in
            let results = toy.run(name, inputs.map { given[$0.name]! })
            return Dictionary(uniqueKeysWithValues: zip(outputs.map(\.name), results))
        }
    }

    private func begin(_ toy: Toy) {
        StandIn.shared.begin([
            "audio_encoder": program(
                toy, "audio_encoder", [Port("pcm", [1, 320]), Port("left", [1, 80])],
                [Port("features", [1, 8]), Port("next_left", [1, 80])]),
            "identity": program(
                toy, "identity", [Port("template", [5, 3]), Port("style", [1, 2])],
                [Port("rest", [5, 3]), Port("style_embedding", [1, 8])]),
            "motion_decoder": program(
                toy, "motion_decoder",
                [
                    Port("features", [2, 8]), Port("phase", [1, 1]), Port("style_embedding", [1, 8]),
                    Port("rest", [5, 3]), Port("previous", [1, 8]), Port("history", [1, 4, 8]),
                ],
                [
                    Port("coefficients", [1, 8]), Port("vertices", [5, 3]), Port("next_previous", [1, 8]),
                    Port("next_history", [1, 4, 8]),
                ]),
        ])
    }

    func testAStreamAndAReplayThroughCoreML() async throws {
        let toy = try toy()
        begin(toy)
        let cache = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: cache) }
        let executor = CoreMLExecutor(cacheFolder: cache)
        XCTAssertTrue(executor.runtime.hasPrefix("Core ML "))
        let bundle = try open(executor)
        XCTAssertEqual(bundle.precisions, ["fp32"])
        let sound = sound(16_000)
        let have = try await frames(bundle, synchronous) { try $0.push(sound) }
        let wanted = try await frames(open(ToyExecutor(toy)), synchronous) { try $0.push(sound) }
        XCTAssertEqual(have.count, 30)
        XCTAssertEqual(have, wanted)
        // Judged by the test that started this one.
        try bundle.replay(device: "a stand-in", to: given("NOWFACE_TEST_FRAMES") + "/swift-coreml.safetensors")
        let packages = StandIn.shared.now.compiled.sorted()
        XCTAssertEqual(packages, ["audio_encoder.mlpackage", "identity.mlpackage", "motion_decoder.mlpackage"])
    }

    func testAProgramOfAnotherStageStopsTheSession() throws {
        let toy = try toy()
        begin(toy)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let bundle = try open(CoreMLExecutor(cacheFolder: folder))
        StandIn.shared.begin(["audio_encoder": program(toy, "audio_encoder", [Port("pcm", [1, 320])], [])])
        let message = expect(.target) { _ = try Session(bundle, synchronous) }
        XCTAssertTrue(message.contains("audio_encoder.mlpackage: has no input left"), message)
    }
}
