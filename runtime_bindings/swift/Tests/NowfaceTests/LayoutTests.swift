import XCTest

@testable import Nowface

final class LayoutTests: XCTestCase {
    private func offsets(_ layout: StridedLayout) -> [Int] {
        var offsets: [Int] = []
        layout.forEachOffset { number, offset in
            XCTAssertEqual(number, offsets.count)
            offsets.append(offset)
        }
        return offsets
    }

    func testPackedElementsLieOneAfterTheOther() {
        let layout = StridedLayout(shape: [2, 3, 2], strides: [6, 2, 1])
        XCTAssertTrue(layout.isPacked)
        XCTAssertEqual(offsets(layout), Array(0..<12))
        XCTAssertTrue(StridedLayout(shape: [1, 4], strides: [64, 1]).isPacked)
        XCTAssertEqual(offsets(StridedLayout(shape: [], strides: [])), [0])
    }

    func testPaddedAndTurnedElementsAreFound() {
        let padded = StridedLayout(shape: [2, 3], strides: [32, 1])
        XCTAssertFalse(padded.isPacked)
        XCTAssertEqual(offsets(padded), [0, 1, 2, 32, 33, 34])
        let turned = StridedLayout(shape: [2, 3], strides: [1, 2])
        XCTAssertFalse(turned.isPacked)
        XCTAssertEqual(offsets(turned), [0, 2, 4, 1, 3, 5])
    }

    #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    func testHalfNumbersAreExact() {
        for bits in UInt16.min...UInt16.max {
            let wanted = Float(Float16(bitPattern: bits))
            let have = Float(halfBits: bits)
            XCTAssertTrue(have.isNaN && wanted.isNaN || have.bitPattern == wanted.bitPattern, "\(bits)")
        }
    }
    #endif
}
