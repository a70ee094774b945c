#if canImport(CoreML)
import CoreML
import Foundation

/// A stage's program in Core ML, and the arrays that its arguments are copied into.
///
/// Our programs keep no state of their own: state goes in by its name and comes out as `next_NAME`, in fp32 whatever the
/// operations compute in.
final class CoreMLStage: LoadedStage {
    private let model: MLModel
    private let path: String
    private let results: [Tensor]
    private let inputs: [MLMultiArray]
    private let features: MLDictionaryFeatureProvider

    /// - Throws: `target` where the program is not the stage's.
    init(_ model: MLModel, _ stage: StageDescription) throws {
        try checkSignature(of: model.modelDescription, stage)
        self.model = model
        path = stage.path
        results = stage.results
        inputs = try stage.arguments.map { tensor in
            try MLMultiArray(shape: tensor.shape.map { NSNumber(value: $0) }, dataType: .float32)
        }
        let named = zip(stage.arguments, inputs).map { ($0.name, MLFeatureValue(multiArray: $1)) }
        features = try MLDictionaryFeatureProvider(dictionary: Dictionary(uniqueKeysWithValues: named))
    }

    func run(_ arguments: StageArguments, _ results: StageResults) throws {
        // The library's worker is no thread of Apple's: without a pool of its own nothing would be freed until it ends.
        try autoreleasepool {
            for (index, array) in inputs.enumerated() { write(arguments[index], to: array) }
            let made = try model.prediction(from: features)
            for (index, tensor) in self.results.enumerated() {
                guard let array = made.featureValue(for: tensor.name)?.multiArrayValue else {
                    throw NowfaceError(.target, "\(path): gave no array \(tensor.name)")
                }
                try read(array, tensor, into: results[index])
            }
        }
    }

    private func write(_ values: UnsafeBufferPointer<Float>, to array: MLMultiArray) {
        let shape = array.shape.map(\.intValue)
        array.withUnsafeMutableBytes { bytes, strides in
            let floats = bytes.bindMemory(to: Float.self).baseAddress!
            let layout = StridedLayout(shape: shape, strides: strides)
            if layout.isPacked {
                floats.update(from: values.baseAddress!, count: values.count)
            } else {
                layout.forEachOffset { number, offset in floats[offset] = values[number] }
            }
        }
    }

    private func read(_ array: MLMultiArray, _ tensor: Tensor, into values: UnsafeMutableBufferPointer<Float>) throws {
        let layout = StridedLayout(shape: array.shape.map(\.intValue), strides: array.strides.map(\.intValue))
        guard layout.shape == tensor.shape else {
            throw NowfaceError(.target, "\(path): gave \(tensor.name) as \(layout.shape), not \(tensor.shape)")
        }
        let type = array.dataType
        try array.withUnsafeBytes { bytes in
            switch type {
            case .float32:
                let floats = bytes.bindMemory(to: Float.self).baseAddress!
                if layout.isPacked {
                    values.baseAddress!.update(from: floats, count: values.count)
                } else {
                    layout.forEachOffset { number, offset in values[number] = floats[offset] }
                }
            case .float16:
                let halves = bytes.bindMemory(to: UInt16.self).baseAddress!
                layout.forEachOffset { number, offset in values[number] = Float(halfBits: halves[offset]) }
            default:
                throw NowfaceError(.target, "\(path): gave \(tensor.name) in type \(type.rawValue), not a float")
            }
        }
    }
}
#endif
