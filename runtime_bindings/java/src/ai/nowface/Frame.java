package ai.nowface;

/** When a frame is due. One object serves any number of polls, so that polling allocates nothing. */
public final class Frame {
    /** Index, due sample, value count and the bits of the seconds, as the native side writes them. */
    final long[] numbers = new long[4];

    /** From 0; jumps where audio was dropped, and never goes back. */
    public long index() {
        return numbers[0];
    }

    /** First sample after the frame's time, at 16 kHz from the start of the stream. */
    public long dueSample() {
        return numbers[1];
    }

    /** Floats written. */
    public int valueCount() {
        return (int) numbers[2];
    }

    /** Time spent computing it. */
    public float seconds() {
        return Float.intBitsToFloat((int) numbers[3]);
    }
}
