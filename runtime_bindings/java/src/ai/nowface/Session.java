package ai.nowface;

import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One stream of speech through one face.
 *
 * <p>One thread pushes and one polls, which may be the same. The one that polls may also call {@link #setRetarget},
 * {@link #setStrength}, {@link #report} and {@link #events}; every other call must not run beside those. Only
 * {@link #close} may come from any thread at any time. Pushing and polling allocate nothing, and do not lock unless the
 * session is synchronous.
 *
 * <p>All samples are counted at 16 kHz from the start of the stream. How the sound is cut into pushes changes no bit.
 */
public final class Session implements AutoCloseable {
    private final Handle handle;
    private final Map<String, Signal> signals = new LinkedHashMap<>();
    private final long[] eventNumbers = new long[3];
    private final int valueCount;

    private record Signal(int index, int valueCount) {}

    Session(BundleInfo info, long bundle, SessionOptions options) {
        for (Item item : info.signals()) signals.put(item.name(), new Signal(signals.size(), item.valueCount()));
        int[] numbers = {
            options.mode,
            options.sampleRate,
            options.queueMilliseconds,
            options.frameCapacity,
            options.healthInterval,
            options.hasSeed ? 1 : 0
        };
        byte[] precision = options.precision == null ? null : Native.text("precision", options.precision);
        byte[][] names = new byte[options.parameters.size()][];
        float[][] values = new float[names.length][];
        int at = 0;
        for (Map.Entry<String, float[]> parameter : options.parameters.entrySet()) {
            names[at] = Native.text("parameter", parameter.getKey());
            values[at++] = Objects.requireNonNull(parameter.getValue(), parameter.getKey());
        }
        long[] created = new long[1];
        Native.check(Native.sessionCreate(bundle, numbers, options.seed, precision, names, values, created));
        handle = new Handle(this, "session", created[0], Native::sessionDestroy);
        valueCount = info.valueCount();
    }

    /** Floats of a frame: one for each channel, or three for each vertex. */
    public int valueCount() {
        return valueCount;
    }

    /** Takes mono samples in [-1, 1] in. What is not finite becomes 0, what is beyond is clipped; both are counted. */
    public void push(float[] samples) {
        push(samples, 0, samples.length);
    }

    /** Takes some of the samples in. */
    public void push(float[] samples, int offset, int count) {
        checkRange(offset, count, samples.length);
        push(Native.FLOATS, samples, offset, count);
    }

    /** Takes mono samples of 16 bits in. */
    public void push(short[] samples) {
        push(samples, 0, samples.length);
    }

    /** Takes some of the samples in. */
    public void push(short[] samples, int offset, int count) {
        checkRange(offset, count, samples.length);
        push(Native.SHORTS, samples, offset, count);
    }

    /** Takes what remains of the buffer in and moves its position to its limit. A direct buffer is read in place. */
    public void push(FloatBuffer samples) {
        if (samples.isDirect()) {
            checkOrder(samples.order());
            push(Native.FLOAT_BUFFER, samples, samples.position(), samples.remaining());
        } else {
            checkArray(samples.hasArray());
            push(samples.array(), samples.arrayOffset() + samples.position(), samples.remaining());
        }
        consume(samples, samples.remaining());
    }

    /** Takes what remains of the buffer in and moves its position to its limit. A direct buffer is read in place. */
    public void push(ShortBuffer samples) {
        if (samples.isDirect()) {
            checkOrder(samples.order());
            push(Native.SHORT_BUFFER, samples, samples.position(), samples.remaining());
        } else {
            checkArray(samples.hasArray());
            push(samples.array(), samples.arrayOffset() + samples.position(), samples.remaining());
        }
        consume(samples, samples.remaining());
    }

    /** Takes values of a signal in, captured at the end of the sound pushed so far. */
    public void pushSignal(String name, float[] values) {
        pushSignal(name, values, -1);
    }

    /**
     * Takes values of a signal in, on the thread that pushes.
     *
     * @param name one of {@link BundleInfo#signals}
     * @param values all floats of its tensors, one after the other
     * @param sample when they were captured, at 16 kHz, or -1 for the end of the sound so far; it must not go back
     */
    public void pushSignal(String name, float[] values, long sample) {
        Signal signal = signals.get(name);
        if (signal == null) {
            String known = signals.isEmpty() ? "none" : String.join(", ", signals.keySet());
            throw usage("signal " + name + ": the model has no such signal; it has " + known);
        }
        if (values.length != signal.valueCount) {
            throw usage("signal " + name + ": it holds " + values.length + " numbers; give " + signal.valueCount);
        }
        long pointer = handle.acquire();
        int status;
        try {
            status = Native.pushSignal(pointer, signal.index, values, sample);
        } finally {
            handle.release();
        }
        Native.check(status);
    }

    /**
     * Copies the next frame into the array.
     *
     * @param values room for {@link #valueCount}
     * @return false when there is none yet; nothing is written then
     */
    public boolean poll(Frame frame, float[] values) {
        Objects.requireNonNull(values, "values");
        long pointer = handle.acquire();
        int status;
        try {
            status = Native.poll(pointer, values, frame.numbers);
        } finally {
            handle.release();
        }
        return Native.check(status) == Status.OK;
    }

    /** The same into a direct buffer, whose position moves by the values written: for what a GPU reads. */
    public boolean poll(Frame frame, FloatBuffer values) {
        if (!values.isDirect() || values.isReadOnly()) throw usage("values: the buffer is not direct; use an array");
        checkOrder(values.order());
        long pointer = handle.acquire();
        int status;
        try {
            status = Native.pollBuffer(pointer, values, values.position(), values.remaining(), frame.numbers);
        } finally {
            handle.release();
        }
        if (Native.check(status) != Status.OK) return false;
        consume(values, frame.valueCount());
        return true;
    }

    /**
     * Fits the channels of the frames polled from now on to an avatar: gain, offset, limits, smoothing and knobs.
     *
     * @param json the text of a retarget file, or null to show what the model gives again
     */
    public void setRetarget(String json) {
        byte[] text = json == null ? null : Native.text("retarget", json);
        call(pointer -> Native.setRetarget(pointer, text));
    }

    /**
     * Turns a knob of the retarget; the next frame polled follows it.
     *
     * @param knob such as {@code jaw}
     * @param strength 0 to 2; 1 changes nothing
     */
    public void setStrength(String knob, float strength) {
        byte[] name = Native.text("knob", knob);
        call(pointer -> Native.setStrength(pointer, name, strength));
    }

    /** Ends the stream: the frames that cover the last samples follow. */
    public void flush() {
        call(Native::flush);
    }

    /**
     * Waits until all that was pushed is computed, or as many frames wait for {@link #poll} as
     * {@link SessionOptions#frameCapacity} says; false if the time was over first. A synchronous session has nothing to
     * wait for.
     */
    public boolean await(int milliseconds) {
        if (milliseconds < 0) throw usage("milliseconds: " + milliseconds + " is below 0; wait 0 or more");
        return call(pointer -> Native.await(pointer, milliseconds)) == Status.OK;
    }

    /** Begins a new stream with the same parameters; frames that wait are forgotten. */
    public void reset() {
        call(Native::reset);
    }

    /** The stream as it stands, to go on from later, bit for bit, also in another language. */
    public byte[] snapshot() {
        long[] size = new long[1];
        call(pointer -> Native.snapshot(pointer, null, size));
        while (true) {
            // A worker that computes meanwhile may have made it longer.
            byte[] bytes = new byte[Math.toIntExact(size[0])];
            Status status = call(pointer -> {
                int code = Native.snapshot(pointer, bytes, size);
                return code == Status.BUFFER.code() ? Status.NO_FRAME.code() : code;
            });
            if (status == Status.OK) return size[0] == bytes.length ? bytes : Arrays.copyOf(bytes, (int) size[0]);
        }
    }

    /** Goes on from a snapshot of a session of the same bundle, precision and sample rate. */
    public void restore(byte[] snapshot) {
        Objects.requireNonNull(snapshot, "snapshot");
        call(pointer -> Native.restore(pointer, snapshot));
    }

    /** Sums over the stream. */
    public Report report() {
        long[] numbers = new long[10];
        call(pointer -> Native.report(pointer, numbers));
        return Report.of(numbers);
    }

    /** What the session put right since the last call, oldest first; the newest 256 are kept. */
    public List<Event> events() {
        List<Event> events = new ArrayList<>();
        while (call(pointer -> Native.nextEvent(pointer, eventNumbers)) == Status.OK) events.add(Event.of(eventNumbers));
        return events;
    }

    /** Copies an output of the frame that poll gave last, by its index in {@link BundleInfo#outputs}. Synchronous only. */
    public void output(int index, float[] values) {
        Objects.requireNonNull(values, "values");
        call(pointer -> Native.output(pointer, index, values));
    }

    /**
     * Copies root mean square and projection of each of {@link BundleInfo#states} after the frame that poll gave last.
     * Synchronous only.
     */
    public void digests(float[] digests) {
        Objects.requireNonNull(digests, "digests");
        call(pointer -> Native.digests(pointer, digests));
    }

    /** May be called more than once, from any thread. What a call under way uses is freed when that call ends. */
    @Override
    public void close() {
        handle.close();
    }

    private void push(int kind, Object samples, int offset, int count) {
        long pointer = handle.acquire();
        int status;
        try {
            status = Native.push(pointer, kind, samples, offset, count);
        } finally {
            handle.release();
        }
        Native.check(status);
    }

    private interface Call {
        int on(long pointer);
    }

    private Status call(Call call) {
        long pointer = handle.acquire();
        int status;
        try {
            status = call.on(pointer);
        } finally {
            handle.release();
        }
        return Native.check(status);
    }

    private static void checkRange(int offset, int count, int length) {
        if (offset < 0 || count < 0 || offset > length - count) {
            throw usage("samples: " + count + " from " + offset + " are not within " + length + "; give a part of it");
        }
    }

    private static void checkOrder(ByteOrder order) {
        if (order != ByteOrder.nativeOrder()) {
            throw usage("buffer: its byte order is " + order + "; make it with order(ByteOrder.nativeOrder())");
        }
    }

    private static void checkArray(boolean hasArray) {
        if (!hasArray) throw usage("samples: the buffer is read-only; give a direct one or an array");
    }

    private static void consume(Buffer buffer, int count) {
        buffer.position(buffer.position() + count);
    }

    private static NowfaceException usage(String message) {
        return new NowfaceException(Status.USAGE, message);
    }
}
