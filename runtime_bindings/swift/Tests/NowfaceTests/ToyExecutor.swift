import Foundation

@testable import Nowface

/// Runs the toy in Swift, in the place of the programs for ExecuTorch; counts, and fails where a test wants it.
final class ToyExecutor: StageExecutor {
    let target: String
    let runtime = "toy 1"
    let log = Log()
    private let toy: Toy
    private let refused: String?
    private let lastStep: Int

    /// - Parameters:
    ///   - refused: a stage that cannot be loaded.
    ///   - lastStep: steps of the motion decoder after this many fail.
    init(_ toy: Toy, target: String = "executorch", refused: String? = nil, lastStep: Int = .max) {
        self.toy = toy
        self.target = target
        self.refused = refused
        self.lastStep = lastStep
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    func load(_ stage: StageDescription) throws -> sending any LoadedStage {
        if stage.name == refused { throw Fault(description: "no \(stage.name) today") }
        log.note { $0.loaded.append(stage) }
        return Stage(toy, stage.name, stage.name == "motion_decoder" ? lastStep : .max, log)
    }

    private final class Stage: LoadedStage {
        private let toy: Toy
        private let name: String
        private let lastStep: Int
        private let log: Log
        private var steps = 0

        init(_ toy: Toy, _ name: String, _ lastStep: Int, _ log: Log) {
            self.toy = toy
            self.name = name
            self.lastStep = lastStep
            self.log = log
            log.note { $0.living += 1 }
        }

        deinit { log.note { $0.living -= 1 } }

        func run(_ arguments: StageArguments, _ results: StageResults) throws {
            steps += 1
            // Longer than the library's line, in letters of two bytes.
            guard steps <= lastStep else { throw Fault(description: "tired " + String(repeating: "é", count: 400)) }
            let values = toy.run(name, (0..<arguments.count).map { Array(arguments[$0]) })
            for (index, result) in values.enumerated() { _ = results[index].update(fromContentsOf: result) }
        }
    }

    /// What happened, from any thread.
    final class Log: @unchecked Sendable {
        private let lock = NSLock()
        private var counts = Counts()

        struct Counts {
            var loaded: [StageDescription] = []
            var living = 0
        }

        func note(_ change: (inout Counts) -> Void) { lock.withLock { change(&counts) } }

        var now: Counts { lock.withLock { counts } }
    }
}
