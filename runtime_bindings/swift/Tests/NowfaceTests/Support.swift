import Foundation
import XCTest

@testable import Nowface

/// Bundles, weights and folders come from the environment: tests/bindings/swift/test_swift.py makes them.
extension XCTestCase {
    func given(_ variable: String) throws -> String {
        try XCTUnwrap(ProcessInfo.processInfo.environment[variable])
    }

    /// The bundle with channels a to h.
    func open(_ executor: (any StageExecutor)? = nil) throws -> FaceBundle {
        try FaceBundle(path: given("NOWFACE_TEST_BUNDLE"), executor: executor)
    }

    func toy() throws -> Toy { try Toy(path: given("NOWFACE_TEST_TOY")) }

    var synchronous: SessionOptions {
        var options = SessionOptions()
        options.mode = .synchronous
        return options
    }

    /// Noise that is the same at every call.
    func sound(_ samples: Int) -> [Float] {
        var state: UInt32 = 1
        return (0..<samples).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return (Float(state >> 8) / Float(1 << 24) - 0.5) * 0.4
        }
    }

    func frames(
        _ bundle: FaceBundle, _ options: SessionOptions, _ push: (Session) throws -> Void
    ) async throws -> [[Float]] {
        let session = try Session(bundle, options)
        try push(session)
        var frames = try session.poll()
        try await session.flush()
        frames += try session.poll()
        return frames.map(\.values)
    }

    /// The error that `call` throws, which must be of that kind.
    @discardableResult
    func expect(_ kind: NowfaceError.Kind, _ call: () throws -> Void) -> String {
        var message = ""
        XCTAssertThrowsError(try call()) { error in
            XCTAssertEqual((error as? NowfaceError)?.kind, kind)
            message = "\(error)"
        }
        return message
    }
}
