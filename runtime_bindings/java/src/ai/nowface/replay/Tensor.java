package ai.nowface.replay;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor of a safetensors file.
 *
 * @param type F32, I16 or I64
 * @param shape in C order
 * @param bytes its elements, little-endian, from 0 to the limit
 */
record Tensor(String type, long[] shape, ByteBuffer bytes) {
    static Tensor floats(float[] values, long... shape) {
        ByteBuffer bytes = allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        return new Tensor("F32", shape, bytes);
    }

    static Tensor longs(long[] values) {
        ByteBuffer bytes = allocate(values.length * Long.BYTES);
        bytes.asLongBuffer().put(values);
        return new Tensor("I64", new long[] {values.length}, bytes);
    }

    static int bytesOf(String type) {
        switch (type) {
            case "F32":
                return Float.BYTES;
            case "I16":
                return Short.BYTES;
            case "I64":
                return Long.BYTES;
            default:
                throw new IllegalArgumentException("a tensor is of type " + type);
        }
    }

    float[] floats() {
        float[] values = new float[elements("F32")];
        view().asFloatBuffer().get(values);
        return values;
    }

    short[] shorts() {
        short[] values = new short[elements("I16")];
        view().asShortBuffer().get(values);
        return values;
    }

    long[] longs() {
        long[] values = new long[elements("I64")];
        view().asLongBuffer().get(values);
        return values;
    }

    private int elements(String wanted) {
        if (!type.equals(wanted)) throw new IllegalArgumentException("a tensor is of type " + type + ", not " + wanted);
        return bytes.limit() / bytesOf(type);
    }

    /** A duplicate starts big-endian, whatever its buffer is. */
    private ByteBuffer view() {
        return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer allocate(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
