package ai.nowface.replay;

import ai.nowface.BundleInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * A value of a signal.
 *
 * @param frame index of the first frame that sees it
 * @param signal its name
 * @param sample when it was captured, at 16 kHz
 * @param values all floats of its tensors
 */
record Given(long frame, String signal, long sample, float[] values) {
    private static final long SAMPLE_RATE = 16_000;

    /** All values of all signals in the vectors, in the order in which frames see them. */
    static List<Given> inOrder(TensorFile vectors, Map<?, ?> manifest, BundleInfo info) {
        List<Given> all = new ArrayList<>();
        for (Object item : (List<?>) ((Map<?, ?>) manifest.get("pipeline")).get("signals")) {
            Map<?, ?> signal = (Map<?, ?>) item;
            String name = (String) signal.get("name");
            Tensor times = vectors.tensors().get("signal." + name);
            if (times == null) continue;
            long[] samples = times.longs();
            Tensor late = vectors.tensors().get("seen_from." + name);
            float[][] rows = rows(vectors, signal, name, samples.length);
            for (int row = 0; row < samples.length; ++row) {
                long frame = late == null ? framesReady(info, samples[row] - 1) : late.longs()[row];
                all.add(new Given(frame, name, samples[row], rows[row]));
            }
        }
        all.sort(Comparator.comparingLong(Given::frame)); // stable: signals that tie stay in the manifest's order
        return all;
    }

    /** The tensors of a signal side by side, in the manifest's order. */
    private static float[][] rows(TensorFile vectors, Map<?, ?> signal, String name, int count) {
        List<float[]> parts = new ArrayList<>();
        int width = 0;
        for (Object item : (List<?>) signal.get("tensors")) {
            parts.add(vectors.tensors().get("signal." + name + "." + ((Map<?, ?>) item).get("name")).floats());
            width += count == 0 ? 0 : parts.get(parts.size() - 1).length / count;
        }
        float[][] rows = new float[count][width];
        int at = 0;
        for (float[] part : parts) {
            int size = count == 0 ? 0 : part.length / count;
            for (int row = 0; row < count; ++row) System.arraycopy(part, row * size, rows[row], at, size);
            at += size;
        }
        return rows;
    }

    /** Number of frames that so many samples suffice for; sdk/audio/clock.py. */
    private static long framesReady(BundleInfo info, long samples) {
        long known = Math.max(0, samples - info.lookaheadSamples());
        return known * info.frameRateNumerator() / (SAMPLE_RATE * info.frameRateDenominator());
    }
}
