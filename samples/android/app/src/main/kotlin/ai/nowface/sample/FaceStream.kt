package ai.nowface.sample

import ai.nowface.Bundle
import ai.nowface.Frame
import ai.nowface.Session
import ai.nowface.forEachFrame
import ai.nowface.session
import android.view.Choreographer
import java.io.File

/** Microphone to mouth. Made on any thread, then used on the main one. */
class FaceStream(folder: File) : Choreographer.FrameCallback, AutoCloseable {
    private val session: Session
    private val mouth: Mouth
    private val microphone: Microphone
    private val frame = Frame()
    private val values: FloatArray
    private var view: MouthView? = null

    init {
        Bundle.open(folder).use { bundle ->
            mouth = Mouth(bundle.info().channels())
            session = bundle.session()
        }
        values = FloatArray(session.valueCount())
        microphone = Microphone(session)
    }

    /** Shows the stream in the view. */
    fun start(view: MouthView) {
        microphone.start()
        this.view = view
        Choreographer.getInstance().postFrameCallback(this)
    }

    override fun doFrame(frameTimeNanos: Long) {
        val view = view ?: return
        // Of several frames the newest is shown.
        session.forEachFrame(frame, values) { _, weights -> view.shape = mouth.shape(weights) }
        Choreographer.getInstance().postFrameCallback(this)
    }

    override fun close() {
        view = null
        microphone.close()
        session.close()
    }
}
