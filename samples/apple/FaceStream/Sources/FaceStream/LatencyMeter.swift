/// How long after its sound a face was shown, over the newest faces.
public struct LatencyMeter: Sendable {
    private let capacity: Int
    private var newest: [Double] = []

    /// - Parameter capacity: faces that are looked back upon.
    public init(capacity: Int = 90) { self.capacity = capacity }

    /// - Parameters:
    ///   - shown: when the face was handed to the renderer, in seconds.
    ///   - heard: when the last sample before the face's time was taken in.
    public mutating func add(shown: Double, heard: Double) {
        if newest.count == capacity { newest.removeFirst() }
        newest.append(1000 * (shown - heard))
    }

    /// In milliseconds; nil before the first face.
    public var median: Double? { quantile(0.5) }

    /// What 95 of 100 faces stay below, in milliseconds; nil before the first face.
    public var slow: Double? { quantile(0.95) }

    private func quantile(_ share: Double) -> Double? {
        guard !newest.isEmpty else { return nil }
        return newest.sorted()[Int(share * Double(newest.count - 1) + 0.5)]
    }
}
