package ai.nowface;

import java.util.LinkedHashMap;
import java.util.Map;

/** How a session runs. What is not set is the library's default. */
public final class SessionOptions {
    int mode;
    int sampleRate;
    int queueMilliseconds;
    int frameCapacity;
    int healthInterval;
    boolean hasSeed;
    long seed;
    String precision;
    final Map<String, float[]> parameters = new LinkedHashMap<>();

    /** Of what is pushed, 4000 to 768000 Hz; 16000 unless set. */
    public SessionOptions sampleRate(int hertz) {
        sampleRate = hertz;
        return this;
    }

    /** Compute within poll, on the caller's thread, rather than on a thread of the session: for clips and traces. */
    public SessionOptions synchronous() {
        mode = 1;
        return this;
    }

    /** Most sound that may wait, in milliseconds; 10000 unless set. The oldest beyond it is dropped and counted. */
    public SessionOptions queueMilliseconds(int milliseconds) {
        queueMilliseconds = milliseconds;
        return this;
    }

    /** Frames that may wait for poll; 64 unless set. A session that is not synchronous stands while so many wait. */
    public SessionOptions frameCapacity(int frames) {
        frameCapacity = frames;
        return this;
    }

    /** Frames between two looks at the state for values that are not finite; 30 unless set. */
    public SessionOptions healthInterval(int frames) {
        healthInterval = frames;
        return this;
    }

    /** Of a model that samples: the same seed gives the same face. Without one it takes its likeliest choices. */
    public SessionOptions seed(long bits) {
        hasSeed = true;
        seed = bits;
        return this;
    }

    /** One of {@link BundleInfo#precisions}; the first unless set. */
    public SessionOptions precision(String name) {
        precision = name;
        return this;
    }

    /** A value for one of {@link BundleInfo#parameters}. It is copied when the session starts. */
    public SessionOptions parameter(String name, float[] values) {
        parameters.put(name, values);
        return this;
    }
}
