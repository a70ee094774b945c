// What the stand-in runs in the place of programs, and what it remembers for the tests.
import Foundation

public struct StandInError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// A program that a test wrote: what it says of itself, and what it computes.
public struct StandInProgram: @unchecked Sendable {
    public struct Port {
        public var name: String
        public var shape: [Int]
        public var type: MLMultiArrayDataType

        public init(_ name: String, _ shape: [Int], _ type: MLMultiArrayDataType = .float32) {
            self.name = name
            self.shape = shape
            self.type = type
        }
    }

    public var inputs: [Port]
    public var outputs: [Port]
    public var states: [Port] = []
    /// Elements between the end of a row of an output and the next.
    public var rowPadding = 0
    /// Shape of every output, where it is not the one that the program tells of.
    public var givenShape: [Int]?
    public var run: ([String: [Float]]) throws -> [String: [Float]]

    public init(inputs: [Port], outputs: [Port], run: @escaping ([String: [Float]]) throws -> [String: [Float]]) {
        self.inputs = inputs
        self.outputs = outputs
        self.run = run
    }

    func array(_ values: [Float], _ port: Port) -> MLMultiArray {
        let shape = givenShape ?? port.shape
        let array = MLMultiArray(shape: shape, dataType: port.type, rowPadding: rowPadding)
        let row = shape.last ?? 1
        array.withUnsafeMutableBytes { bytes, _ in
            for (number, value) in values.enumerated() {
                let place = number / row * (row + (shape.count > 1 ? rowPadding : 0)) + number % row
                switch port.type {
                case .float16: bytes.bindMemory(to: UInt16.self)[place] = Float16(value).bitPattern
                case .float32: bytes.bindMemory(to: Float.self)[place] = value
                case .int32: bytes.bindMemory(to: Int32.self)[place] = Int32(value)
                }
            }
        }
        return array
    }
}

/// The stand-in's memory: programs by the name of their stage, and what was asked of it.
public final class StandIn: @unchecked Sendable {
    public static let shared = StandIn()

    private let lock = NSLock()
    private var programs: [String: StandInProgram] = [:]
    private var log = Log()

    public struct Log: Sendable {
        /// Names of the packages that were compiled.
        public var compiled: [String] = []
        /// Folders that were opened as models.
        public var opened: [URL] = []
        public var computeUnits: Set<MLComputeUnits> = []
    }

    /// Forgets what happened and takes other programs.
    public func begin(_ programs: [String: StandInProgram]) {
        lock.withLock {
            self.programs = programs
            log = Log()
        }
    }

    public var now: Log { lock.withLock { log } }

    func compile(_ package: URL) throws -> URL {
        guard package.pathExtension == "mlpackage" else { throw StandInError("\(package.path) is no package") }
        lock.withLock { log.compiled.append(package.lastPathComponent) }
        let name = package.deletingPathExtension().lastPathComponent
        let made = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).mlmodelc")
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        try Data(name.utf8).write(to: made.appendingPathComponent("stage"))
        return made
    }

    func open(_ folder: URL, _ units: MLComputeUnits) throws -> StandInProgram {
        guard folder.pathExtension == "mlmodelc" else { throw StandInError("\(folder.path) is not compiled") }
        let name = try String(decoding: Data(contentsOf: folder.appendingPathComponent("stage")), as: UTF8.self)
        return try lock.withLock {
            log.opened.append(folder)
            log.computeUnits.insert(units)
            guard let program = programs[name] else { throw StandInError("no program \(name)") }
            return program
        }
    }
}
