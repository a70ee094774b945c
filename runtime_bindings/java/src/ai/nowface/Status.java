package ai.nowface;

/** What a call of the native library ended with. The table for all languages is runtime_bindings/statuses.json. */
public enum Status {
    OK(0),
    /** Polling: no frame can be computed from the samples so far. No error. */
    NO_FRAME(1),
    /** An argument cannot be used, or the object is closed. */
    USAGE(-1),
    /** The Java classes were built for another version of the native library. */
    ABI(-2),
    /** The folder is damaged or is no bundle. */
    BUNDLE(-3),
    /** The bundle has no such precision, or the library cannot run it. */
    TARGET(-4),
    /** The session's state does not allow the call: it is flushed, or the snapshot is a foreign one. */
    SESSION(-5),
    /** A stage gives non-finite values even from its start state. */
    NUMERICAL(-6),
    /** The caller's array or buffer is too small. */
    BUFFER(-7),
    /** No memory. */
    MEMORY(-8),
    /** A fault of the library: please report it. */
    INTERNAL(-9);

    /** A call of values() would copy it at every push. */
    private static final Status[] ALL = values();

    private final int code;

    Status(int code) {
        this.code = code;
    }

    /** The number that stands for the status in every language. */
    public int code() {
        return code;
    }

    public boolean isError() {
        return code < 0;
    }

    /** The status of a code; {@link #INTERNAL} for a code that this version does not know. */
    public static Status of(int code) {
        for (Status status : ALL) {
            if (status.code == code) return status;
        }
        return INTERNAL;
    }
}
