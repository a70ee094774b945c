import Foundation
import XCTest

@testable import Nowface

final class BundleTests: XCTestCase {
    func testSignalsTellTheirTensors() throws {
        let bundle = try FaceBundle(path: given("NOWFACE_TEST_SIGNALS"))
        let tensors = [Tensor(name: "expression", shape: [5, 3]), Tensor(name: "confidence", shape: [1, 1])]
        XCTAssertEqual(bundle.signals, [FaceBundle.Signal(name: "tracker", tensors: tensors)])
        XCTAssertEqual(bundle.signals[0].valueCount, 16)
        let session = try Session(bundle, synchronous)
        try session.pushSignal("tracker", [Float](repeating: 0.5, count: 16))
        expect(.usage) { try session.pushSignal("tracker", [0]) }
    }

    func testParametersHaveDefaults() async throws {
        let bundle = try open()
        XCTAssertEqual(try bundle.defaultValues(of: "style"), [1, 0])
        XCTAssertEqual(try bundle.defaultValues(of: "template"), (0..<15).map(Float.init))
        let message = expect(.usage) { _ = try bundle.defaultValues(of: "nose") }
        XCTAssertTrue(message.contains("template, style"), message)
        let sound = sound(8_000)
        let plain = try await frames(bundle, synchronous) { try $0.push(sound) }
        var options = synchronous
        options.parameters["style"] = try bundle.defaultValues(of: "style")
        let same = try await frames(bundle, options) { try $0.push(sound) }
        XCTAssertEqual(same, plain)
    }

    /// The traces are judged by the test that started this one.
    func testVectorsAreReplayed() throws {
        let folder = URL(fileURLWithPath: try given("NOWFACE_TEST_FRAMES"))
        let built = folder.appendingPathComponent("swift.safetensors").path
        try open().replay(precision: "fp32", device: "a test", to: built)
        let own = folder.appendingPathComponent("swift-own.safetensors").path
        try open(ToyExecutor(try toy())).replay(to: own)
        for path in [built, own] {
            XCTAssertGreaterThan(try Data(contentsOf: URL(fileURLWithPath: path)).count, 64_000)
        }
    }

    func testAReplayThatCannotBeMadeIsRefused() throws {
        let bundle = try open()
        expect(.usage) { try bundle.replay(to: "/nowhere/trace.safetensors") }
        expect(.target) { try bundle.replay(precision: "int3", to: "/nowhere/trace.safetensors") }
        let faulty = try open(ToyExecutor(try toy(), lastStep: 5))
        let message = expect(.target) { try faulty.replay(to: "/nowhere/trace.safetensors") }
        XCTAssertTrue(message.contains("tired"), message)
    }
}
