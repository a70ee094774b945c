package ai.nowface;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The retarget reaches the library, from any thread that polls: {@code java ai.nowface.RetargetTest BUNDLE}. The bundle's
 * frames are the channels a to h. Prints "ok".
 */
public final class RetargetTest {
    private static final String RETARGET = """
            {"format_version": 1, "channels": {"a": {"gain": 2, "low": -9, "high": 9}},
             "knobs": {"jaw": {"channels": ["a", "b"], "closing": ["c"]}}}""";

    private static final float[] SOUND = sound();

    public static void main(String[] arguments) {
        try (Bundle bundle = Bundle.open(new File(arguments[0]))) {
            List<float[]> plain = new ArrayList<>();
            List<float[]> shown = new ArrayList<>();
            List<float[]> turned = new ArrayList<>();
            List<float[]> off = new ArrayList<>();
            try (Session session = bundle.session(new SessionOptions().synchronous())) {
                frames(session, plain);
                session.setRetarget(RETARGET);
                frames(session, shown);
                session.setStrength("jaw", 0.5f);
                frames(session, turned);
                refused(() -> session.setStrength("lips", 1), "it has jaw");
                refused(() -> session.setStrength("jaw", 3), "not within 0 and 2");
                refused(() -> session.setRetarget("{}"), "format_version");
                refused(() -> session.setRetarget("\0"), "zero character");
                session.setRetarget(null);
                frames(session, off);
            }
            for (int at = 0; at < plain.size(); ++at) {
                float[] given = plain.get(at);
                for (int channel = 0; channel < given.length; ++channel) {
                    equal(given[channel] * (channel == 0 ? 2 : 1), shown.get(at)[channel]);
                    equal(given[channel] * (channel == 1 ? 0.5f : 1), turned.get(at)[channel]);
                    equal(given[channel], off.get(at)[channel]);
                }
            }
            System.out.println(plain.size() == 30 ? "ok" : "frames are missing");
        }
    }

    private static void frames(Session session, List<float[]> to) {
        session.reset();
        session.push(SOUND);
        session.flush();
        Frame frame = new Frame();
        float[] values = new float[session.valueCount()];
        while (session.poll(frame, values)) to.add(values.clone());
    }

    private static float[] sound() {
        Random random = new Random(1);
        float[] sound = new float[16_000];
        for (int i = 0; i < sound.length; ++i) sound[i] = (float) random.nextGaussian() / 10;
        return sound;
    }

    private static void refused(Runnable call, String word) {
        try {
            call.run();
        } catch (NowfaceException error) {
            if (error.status() == Status.USAGE && error.getMessage().contains(word)) return;
            throw error;
        }
        throw new AssertionError("nothing was thrown for: " + word);
    }

    private static void equal(float expected, float got) {
        if (expected != got) throw new AssertionError(got + " is not " + expected);
    }
}
