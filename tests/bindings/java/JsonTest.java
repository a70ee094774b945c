package ai.nowface.replay;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Prints a line for each file: the JSON object that it is, as Java shows it, or "refused". */
public final class JsonTest {
    public static void main(String[] files) throws Exception {
        for (String file : List.of(files)) {
            try {
                String text = new String(Files.readAllBytes(Path.of(file)), StandardCharsets.UTF_8);
                System.out.println(Json.quoted(Json.object(text).toString()));
            } catch (IllegalArgumentException refused) {
                System.out.println("refused");
            }
        }
    }
}
