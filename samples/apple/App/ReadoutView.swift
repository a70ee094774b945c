import FaceStream
import SwiftUI

/// Loudness as a bar from -60 dB to full scale, and how long after its sound a face is shown.
struct ReadoutView: View {
    /// In dB below full scale.
    let loudness: Float
    let latency: LatencyMeter

    var body: some View {
        VStack(spacing: 8) {
            ProgressView(value: Double(max(0, min(1, loudness / 60 + 1))))
                .accessibilityLabel("Loudness")
            if let median = latency.median, let slow = latency.slow {
                Text("Face after sound: \(Int(median)) ms, 95 % within \(Int(slow)) ms")
                    .font(.caption.monospacedDigit())
            } else {
                Text("Say something").font(.caption)
            }
        }
        .frame(maxWidth: 320)
    }
}
