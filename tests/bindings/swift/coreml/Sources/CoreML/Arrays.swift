// As much of Apple's CoreML as the package uses, for a compiler that has none: arrays and features.
import Foundation

public enum MLMultiArrayDataType: Int, Sendable {
    case float16 = 65552
    case float32 = 65568
    case int32 = 131104
}

public class MLMultiArray {
    public let shape: [NSNumber]
    public let strides: [NSNumber]
    public let dataType: MLMultiArrayDataType
    private let memory: UnsafeMutableRawBufferPointer

    public convenience init(shape: [NSNumber], dataType: MLMultiArrayDataType) throws {
        self.init(shape: shape.map(\.intValue), dataType: dataType, rowPadding: 0)
    }

    /// Rows may be longer than their elements, as Apple's are; what lies between is not zero.
    public init(shape: [Int], dataType: MLMultiArrayDataType, rowPadding: Int) {
        var strides = [Int](repeating: 1, count: shape.count)
        for i in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[i] = strides[i + 1] * shape[i + 1] + (i == shape.count - 2 ? rowPadding : 0)
        }
        self.shape = shape.map { NSNumber(value: $0) }
        self.strides = strides.map { NSNumber(value: $0) }
        self.dataType = dataType
        let count = (shape.first ?? 1) * (strides.first ?? 1)
        memory = .allocate(byteCount: count * (dataType == .float16 ? 2 : 4), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0x55)
    }

    deinit { memory.deallocate() }

    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(memory))
    }

    public func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer, [Int]) throws -> R) rethrows -> R {
        try body(memory, strides.map(\.intValue))
    }
}

public class MLFeatureValue {
    public let multiArrayValue: MLMultiArray?

    public init(multiArray value: MLMultiArray) { multiArrayValue = value }
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for featureName: String) -> MLFeatureValue?
}

public class MLDictionaryFeatureProvider: MLFeatureProvider {
    private let values: [String: MLFeatureValue]

    public init(dictionary: [String: Any]) throws {
        values = dictionary.compactMapValues { $0 as? MLFeatureValue }
    }

    public var featureNames: Set<String> { Set(values.keys) }

    public func featureValue(for featureName: String) -> MLFeatureValue? { values[featureName] }
}

/// Of Apple's ObjectiveC module.
public func autoreleasepool<Result>(invoking body: () throws -> Result) rethrows -> Result { try body() }
