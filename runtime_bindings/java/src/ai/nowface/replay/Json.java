package ai.nowface.replay;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as RFC 8259 has it, for manifests that the native library has checked and for headers of safetensors files. An
 * object is a Map in the text's order, an array a List, a whole number a Long, any other a Double.
 */
final class Json {
    private static final int MOST_DEPTH = 32;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /**
     * The object that the text is.
     *
     * @throws IllegalArgumentException if it is none
     */
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.space();
        if (json.at != text.length() || !(value instanceof Map)) throw json.wrong();
        return (Map<String, Object>) value;
    }

    /** The text in quotes. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); ++i) {
            char character = text.charAt(i);
            if (character < ' ') {
                quoted.append("\\u00").append(Character.forDigit(character >> 4, 16));
                quoted.append(Character.forDigit(character & 15, 16));
            } else {
                if (character == '"' || character == '\\') quoted.append('\\');
                quoted.append(character);
            }
        }
        return quoted.append('"').toString();
    }

    private Object value() {
        switch (peek()) {
            case '{':
                return members();
            case '[':
                return elements();
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> members() {
        Map<String, Object> members = new LinkedHashMap<>();
        if (open('}')) return members;
        do {
            if (peek() != '"') throw wrong();
            String key = string();
            take(':');
            if (members.containsKey(key)) throw wrong();
            members.put(key, value());
        } while (more('}'));
        return members;
    }

    private List<Object> elements() {
        List<Object> elements = new ArrayList<>();
        if (open(']')) return elements;
        do {
            elements.add(value());
        } while (more(']'));
        return elements;
    }

    /** Goes into an object or array; true if it is empty. */
    private boolean open(char end) {
        ++at;
        if (++depth > MOST_DEPTH) throw wrong();
        if (peek() != end) return false;
        ++at;
        --depth;
        return true;
    }

    /** Takes a comma, or the end and gives false. */
    private boolean more(char end) {
        if (peek() == ',') {
            ++at;
            return true;
        }
        take(end);
        --depth;
        return false;
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        for (++at; ; ++at) {
            char character = character();
            if (character == '"') break;
            if (character < ' ') throw wrong();
            string.append(character == '\\' ? escaped() : character);
        }
        ++at;
        return string.toString();
    }

    private char escaped() {
        ++at;
        int known = "\"\\/bfnrt".indexOf(character());
        if (known >= 0) return "\"\\/\b\f\n\r\t".charAt(known);
        if (character() != 'u') throw wrong();
        int code = 0;
        for (int i = 0; i < 4; ++i) {
            ++at;
            int digit = Character.digit(character(), 16);
            if (digit < 0) throw wrong();
            code = 16 * code + digit;
        }
        return (char) code;
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw wrong();
        at += word.length();
        return value;
    }

    private Object number() {
        int from = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) ++at;
        String number = text.substring(from, at);
        if (!number.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) throw wrong();
        if (number.matches("-?[0-9]{1,18}")) return Long.valueOf(number);
        return Double.valueOf(number);
    }

    private void take(char expected) {
        if (peek() != expected) throw wrong();
        ++at;
    }

    /** The next character that is no space. */
    private char peek() {
        space();
        return character();
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) ++at;
    }

    private char character() {
        if (at >= text.length()) throw wrong();
        return text.charAt(at);
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("not JSON at character " + at);
    }
}
