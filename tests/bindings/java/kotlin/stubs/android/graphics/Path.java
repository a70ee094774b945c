package android.graphics;

public class Path {
    public void rewind() {}

    public void moveTo(float x, float y) {}

    public void quadTo(float x1, float y1, float x2, float y2) {}

    public void close() {}
}
