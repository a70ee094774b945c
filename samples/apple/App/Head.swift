import FaceStream
import Foundation
import RealityKit

/// A head from a USD file, whose blend shapes have the names of the model's channels.
@MainActor
final class Head {
    struct NoShapes: Error, CustomStringConvertible {
        let file: String

        var description: String {
            "\(file) has no blend shape that the model moves: write it again with python -m sdk animate."
        }
    }

    let root: Entity
    /// From the model's channels to the shapes.
    let map: ChannelMap
    private let mesh: Entity

    init(contentsOf file: URL, channels: [String]) async throws {
        root = try await Entity(contentsOf: file)
        // The file holds a clip as well; the face is to follow the microphone only.
        root.stopAllAnimations()
        guard let mesh = Self.meshWithShapes(root) else { throw NoShapes(file: file.lastPathComponent) }
        self.mesh = mesh
        map = ChannelMap(channels: channels, shapes: Self.component(of: mesh)?.weightSet.default?.weightNames ?? [])
        guard map.count > 0 else { throw NoShapes(file: file.lastPathComponent) }
    }

    /// Takes the weights of the shapes, in the order of `map`.
    func show(_ weights: [Float]) {
        guard var component = mesh.components[BlendShapeWeightsComponent.self] else { return }
        for index in component.weightSet.indices where component.weightSet[index].weights.count == weights.count {
            component.weightSet[index].weights = BlendShapeWeights(weights)
        }
        mesh.components.set(component)
    }

    private static func meshWithShapes(_ entity: Entity) -> Entity? {
        if let component = component(of: entity), component.weightSet.default?.weightNames.isEmpty == false {
            entity.components.set(component)
            return entity
        }
        for child in entity.children {
            if let found = meshWithShapes(child) { return found }
        }
        return nil
    }

    private static func component(of entity: Entity) -> BlendShapeWeightsComponent? {
        if let known = entity.components[BlendShapeWeightsComponent.self] { return known }
        guard let model = entity.components[ModelComponent.self] else { return nil }
        return BlendShapeWeightsComponent(weightsMapping: BlendShapeWeightsMapping(meshResource: model.mesh))
    }
}
