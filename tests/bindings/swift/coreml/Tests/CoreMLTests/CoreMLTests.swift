import CoreML
import Foundation
import XCTest

@testable import Nowface

/// `CoreMLExecutor` over the stand-in: what it tells Core ML, and what it makes of the answers.
final class CoreMLTests: XCTestCase {
    private typealias Port = StandInProgram.Port

    private var folder = URL(fileURLWithPath: "/")

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws { try FileManager.default.removeItem(at: folder) }

    private func executor(_ units: MLComputeUnits = .all) -> CoreMLExecutor {
        CoreMLExecutor(computeUnits: units, cacheFolder: folder.appendingPathComponent("cache"))
    }

    /// A folder like a bundle, with a stage that gives its input times two, and its state plus one.
    private func stage(hash: Character = "a") throws -> StageDescription {
        let package = folder.appendingPathComponent("bundle/coreml/fp16/double.mlpackage")
        try FileManager.default.createDirectory(at: package, withIntermediateDirectories: true)
        let files = ["Manifest.json", "Data/weight.bin"].map { name in
            #"{"path": "coreml/fp16/double.mlpackage/\#(name)", "sha256": "\#(String(repeating: hash, count: 64))"}"#
        }
        let other = #"{"path": "coreml/fp16/double.mlpackage2/weight.bin", "sha256": "b"}"#
        let manifest = #"{"files": [\#(files.joined(separator: ", ")), \#(other)]}"#
        try Data(manifest.utf8).write(to: folder.appendingPathComponent("bundle/manifest.json"))
        return StageDescription(
            name: "double", path: package.path, inputs: [Tensor(name: "x", shape: [2, 3])],
            state: [Tensor(name: "age", shape: [1])], outputs: [Tensor(name: "y", shape: [2, 3])])
    }

    private func program(_ type: MLMultiArrayDataType = .float32) -> StandInProgram {
        StandInProgram(
            inputs: [Port("age", [1]), Port("x", [2, 3])],
            outputs: [Port("next_age", [1], type), Port("y", [2, 3], type)]
        ) { given in
            ["y": given["x"]!.map { 2 * $0 }, "next_age": given["age"]!.map { $0 + 1 }]
        }
    }

    private func step(_ loaded: any LoadedStage, _ x: [Float], age: Float) throws -> (y: [Float], age: Float) {
        var y = [Float](repeating: -1, count: 6), after: Float = -1
        try x.withUnsafeBufferPointer { x in
            try withUnsafePointer(to: age) { age in
                try y.withUnsafeMutableBufferPointer { y in
                    try withUnsafeMutablePointer(to: &after) { after in
                        let arguments: [UnsafePointer<Float>?] = [x.baseAddress, age]
                        let results: [UnsafeMutablePointer<Float>?] = [y.baseAddress, after]
                        try arguments.withUnsafeBufferPointer { arguments in
                            try results.withUnsafeBufferPointer { results in
                                try loaded.run(
                                    StageArguments(pointers: arguments.baseAddress!, counts: [6, 1]),
                                    StageResults(pointers: results.baseAddress!, counts: [6, 1]))
                            }
                        }
                    }
                }
            }
        }
        return (y, after)
    }

    private func refused(_ change: (inout StandInProgram) -> Void) throws -> String {
        var changed = program()
        change(&changed)
        StandIn.shared.begin(["double": changed])
        var message = ""
        XCTAssertThrowsError(
            try {
                let loaded = try executor().load(stage())
                _ = try step(loaded, [1, 2, 3, 4, 5, 6], age: 0)
            }()
        ) { error in
            XCTAssertEqual((error as? NowfaceError)?.kind, .target)
            message = "\(error)"
        }
        XCTAssertTrue(message.contains("double.mlpackage: "), message)
        return message
    }

    func testArgumentsGoInByNameAndResultsComeOutInOrder() throws {
        StandIn.shared.begin(["double": program()])
        let loaded = try executor().load(stage())
        let first = try step(loaded, [1, 2, 3, 4, 5, 6], age: 7)
        XCTAssertEqual(first.y, [2, 4, 6, 8, 10, 12])
        XCTAssertEqual(first.age, 8)
        let second = try step(loaded, [0, 0, 0, 0, 0, -1], age: first.age)
        XCTAssertEqual(second.y, [0, 0, 0, 0, 0, -2])
        XCTAssertEqual(second.age, 9)
    }

    func testPaddedRowsAndHalfNumbersAreRead() throws {
        for type in [MLMultiArrayDataType.float32, .float16] {
            for padding in [0, 5] {
                var padded = program(type)
                padded.rowPadding = padding
                StandIn.shared.begin(["double": padded])
                let given = try step(executor().load(stage()), [1, 2.5, 3, -4, 5, 6e-8], age: 1)
                let last: Float = type == .float16 ? 0x1p-23 : 1.2e-7
                XCTAssertEqual(given.y, [2, 5, 6, -8, 10, last], "\(type) \(padding)")
                XCTAssertEqual(given.age, 2)
            }
        }
    }

    func testAnotherStagesProgramIsRefused() throws {
        let input = try refused { $0.inputs[1].shape = [2, 4] }
        XCTAssertTrue(input.hasSuffix("input x is [2, 4], in stage double [2, 3]"), input)
        XCTAssertTrue(try refused { $0.inputs[0].name = "wisdom" }.hasSuffix("stage double has no input wisdom"))
        XCTAssertTrue(try refused { $0.inputs.removeFirst() }.hasSuffix("has no input age"))
        XCTAssertTrue(try refused { $0.outputs.removeLast() }.hasSuffix("has no output y"))
        XCTAssertTrue(try refused { $0.outputs[1].type = .int32 }.contains("output y is of type 131104"))
        XCTAssertTrue(try refused { $0.inputs[1].type = .float16 }.contains("input x is of type 65552"))
        XCTAssertTrue(try refused { $0.states = [Port("cache", [4])] }.hasSuffix("keeps state cache of its own"))
    }

    func testAnswersThatAreNotAsToldAreRefused() throws {
        XCTAssertTrue(try refused { $0.run = { _ in [:] } }.hasSuffix("gave no array y"))
        let other = try refused {
            $0.givenShape = [3, 2]
            $0.run = { ["y": $0["x"]!, "next_age": $0["x"]!] }
        }
        XCTAssertTrue(other.hasSuffix("gave y as [3, 2], not [2, 3]"), other)
    }

    func testACompiledProgramIsKeptAsLongAsTheBundleIsTheSame() throws {
        StandIn.shared.begin(["double": program()])
        for _ in 0..<2 { _ = try executor(.cpuAndNeuralEngine).load(stage()) }
        XCTAssertEqual(StandIn.shared.now.compiled, ["double.mlpackage"])
        XCTAssertEqual(StandIn.shared.now.computeUnits, [.cpuAndNeuralEngine])
        let kept = StandIn.shared.now.opened
        XCTAssertEqual(Set(kept).count, 1)
        XCTAssertEqual(kept[0].deletingLastPathComponent().lastPathComponent, "cache")
        XCTAssertEqual(kept[0].lastPathComponent, "double-aaaaaaaaaaaaaaaa-aaaaaaaaaaaaaaaa.mlmodelc")
        _ = try executor().load(stage(hash: "c"))
        XCTAssertEqual(StandIn.shared.now.compiled.count, 2)
    }

    func testAKeptProgramThatCannotBeLoadedIsCompiledAnew() throws {
        StandIn.shared.begin(["double": program()])
        _ = try executor().load(stage())
        try Data("other".utf8).write(to: StandIn.shared.now.opened[0].appendingPathComponent("stage"))
        _ = try executor().load(stage())
        XCTAssertEqual(StandIn.shared.now.compiled.count, 2)
        StandIn.shared.begin([:])
        XCTAssertThrowsError(try executor().load(stage())) { error in
            XCTAssertEqual("\(error)", "no program double")
        }
    }

    func testProgramsCompiledWithTheAppAreTaken() throws {
        StandIn.shared.begin(["double": program()])
        let made = folder.appendingPathComponent("made")
        let app = CoreMLExecutor(compiledFolder: made)
        XCTAssertThrowsError(try app.load(stage())) { error in
            XCTAssertTrue("\(error)".contains("made/fp16/double.mlmodelc: no such folder"), "\(error)")
        }
        let compiled = made.appendingPathComponent("fp16/double.mlmodelc")
        try FileManager.default.createDirectory(at: compiled, withIntermediateDirectories: true)
        try Data("double".utf8).write(to: compiled.appendingPathComponent("stage"))
        let given = try step(app.load(stage()), [1, 2, 3, 4, 5, 6], age: 0)
        XCTAssertEqual(given.y, [2, 4, 6, 8, 10, 12])
        XCTAssertEqual(StandIn.shared.now.compiled, [])
    }

    func testSessionsThatStartAtOnceShareWhatWasCompiled() throws {
        StandIn.shared.begin(["double": program()])
        let executor = executor(), stage = try stage(), failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            do { _ = try executor.load(stage) } catch { failures.add(error) }
        }
        XCTAssertEqual(failures.texts, [])
        XCTAssertEqual(Set(StandIn.shared.now.opened).count, 1)
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache").count, 1)
    }

    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var texts: [String] = []

        func add(_ error: any Error) { lock.withLock { texts.append("\(error)") } }
    }
}
