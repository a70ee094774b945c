import Foundation
import XCTest

@testable import Nowface

final class ExecutorTests: XCTestCase {
    func testAnExecutorOfTheAppIsGivenTheStages() throws {
        let executor = ToyExecutor(try toy())
        let bundle = try open(executor)
        XCTAssertEqual(executor.log.now.loaded, [])
        let session = try Session(bundle, synchronous)
        let loaded = executor.log.now.loaded
        XCTAssertEqual(loaded.map(\.name), ["audio_encoder", "identity", "motion_decoder"])
        let encoder = loaded[0]
        XCTAssertEqual(encoder.inputs, [Tensor(name: "pcm", shape: [1, 320])])
        XCTAssertEqual(encoder.state, [Tensor(name: "left", shape: [1, 80])])
        XCTAssertEqual(encoder.outputs, [Tensor(name: "features", shape: [1, 8])])
        XCTAssertEqual(loaded[2].arguments.map(\.valueCount), [16, 1, 8, 15, 8, 32])
        XCTAssertEqual(loaded[2].results.map(\.name), ["coefficients", "vertices", "next_previous", "next_history"])
        XCTAssertTrue(FileManager.default.fileExists(atPath: encoder.path))
        XCTAssertTrue(encoder.path.hasSuffix("executorch/fp32/audio_encoder.pte"))
        XCTAssertEqual(session.valueCount, 8)
    }

    func testItsFramesAreThoseOfTheBuiltInRuntime() async throws {
        let sound = sound(32_000)
        let wanted = try await frames(open(), synchronous) { try $0.push(sound) }
        let bundle = try open(ToyExecutor(try toy()))
        let have = try await frames(bundle, synchronous) { try $0.push(sound) }
        XCTAssertEqual(have.count, 60)
        for (value, expected) in zip(have.joined(), wanted.joined()) { XCTAssertEqual(value, expected, accuracy: 1e-5) }

        var options = synchronous
        options.parameters["style"] = [0, 1]
        let other = try await frames(bundle, options) { try $0.push(sound) }
        XCTAssertNotEqual(other, have)

        let session = try Session(bundle)
        try session.push(sound)
        try await session.flush()
        let done = try await session.wait(milliseconds: 20_000)
        XCTAssertTrue(done)
        XCTAssertEqual(try session.poll().map(\.values), have)
    }

    func testItsStateGoesThroughASnapshot() async throws {
        let executor = ToyExecutor(try toy())
        let sound = sound(16_000)
        let first = try Session(open(executor), synchronous)
        try first.push(Array(sound[..<9_000]))
        _ = try first.poll()
        let snapshot = try await first.snapshot()
        try first.push(Array(sound[9_000...]))
        let wanted = try first.poll().map(\.values)
        let second = try Session(open(executor), synchronous)
        try await second.restore(snapshot)
        try second.push(Array(sound[9_000...]))
        let restored = try second.poll().map(\.values)
        XCTAssertEqual(restored, wanted)
        try await second.reset()
        try second.push(Array(sound[9_000...]))
        XCTAssertNotEqual(try second.poll().map(\.values), wanted)
    }

    func testItLivesAsLongAsTheLastSession() throws {
        var executor: ToyExecutor? = ToyExecutor(try toy())
        let log = executor!.log
        weak var watched = executor
        var session: Session? = try Session(open(executor), synchronous)
        executor = nil
        XCTAssertNotNil(watched)
        XCTAssertEqual(log.now.living, 3)
        try session!.push(sound(16_000))
        XCTAssertEqual(try session!.poll().count, 30)
        session = nil
        XCTAssertEqual(log.now.living, 0)
        XCTAssertNil(watched)
    }

    func testWhatLoadingThrowsIsATargetError() throws {
        let executor = ToyExecutor(try toy(), refused: "motion_decoder")
        let bundle = try open(executor)
        let message = expect(.target) { _ = try Session(bundle, synchronous) }
        XCTAssertTrue(message.contains("no motion_decoder today"), message)
        XCTAssertFalse(message.contains("\n"))
        XCTAssertEqual(executor.log.now.loaded.count, 2)
        XCTAssertEqual(executor.log.now.living, 0)
    }

    func testWhatAStepThrowsIsATargetErrorOfThePoll() async throws {
        let bundle = try open(ToyExecutor(try toy(), lastStep: 5))
        let session = try Session(bundle, synchronous)
        try session.push(sound(16_000))
        let message = expect(.target) { _ = try session.poll() }
        XCTAssertTrue(message.contains("run: tired"), message)
        XCTAssertFalse(message.contains("\n"))

        let worker = try Session(bundle)
        try worker.push(sound(16_000))
        do {
            _ = try await worker.wait(milliseconds: 20_000)
            _ = try worker.poll()
            XCTFail("the worker's error is lost")
        } catch {
            XCTAssertEqual(error.kind, .target)
            XCTAssertTrue(error.message.contains("tired"))
        }
    }

    func testABundleMustHaveTheTarget() throws {
        let other = try open(ToyExecutor(try toy(), target: "abacus"))
        XCTAssertEqual(other.precisions, [])
        let message = expect(.target) { _ = try Session(other, synchronous) }
        XCTAssertTrue(message.contains("abacus"), message)
        expect(.usage) { _ = try open(ToyExecutor(try toy(), target: "no name")) }
    }

    func testSessionsRunAtTheSameTime() async throws {
        let bundle = try open(ToyExecutor(try toy()))
        let sound = sound(8_000)
        let wanted = try await frames(bundle, synchronous) { try $0.push(sound) }
        let options = synchronous
        let all = try await withThrowingTaskGroup(of: [[Float]].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let session = try Session(bundle, options)
                    try session.push(sound)
                    try await session.flush()
                    return try session.poll().map(\.values)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        XCTAssertEqual(all, Array(repeating: wanted, count: 8))
    }
}
