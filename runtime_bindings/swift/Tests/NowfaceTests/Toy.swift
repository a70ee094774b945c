import Foundation

@testable import Nowface

/// The stages of tests/toy.py, from their weights: arguments in, results out, by position.
struct Toy: Sendable {
    private static let width = 8

    private let layers: [Layer]

    /// Takes a file of floats: weight and bias of each layer in the order of tests/toy.py.
    init(path: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        var floats = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }[...]
        func take(_ count: Int) -> [Float] {
            defer { floats = floats.dropFirst(count) }
            return Array(floats.prefix(count))
        }
        layers = [(400, 8), (2, 8), (16, 8), (8, 15)].map { inputs, outputs in
            Layer(inputs: inputs, weight: take(inputs * outputs), bias: take(outputs))
        }
        precondition(floats.isEmpty && layers[3].bias.count == 15, "the file holds another toy")
    }

    func run(_ stage: String, _ arguments: [[Float]]) -> [[Float]] {
        switch stage {
        case "audio_encoder":
            let window = arguments[1] + arguments[0]
            return [layers[0](window).map(tanhf), Array(window.suffix(80))]
        case "identity":
            return [arguments[0].map { $0 + 0.5 }, layers[1](arguments[1])]
        default:
            return decode(arguments)
        }
    }

    private func decode(_ arguments: [[Float]]) -> [[Float]] {
        let features = arguments[0], phase = arguments[1][0], style = arguments[2], rest = arguments[3]
        let previous = arguments[4], history = arguments[5], width = Self.width
        var audio = style
        for i in 0..<width {
            let older = features[i], newer = features[width + i]
            audio[i] += older + (newer - older) * phase
        }
        let hidden: [Float] = layers[2](audio + previous).map(tanhf)
        let moved: [Float] = Array(history[width...]) + hidden
        var face = hidden
        for (place, value) in moved.enumerated() { face[place % width] += value / 4 }
        var vertices = layers[3](face)
        for i in rest.indices { vertices[i] += rest[i] }
        return [face, vertices, face, moved]
    }

    private struct Layer {
        let inputs: Int
        let weight: [Float]
        let bias: [Float]

        func callAsFunction(_ x: [Float]) -> [Float] {
            var y = bias
            for row in y.indices {
                for column in 0..<inputs { y[row] += weight[row * inputs + column] * x[column] }
            }
            return y
        }
    }
}
