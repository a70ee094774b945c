package ai.nowface;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * A folder that an app ships: the model's stages, what they mean, and the proof that they compute what they should.
 *
 * <p>May be used from any thread. Closing it does not end its sessions.
 */
public final class Bundle implements AutoCloseable {
    /** Kinds of item, as in nowface.h. */
    private static final int CHANNEL = 0;
    private static final int SIGNAL = 1;
    private static final int PARAMETER = 2;
    private static final int PRECISION = 3;
    private static final int OUTPUT = 4;
    private static final int STATE = 5;

    private final File folder;
    private final Handle handle;
    private final BundleInfo info;

    private Bundle(File folder, boolean skipHashes) {
        this.folder = folder;
        long[] opened = new long[1];
        Native.check(Native.bundleOpen(Native.text("path", folder.getPath()), skipHashes, opened));
        handle = new Handle(this, "bundle " + folder.getName(), opened[0], Native::bundleClose);
        info = readInfo(opened[0]);
    }

    /**
     * Opens the bundle in a folder after a check of every file's size and SHA-256.
     *
     * @throws NowfaceException BUNDLE if the folder is damaged or is no bundle
     */
    public static Bundle open(File folder) {
        return new Bundle(folder, false);
    }

    /**
     * The same without SHA-256, for a folder whose files an installer verified and nobody else can write.
     *
     * @throws NowfaceException BUNDLE if the folder is damaged or is no bundle
     */
    public static Bundle openVerified(File folder) {
        return new Bundle(folder, true);
    }

    /** The folder as it was given. */
    public File folder() {
        return folder;
    }

    /** What the bundle holds; also after it was closed. */
    public BundleInfo info() {
        return info;
    }

    /** Starts a stream with the bundle's own options. */
    public Session session() {
        return session(new SessionOptions());
    }

    /**
     * Starts a stream: loads the stages and runs each once to warm up. Takes a while: keep it off the main thread.
     *
     * @throws NowfaceException USAGE for an option that cannot be used, TARGET for a precision that cannot be run
     */
    public Session session(SessionOptions options) {
        long pointer = handle.acquire();
        try {
            return new Session(info, pointer, options);
        } finally {
            handle.release();
        }
    }

    /**
     * What one value of a signal holds, one tensor after the other.
     *
     * @throws NowfaceException USAGE if the model has no such signal, or the bundle was closed
     */
    public List<SignalTensor> signalTensors(String signal) {
        int number = find(info.signals(), "signal", signal);
        long pointer = handle.acquire();
        try {
            int[] numbers = new int[2];
            int[][] shape = new int[1][];
            byte[][] name = new byte[1][];
            Native.check(Native.bundleItem(pointer, SIGNAL, number, numbers, name));
            List<SignalTensor> tensors = new ArrayList<>();
            for (int index = 0; index < numbers[1]; ++index) {
                Native.check(Native.bundleSignalTensor(pointer, number, index, shape, name));
                List<Integer> sizes = Arrays.stream(shape[0]).boxed().toList();
                int valueCount = Arrays.stream(shape[0]).reduce(1, (product, size) -> product * size);
                tensors.add(new SignalTensor(Native.string(name[0]), sizes, valueCount));
            }
            return Collections.unmodifiableList(tensors);
        } finally {
            handle.release();
        }
    }

    /**
     * The values of a parameter that a session begins with if it is given none.
     *
     * @throws NowfaceException USAGE if the model has no such parameter, or the bundle was closed
     */
    public float[] defaultValues(String parameter) {
        int number = find(info.parameters(), "parameter", parameter);
        float[] values = new float[info.parameters().get(number).valueCount()];
        long pointer = handle.acquire();
        try {
            Native.check(Native.bundleParameter(pointer, number, values));
            return values;
        } finally {
            handle.release();
        }
    }

    /** Version of the native library. */
    public static String libraryVersion() {
        return Native.string(Native.version());
    }

    /** What runs the stages, such as "executorch 1.4.1". */
    public static String runtime() {
        return Native.string(Native.runtime());
    }

    /** May be called more than once. */
    @Override
    public void close() {
        handle.close();
    }

    private static BundleInfo readInfo(long pointer) {
        int[] numbers = new int[12];
        byte[][] texts = new byte[2][];
        Native.check(Native.bundleInfo(pointer, numbers, texts));
        return new BundleInfo(
                Native.string(texts[0]),
                Native.string(texts[1]),
                numbers[0],
                numbers[1],
                numbers[2],
                numbers[3],
                numbers[6],
                numbers[5],
                names(items(pointer, CHANNEL, numbers[4])),
                items(pointer, SIGNAL, numbers[7]),
                items(pointer, PARAMETER, numbers[8]),
                names(items(pointer, PRECISION, numbers[9])),
                items(pointer, OUTPUT, numbers[10]),
                items(pointer, STATE, numbers[11]));
    }

    private static List<Item> items(long pointer, int kind, int count) {
        List<Item> items = new ArrayList<>(count);
        int[] numbers = new int[2];
        byte[][] name = new byte[1][];
        for (int index = 0; index < count; ++index) {
            Native.check(Native.bundleItem(pointer, kind, index, numbers, name));
            items.add(new Item(Native.string(name[0]), numbers[0]));
        }
        return Collections.unmodifiableList(items);
    }

    private static int find(List<Item> items, String kind, String name) {
        for (int index = 0; index < items.size(); ++index) {
            if (items.get(index).name().equals(name)) return index;
        }
        String names = items.isEmpty() ? "none" : String.join(", ", names(items));
        throw new NowfaceException(Status.USAGE, kind + " " + name + ": the model has no such " + kind + "; it has " + names);
    }

    private static List<String> names(List<Item> items) {
        List<String> names = new ArrayList<>(items.size());
        for (Item item : items) names.add(item.name());
        return Collections.unmodifiableList(names);
    }
}
