import CNowface
import Foundation
import XCTest

@testable import Nowface

final class SessionTests: XCTestCase {
    func testTheBundleTellsWhatItHolds() throws {
        let bundle = try open()
        XCTAssertEqual(bundle.model, "toy")
        XCTAssertEqual(bundle.channels, "abcdefgh".map(String.init))
        XCTAssertEqual(bundle.valueCount, 8)
        XCTAssertEqual(bundle.vertexCount, 0)
        XCTAssertEqual(bundle.frameRate.numerator, 30 * bundle.frameRate.denominator)
        XCTAssertEqual(bundle.hopSamples, 320)
        XCTAssertEqual(bundle.lookaheadSamples, 0)
        XCTAssertEqual(bundle.precisions, ["fp32"])
        XCTAssertEqual(bundle.signals, [])
        XCTAssertEqual(bundle.parameters.map(\.name), ["template", "style"])
        XCTAssertEqual(bundle.parameters.map(\.valueCount), [15, 2])
        XCTAssertTrue(Library.runtime.hasPrefix("executorch "))
        XCTAssertFalse(Library.version.isEmpty)
    }

    func testAnyPushesGiveTheSameFrames() async throws {
        let bundle = try open()
        let sound = sound(16_000)
        let whole = try await frames(bundle, synchronous) { try $0.push(sound) }
        XCTAssertEqual(whole.count, 30)
        let pieces = try await frames(bundle, synchronous) { session in
            for start in stride(from: 0, to: sound.count, by: 777) {
                try session.push(Array(sound[start..<min(start + 777, sound.count)]))
            }
        }
        XCTAssertEqual(whole, pieces)
        let pointers = try await frames(bundle, synchronous) { session in
            try sound.withUnsafeBufferPointer { try session.push($0) }
        }
        XCTAssertEqual(whole, pointers)
        let shorts = sound.map { Int16($0 * 32_768) }
        let rounded = shorts.map { Float($0) / 32_768 }
        let ofShorts = try await frames(bundle, synchronous) { try $0.push(shorts) }
        let ofPointers = try await frames(bundle, synchronous) { session in
            try shorts.withUnsafeBufferPointer { try session.push($0) }
        }
        let ofRounded = try await frames(bundle, synchronous) { try $0.push(rounded) }
        XCTAssertEqual(ofShorts, ofRounded)
        XCTAssertEqual(ofShorts, ofPointers)
        XCTAssertNotEqual(ofShorts, whole)
    }

    /// The folder holds what was pushed and what the C++ tool computed, as floats: pcm.f32 and frames.f32.
    func testFramesAreThoseOfTheNativeToolBitForBit() async throws {
        let path = try given("NOWFACE_TEST_FRAMES")
        func bits(_ name: String) throws -> [UInt32] {
            let data = try Data(contentsOf: URL(fileURLWithPath: path).appendingPathComponent(name))
            return data.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
        }
        let pcm = try bits("pcm.f32").map(Float.init(bitPattern:))
        let have = try await frames(open(), synchronous) { try $0.push(pcm) }
        XCTAssertGreaterThan(have.count, 20)
        XCTAssertEqual(have.joined().map(\.bitPattern), try bits("frames.f32"))
    }

    func testARetargetReachesTheLibrary() async throws {
        let session = try Session(open(), synchronous)
        let sound = sound(16_000)
        func again() async throws -> [[Float]] {
            try await session.reset()
            try session.push(sound)
            return try session.poll().map(\.values)
        }
        let plain = try await again()
        try session.setRetarget(
            #"{"format_version": 1, "channels": {"a": {"gain": 2}}, "knobs": {"jaw": {"channels": ["a", "b"]}}}"#)
        let shown = try await again()
        XCTAssertEqual(shown, plain.map { [$0[0] * 2] + $0[1...] })
        try session.setStrength("jaw", 0.5)
        let turned = try await again()
        XCTAssertEqual(turned, plain.map { [$0[0], $0[1] * 0.5] + $0[2...] })
        expect(.usage) { try session.setStrength("lips", 1) }
        expect(.usage) { try session.setStrength("jaw", 2.5) }
        expect(.usage) { try session.setRetarget("{}") }
        try session.setRetarget(nil)
        let off = try await again()
        XCTAssertEqual(off, plain)
    }

    func testTheWorkerGivesTheSameFrames() async throws {
        let bundle = try open()
        let sound = sound(32_000)
        let wanted = try await frames(bundle, synchronous) { try $0.push(sound) }
        let session = try Session(bundle)
        let pushing = Task.detached {
            for start in stride(from: 0, to: sound.count, by: 480) {
                try session.push(Array(sound[start..<min(start + 480, sound.count)]))
            }
        }
        var have: [Frame] = []
        for _ in 0..<20 { have += try session.poll() }
        try await pushing.value
        try await session.flush()
        let done = try await session.wait(milliseconds: 20_000)
        XCTAssertTrue(done)
        have += try session.poll()
        XCTAssertEqual(have.map(\.values), wanted)
        XCTAssertEqual(have.map(\.time.index), Array(0..<Int64(wanted.count)))
        let report = try await session.report()
        XCTAssertEqual(report.frames, Int64(wanted.count))
        XCTAssertEqual(report.samples, 32_000)
    }

    func testASessionGoesOnFromASnapshotAndBeginsAnewAfterAReset() async throws {
        let bundle = try open()
        let sound = sound(16_000)
        let first = try Session(bundle, synchronous)
        let second = try Session(bundle, synchronous)
        try first.push(Array(sound[..<7_000]))
        let opening = try first.poll().map(\.values)
        let snapshot = try await first.snapshot()
        try first.push(Array(sound[7_000...]))
        try await second.restore(snapshot)
        try second.push(Array(sound[7_000...]))
        XCTAssertEqual(try first.poll().map(\.values), try second.poll().map(\.values))
        for damaged in [[], Array(snapshot.dropLast())] {
            do {
                try await second.restore(damaged)
                XCTFail("a damaged snapshot was taken")
            } catch {
                XCTAssertEqual(error.kind, .session)
            }
        }
        try await second.flush()
        expect(.session) { try second.push(sound) }
        try await second.reset()
        try second.push(Array(sound[..<7_000]))
        XCTAssertEqual(try second.poll().map(\.values), opening)
    }

    func testWhatWasPutRightIsTold() async throws {
        let session = try Session(open(), synchronous)
        try session.push(sound(1_000))
        try session.push([.nan, 2, -3, 0.5])
        _ = try session.poll()
        let report = try await session.report()
        XCTAssertEqual(report.nonFiniteSamples, 1)
        XCTAssertEqual(report.clippedSamples, 2)
        let events = try await session.events()
        XCTAssertEqual(events.map(\.kind).sorted { $0.rawValue < $1.rawValue }, [.nonFiniteAudio, .clippedAudio])
        XCTAssertEqual(events.map(\.sample), [1_000, 1_000])
    }

    func testParametersAreTaken() async throws {
        let bundle = try open()
        let sound = sound(8_000)
        var options = synchronous
        options.precision = "fp32"
        let plain = try await frames(bundle, options) { try $0.push(sound) }
        options.parameters["style"] = [0, 1]
        let other = try await frames(bundle, options) { try $0.push(sound) }
        XCTAssertEqual(plain.count, other.count)
        XCTAssertNotEqual(plain, other)
        options.parameters = ["style": []]
        expect(.usage) { _ = try Session(bundle, options) }
        options.parameters = ["nose": [0, 1]]
        expect(.usage) { _ = try Session(bundle, options) }
    }

    func testMistakesAreRefused() throws {
        let bundle = try open()
        expect(.bundle) { _ = try FaceBundle(path: "/nowhere") }
        var options = SessionOptions()
        options.precision = "int3"
        expect(.target) { _ = try Session(bundle, options) }
        let session = try Session(bundle, synchronous)
        try session.push(sound(16_000))
        expect(.usage) { try session.pushSignal("nose", [1]) }
        let short = UnsafeMutableBufferPointer<Float>.allocate(capacity: 7)
        defer { short.deallocate() }
        expect(.buffer) { _ = try session.poll(into: short) }
        XCTAssertEqual(try session.poll().count, 30)
    }

    func testKindsAreThoseOfTheHeader() {
        for kind in NowfaceError.Kind.allCases {
            XCTAssertEqual(String(cString: nowface_status_name(kind.rawValue)).lowercased(), "\(kind)")
        }
        XCTAssertEqual(String(cString: nowface_status_name(-10)), "UNKNOWN")
        XCTAssertEqual(NowfaceError.Kind.allCases.count, 9)
        XCTAssertEqual(SessionEvent.Kind.allCases.map(\.rawValue), Array(0...NOWFACE_EVENT_OUT_OF_RANGE_SIGNAL))
        XCTAssertEqual(SessionOptions.Mode.worker.rawValue, NOWFACE_MODE_WORKER)
        XCTAssertEqual(SessionOptions.Mode.synchronous.rawValue, NOWFACE_MODE_SYNCHRONOUS)
    }
}
