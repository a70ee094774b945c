// As much of Apple's CoreML as the package uses, for a compiler that has none: models and what they tell of themselves.
import Foundation

public enum MLComputeUnits: Int, Sendable {
    case cpuOnly = 0
    case cpuAndGPU = 1
    case all = 2
    case cpuAndNeuralEngine = 3
}

public class MLModelConfiguration {
    public var computeUnits = MLComputeUnits.all

    public init() {}
}

public class MLMultiArrayConstraint {
    public let shape: [NSNumber]
    public let dataType: MLMultiArrayDataType

    init(_ port: StandInProgram.Port) {
        shape = port.shape.map { NSNumber(value: $0) }
        dataType = port.type
    }
}

public class MLFeatureDescription {
    public let multiArrayConstraint: MLMultiArrayConstraint?

    init(_ port: StandInProgram.Port) { multiArrayConstraint = MLMultiArrayConstraint(port) }
}

public class MLModelDescription {
    public let inputDescriptionsByName: [String: MLFeatureDescription]
    public let outputDescriptionsByName: [String: MLFeatureDescription]
    public let stateDescriptionsByName: [String: MLFeatureDescription]

    init(_ program: StandInProgram) {
        func described(_ ports: [StandInProgram.Port]) -> [String: MLFeatureDescription] {
            Dictionary(uniqueKeysWithValues: ports.map { ($0.name, MLFeatureDescription($0)) })
        }
        inputDescriptionsByName = described(program.inputs)
        outputDescriptionsByName = described(program.outputs)
        stateDescriptionsByName = described(program.states)
    }
}

public class MLModel {
    public let modelDescription: MLModelDescription
    private let program: StandInProgram

    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        program = try StandIn.shared.open(url, configuration.computeUnits)
        modelDescription = MLModelDescription(program)
    }

    public class func compileModel(
        at url: URL, completionHandler handler: @escaping (Result<URL, any Error>) -> Void
    ) {
        let answer = Answer(handler)
        Thread.detachNewThread { answer.handler(Result { try StandIn.shared.compile(url) }) }
    }

    public func prediction(from input: any MLFeatureProvider) throws -> any MLFeatureProvider {
        var given: [String: [Float]] = [:]
        for port in program.inputs {
            guard let array = input.featureValue(for: port.name)?.multiArrayValue else {
                throw StandInError("no input \(port.name)")
            }
            given[port.name] = array.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        let made = try program.run(given)
        let arrays = program.outputs.compactMap { port in
            made[port.name].map { (port.name, MLFeatureValue(multiArray: program.array($0, port))) }
        }
        return try MLDictionaryFeatureProvider(dictionary: Dictionary(uniqueKeysWithValues: arrays))
    }

    private final class Answer: @unchecked Sendable {
        let handler: (Result<URL, any Error>) -> Void

        init(_ handler: @escaping (Result<URL, any Error>) -> Void) { self.handler = handler }
    }
}
