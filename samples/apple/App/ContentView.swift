import FaceStream
import SwiftUI

/// The head, and below it what runs, how loud it is and how late the face.
struct ContentView: View {
    @Bindable var talker: Talker
    @Environment(\.scenePhase) private var phase

    var body: some View {
        VStack(spacing: 16) {
            switch talker.state {
            case .problem(let line):
                ContentUnavailableView("No face to show", systemImage: "exclamationmark.triangle", description: Text(line))
            case .loading:
                ProgressView("Loading the model")
            case .talking(let head):
                HeadView(head: head) { talker.draw(on: head) }
                ReadoutView(loudness: talker.loudness, latency: talker.latency)
            }
            Picker("Runtime", selection: $talker.engine) {
                ForEach(Engine.available) { engine in Text(engine.rawValue).tag(engine) }
            }
            .pickerStyle(.segmented)
            .frame(maxWidth: 320)
        }
        .padding()
        // Another runtime or a return to the app begins a new stream; leaving it ends the old one.
        .task(id: Wish(engine: talker.engine, active: phase == .active)) {
            if phase == .active { await talker.start() } else { talker.stop() }
        }
    }

    private struct Wish: Equatable {
        let engine: Engine
        let active: Bool
    }
}
