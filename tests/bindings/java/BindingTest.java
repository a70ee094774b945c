package ai.nowface;

import com.sun.management.ThreadMXBean;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Runs each static method without arguments and prints its name and "ok", or what went wrong: {@code java
 * ai.nowface.BindingTest BUNDLE}. The bundle is that of tests/toy_choice.py.
 */
public final class BindingTest {
    private static final int SECOND = 16_000;
    private static final int FRAMES_A_SECOND = 30;
    private static final SessionOptions SYNCHRONOUS = new SessionOptions().synchronous();

    private static File folder;
    private static Bundle bundle;

    public static void main(String[] arguments) throws Exception {
        folder = new File(arguments[0]);
        try (Bundle opened = Bundle.open(folder)) {
            bundle = opened;
            for (Method method : BindingTest.class.getDeclaredMethods()) {
                if (!Modifier.isPublic(method.getModifiers()) || method.getParameterCount() > 0) continue;
                try {
                    method.invoke(null);
                    System.out.println(method.getName() + " ok");
                } catch (InvocationTargetException failed) {
                    System.out.println(method.getName() + " " + failed.getCause());
                    failed.getCause().printStackTrace();
                }
            }
        }
    }

    public static void theBundleIsDescribed() {
        BundleInfo info = bundle.info();
        equal("toy_choice", info.model());
        equal("mm", info.unit());
        equal(30.0, info.frameRate());
        equal(320, info.hopSamples());
        equal(0, info.lookaheadSamples());
        equal(15, info.valueCount());
        equal(5, info.vertexCount());
        equal(List.of(), info.channels());
        equal(List.of(new Item("tracker", 16)), info.signals());
        equal(List.of(new Item("template", 15)), info.parameters());
        equal(List.of("fp32"), info.precisions());
        equal(List.of("audio_encoder.left", "chooser.history", "face.previous"), names(info.states()));
        equal("face.vertices", info.outputs().get(info.outputs().size() - 1).name());
        check(Bundle.runtime().startsWith("executorch "));
    }

    public static void aSignalTellsItsTensors() {
        SignalTensor expression = new SignalTensor("expression", List.of(5, 3), 15);
        SignalTensor confidence = new SignalTensor("confidence", List.of(1, 1), 1);
        equal(List.of(expression, confidence), bundle.signalTensors("tracker"));
        fails(Status.USAGE, () -> bundle.signalTensors("nose"));
    }

    public static void aParameterTellsWhatASessionBeginsWith() {
        float[] template = bundle.defaultValues("template");
        equal(15, template.length);
        for (int i = 0; i < template.length; ++i) check(template[i] == i);
        fails(Status.USAGE, () -> bundle.defaultValues("beard"));
    }

    public static void everyKindOfPushGivesTheSameFrames() {
        short[] shorts = new short[SECOND];
        float[] floats = new float[SECOND];
        Random random = new Random(1);
        for (int i = 0; i < SECOND; ++i) {
            shorts[i] = (short) (random.nextGaussian() * 3000);
            floats[i] = shorts[i] / 32768f;
        }
        FloatBuffer directFloats = direct(SECOND * 4).asFloatBuffer().put(floats);
        ShortBuffer directShorts = direct(SECOND * 2).asShortBuffer().put(shorts);
        directFloats.flip();
        directShorts.flip();
        List<float[]> expected = frames(session -> session.push(floats));
        equal(FRAMES_A_SECOND, expected.size());
        same(expected, frames(session -> session.push(shorts)));
        same(expected, frames(session -> session.push(directFloats)));
        same(expected, frames(session -> session.push(directShorts)));
        same(expected, frames(session -> session.push(FloatBuffer.wrap(floats))));
        same(expected, frames(session -> session.push(ShortBuffer.wrap(shorts))));
        equal(0, directFloats.remaining());
        equal(0, directShorts.remaining());
    }

    public static void partsOfArraysAndBuffersArePushed() {
        float[] speech = speech(SECOND);
        float[] wide = new float[SECOND + 7];
        System.arraycopy(speech, 0, wide, 7, SECOND);
        FloatBuffer heap = FloatBuffer.wrap(wide, 7, SECOND).slice();
        FloatBuffer direct = direct(wide.length * 4).asFloatBuffer().put(wide);
        direct.position(7);
        List<float[]> expected = frames(session -> session.push(speech));
        same(expected, frames(session -> session.push(wide, 7, SECOND)));
        same(expected, frames(session -> session.push(heap)));
        same(expected, frames(session -> {
            for (int at = 7; at < wide.length; at += 1999) {
                direct.limit(Math.min(wide.length, at + 1999));
                session.push(direct);
            }
        }));
    }

    public static void aWorkerComputesTheSame() {
        float[] speech = speech(2 * SECOND);
        List<float[]> worked = new ArrayList<>();
        Frame frame = new Frame();
        float[] values = new float[bundle.info().valueCount()];
        try (Session session = bundle.session()) {
            session.push(speech);
            session.flush();
            check(session.await(10_000));
            for (long index = 0; session.poll(frame, values); ++index) {
                equal(index, frame.index());
                equal((index + 1) * SECOND / FRAMES_A_SECOND + ((index + 1) % 3 > 0 ? 1 : 0), frame.dueSample());
                equal(values.length, frame.valueCount());
                check(frame.seconds() > 0 && frame.seconds() < 1);
                worked.add(values.clone());
            }
        }
        same(frames(session -> session.push(speech)), worked);
    }

    public static void framesGoIntoDirectBuffers() {
        float[] speech = speech(SECOND);
        int size = bundle.info().valueCount();
        FloatBuffer all = direct(4 * size * FRAMES_A_SECOND).asFloatBuffer();
        List<float[]> expected = frames(session -> session.push(speech));
        try (Session session = bundle.session(SYNCHRONOUS)) {
            session.push(speech);
            Frame frame = new Frame();
            while (all.hasRemaining() && session.poll(frame, all)) {}
            FloatBuffer nothing = all.duplicate();
            fails(Status.USAGE, () -> session.poll(frame, nothing.asReadOnlyBuffer()));
            fails(Status.USAGE, () -> session.poll(frame, FloatBuffer.allocate(size)));
        }
        equal(0, all.remaining());
        all.flip();
        for (float[] values : expected) {
            float[] got = new float[size];
            all.get(got);
            same(List.of(values), List.of(got));
        }
    }

    public static void aFrameThatFindsNoRoomStays() {
        try (Session session = bundle.session(SYNCHRONOUS)) {
            session.push(speech(SECOND));
            Frame frame = new Frame();
            float[] values = new float[bundle.info().valueCount()];
            NowfaceException error = fails(Status.BUFFER, () -> session.poll(frame, new float[values.length - 1]));
            check(error.getMessage().contains("give a buffer of 15"));
            check(session.poll(frame, values));
            equal(0L, frame.index());
        }
    }

    public static void samplesOutsideTheirArrayAreRefused() {
        try (Session session = bundle.session()) {
            float[] samples = new float[10];
            fails(Status.USAGE, () -> session.push(samples, -1, 2));
            fails(Status.USAGE, () -> session.push(samples, 9, 2));
            fails(Status.USAGE, () -> session.push(samples, 0, -1));
            fails(Status.USAGE, () -> session.push(samples, Integer.MAX_VALUE, Integer.MAX_VALUE));
            fails(Status.USAGE, () -> session.push(new short[3], 1, 3));
            session.push(samples, 10, 0);
            equal(0L, session.report().samples());
        }
    }

    public static void buffersThatCannotBeReadAreRefused() {
        try (Session session = bundle.session()) {
            ByteBuffer swapped = ByteBuffer.allocateDirect(64).order(
                    ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            fails(Status.USAGE, () -> session.push(swapped.asFloatBuffer()));
            fails(Status.USAGE, () -> session.push(swapped.asShortBuffer()));
            fails(Status.USAGE, () -> session.push(FloatBuffer.allocate(8).asReadOnlyBuffer()));
        }
    }

    public static void optionsAreChecked() {
        fails(Status.USAGE, () -> bundle.session(new SessionOptions().sampleRate(1)));
        fails(Status.TARGET, () -> bundle.session(new SessionOptions().precision("int1")));
        fails(Status.USAGE, () -> bundle.session(new SessionOptions().precision("fp32\0")));
        fails(Status.USAGE, () -> bundle.session(new SessionOptions().parameter("tempalte", new float[15])));
        fails(Status.USAGE, () -> bundle.session(new SessionOptions().parameter("template", new float[14])));
        float[] hole = new float[15];
        hole[3] = Float.NaN;
        fails(Status.USAGE, () -> bundle.session(new SessionOptions().parameter("template", hole)));
    }

    public static void parametersReachTheModel() {
        float[] speech = speech(SECOND);
        float[] template = new float[15];
        Arrays.fill(template, 100f);
        float[] moved = frames(new SessionOptions().parameter("template", template), speech).get(0);
        float[] usual = frames(new SessionOptions(), speech).get(0);
        for (int i = 0; i < 15; ++i) check(Math.abs(moved[i] - usual[i] - (100f - i)) < 1e-3f);
    }

    public static void theSampleRateReachesTheResampler() {
        try (Session session = bundle.session(new SessionOptions().synchronous().sampleRate(48_000))) {
            check(session.report().delayMilliseconds() > 0);
            session.push(new float[48_000]);
            session.flush();
            Frame frame = new Frame();
            float[] values = new float[15];
            int frames = 0;
            while (session.poll(frame, values)) ++frames;
            equal(FRAMES_A_SECOND, frames);
        }
    }

    public static void theSeedDecidesWhatIsDrawn() {
        float[] speech = speech(2 * SECOND);
        List<float[]> one = frames(new SessionOptions().seed(1), speech);
        same(one, frames(new SessionOptions().seed(1), speech));
        check(!Arrays.deepEquals(one.toArray(), frames(new SessionOptions().seed(-2), speech).toArray()));
    }

    public static void signalsReachTheModel() {
        float[] tracked = new float[16];
        Arrays.fill(tracked, 40f);
        tracked[15] = 1f;
        float[] speech = speech(SECOND);
        List<float[]> alone = frames(session -> session.push(speech));
        List<float[]> beside = frames(session -> {
            session.pushSignal("tracker", tracked, 0);
            session.push(speech);
            session.pushSignal("tracker", tracked);
            equal(2L, session.report().signals());
            fails(Status.USAGE, () -> session.pushSignal("tracker", new float[15]));
            fails(Status.USAGE, () -> session.pushSignal("trakcer", tracked));
        });
        check(!Arrays.deepEquals(alone.toArray(), beside.toArray()));
    }

    public static void aSnapshotGoesOnBitForBit() {
        float[] speech = speech(2 * SECOND);
        List<float[]> expected = frames(session -> session.push(speech));
        for (SessionOptions options : List.of(SYNCHRONOUS, new SessionOptions())) {
            byte[] snapshot;
            try (Session first = bundle.session(options)) {
                first.push(speech, 0, 12_345);
                snapshot = first.snapshot();
            }
            same(expected, frames(session -> {
                session.restore(snapshot);
                session.push(speech, 12_345, speech.length - 12_345);
            }));
        }
        try (Session session = bundle.session()) {
            fails(Status.SESSION, () -> session.restore(new byte[100]));
            fails(Status.SESSION, () -> session.restore(new byte[0]));
        }
    }

    public static void whereNothingIsGivenIsRefusedByJava() {
        try (Session session = bundle.session(SYNCHRONOUS)) {
            session.push(speech(SECOND));
            isNull("values", () -> session.poll(new Frame(), (float[]) null));
            isNull("snapshot", () -> session.restore(null));
            isNull("values", () -> session.output(0, null));
            isNull("digests", () -> session.digests(null));
            Frame frame = new Frame();
            check(session.poll(frame, new float[15]));
            equal(0L, frame.index());
        }
    }

    /** The functions in C look by themselves, before they look at a session: -Xcheck:jni ends the program otherwise. */
    public static void whereNothingIsGivenIsRefusedByTheFunctionsInC() {
        isNull("values", () -> Native.poll(0, null, new long[4]));
        isNull("snapshot", () -> Native.restore(0, null));
        isNull("values", () -> Native.output(0, 0, null));
        isNull("digests", () -> Native.digests(0, null));
    }

    public static void aResetBeginsAnew() {
        float[] speech = speech(SECOND);
        same(frames(session -> session.push(speech)), frames(session -> {
            session.push(speech(3 * SECOND));
            session.flush();
            session.reset();
            session.push(speech);
        }));
    }

    public static void aFlushedSessionTakesNothing() {
        try (Session session = bundle.session()) {
            session.flush();
            fails(Status.SESSION, () -> session.push(new float[1]));
            fails(Status.SESSION, () -> session.push(new short[0]));
        }
    }

    public static void whatWasPutRightIsTold() {
        try (Session session = bundle.session(SYNCHRONOUS)) {
            session.push(new float[] {Float.NaN, 0f, Float.POSITIVE_INFINITY, 2f});
            while (session.poll(new Frame(), new float[15])) {}
            Report report = session.report();
            equal(4L, report.samples());
            equal(2L, report.nonFiniteSamples());
            equal(1L, report.clippedSamples());
            List<Event> events = session.events();
            equal(List.of(Event.Kind.NON_FINITE_AUDIO, Event.Kind.CLIPPED_AUDIO), events.stream().map(Event::kind).toList());
            equal(2L, events.get(0).count());
            equal(List.of(), session.events());
        }
    }

    public static void tracesNeedASynchronousSession() {
        try (Session session = bundle.session()) {
            fails(Status.SESSION, () -> session.output(0, new float[100]));
            fails(Status.SESSION, () -> session.digests(new float[100]));
            fails(Status.USAGE, () -> session.await(-1));
        }
    }

    public static void aMissingBundleIsNamed() {
        NowfaceException error = fails(Status.BUNDLE, () -> Bundle.open(new File("/no/Gesicht-\u00e4\ud83d\ude00")));
        check(error.getMessage().contains("Gesicht-\u00e4\ud83d\ude00"));
        fails(Status.USAGE, () -> Bundle.open(new File("a\0b")));
    }

    public static void aBundleMayBeClosedBeforeItsSessions() {
        Bundle own = Bundle.openVerified(folder);
        Session session = own.session(SYNCHRONOUS);
        own.close();
        own.close();
        fails(Status.USAGE, own::session);
        equal(15, own.info().valueCount());
        session.push(speech(SECOND));
        check(session.poll(new Frame(), new float[15]));
        session.close();
        session.close();
        fails(Status.USAGE, () -> session.push(new float[1]));
        fails(Status.USAGE, session::report);
    }

    public static void closingWhileAnotherThreadPushesIsSafe() throws InterruptedException {
        for (int round = 0; round < 20; ++round) {
            Session session = bundle.session();
            AtomicReference<RuntimeException> ended = new AtomicReference<>();
            Thread audio = new Thread(() -> {
                FloatBuffer samples = direct(4 * 160).asFloatBuffer();
                try {
                    while (true) {
                        samples.clear();
                        session.push(samples);
                    }
                } catch (RuntimeException error) {
                    ended.set(error);
                }
            });
            audio.start();
            Thread.sleep(2);
            session.close();
            audio.join();
            equal(Status.USAGE, ((NowfaceException) ended.get()).status());
        }
    }

    public static void whatIsForgottenIsFreed() throws InterruptedException {
        int before = Handle.openCount();
        for (int i = 0; i < 10; ++i) bundle.session(SYNCHRONOUS).push(new float[10]);
        for (int tries = 0; Handle.openCount() > before && tries < 100; ++tries) {
            System.gc();
            Thread.sleep(20);
        }
        equal(before, Handle.openCount());
    }

    public static void pushingAndPollingAllocateNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        float[] speech = speech(SECOND);
        FloatBuffer samples = direct(4 * 160).asFloatBuffer();
        FloatBuffer drawn = direct(4 * 15).asFloatBuffer();
        Frame frame = new Frame();
        float[] values = new float[15];
        long frames = 0;
        long allocated = 0;
        try (Session session = bundle.session()) {
            for (int push = 0; push < 2000; ++push) {
                if (push == 1000) {
                    check(session.await(10_000)); // frames wait for the second half, however busy the machine is
                    allocated = threads.getCurrentThreadAllocatedBytes();
                }
                samples.clear();
                drawn.clear();
                session.push(samples);
                session.push(speech, 160 * (push % 100), 160);
                if (session.poll(frame, values) | session.poll(frame, drawn)) ++frames;
            }
            // Asking costs nothing itself, once it was compiled.
            equal(0L, threads.getCurrentThreadAllocatedBytes() - allocated);
        }
        check(frames > 0);
    }

    private interface Use {
        void of(Session session);
    }

    /** All frames of a stream that is used, then flushed. */
    private static List<float[]> frames(Use use) {
        return frames(SYNCHRONOUS, use);
    }

    private static List<float[]> frames(SessionOptions options, float[] speech) {
        return frames(options.synchronous(), session -> session.push(speech));
    }

    private static List<float[]> frames(SessionOptions options, Use use) {
        List<float[]> all = new ArrayList<>();
        try (Session session = bundle.session(options)) {
            use.of(session);
            session.flush();
            Frame frame = new Frame();
            float[] values = new float[bundle.info().valueCount()];
            while (session.poll(frame, values)) all.add(values.clone());
        }
        return all;
    }

    private static float[] speech(int samples) {
        Random random = new Random(samples);
        float[] speech = new float[samples];
        for (int i = 0; i < samples; ++i) {
            speech[i] = (float) (0.1 * (1 + Math.sin(i / 900.0)) * random.nextGaussian()) % 1f;
        }
        return speech;
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    private static List<String> names(List<Item> items) {
        return items.stream().map(Item::name).toList();
    }

    private static NowfaceException fails(Status status, Runnable call) {
        try {
            call.run();
        } catch (NowfaceException error) {
            equal(status, error.status());
            check(error.getMessage().contains(": ") && error.getMessage().contains("; "));
            return error;
        }
        throw new AssertionError("nothing was thrown");
    }

    private static void isNull(String name, Runnable call) {
        try {
            call.run();
        } catch (NullPointerException error) {
            equal(name, error.getMessage());
            return;
        }
        throw new AssertionError("nothing was thrown");
    }

    private static void same(List<float[]> expected, List<float[]> got) {
        check(!expected.isEmpty());
        equal(expected.size(), got.size());
        for (int i = 0; i < expected.size(); ++i) {
            // Arrays.equals compares bits, but for the kinds of NaN.
            if (!Arrays.equals(expected.get(i), got.get(i))) throw new AssertionError("frame " + i + " differs");
        }
    }

    private static void equal(Object expected, Object got) {
        if (!expected.equals(got)) throw new AssertionError(got + " is not " + expected);
    }

    private static void check(boolean holds) {
        if (!holds) throw new AssertionError("does not hold");
    }
}
