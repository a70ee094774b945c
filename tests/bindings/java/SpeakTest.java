import java.io.File;

/** Runs the example of docs/java.md on a clip of silence: {@code java SpeakTest BUNDLE SECONDS}. */
public final class SpeakTest {
    public static void main(String[] arguments) {
        Speak.speak(new File(arguments[0]), new float[48_000 * Integer.parseInt(arguments[1])]);
    }
}
