using System;
using System.Collections.Generic;
using System.Linq;
using Nowface;

namespace Checks
{
    /// <summary>Checks that take a bundle that draws, has one signal, and gives vertices.</summary>
    public static class SignalChecks
    {
        private static readonly float[] Tracked =
            Enumerable.Range(0, 16).Select(i => i == 15 ? 1f : 40f - 7 * i).ToArray();

        public static void TellsWhatTheBundleTakes(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            {
                Expect.Equal("mm", bundle.Unit);
                Expect.Equal(5, bundle.VertexCount);
                Expect.Equal(15, bundle.ValueCount);
                Expect.Equal(0, bundle.Channels.Count);
                Expect.Equal("tracker", bundle.Signals.Single().Name);
                Expect.Equal(16, bundle.Signals[0].ValueCount);
                SignalTensor[] tensors = bundle.SignalTensors("tracker");
                Expect.Equal("expression confidence", string.Join(" ", tensors.Select(tensor => tensor.Name)));
                Expect.Equal("5,3 1,1", string.Join(" ", tensors.Select(tensor => string.Join(",", tensor.Shape))));
                Expect.Equal(15, tensors[0].ValueCount);
                Expect.Refuses(Status.Usage, () => bundle.SignalTensors("nose"), "nose");
            }
        }

        public static void TellsWhatASessionBeginsWith(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            {
                float[] template = bundle.DefaultValues("template");
                Expect.True(template.SequenceEqual(Enumerable.Range(0, 15).Select(i => (float)i)), "the bundle's template");
                Expect.Refuses(Status.Usage, () => bundle.DefaultValues("beard"), "beard");
            }
        }

        public static void SignalsChangeTheFace(string folder)
        {
            float[] sound = SessionChecks.Sound(16000);
            using (Bundle bundle = Bundle.Open(folder))
            {
                List<float[]> alone = SessionChecks.Frames(bundle, session => session.Push(sound));
                List<float[]> seen = SessionChecks.Frames(bundle, session =>
                {
                    session.PushSignal("tracker", Tracked, 0);
                    session.Push(sound);
                    Expect.Equal(1L, session.Report().Signals, "signals");
                });
                Expect.True(Differ(alone, seen), "a signal changes the face");
                SessionChecks.SameFrames(seen, SessionChecks.Frames(bundle, session =>
                {
                    session.PushSignal(0, Tracked);
                    session.Push(sound);
                }));
            }
        }

        public static void SignalsThatCannotBeAreRefused(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            using (Session session = bundle.CreateSession(SessionChecks.Synchronous()))
            {
                Expect.Refuses(Status.Usage, () => session.PushSignal("nose", Tracked), "nose");
                Expect.Refuses(Status.Usage, () => session.PushSignal(0, new float[3]), "3 values");
                Expect.Refuses(Status.Usage, () => session.PushSignal(1, Tracked));
                Expect.Throws<ArgumentOutOfRangeException>(() => session.PushSignal(-1, Tracked));
                Expect.Throws<ArgumentNullException>(() => session.PushSignal(0, null));
                session.PushSignal(0, Tracked, 100);
                Expect.Refuses(Status.Session, () => session.PushSignal(0, Tracked, 50), "before the newest");
                session.Push(SessionChecks.Sound(1000));
                var wild = (float[])Tracked.Clone();
                wild[3] = float.NaN;
                session.PushSignal(0, wild);
                Expect.Equal(1L, session.Report().DroppedSignals, "dropped signals");
                Expect.True(session.NextEvent(out SessionEvent told), "an event");
                Expect.Equal(SessionEventKind.NonFiniteSignal, told.Kind);
            }
        }

        public static void SeedsChangeTheChoices(string folder)
        {
            float[] sound = SessionChecks.Sound(16000);
            using (Bundle bundle = Bundle.Open(folder))
            {
                SessionOptions seeded = SessionChecks.Synchronous();
                seeded.Seed = ulong.MaxValue;
                List<float[]> drawn = SessionChecks.Frames(bundle, session => session.Push(sound), seeded);
                Expect.True(Differ(drawn, SessionChecks.Frames(bundle, session => session.Push(sound))), "a seed counts");
                SessionChecks.SameFrames(drawn, SessionChecks.Frames(bundle, session => session.Push(sound), seeded));
            }
        }

        private static bool Differ(List<float[]> left, List<float[]> right)
        {
            Expect.Equal(left.Count, right.Count, "number of frames");
            return left.Zip(right, (a, b) => !a.SequenceEqual(b)).Any(different => different);
        }
    }
}
