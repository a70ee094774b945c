import CNowface

/// A call failed; it changed nothing.
public struct NowfaceError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure; the numbers of nowface.h.
    public enum Kind: Int32, CaseIterable, Sendable {
        /// An argument cannot be used.
        case usage = -1
        /// This code was written for another version of the native library.
        case abi = -2
        /// The folder is damaged or is no bundle.
        case bundle = -3
        /// The bundle has no such precision, or the native library cannot run it.
        case target = -4
        /// The session's state does not allow the call: flushed, or a foreign snapshot.
        case session = -5
        /// A stage gives non-finite values even from its start state.
        case numerical = -6
        /// The caller's buffer is too small.
        case buffer = -7
        /// There is not enough memory.
        case memory = -8
        /// A fault of the native library: please report it.
        case `internal` = -9
    }

    public let kind: Kind
    /// One line: what was wrong and how to mend it.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}

extension [String] {
    /// Names as an error lists them.
    var listed: String { isEmpty ? "none" : joined(separator: ", ") }
}

/// True for `NOWFACE_OK`, false for `NOWFACE_NO_FRAME`; throws for an error, with the library's own line.
@discardableResult
func check(_ status: Int32) throws(NowfaceError) -> Bool {
    if status == NOWFACE_OK { return true }
    if status == NOWFACE_NO_FRAME { return false }
    throw NowfaceError(NowfaceError.Kind(rawValue: status) ?? .internal, String(cString: nowface_last_error()))
}

/// The native library that this app carries.
public enum Library {
    /// Version of the SDK that it belongs to.
    public static var version: String { String(cString: nowface_version()) }
    /// What runs the stages, such as "executorch 1.4.1".
    public static var runtime: String { String(cString: nowface_runtime()) }
}
