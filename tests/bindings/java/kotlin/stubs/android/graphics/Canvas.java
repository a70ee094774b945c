package android.graphics;

public class Canvas {
    public void drawColor(int color) {}

    public int save() {
        return 0;
    }

    public void translate(float dx, float dy) {}

    public void scale(float sx, float sy) {}

    public void drawPath(Path path, Paint paint) {}

    public void restore() {}
}
