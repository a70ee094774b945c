package ai.nowface.replay;

import java.util.Arrays;

/** Floats, any number. */
final class Floats {
    private float[] values = new float[64];
    private int count;

    void add(float... more) {
        if (count + more.length > values.length) values = Arrays.copyOf(values, 2 * (count + more.length));
        System.arraycopy(more, 0, values, count, more.length);
        count += more.length;
    }

    float[] all() {
        return Arrays.copyOf(values, count);
    }
}
