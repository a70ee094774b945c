/// Where the elements of a tensor lie in memory, counted in elements: Core ML pads rows of what it computes.
struct StridedLayout {
    let shape: [Int]
    let strides: [Int]

    /// Whether the elements lie row by row without gaps.
    var isPacked: Bool {
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() {
            // A stride over one element is never taken.
            if size != 1 && stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// Gives the offset of each element in row order.
    func forEachOffset(_ body: (_ number: Int, _ offset: Int) -> Void) {
        var number = 0
        visit(0, 0, &number, body)
    }

    private func visit(_ dimension: Int, _ offset: Int, _ number: inout Int, _ body: (Int, Int) -> Void) {
        guard dimension < shape.count else {
            body(number, offset)
            number += 1
            return
        }
        for index in 0..<shape[dimension] {
            visit(dimension + 1, offset + index * strides[dimension], &number, body)
        }
    }
}
