package ai.nowface.sample

import ai.nowface.Session
import android.annotation.SuppressLint
import android.media.AudioFormat
import android.media.AudioRecord
import android.media.MediaRecorder
import kotlin.concurrent.thread

/** Pushes what the microphone hears to a session, on a thread of its own, until it is closed. */
@SuppressLint("MissingPermission") // the activity asks before it makes one
class Microphone(private val session: Session) : AutoCloseable {
    private val recorder =
        AudioRecord(
            // The source for speech recognition has the least processing: the model hears as it was trained.
            MediaRecorder.AudioSource.VOICE_RECOGNITION,
            SAMPLE_RATE,
            CHANNELS,
            ENCODING,
            maxOf(AudioRecord.getMinBufferSize(SAMPLE_RATE, CHANNELS, ENCODING), BUFFER_BYTES),
        )

    @Volatile private var open = true
    private val reader = thread(name = "microphone", start = false) { read() }

    /** @throws IllegalStateException if another app holds the microphone */
    fun start() {
        recorder.startRecording()
        reader.start()
    }

    private fun read() {
        val samples = FloatArray(BLOCK)
        while (open) {
            val count = recorder.read(samples, 0, samples.size, AudioRecord.READ_BLOCKING)
            if (count <= 0) return
            session.push(samples, 0, count)
        }
    }

    override fun close() {
        open = false
        if (recorder.state == AudioRecord.STATE_INITIALIZED) recorder.stop()
        reader.join()
        recorder.release()
    }

    private companion object {
        const val SAMPLE_RATE = 16_000
        const val CHANNELS = AudioFormat.CHANNEL_IN_MONO
        const val ENCODING = AudioFormat.ENCODING_PCM_FLOAT
        const val BLOCK = 160 // 10 ms
        const val BUFFER_BYTES = 4 * SAMPLE_RATE / 10
    }
}
