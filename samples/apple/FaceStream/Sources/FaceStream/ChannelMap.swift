/// Which of a model's channels moves which shape of a mesh, by name.
public struct ChannelMap: Sendable {
    /// For each shape the channel that moves it; nil for one that stays still.
    private let sources: [Int?]

    /// Names are compared without what stands before their last dot or slash, where tools put the name of the mesh.
    public init(channels: [String], shapes: [String]) {
        sources = shapes.map { shape in
            let name = shape.split(whereSeparator: { $0 == "." || $0 == "/" }).last.map(String.init) ?? shape
            return channels.firstIndex(of: name)
        }
    }

    /// How many shapes move.
    public var count: Int { sources.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }

    /// The weights of the mesh's shapes, in its order; 0 for a shape that no channel moves.
    public func weights(_ values: UnsafeBufferPointer<Float>) -> [Float] {
        sources.map { $0.map { values[$0] } ?? 0 }
    }
}
