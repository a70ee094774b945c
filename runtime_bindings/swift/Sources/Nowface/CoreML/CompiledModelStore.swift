#if canImport(CoreML)
import CoreML
import Foundation

/// Compiled programs on disk: those that came with the app, and those that were compiled on this device.
struct CompiledModelStore: Sendable {
    let compiledFolder: URL?
    let cacheFolder: URL?

    /// The model of a bundle's `PRECISION/STAGE.mlpackage`.
    ///
    /// - Throws: `target` where it cannot be compiled or loaded.
    func model(of package: URL, _ configuration: MLModelConfiguration) throws -> MLModel {
        let stage = package.deletingPathExtension().lastPathComponent
        if let compiledFolder {
            let precision = package.deletingLastPathComponent().lastPathComponent
            let compiled = compiledFolder.appendingPathComponent("\(precision)/\(stage).mlmodelc")
            guard FileManager.default.fileExists(atPath: compiled.path) else {
                throw NowfaceError(.target, "\(compiled.path): no such folder; compile the bundle's \(stage).mlpackage")
            }
            return try MLModel(contentsOf: compiled, configuration: configuration)
        }
        let kept = try keptModel(of: package, stage)
        if FileManager.default.fileExists(atPath: kept.path) {
            // Another system version may refuse what an earlier one compiled.
            if let model = try? MLModel(contentsOf: kept, configuration: configuration) { return model }
            try? FileManager.default.removeItem(at: kept)
        }
        try keep(try compile(package), at: kept)
        return try MLModel(contentsOf: kept, configuration: configuration)
    }

    /// Where the compiled form of a package is kept, named by the hashes that the manifest lists for its files. The
    /// native library compared them before it asked for the stage.
    private func keptModel(of package: URL, _ stage: String) throws -> URL {
        let bundle = package.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let manifest = bundle.appendingPathComponent("manifest.json")
        let listed = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: manifest)).files
        let start = package.pathComponents.suffix(3).joined(separator: "/") + "/"
        let hashes = listed.filter { $0.path.hasPrefix(start) }.sorted { $0.path < $1.path }.map(\.sha256)
        guard !hashes.isEmpty else {
            throw NowfaceError(.target, "\(manifest.path): lists no file of \(start)")
        }
        let name = "\(stage)-\(hashes.map { String($0.prefix(16)) }.joined(separator: "-")).mlmodelc"
        return try folder().appendingPathComponent(name, isDirectory: true)
    }

    private func folder() throws -> URL {
        let manager = FileManager.default
        let made = try cacheFolder
            ?? manager.url(for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
            .appendingPathComponent("nowface")
        try manager.createDirectory(at: made, withIntermediateDirectories: true)
        return made
    }

    private func keep(_ compiled: URL, at kept: URL) throws {
        do {
            try FileManager.default.moveItem(at: compiled, to: kept)
        } catch {
            // Two sessions that start at once compile the same program: the first one's stays.
            guard FileManager.default.fileExists(atPath: kept.path) else { throw error }
            try? FileManager.default.removeItem(at: compiled)
        }
    }

    /// Compiles into a folder of Core ML's choice, and waits for it: a stage is loaded by the time that a session is there.
    private func compile(_ package: URL) throws -> URL {
        let answer = Answer()
        let done = DispatchSemaphore(value: 0)
        MLModel.compileModel(at: package) { result in
            answer.result = result
            done.signal()
        }
        done.wait()
        return try answer.result!.get()
    }

    /// Written by Core ML's thread before the semaphore lets the other read it.
    private final class Answer: @unchecked Sendable {
        var result: Result<URL, any Error>?
    }

    private struct Manifest: Decodable {
        struct File: Decodable {
            let path: String
            let sha256: String
        }

        let files: [File]
    }
}
#endif
