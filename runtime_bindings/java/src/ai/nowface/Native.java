package ai.nowface;

import java.nio.Buffer;
import java.nio.charset.StandardCharsets;

/**
 * The functions of nowface_jni.c, one for each of nowface.h. They return its statuses, and write what else they have to
 * tell into the caller's arrays: nothing is allocated, and no exception is thrown, on the native side.
 *
 * <p>Texts cross as UTF-8 that ends with a zero: JNI's own strings are in a changed UTF-8.
 */
final class Native {
    /** Kinds of samples that are pushed. */
    static final int FLOATS = 0;
    static final int SHORTS = 1;
    static final int FLOAT_BUFFER = 2;
    static final int SHORT_BUFFER = 3;

    static {
        System.loadLibrary("nowface_jni");
    }

    private Native() {}

    /** Throws what the newest failure on this thread was, if the status is one. */
    static Status check(int code) {
        if (code >= 0) return Status.of(code);
        throw new NowfaceException(Status.of(code), new String(lastError(), StandardCharsets.UTF_8));
    }

    /** Throws if the text cannot be given to C. */
    static byte[] text(String subject, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new NowfaceException(Status.USAGE, subject + ": holds a zero character; leave it out");
        }
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    static String string(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }

    static native byte[] version();

    static native byte[] runtime();

    static native byte[] lastError();

    static native int bundleOpen(byte[] path, boolean skipHashes, long[] bundle);

    /** {@code numbers}: the 12 of nowface_bundle_info in its order; {@code texts}: model and unit. */
    static native int bundleInfo(long bundle, int[] numbers, byte[][] texts);

    /** {@code numbers}: value_count and tensor_count. */
    static native int bundleItem(long bundle, int kind, int index, int[] numbers, byte[][] name);

    /** {@code shape}: of one element, which is set. */
    static native int bundleSignalTensor(long bundle, int signal, int index, int[][] shape, byte[][] name);

    static native int bundleParameter(long bundle, int index, float[] values);

    static native void bundleClose(long bundle);

    /** {@code numbers}: mode, sample_rate, queue_milliseconds, frame_capacity, health_interval, has_seed. */
    static native int sessionCreate(
            long bundle, int[] numbers, long seed, byte[] precision, byte[][] names, float[][] values, long[] session);

    /** {@code samples}: of the given kind, a buffer being direct; {@code offset} and {@code count} are within it. */
    static native int push(long session, int kind, Object samples, int offset, int count);

    static native int pushSignal(long session, int signal, float[] values, long sample);

    /** {@code numbers}: index, due_sample, value_count and the bits of seconds. */
    static native int poll(long session, float[] values, long[] numbers);

    static native int pollBuffer(long session, Buffer values, int offset, int capacity, long[] numbers);

    /** {@code json} ends with a zero, or is null for none. */
    static native int setRetarget(long session, byte[] json);

    static native int setStrength(long session, byte[] knob, float strength);

    static native int flush(long session);

    static native int await(long session, int milliseconds);

    static native int reset(long session);

    /** {@code bytes} may be null to be told the size only. */
    static native int snapshot(long session, byte[] bytes, long[] size);

    static native int restore(long session, byte[] bytes);

    /** {@code numbers}: the nine of nowface_report in its order, then the bits of delay_milliseconds. */
    static native int report(long session, long[] numbers);

    /** {@code numbers}: kind, sample and count. */
    static native int nextEvent(long session, long[] numbers);

    static native int output(long session, int output, float[] values);

    static native int digests(long session, float[] digests);

    static native void sessionDestroy(long session);
}
