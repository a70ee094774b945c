package ai.nowface;

/**
 * Sums over a stream since its start.
 *
 * @param samples at 16 kHz: taken in, dropped and padded
 * @param frames computed
 * @param droppedSamples at 16 kHz: never read because too many waited
 * @param skippedFrames never computed because their newest audio was dropped
 * @param nonFiniteSamples became 0; at the rate they were pushed
 * @param clippedSamples were beyond [-1, 1]; at the rate they were pushed
 * @param restarts times the state began anew because a stage gave a non-finite value
 * @param signals values of signals taken in
 * @param droppedSignals not finite, out of range, or too many waited
 * @param delayMilliseconds of the lookahead and the resampler
 */
public record Report(
        long samples,
        long frames,
        long droppedSamples,
        long skippedFrames,
        long nonFiniteSamples,
        long clippedSamples,
        long restarts,
        long signals,
        long droppedSignals,
        float delayMilliseconds) {

    static Report of(long[] n) {
        float delay = Float.intBitsToFloat((int) n[9]);
        return new Report(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], delay);
    }
}
