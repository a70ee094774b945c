import Foundation

/// What the sample needs beside its code, and what to do where it is missing.
public struct Resources: Sendable {
    /// A line for the screen: what is missing and how to get it.
    public struct Missing: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Of the exported model.
    public let bundle: URL
    /// Of the head with the shapes.
    public let head: URL

    /// - Parameter folder: the app's resources; nil where it has none.
    public init(in folder: URL?) throws(Missing) {
        let folder = folder ?? URL(fileURLWithPath: "/")
        bundle = folder.appendingPathComponent("bundle")
        head = folder.appendingPathComponent("head.usdz")
        let manager = FileManager.default
        guard manager.fileExists(atPath: bundle.appendingPathComponent("manifest.json").path) else {
            let mend = "run python -m export and copy build/faceformer to samples/apple/Resources/bundle"
            throw Missing(description: "This app was built without a bundle: \(mend).")
        }
        guard manager.fileExists(atPath: head.path) else {
            let mend = "write samples/apple/Resources/head.usdz with python -m sdk animate"
            throw Missing(description: "This app was built without a head: \(mend).")
        }
    }
}
