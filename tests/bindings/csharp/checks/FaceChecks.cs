using System;
using System.Linq;
using Nowface;

namespace Checks
{
    /// <summary>What lies between a session and a mesh.</summary>
    public static class FaceChecks
    {
        public static void FindsBlendshapesByName()
        {
            Found("jawOpen", 0, "jawOpen");
            Found("jawOpen", 0, "JAWOPEN");
            Found("jawOpen", 0, "jaw_open");
            Found("jawOpen", 1, "jawOpenWide", "Face.blendShape1.jawOpen");
            Found("jawOpen", 0, "head: jaw open");
            Found("eyeBlinkLeft", 1, "eyeBlink_R", "eyeBlink_L");
            Found("eyeBlinkRight", 0, "eyeBlink_R", "eyeBlink_L");
            Found("mouthLeft", 0, "blendShape.mouth_l");
            // Whole words only: a name that merely ends alike is another shape.
            Found("open", -1, "jawOpen");
            Found("mouthClose", -1, "mouthCloseLeft", "close");
            Found("L", -1, "R");
            Found("jawOpen", -1);
        }

        public static void TakesTheClosestName()
        {
            Found("jawOpen", 2, "face.jawOpen", "JawOpen", "jawOpen");
            Found("jawOpen", 1, "face.jawOpen", "JawOpen", "jaw_open");
            Found("jawOpen", 1, "teeth_lower.jawOpen", "face.jawOpen");
            Found("jawOpen", 0, "a.jawOpen", "b.jawOpen");
        }

        public static void NamesChannelsThatAMeshLacks()
        {
            var map = new ChannelMap(new[] { "jawOpen", "tongueOut", "cheekPuff" }, new[] { "jawOpen" });
            Expect.Equal("tongueOut,cheekPuff", string.Join(",", map.Missing));
            Expect.Equal(3, map.Count);
            Expect.Equal(-1, map.ShapeOf(2));
        }

        public static void MixesChannelsDown()
        {
            var mono = new float[4];
            Expect.Equal(2, Mixdown.ToMono(new[] { 1f, 0f, -0.5f, -0.25f }, 2, mono));
            Expect.Same(new[] { 0.5f, -0.375f, 0f, 0f }, mono);
            Expect.Equal(3, Mixdown.ToMono(new[] { 0.1f, 0.2f, 0.3f }, 1, mono));
            Expect.Same(new[] { 0.1f, 0.2f, 0.3f, 0f }, mono);
            Expect.Throws<ArgumentException>(() => Mixdown.ToMono(new float[8], 1, mono));
            Expect.Throws<ArgumentOutOfRangeException>(() => Mixdown.ToMono(mono, 0, mono));
        }

        public static void BlendsNeighbouringFrames()
        {
            var timeline = new FrameTimeline(1, 3);
            Expect.True(!timeline.At(0, new float[1]), "there is no frame yet");
            timeline.Add(100, new[] { 1f });
            Face(timeline, 0, 1);
            Face(timeline, 500, 1);
            timeline.Add(200, new[] { 3f });
            timeline.Add(300, new[] { -1f });
            Face(timeline, 50, 1);
            Face(timeline, 150, 2);
            Face(timeline, 200, 3);
            Face(timeline, 275, 0);
            Face(timeline, double.PositiveInfinity, -1);
            timeline.Add(500, new[] { 9f });
            Face(timeline, 100, 3);
            Face(timeline, 400, 4);
            timeline.Clear();
            Expect.True(!timeline.At(0, new float[1]), "all frames are forgotten");
        }

        public static void TheClockRunsByTheEarliestBlock()
        {
            var clock = new AudioClock();
            Expect.Equal(0.0, clock.SampleAt(5));
            var random = new Random(3);
            for (int block = 1; block <= 500; block++)
            {
                double late = block % 5 == 0 ? 0 : random.NextDouble() * 0.02;
                clock.Advance(0.02, 10 + block * 0.02 + late);
                if (block > 5) Expect.Near(block * 320, clock.SampleAt(10 + block * 0.02), 16000 * 0.0005, $"block {block}");
            }
        }

        public static void TheClockFollowsDriftAndPauses()
        {
            var clock = new AudioClock();
            double now = 0;
            for (int block = 1; block <= 30000; block++) clock.Advance(0.02, now += 0.02 * 1.0001);
            Expect.Near(30000 * 320, clock.SampleAt(now), 16000 * 0.002, "after ten minutes of a slow sound card");
            now += 60;
            clock.Advance(0.02, now);
            Expect.Near(30001 * 320, clock.SampleAt(now), 1, "after a pause");
        }

        private static void Found(string channel, int shape, params string[] shapeNames)
        {
            int found = new ChannelMap(new[] { channel }, shapeNames).ShapeOf(0);
            Expect.Equal(shape, found, $"{channel} in {string.Join(", ", shapeNames)}");
        }

        private static void Face(FrameTimeline timeline, double sample, float wanted)
        {
            var face = new float[1];
            Expect.True(timeline.At(sample, face), "there is a face");
            Expect.Near(wanted, face[0], 1e-6, $"face at {sample}");
        }
    }
}
