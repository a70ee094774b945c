import CNowface

/// A tensor of a stage or signal: float32, row by row.
public struct Tensor: Equatable, Sendable {
    public let name: String
    public let shape: [Int]

    public init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
    }

    /// How many floats it holds.
    public var valueCount: Int { shape.reduce(1, *) }

    init(_ native: nowface_tensor) {
        name = String(cString: native.name)
        shape = UnsafeBufferPointer(start: native.shape, count: Int(native.rank)).map(Int.init)
    }

    static func list(_ native: UnsafePointer<nowface_tensor>?, _ count: UInt32) -> [Tensor] {
        UnsafeBufferPointer(start: native, count: Int(count)).map(Tensor.init)
    }
}
