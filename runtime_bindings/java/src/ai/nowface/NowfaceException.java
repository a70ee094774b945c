package ai.nowface;

/** A call that failed. It changed nothing; the message says in one line what was wrong and how to mend it. */
public final class NowfaceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Status status;

    public NowfaceException(Status status, String message) {
        super(message);
        this.status = status;
    }

    public Status status() {
        return status;
    }
}
