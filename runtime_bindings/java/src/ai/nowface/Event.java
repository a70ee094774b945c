package ai.nowface;

/**
 * Something the session put right by itself.
 *
 * @param kind what it was; null for a kind that this version does not know
 * @param sample where in the stream
 * @param count samples, or values of a signal; 1 for a restart
 */
public record Event(Kind kind, long sample, long count) {
    /** In the order of nowface.h. */
    public enum Kind {
        DROPPED_AUDIO,
        NON_FINITE_AUDIO,
        CLIPPED_AUDIO,
        RESTARTED_STATE,
        DROPPED_SIGNAL,
        NON_FINITE_SIGNAL,
        OUT_OF_RANGE_SIGNAL
    }

    static Event of(long[] numbers) {
        Kind[] kinds = Kind.values();
        boolean known = numbers[0] >= 0 && numbers[0] < kinds.length;
        return new Event(known ? kinds[(int) numbers[0]] : null, numbers[1], numbers[2]);
    }
}
