package ai.nowface;

import java.util.List;

/**
 * What a bundle holds.
 *
 * @param model name of the model
 * @param unit of the values, such as mm; 1 for pure numbers
 * @param frameRateNumerator frames a second as a fraction
 * @param frameRateDenominator of the same
 * @param hopSamples at 16 kHz: the model reads the sound in pieces of this length
 * @param lookaheadSamples at 16 kHz; 0 for zero lookahead
 * @param valueCount floats of a frame: one for each channel, or three for each vertex
 * @param vertexCount vertices of a frame, x y z each; 0 when a frame is named values
 * @param channels names of a frame's values in their order; empty when a frame is vertices
 * @param signals what may be given beside the sound, such as a tracked face; the floats are those of all its tensors,
 *     one after the other in the manifest's order
 * @param parameters what a session may replace, such as the template
 * @param precisions that the library can run; the first is the default
 * @param outputs of the frame stages, see {@link Session#output}
 * @param states state tensors, see {@link Session#digests}
 */
public record BundleInfo(
        String model,
        String unit,
        int frameRateNumerator,
        int frameRateDenominator,
        int hopSamples,
        int lookaheadSamples,
        int valueCount,
        int vertexCount,
        List<String> channels,
        List<Item> signals,
        List<Item> parameters,
        List<String> precisions,
        List<Item> outputs,
        List<Item> states) {

    /** Frames a second. */
    public double frameRate() {
        return (double) frameRateNumerator / frameRateDenominator;
    }
}
