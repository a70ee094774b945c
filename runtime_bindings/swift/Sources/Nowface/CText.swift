/// A text as C reads it. Lives until it is freed.
struct CText {
    private let letters: UnsafeMutableBufferPointer<CChar>

    init(_ text: String) {
        let copied = text.utf8CString
        letters = .allocate(capacity: copied.count)
        _ = letters.initialize(from: copied)
    }

    var pointer: UnsafePointer<CChar> { UnsafePointer(letters.baseAddress!) }

    func free() { letters.deallocate() }
}
