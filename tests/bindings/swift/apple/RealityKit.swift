// As much of Apple's RealityKit as the sample uses, for a compiler that has none: types to check against, no scene.
import Foundation
import SwiftUI

public protocol Component {}

@MainActor
open class Entity {
    public struct ComponentSet {
        public subscript<C: Component>(type: C.Type) -> C? { nil }

        public mutating func set<C: Component>(_ component: C) {}
    }

    public var components = ComponentSet()
    public var children: [Entity] = []
    public var position: SIMD3<Float> = .zero

    public init() {}

    public init(contentsOf url: URL, withName name: String? = nil) async throws {}

    public func stopAllAnimations(recursive: Bool = true) {}
    public func look(at target: SIMD3<Float>, from position: SIMD3<Float>, relativeTo entity: Entity?) {}
}

public final class MeshResource: Sendable {}

public struct ModelComponent: Component {
    public var mesh: MeshResource
}

public final class BlendShapeWeightsMapping: Sendable {
    public init(meshResource: MeshResource) {}
}

public struct BlendShapeWeights: Sendable {
    public var count: Int { 0 }

    public init<S: Sequence>(_ values: S) where S.Element == Float {}
}

public struct BlendShapeWeightsData: Sendable {
    public var weightNames: [String] { [] }
    public var weights: BlendShapeWeights
}

public struct BlendShapeWeightsSet: Sendable {
    public var indices: Range<Int> { 0..<0 }
    public var `default`: BlendShapeWeightsData? { nil }

    public subscript(index: Int) -> BlendShapeWeightsData {
        get { fatalError("there are no weights") }
        set {}
    }
}

public struct BlendShapeWeightsComponent: Component {
    public var weightSet: BlendShapeWeightsSet { get { fatalError("there are no weights") } set {} }

    public init(weightsMapping: BlendShapeWeightsMapping) {}
}

public struct PerspectiveCameraComponent: Component {
    public var fieldOfViewInDegrees: Float = 60
}

public final class PerspectiveCamera: Entity {
    public var camera = PerspectiveCameraComponent()
}

public struct DirectionalLightComponent: Component {
    public var intensity: Float = 0
}

public final class DirectionalLight: Entity {
    public var light = DirectionalLightComponent()
}

public struct EventSubscription {
    public func cancel() {}
}

public enum SceneEvents {
    public struct Update {}
}

@MainActor
public struct RealityViewCameraContent {
    public enum Camera { case virtual }

    public var camera: Camera

    public func add(_ entity: Entity) {}

    public func subscribe<E>(to event: E.Type, _ handler: @escaping (E) -> Void) -> EventSubscription {
        EventSubscription()
    }
}

public struct RealityView: Part {
    public init(make: @escaping @MainActor @Sendable (inout RealityViewCameraContent) async -> Void) {}
}
