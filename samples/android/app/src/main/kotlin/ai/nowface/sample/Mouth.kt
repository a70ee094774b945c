package ai.nowface.sample

/**
 * The outline of a mouth in units of its width at rest, x to the right and y down, from its middle.
 *
 * @property width from corner to corner
 * @property opening from lip to lip in the middle
 * @property cornerLift how far the corners are above the middle
 * @property fullness height of each lip
 */
data class MouthShape(val width: Float, val opening: Float, val cornerLift: Float, val fullness: Float)

/**
 * What the weights of the ARKit blendshapes do to a mouth. A drawing, not a face: an app sets the weights on the
 * blendshapes of its own head.
 *
 * @param channels names of a frame's values, as [ai.nowface.BundleInfo.channels] has them
 * @throws IllegalArgumentException if there is no jaw or lips among them
 */
class Mouth(channels: List<String>) {
    private val index = channels.withIndex().associate { (at, name) -> name to at }

    init {
        require("jawOpen" in index && "mouthClose" in index) { "the bundle's frames are no ARKit channels" }
    }

    /** The shape for the weights of a frame, each in [0, 1]. */
    fun shape(weights: FloatArray): MouthShape {
        fun of(name: String) = index[name]?.let { weights[it].coerceIn(0f, 1f) } ?: 0f
        fun both(name: String) = (of("${name}Left") + of("${name}Right")) / 2
        val rounded = of("mouthPucker") + of("mouthFunnel") / 2
        val rolled = (of("mouthRollLower") + of("mouthRollUpper")) / 2
        // mouthClose takes back what jawOpen parts: equal weights leave the lips together.
        val parted = (of("jawOpen") - of("mouthClose")).coerceAtLeast(0f)
        return MouthShape(
            width = 1f - 0.45f * rounded.coerceAtMost(1f) + 0.2f * both("mouthStretch") + 0.15f * both("mouthSmile"),
            opening = 0.8f * parted + 0.15f * (both("mouthLowerDown") + both("mouthUpperUp")) + 0.1f * of("mouthFunnel"),
            cornerLift = 0.15f * (both("mouthSmile") - both("mouthFrown")),
            fullness = 0.14f * (1f - 0.7f * rolled) + 0.06f * rounded,
        )
    }
}
