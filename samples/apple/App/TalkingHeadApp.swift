import SwiftUI

/// A head that says what the microphone hears.
@main
struct TalkingHeadApp: App {
    @State private var talker = Talker()

    var body: some Scene {
        WindowGroup {
            ContentView(talker: talker)
        }
    }
}
