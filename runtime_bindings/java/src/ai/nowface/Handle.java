package ai.nowface;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A pointer of the native library that is freed once: when it is closed and no call uses it any more, on whichever
 * thread. An audio thread may thus be within a push while another thread closes the session.
 *
 * <p>A handle whose owner was forgotten without a close is closed by a thread of this class. (That is what
 * java.lang.ref.Cleaner does, which Android has only since API 33.)
 */
final class Handle extends PhantomReference<Object> {
    /** Frees a native object. */
    interface Destructor {
        void destroy(long pointer);
    }

    private static final int CLOSED = Integer.MIN_VALUE;
    private static final ReferenceQueue<Object> FORGOTTEN = new ReferenceQueue<>();
    private static final Set<Handle> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Thread thread = new Thread(Handle::closeForgotten, "nowface-handles");
        thread.setDaemon(true);
        thread.start();
    }

    private final String name;
    private final long pointer;
    private final Destructor destructor;

    /** Calls under way, plus CLOSED once closed. */
    private final AtomicInteger state = new AtomicInteger();

    Handle(Object owner, String name, long pointer, Destructor destructor) {
        super(owner, FORGOTTEN);
        this.name = name;
        this.pointer = pointer;
        this.destructor = destructor;
        OPEN.add(this);
    }

    /** The pointer, valid until {@link #release}. Neither locks nor allocates. */
    long acquire() {
        int calls;
        do {
            calls = state.get();
            if (calls < 0) throw new NowfaceException(Status.USAGE, name + ": it is closed; open another");
        } while (!state.compareAndSet(calls, calls + 1));
        return pointer;
    }

    void release() {
        if (state.decrementAndGet() == CLOSED) destructor.destroy(pointer);
    }

    void close() {
        int calls;
        do {
            calls = state.get();
            if (calls < 0) return;
        } while (!state.compareAndSet(calls, calls + CLOSED));
        OPEN.remove(this);
        if (calls == 0) destructor.destroy(pointer);
    }

    /** Handles that nobody closed yet, of the whole process. */
    static int openCount() {
        return OPEN.size();
    }

    private static void closeForgotten() {
        while (true) {
            try {
                ((Handle) FORGOTTEN.remove()).close();
            } catch (InterruptedException stop) {
                return;
            }
        }
    }
}
