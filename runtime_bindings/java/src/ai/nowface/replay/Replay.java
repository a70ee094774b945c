package ai.nowface.replay;

import ai.nowface.Bundle;
import ai.nowface.BundleInfo;
import ai.nowface.Frame;
import ai.nowface.NowfaceException;
import ai.nowface.Session;
import ai.nowface.SessionOptions;
import ai.nowface.Status;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Plays the test vectors of a bundle on this device and writes a trace, for {@code python -m sdk parity BUNDLE --device
 * TRACE}: the proof that the app on this phone computes what the model does.
 */
public final class Replay {
    private static final int MOST_QUEUE = 3_600_000;

    private final BundleInfo info;
    private final TensorFile vectors;
    private final Deque<Given> waiting;
    private final Frame frame = new Frame();
    private final List<Long> indices = new ArrayList<>();
    private final List<Long> dues = new ArrayList<>();
    private final Floats seconds = new Floats();
    private final Floats digests = new Floats();
    private final Floats[] outputs;

    private Replay(BundleInfo info, TensorFile vectors, Map<?, ?> manifest) {
        this.info = info;
        this.vectors = vectors;
        waiting = new ArrayDeque<>(Given.inOrder(vectors, manifest, info));
        outputs = new Floats[info.outputs().size()];
        Arrays.setAll(outputs, index -> new Floats());
    }

    /**
     * Plays the vectors in one precision.
     *
     * @param precision null for the bundle's default
     * @param device text that names this device in the report
     * @return number of frames
     * @throws IOException if the trace cannot be written
     * @throws NowfaceException if the bundle has no vectors or cannot be played
     */
    public static int run(Bundle bundle, String precision, String device, File trace) throws IOException {
        byte[] text = Files.readAllBytes(new File(bundle.folder(), "manifest.json").toPath());
        Map<?, ?> manifest = Json.object(new String(text, StandardCharsets.UTF_8));
        String path = (String) manifest.get("vectors");
        if (path == null) {
            throw new NowfaceException(
                    Status.BUNDLE, bundle.folder() + ": has no test vectors; export it again with vectors");
        }
        TensorFile vectors = TensorFile.read(new File(bundle.folder(), path));
        Replay replay = new Replay(bundle.info(), vectors, manifest);
        String played = precision == null ? bundle.info().precisions().get(0) : precision;
        TensorFile made = replay.play(bundle, played);
        made.metadata().put("target", "executorch");
        made.metadata().put("precision", played);
        made.metadata().put("model", bundle.info().model());
        made.metadata().put("runtime", Bundle.runtime());
        made.metadata().put("library", "nowface " + Bundle.libraryVersion() + " java");
        made.metadata().put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        if (device != null) made.metadata().put("device", device);
        made.write(trace);
        return replay.indices.size();
    }

    /** {@code java ai.nowface.replay.Replay BUNDLE TRACE [PRECISION]}. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 2 || arguments.length > 3) {
            System.err.println("usage: java ai.nowface.replay.Replay BUNDLE TRACE [PRECISION]");
            System.exit(2);
        }
        File trace = new File(arguments[1]);
        String precision = arguments.length > 2 ? arguments[2] : null;
        try (Bundle bundle = Bundle.open(new File(arguments[0]))) {
            int frames = run(bundle, precision, System.getProperty("os.arch"), trace);
            System.out.println(trace + ": " + frames + " frames");
        } catch (NowfaceException error) {
            System.err.println(error.getMessage());
            System.exit(2);
        }
    }

    private TensorFile play(Bundle bundle, String precision) {
        long[] chunks = vectors.tensors().get("chunks").longs();
        Tensor pcm = vectors.tensors().get("pcm");
        boolean isShort = pcm.type().equals("I16");
        short[] shorts = isShort ? pcm.shorts() : new short[0];
        float[] floats = isShort ? new float[0] : pcm.floats();
        try (Session session = bundle.session(options(precision, chunks))) {
            int at = 0;
            give(session, 0);
            for (long chunk : chunks) {
                int count = Math.toIntExact(chunk);
                if (isShort) {
                    session.push(shorts, at, count);
                } else {
                    session.push(floats, at, count);
                }
                at += count;
                drain(session);
            }
            give(session, Long.MAX_VALUE); // a flushed session takes no signals
            session.flush();
            drain(session);
            return trace(session);
        }
    }

    private SessionOptions options(String precision, long[] chunks) {
        int rate = Integer.parseInt(vectors.metadata().get("sample_rate"));
        // The queue holds the longest push whole: a replay must never drop audio.
        long longest = Arrays.stream(chunks).max().orElse(0) * 1000 / rate + 2000;
        SessionOptions options = new SessionOptions().synchronous().precision(precision).sampleRate(rate);
        options.queueMilliseconds((int) Math.min(longest, MOST_QUEUE));
        String seed = vectors.metadata().get("seed");
        return seed == null ? options : options.seed(Long.parseUnsignedLong(seed));
    }

    /** Pushes what a frame is the first to see: frames before it must miss what came late. */
    private void give(Session session, long next) {
        while (!waiting.isEmpty() && waiting.peek().frame() <= next) {
            Given given = waiting.remove();
            session.pushSignal(given.signal(), given.values(), given.sample());
        }
    }

    private void drain(Session session) {
        float[] values = new float[info.valueCount()];
        float[] digest = new float[2 * info.states().size()];
        while (session.poll(frame, values)) {
            indices.add(frame.index());
            dues.add(frame.dueSample());
            seconds.add(frame.seconds());
            for (int index = 0; index < outputs.length; ++index) {
                float[] output = new float[info.outputs().get(index).valueCount()];
                session.output(index, output);
                outputs[index].add(output);
            }
            session.digests(digest);
            digests.add(digest);
            give(session, frame.index() + 1);
        }
    }

    private TensorFile trace(Session session) {
        TensorFile made = new TensorFile();
        // What was pushed is the trace's too; what the reference said is not.
        vectors.tensors().forEach((name, tensor) -> {
            boolean heard = name.equals("pcm") || name.equals("chunks") || name.startsWith("signal.");
            if (heard || name.startsWith("seen_from.")) made.tensors().put(name, tensor);
        });
        made.tensors().put("index", Tensor.longs(indices.stream().mapToLong(Long::longValue).toArray()));
        made.tensors().put("due_sample", Tensor.longs(dues.stream().mapToLong(Long::longValue).toArray()));
        made.tensors().put("seconds", Tensor.floats(seconds.all(), indices.size()));
        made.tensors().put("digests", Tensor.floats(digests.all(), indices.size(), info.states().size(), 2));
        for (int index = 0; index < outputs.length; ++index) {
            String name = "output." + info.outputs().get(index).name();
            Tensor expected = vectors.tensors().get(name);
            if (expected == null) continue;
            long[] shape = expected.shape().clone();
            shape[0] = indices.size();
            made.tensors().put(name, Tensor.floats(outputs[index].all(), shape));
        }
        for (String key : new String[] {"format", "sample_rate", "seed"}) {
            String text = vectors.metadata().get(key);
            if (text != null) made.metadata().put(key, text);
        }
        StringJoiner names = new StringJoiner(",");
        info.states().forEach(state -> names.add(state.name()));
        made.metadata().put("digest_names", names.toString());
        made.metadata().put("restarts", Long.toString(session.report().restarts()));
        return made;
    }
}
