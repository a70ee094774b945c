package ai.nowface

import ai.nowface.sample.Mouth
import java.io.File
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val RETARGET = """{"format_version": 1, "channels": {"a": {"gain": 2, "low": -9, "high": 9}}}"""

/** Prints a line for each test that passed; the first that does not ends the program. */
fun main(arguments: Array<String>) {
    val speech = FloatArray(16_000) { 0.3f * kotlin.math.sin(it * it / 9e5f) }
    Bundle.open(File(arguments[0])).use { bundle ->
        val (expected, still) = bundle.session(synchronous = true).use { session ->
            session.push(speech)
            val frames = session.frames()
            val first = frames.first()
            val rest = frames.toList()
            session.flush()
            listOf(first) + rest + frames to frames.count()
        }
        check(expected.map { it.index } == (0L until 30L).toList())
        check(expected.map { it.dueSample }.take(3) == listOf(534L, 1067L, 1600L))
        check(expected.map { it.values }.distinct().size == 30 && still == 0)
        println("a sequence goes on where it stood")

        bundle.session(frameCapacity = 40, queue = 2.seconds).use { session ->
            session.push(speech)
            session.flush()
            check(session.await(10.seconds))
            var count = 0
            session.forEachFrame(Frame(), FloatArray(session.valueCount())) { frame, values ->
                check(frame.index() == expected[count].index)
                check(values.contentEquals(expected[count++].values))
                check(frame.computeTime.isPositive())
            }
            check(count == 30)
            check(session.report().delay == 0.milliseconds)
        }
        println("a worker computes the same")

        val template = FloatArray(15) { 100f }
        bundle.session(precision = "fp32", parameters = mapOf("template" to template), seed = 3, synchronous = true).use {
            it.push(speech)
            check(!it.frames().first().values.contentEquals(expected[0].values))
        }
        println("named options reach the session")

        val error = runCatching { bundle.session(queue = (-1).seconds) }.exceptionOrNull() as NowfaceException
        check(error.status() == Status.USAGE)
        println("an error has a status")

        val unfit = runCatching { bundle.session(retarget = RETARGET) }.exceptionOrNull() as NowfaceException
        check(unfit.status() == Status.USAGE && "vertices" in unfit.message!!)
        println("vertices take no retarget")

        check(bundle.replay(File(arguments[1]), device = "a test") == 60)
        println("vectors are replayed")
    }

    Bundle.open(File(arguments[2])).use { bundle ->
        val (plain, shown) = listOf(null, RETARGET).map { retarget ->
            bundle.session(synchronous = true, retarget = retarget).use { session ->
                session.push(speech)
                session.frames().toList()
            }
        }
        for ((given, face) in plain.zip(shown)) {
            check(face.values.indices.all { face.values[it] == given.values[it] * (if (it == 0) 2 else 1) })
        }
        check(plain.size > 20 && plain.any { it.values[0] != 0f })
        println("a session begins with its retarget")
    }

    val mouth = Mouth(listOf("mouthClose", "jawOpen", "mouthPucker"))
    val rest = mouth.shape(floatArrayOf(0f, 0f, 0f))
    check(mouth.shape(floatArrayOf(0f, 1f, 0f)).opening > rest.opening)
    check(mouth.shape(floatArrayOf(0.5f, 0.5f, 0f)).opening == rest.opening)
    check(mouth.shape(floatArrayOf(0f, 0f, 1f)).width < rest.width)
    check(runCatching { Mouth(listOf("jawOpen")) }.isFailure)
    println("the sample's mouth follows its channels")
}
