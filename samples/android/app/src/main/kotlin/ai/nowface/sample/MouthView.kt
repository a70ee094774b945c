package ai.nowface.sample

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.Path
import android.view.View

/** Draws a mouth. Belongs to the main thread. */
class MouthView(context: Context) : View(context) {
    /** What is drawn next. */
    var shape = MouthShape(width = 1f, opening = 0f, cornerLift = 0f, fullness = 0.14f)
        set(value) {
            field = value
            invalidate()
        }

    private val lips = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = Color.rgb(190, 90, 90) }
    private val inside = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = Color.rgb(60, 15, 20) }
    private val outline = Path()

    override fun onDraw(canvas: Canvas) {
        canvas.drawColor(Color.rgb(245, 240, 235))
        val unit = minOf(width, height) / 2f
        canvas.save()
        canvas.translate(width / 2f, height / 2f)
        canvas.scale(unit, unit)
        canvas.drawPath(lens(shape.opening / 2 + shape.fullness), lips)
        canvas.drawPath(lens(shape.opening / 2), inside)
        canvas.restore()
    }

    /** The area between two arcs from corner to corner, so high on each side of the middle. */
    private fun lens(height: Float): Path {
        val corner = shape.width / 2
        val lift = -shape.cornerLift
        // A quadratic curve reaches half way to its control point.
        outline.rewind()
        outline.moveTo(-corner, lift)
        outline.quadTo(0f, -2 * height - lift, corner, lift)
        outline.quadTo(0f, 2 * height - lift, -corner, lift)
        outline.close()
        return outline
    }
}
