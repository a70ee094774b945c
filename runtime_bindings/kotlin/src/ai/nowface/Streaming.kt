/** Sessions as Kotlin says it: named arguments, durations, sequences. Everything else is the Java classes' own. */
package ai.nowface

import ai.nowface.replay.Replay
import java.io.File
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * A frame to keep.
 *
 * @property index from 0; jumps where audio was dropped
 * @property dueSample first sample after the frame's time, at 16 kHz from the start of the stream
 * @property values one for each channel, or x y z of each vertex
 */
class Face(val index: Long, val dueSample: Long, val values: FloatArray)

/**
 * Starts a stream: loads the stages and runs each once to warm up. Takes a while: keep it off the main thread.
 *
 * @param sampleRate of what is pushed, 4000 to 768000 Hz
 * @param precision one of [BundleInfo.precisions]; null for the first
 * @param parameters values for some of [BundleInfo.parameters]
 * @param seed of a model that samples; null for its likeliest choices
 * @param synchronous compute within poll, on the caller's thread: for clips and traces
 * @param queue most sound that may wait; the oldest beyond it is dropped and counted
 * @param frameCapacity frames that may wait for poll; a session that is not synchronous stands while so many wait
 * @param retarget the text of a retarget file that fits the channels to an avatar; null shows what the model gives
 * @throws NowfaceException USAGE for an argument that cannot be used, TARGET for a precision that cannot be run
 */
fun Bundle.session(
    sampleRate: Int = 16_000,
    precision: String? = null,
    parameters: Map<String, FloatArray> = emptyMap(),
    seed: Long? = null,
    synchronous: Boolean = false,
    queue: Duration = 10.seconds,
    frameCapacity: Int = 64,
    retarget: String? = null,
): Session {
    val options = SessionOptions().sampleRate(sampleRate).frameCapacity(frameCapacity)
    options.queueMilliseconds(queue.clampedMilliseconds())
    precision?.let(options::precision)
    seed?.let(options::seed)
    if (synchronous) options.synchronous()
    parameters.forEach { (name, values) -> options.parameter(name, values) }
    val session = session(options)
    try {
        retarget?.let(session::setRetarget)
    } catch (error: NowfaceException) {
        session.close() // nobody else will
        throw error
    }
    return session
}

/** The frames that can be computed from the samples so far, each a copy: may be iterated again after another push. */
fun Session.frames(): Sequence<Face> = sequence {
    val frame = Frame()
    val values = FloatArray(valueCount())
    while (poll(frame, values)) yield(Face(frame.index(), frame.dueSample(), values.copyOf()))
}

/** The same without a copy: both arguments are the next frame's after the action. Allocates nothing. */
inline fun Session.forEachFrame(frame: Frame, values: FloatArray, action: (Frame, FloatArray) -> Unit) {
    while (poll(frame, values)) action(frame, values)
}

/**
 * Waits until all that was pushed is computed, or as many frames wait for poll as the session's `frameCapacity` says;
 * false if the time was over first. A synchronous session has nothing to wait for.
 */
fun Session.await(time: Duration): Boolean = await(time.clampedMilliseconds())

/** Time spent computing it. */
val Frame.computeTime: Duration get() = seconds().toDouble().seconds

/** Of the lookahead and the resampler. */
val Report.delay: Duration get() = delayMilliseconds().toDouble().milliseconds

/**
 * Plays the bundle's test vectors on this device and writes a trace for `python -m sdk parity BUNDLE --device TRACE`.
 *
 * @param device names this device in the report
 * @return number of frames
 * @throws IOException if the trace cannot be written
 * @throws NowfaceException if the bundle has no vectors or cannot be played
 */
@Throws(IOException::class)
fun Bundle.replay(trace: File, precision: String? = null, device: String? = null): Int =
    Replay.run(this, precision, device, trace)

private fun Duration.clampedMilliseconds(): Int = inWholeMilliseconds.coerceIn(-1, Int.MAX_VALUE.toLong()).toInt()
