package ai.nowface.replay;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;

/**
 * A safetensors file: an 8-byte length, a JSON header of that length, the tensors' bytes without holes.
 *
 * @param tensors by name
 * @param metadata texts about the file
 */
record TensorFile(Map<String, Tensor> tensors, Map<String, String> metadata) {
    private static final int PREFIX = 8;
    private static final String METADATA = "__metadata__";
    private static final List<String> WIDEST_FIRST = List.of("I64", "F32", "I16");

    TensorFile() {
        this(new TreeMap<>(), new TreeMap<>());
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read, or is no safetensors file of the types that a trace has
     */
    static TensorFile read(File path) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path.toPath())).order(ByteOrder.LITTLE_ENDIAN);
        try {
            return parse(bytes);
        } catch (RuntimeException wrong) {
            throw new IOException(path + ": it is not a readable safetensors file (" + wrong.getMessage() + ")", wrong);
        }
    }

    private static TensorFile parse(ByteBuffer bytes) {
        long length = bytes.getLong();
        if (length < 0 || length > bytes.remaining()) throw new IllegalArgumentException("shorter than its header");
        String header = new String(bytes.array(), PREFIX, (int) length, StandardCharsets.UTF_8);
        bytes.position(PREFIX + (int) length);
        ByteBuffer data = bytes.slice();
        TensorFile file = new TensorFile();
        for (Map.Entry<String, Object> entry : Json.object(header).entrySet()) {
            Map<?, ?> value = (Map<?, ?>) entry.getValue();
            if (entry.getKey().equals(METADATA)) {
                value.forEach((key, text) -> file.metadata.put((String) key, (String) text));
            } else {
                file.tensors.put(entry.getKey(), tensor(value, data));
            }
        }
        return file;
    }

    private static Tensor tensor(Map<?, ?> entry, ByteBuffer data) {
        String type = (String) entry.get("dtype");
        long[] shape = longs(entry.get("shape"));
        long[] offsets = longs(entry.get("data_offsets"));
        long size = Tensor.bytesOf(type);
        for (long dimension : shape) size = Math.multiplyExact(size, dimension);
        if (offsets.length != 2 || offsets[0] < 0 || offsets[1] - offsets[0] != size || offsets[1] > data.limit()) {
            throw new IllegalArgumentException("a tensor's offsets are not those of its shape");
        }
        ByteBuffer part = data.duplicate();
        part.limit((int) offsets[1]);
        part.position((int) offsets[0]);
        return new Tensor(type, shape, part.slice());
    }

    private static long[] longs(Object list) {
        return ((List<?>) list).stream().mapToLong(item -> (Long) item).toArray();
    }

    /** Writes the file. */
    void write(File path) throws IOException {
        StringJoiner header = new StringJoiner(",", "{", "}");
        StringJoiner texts = new StringJoiner(",", "{", "}");
        metadata.forEach((key, text) -> texts.add(Json.quoted(key) + ":" + Json.quoted(text)));
        header.add(Json.quoted(METADATA) + ":" + texts);
        List<Tensor> order = new ArrayList<>();
        long offset = 0;
        for (String type : WIDEST_FIRST) { // so that each tensor is aligned
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                Tensor tensor = entry.getValue();
                if (!tensor.type().equals(type)) continue;
                long end = offset + tensor.bytes().limit();
                header.add(Json.quoted(entry.getKey()) + ":{\"dtype\":\"" + type + "\",\"shape\":" + shape(tensor)
                        + ",\"data_offsets\":[" + offset + "," + end + "]}");
                order.add(tensor);
                offset = end;
            }
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(text, text.length + (PREFIX - text.length % PREFIX) % PREFIX);
        Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        ByteBuffer prefix = ByteBuffer.allocate(PREFIX).order(ByteOrder.LITTLE_ENDIAN);
        try (OutputStream out = Files.newOutputStream(path.toPath())) {
            out.write(prefix.putLong(padded.length).array());
            out.write(padded);
            for (Tensor tensor : order) {
                byte[] bytes = new byte[tensor.bytes().limit()];
                tensor.bytes().duplicate().get(bytes);
                out.write(bytes);
            }
        }
    }

    private static String shape(Tensor tensor) {
        StringJoiner shape = new StringJoiner(",", "[", "]");
        for (long dimension : tensor.shape()) shape.add(Long.toString(dimension));
        return shape.toString();
    }
}
