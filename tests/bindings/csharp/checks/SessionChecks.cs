using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;
using Nowface;
using Unity.Collections;
using Nowface.Unity;

namespace Checks
{
    /// <summary>Checks that take a bundle with channels a to h.</summary>
    public static class SessionChecks
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

        public static void TellsWhatTheBundleHolds(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            {
                Expect.Equal("toy", bundle.Model);
                Expect.Equal("1", bundle.Unit);
                Expect.Equal(30, bundle.FrameRateNumerator / bundle.FrameRateDenominator);
                Expect.Equal(320, bundle.HopSamples);
                Expect.Equal(0, bundle.LookaheadSamples);
                Expect.Equal(0, bundle.VertexCount);
                Expect.Equal(8, bundle.ValueCount);
                Expect.Equal("abcdefgh", string.Concat(bundle.Channels));
                Expect.Equal("fp32", bundle.Precisions.Single());
                Expect.Equal(0, bundle.Signals.Count);
                Expect.Equal("template 15, style 2", Described(bundle.Parameters));
                Expect.Equal("motion_decoder.coefficients 8, motion_decoder.vertices 15", Described(bundle.Outputs));
                Expect.True(bundle.State.Any(state => state.Name == "motion_decoder.history" && state.ValueCount == 32), "state");
            }
        }

        public static void AnyPushesGiveTheSameFrames(string folder)
        {
            float[] sound = Sound(16000);
            using (Bundle bundle = Bundle.Open(folder))
            {
                List<float[]> whole = Frames(bundle, session => session.Push(sound));
                Expect.Equal(30, whole.Count, "frames");
                List<float[]> pieces = Frames(bundle, session =>
                {
                    for (int at = 0; at < sound.Length; at += 777) session.Push(sound, at, Math.Min(777, sound.Length - at));
                });
                SameFrames(whole, pieces);
                List<float[]> native = Frames(bundle, session => PushNative(session, sound));
                SameFrames(whole, native);
                short[] shorts = Array.ConvertAll(sound, sample => (short)(sample * 32768));
                float[] rounded = Array.ConvertAll(shorts, sample => sample / 32768f);
                List<float[]> ofFloats = Frames(bundle, session => session.Push(rounded));
                SameFrames(ofFloats, Frames(bundle, session => session.Push(shorts)));
                SameFrames(ofFloats, Frames(bundle, session =>
                {
                    session.Push(shorts, 0, 5000);
                    session.Push(shorts, 5000, 11000);
                }));
                Expect.True(!ofFloats.Last().SequenceEqual(whole.Last()), "16 bits differ from floats");
            }
        }

        public static void TheWorkerGivesTheSameFrames(string folder)
        {
            float[] sound = Sound(32000);
            using (Bundle bundle = Bundle.Open(folder))
            {
                List<float[]> wanted = Frames(bundle, session => session.Push(sound));
                var options = new SessionOptions { Mode = SessionMode.Worker };
                using (Session session = bundle.CreateSession(options))
                {
                    var frames = new List<float[]>();
                    var pusher = new Thread(() =>
                    {
                        for (int at = 0; at < sound.Length; at += 480)
                            session.Push(sound, at, Math.Min(480, sound.Length - at));
                    });
                    pusher.Start();
                    while (pusher.IsAlive) frames.AddRange(Drain(session));
                    pusher.Join();
                    Expect.True(session.Wait(Patience), "the worker is done");
                    session.Flush();
                    Expect.True(session.Wait(Patience), "the worker is done after the flush");
                    frames.AddRange(Drain(session));
                    SameFrames(wanted, frames);
                    Expect.Equal(wanted.Count, (int)session.Report().Frames, "reported frames");
                }
            }
        }

        public static void ShowsWhatTheRetargetSays(string folder)
        {
            const string retarget =
                "{\"format_version\": 1, \"channels\": {\"a\": {\"gain\": 2}}, \"knobs\": {\"jaw\": {\"channels\": [\"a\", \"b\"]}}}";
            using (Bundle bundle = Bundle.Open(folder))
            using (Session session = bundle.CreateSession(Synchronous()))
            {
                List<float[]> plain = Again(session);
                session.SetRetarget(retarget);
                List<float[]> shown = Again(session);
                session.SetStrength("jaw", 0.5f);
                List<float[]> turned = Again(session);
                Expect.Refuses(Status.Usage, () => session.SetStrength("lips", 1), "it has jaw");
                Expect.Refuses(Status.Usage, () => session.SetStrength(new string('j', 1000), 1), "it has jaw");
                Expect.Refuses(Status.Usage, () => session.SetStrength("jaw", float.NaN), "not within 0 and 2");
                Expect.Refuses(Status.Usage, () => session.SetRetarget("{}"), "format_version");
                Expect.Throws<ArgumentNullException>(() => session.SetStrength(null, 1));
                session.SetRetarget(null);
                SameFrames(plain, Again(session));
                Func<float[], float, float, float[]> scaled = (values, a, b) =>
                    values.Select((value, channel) => value * (channel == 0 ? a : channel == 1 ? b : 1)).ToArray();
                SameFrames(plain.ConvertAll(values => scaled(values, 2, 1)), shown);
                SameFrames(plain.ConvertAll(values => scaled(values, 1, 0.5f)), turned);
            }
        }

        public static void GoesOnFromASnapshot(string folder)
        {
            float[] sound = Sound(16000);
            using (Bundle bundle = Bundle.Open(folder))
            using (Session first = bundle.CreateSession(Synchronous()))
            using (Session second = bundle.CreateSession(Synchronous()))
            {
                first.Push(sound, 0, 7000);
                Drain(first);
                byte[] snapshot = first.Snapshot();
                first.Push(sound, 7000, 9000);
                List<float[]> wanted = Drain(first);
                second.Restore(snapshot);
                second.Push(sound, 7000, 9000);
                SameFrames(wanted, Drain(second));
                Expect.Refuses(Status.Session, () => second.Restore(new byte[0]));
                Expect.Refuses(Status.Session, () => second.Restore(new byte[100]));
                Expect.Throws<ArgumentNullException>(() => second.Restore(null));
            }
        }

        public static void AWorkersSnapshotHoldsItsFrames(string folder)
        {
            float[] sound = Sound(16000);
            using (Bundle bundle = Bundle.Open(folder))
            using (Session worker = bundle.CreateSession())
            using (Session other = bundle.CreateSession())
            {
                List<float[]> wanted = Frames(bundle, session => session.Push(sound));
                worker.Push(sound);
                byte[] snapshot = worker.Snapshot();
                other.Restore(snapshot);
                other.Flush();
                Expect.True(other.Wait(Patience), "the worker is done");
                SameFrames(wanted, Drain(other));
            }
        }

        public static void BeginsAnewAfterAReset(string folder)
        {
            float[] sound = Sound(8000);
            using (Bundle bundle = Bundle.Open(folder))
            using (Session session = bundle.CreateSession(Synchronous()))
            {
                session.Push(sound);
                List<float[]> wanted = Drain(session);
                session.Flush();
                Expect.Refuses(Status.Session, () => session.Push(sound), "flushed");
                session.Reset();
                session.Push(sound);
                SameFrames(wanted, Drain(session));
            }
        }

        public static void TakesParameters(string folder)
        {
            float[] sound = Sound(16000);
            using (Bundle bundle = Bundle.Open(folder))
            {
                List<float[]> plain = Frames(bundle, session => session.Push(sound));
                SessionOptions other = Synchronous();
                other.Parameters["style"] = new[] { 0f, 1f };
                Expect.True(!Frames(bundle, session => session.Push(sound), other)[5].SequenceEqual(plain[5]), "style counts");
                other.Parameters["style"] = new float[3];
                Expect.Refuses(Status.Usage, () => bundle.CreateSession(other), "style");
                other.Parameters.Clear();
                other.Parameters["nose"] = new float[2];
                Expect.Refuses(Status.Usage, () => bundle.CreateSession(other), "nose");
                other.Parameters["nose"] = null;
                Expect.Throws<ArgumentNullException>(() => bundle.CreateSession(other));
            }
        }

        public static void ReportsWhatItPutRight(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            using (Session session = bundle.CreateSession(Synchronous()))
            {
                session.Push(Sound(1000));
                session.Push(new[] { float.NaN, 2f, -3f, 0.5f });
                Drain(session);
                SessionReport report = session.Report();
                Expect.Equal(1L, report.NonFiniteSamples);
                Expect.Equal(2L, report.ClippedSamples);
                Expect.Equal(1004L, report.Samples);
                Expect.Equal(0L, report.Restarts);
                Expect.Near(0, report.DelayMilliseconds, 1e-6);
                var events = new List<SessionEvent>();
                while (session.NextEvent(out SessionEvent next)) events.Add(next);
                SessionEvent clipped = events.Single(told => told.Kind == SessionEventKind.ClippedAudio);
                Expect.Equal(1000L, clipped.Sample);
                Expect.Equal(2L, clipped.Count);
                Expect.Equal(1L, events.Single(told => told.Kind == SessionEventKind.NonFiniteAudio).Count);
            }
        }

        public static void RefusesWhatCannotBe(string folder)
        {
            Expect.Refuses(Status.Bundle, () => Bundle.Open(Path.Combine(folder, "none")), "none");
            Expect.Throws<ArgumentNullException>(() => Bundle.Open(null));
            Expect.Throws<ArgumentException>(() => Bundle.Open(folder + "\0"));
            using (Bundle bundle = Bundle.Open(folder, skipHashes: true))
            {
                Expect.Refuses(Status.Target, () => bundle.CreateSession(new SessionOptions { Precision = "int3" }), "int3");
                Expect.Refuses(Status.Usage, () => bundle.CreateSession(new SessionOptions { SampleRate = 1 }), "1 Hz");
                Expect.Throws<ArgumentOutOfRangeException>(() => bundle.CreateSession(new SessionOptions { SampleRate = -1 }));
                using (Session session = bundle.CreateSession(Synchronous()))
                {
                    session.Push(Sound(16000));
                    Expect.Refuses(Status.Buffer, () => session.Poll(new float[7], out Frame _), "8");
                    Expect.Throws<ArgumentOutOfRangeException>(() => session.Push(new float[10], 5, 6));
                    Expect.Throws<ArgumentOutOfRangeException>(() => session.Push(new float[10], -1, 2));
                    Expect.Throws<ArgumentOutOfRangeException>(() => session.Push(new short[10], 11, 0));
                    Expect.Throws<ArgumentNullException>(() => session.Push((float[])null));
                    Expect.Throws<ArgumentNullException>(() => session.Poll(null, out Frame _));
                    session.Push(new float[0]);
                    Expect.Equal(30, Drain(session).Count, "frames after the refusals");
                }
            }
        }

        public static void IsSafeAfterDispose(string folder)
        {
            Bundle bundle = Bundle.Open(folder);
            Session session = bundle.CreateSession(Synchronous());
            bundle.Dispose();
            bundle.Dispose();
            Expect.Throws<ObjectDisposedException>(() => bundle.CreateSession());
            session.Push(Sound(16000));
            Expect.Equal(30, Drain(session).Count, "frames of a session without its bundle");
            session.Dispose();
            session.Dispose();
            Expect.Throws<ObjectDisposedException>(() => session.Push(Sound(1)));
            Expect.Throws<ObjectDisposedException>(() => session.Poll(new float[8], out Frame _));
            Expect.Throws<ObjectDisposedException>(() => session.Report());
        }

        public static void ASessionThatNobodyHoldsIsFreed(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            {
                var forgotten = new List<WeakReference>();
                Forget(bundle, forgotten);
                for (int i = 0; i < 20 && forgotten.Count(session => session.IsAlive) > 1; i++)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                }
                // mono looks at the stack conservatively: one of them may seem to be in use.
                Expect.True(forgotten.Count(session => session.IsAlive) <= 1, "sessions live on");
            }
        }

        public static void PushAndPollDoNotAllocate(string folder)
        {
            using (Bundle bundle = Bundle.Open(folder))
            using (Session session = bundle.CreateSession())
            {
                float[] block = Sound(16);
                short[] shorts = new short[16];
                var values = new float[bundle.ValueCount];
                session.SetRetarget("{\"format_version\": 1, \"knobs\": {\"jaw\": {\"channels\": [\"a\"]}}}");
                int frames = 0;
                Expect.Equal("0 collections, 0 bytes", Garbage(() =>
                {
                    session.Push(block);
                    session.Push(shorts);
                    session.SetStrength("jaw", 0.5f);
                    if (session.Poll(values, out Frame _)) frames++;
                }), "garbage of push and poll");
                Expect.True(frames > 0, "frames came");
                string noticed = Garbage(() => GC.KeepAlive(new object()));
                Expect.True(!noticed.EndsWith(" 0 bytes"), $"an object a turn: {noticed}");
            }
        }

        private static string Described(IEnumerable<Item> items) =>
            string.Join(", ", items.Select(item => $"{item.Name} {item.ValueCount}"));

        private static string Garbage(Action turn)
        {
            for (int i = 0; i < 1000; i++) turn();
            GC.Collect();
            int collections = GC.CollectionCount(0);
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100000; i++) turn();
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
            return $"{GC.CollectionCount(0) - collections} collections, {bytes} bytes";
        }

        private static void Forget(Bundle bundle, List<WeakReference> sessions)
        {
            for (int i = 0; i < 10; i++) sessions.Add(new WeakReference(bundle.CreateSession()));
        }

        private static unsafe void PushNative(Session session, float[] sound)
        {
            fixed (float* first = sound)
            {
                session.Push(first, 1000);
                session.Push(new NativeArray<float> { Address = (IntPtr)(first + 1000), Length = sound.Length - 1000 });
            }
        }

        private static List<float[]> Again(Session session)
        {
            session.Reset();
            session.Push(Sound(16000));
            return Drain(session);
        }

        internal static SessionOptions Synchronous() => new SessionOptions { Mode = SessionMode.Synchronous };

        /// <summary>Noise in bursts.</summary>
        internal static float[] Sound(int samples)
        {
            var random = new Random(1);
            return Enumerable.Range(0, samples)
                .Select(i => (float)((random.NextDouble() - 0.5) * (1 + Math.Sin(i / 900.0)) * 0.4)).ToArray();
        }

        internal static List<float[]> Frames(Bundle bundle, Action<Session> push, SessionOptions options = null)
        {
            using (Session session = bundle.CreateSession(options ?? Synchronous()))
            {
                push(session);
                List<float[]> frames = Drain(session);
                session.Flush();
                frames.AddRange(Drain(session));
                return frames;
            }
        }

        internal static List<float[]> Drain(Session session)
        {
            var frames = new List<float[]>();
            var values = new float[session.ValueCount];
            while (session.Poll(values, out Frame frame)) frames.Add((float[])values.Clone());
            return frames;
        }

        internal static void SameFrames(List<float[]> wanted, List<float[]> have)
        {
            Expect.Equal(wanted.Count, have.Count, "number of frames");
            for (int i = 0; i < wanted.Count; i++) Expect.Same(wanted[i], have[i], $"values of frame {i}");
        }
    }
}
