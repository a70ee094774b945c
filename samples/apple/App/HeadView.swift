import RealityKit
import SwiftUI

/// The head, from the front; calls `draw` before every picture.
struct HeadView: View {
    let head: Head
    let draw: @MainActor () -> Void
    @State private var updates: EventSubscription?

    var body: some View {
        RealityView { content in
            // The origin of the head is between its eyes: its middle is below.
            head.root.position = [0, 0.04, 0]
            content.add(head.root)
            #if !os(visionOS)
            content.camera = .virtual
            let camera = PerspectiveCamera()
            camera.camera.fieldOfViewInDegrees = 30
            camera.position = [0, 0, 0.7]
            content.add(camera)
            let light = DirectionalLight()
            light.light.intensity = 3_000
            light.look(at: .zero, from: [0.3, 0.4, 1], relativeTo: nil)
            content.add(light)
            #endif
            updates = content.subscribe(to: SceneEvents.Update.self) { _ in
                MainActor.assumeIsolated { draw() }
            }
        }
        .frame(minHeight: 320)
        .accessibilityLabel("A face that says what is heard")
    }
}
