using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Nowface;
using Nowface.Unity;
using UnityEngine;
using UnityEngine.Networking;

namespace Checks
{
    /// <summary>The components, driven as Unity would. They take a bundle with channels a to h.</summary>
    public static class UnityChecks
    {
        public static void TheFaceFollowsTheSound(string folder)
        {
            var mesh = new SkinnedMeshRenderer { sharedMesh = new Mesh { Names = new[] { "other", "Head.C", "a" } } };
            NowfaceFace face = Start(folder, mesh, NowfaceFace.Hearing.AudioSource);
            Hear(face, 48000);
            Until(() => Draw(face, mesh), "the face moves");
            Expect.Equal("1,2", string.Join(",", mesh.Weights.Keys.OrderBy(shape => shape)), "blendshapes that are shown");
            Expect.True(mesh.Weights.Values.All(weight => weight >= 0 && weight <= 100), "weights are within 0 to 100");
            Expect.True(mesh.Weights.Values.Any(weight => weight > 0), "a weight is above 0");
            Call(face, "OnDisable");
            Expect.True(!face.IsRunning, "it stops");
            Hear(face, 480);
            Expect.Equal(0, Debug.Lines.Count, "lines in the log");
        }

        public static void TheFaceFollowsTheRetarget(string folder)
        {
            const string still =
                "{\"format_version\": 1, \"channels\": {\"c\": {\"gain\": 0, \"offset\": 0.5}}, \"knobs\": {\"jaw\": {\"channels\": [\"a\"]}}}";
            var mesh = new SkinnedMeshRenderer { sharedMesh = new Mesh { Names = new[] { "a", "c" } } };
            var face = new NowfaceFace { bundle = folder, meshes = new[] { mesh }, retarget = new TextAsset(still) };
            face.SetStrength("jaw", 0);
            Call(face, "OnEnable");
            Load(face);
            Hear(face, 48000);
            Until(() => Draw(face, mesh), "the face moves");
            Expect.Equal("0, 50", $"{mesh.Weights[0]}, {mesh.Weights[1]}", "weights");
            Expect.Refuses(Status.Usage, () => face.SetStrength("lips", 1), "it has jaw");
            Call(face, "OnDisable");
            Expect.Equal(0, Debug.Lines.Count, "lines in the log");
            face.retarget = new TextAsset("{}");
            Call(face, "OnEnable");
            Load(face, () => Debug.Lines.Count > 0);
            Expect.True(Debug.Lines.Single().Contains("format_version"), Debug.Lines[0]);
            Expect.True(!face.IsRunning, "it does not run");
            Debug.Lines.Clear();
        }

        public static void TheFaceFollowsTheMicrophone(string folder)
        {
            Microphone.Clip = new AudioClip { Data = SessionChecks.Sound(32000), frequency = 16000 };
            Microphone.Position = 31000;
            var mesh = new SkinnedMeshRenderer { sharedMesh = new Mesh { Names = new[] { "a" } } };
            NowfaceFace face = Start(folder, mesh, NowfaceFace.Hearing.Microphone);
            Until(() =>
            {
                Microphone.Position = (Microphone.Position + 1600) % 32000;
                return Draw(face, mesh);
            }, "the face moves");
            Call(face, "OnDisable");
            Expect.Equal(0, Debug.Lines.Count, "lines in the log");
        }

        public static void SoundThatTheMicrophoneOverwroteBecomesSilence(string folder)
        {
            Microphone.Clip = new AudioClip { Data = SessionChecks.Sound(32000), frequency = 16000 };
            Microphone.Position = 31000;
            using (Bundle opened = Bundle.Open(folder))
            using (var stream = new FaceStream(opened.CreateSession(new SessionOptions { SampleRate = 16000 }), 16000))
            using (var feed = new MicrophoneFeed(null, 16000))
            {
                // Seconds since the last picture, samples since then, samples that are lost.
                var pictures = new (double Seconds, int Samples, long Lost)[]
                {
                    (0.1, 1600, 0), // as always
                    (1.9, 30400, 0), // a stall that the ring holds
                    (0.1, 0, 0), // the microphone is late
                    (0.1, 3200, 0), // and has caught up
                    (5, 80000, 64000), // twice round, and half a ring that can be read
                    (1.999, 32000, 32000), // exactly round, by a clock that goes slowly
                    (0.1, 1600, 0),
                };
                double now = 100;
                feed.Skip(now);
                long wanted = 0, lost = 0;
                foreach ((double Seconds, int Samples, long Lost) picture in pictures)
                {
                    now += picture.Seconds;
                    Microphone.Position = (Microphone.Position + picture.Samples) % 32000;
                    feed.Feed(stream, now);
                    wanted += picture.Samples;
                    lost += picture.Lost;
                    Expect.Equal(lost, feed.LostSamples, $"samples lost after {wanted}");
                    Until(() => stream.Session.Report().Samples >= wanted, "the session takes them in");
                    Expect.Equal(wanted, stream.Session.Report().Samples, "samples of the stream");
                }
            }
            Expect.Equal(2, Debug.Lines.Count, "lines in the log");
            Expect.True(Debug.Lines[0].Contains("5.0 s: 4.0 s of the microphone's sound are lost"), Debug.Lines[0]);
            Debug.Lines.Clear();
        }

        public static void AChangedDeviceBeginsANewStream(string folder)
        {
            var mesh = new SkinnedMeshRenderer { sharedMesh = new Mesh { Names = new[] { "a" } } };
            NowfaceFace face = Start(folder, mesh, NowfaceFace.Hearing.AudioSource);
            AudioSettings.outputSampleRate = 44100;
            AudioSettings.Change();
            Expect.True(!face.IsRunning, "the old stream ends");
            Load(face);
            Hear(face, 44100);
            Until(() => Draw(face, mesh), "the face moves");
            Call(face, "OnDisable");
            AudioSettings.Change();
            Expect.Equal(0, face.Coroutines.Count, "a disabled face stays so");
        }

        public static void FaultsAreLogged(string folder)
        {
            var face = new NowfaceFace { bundle = Path.Combine(folder, "none") };
            Call(face, "OnEnable");
            Load(face, () => Debug.Lines.Count > 0);
            Expect.True(Debug.Lines.Single().Contains("none"), Debug.Lines[0]);
            Expect.True(!face.IsRunning, "it does not run");
            Debug.Lines.Clear();
            var mesh = new SkinnedMeshRenderer { sharedMesh = new Mesh { Names = new[] { "ears" } } };
            Call(Start(folder, mesh, NowfaceFace.Hearing.AudioSource), "OnDisable");
            Expect.True(Debug.Lines.Single().Contains("a, b, c"), "channels that no mesh shows are named");
            Debug.Lines.Clear();
            Call(Start(folder, new SkinnedMeshRenderer(), NowfaceFace.Hearing.AudioSource), "OnDisable");
            Expect.Equal(1, Debug.Lines.Count, "lines in the log for a renderer without a mesh");
        }

        public static void DisablingWhileLoadingEndsIt(string folder)
        {
            int caught = 0;
            for (int i = 0; caught < 3 && i < 100; i++)
            {
                // With a channel of its own: on a busy machine it may be loaded before this thread can disable it.
                var mesh = new SkinnedMeshRenderer { sharedMesh = new Mesh { Names = new[] { "a" } } };
                var face = new NowfaceFace { bundle = folder, meshes = new[] { mesh } };
                Call(face, "OnEnable");
                Task loading = null;
                Run(new Stack<IEnumerator>(face.Coroutines), () => (loading = Loading(face)) != null);
                Call(face, "OnDisable");
                Expect.True(!face.IsRunning, "it does not run");
                if (loading == null) continue;
                caught++;
                Expect.True(loading.Wait(TimeSpan.FromSeconds(20)), "loading ends");
                object session = Field(loading.GetType().GetProperty("Result").GetValue(loading), "Session");
                var handle = (SafeHandle)Field(session, "handle");
                Until(() => handle.IsClosed, "the session that nobody wants is closed");
            }
            Expect.Equal(3, caught, "times that it was disabled while loading");
            Expect.Equal(0, Debug.Lines.Count, "lines in the log");
        }

        public static void CopiesABundleOutOfThePackage(string folder, string storage)
        {
            Application.streamingAssetsPath = "jar:file:///app.apk!/assets";
            Application.persistentDataPath = storage;
            foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            {
                string name = file.Substring(folder.Length + 1).Replace('\\', '/');
                UnityWebRequest.Server[$"jar:file:///app.apk!/assets/face/{name}"] = File.ReadAllBytes(file);
            }
            string copy = Locate("face");
            Bundle.Open(copy).Dispose();
            int first = UnityWebRequest.Requests;
            Expect.Equal(copy, Locate("face"));
            Expect.Equal(first + 1, UnityWebRequest.Requests, "requests for a copy that is there");
            File.WriteAllText(Path.Combine(copy, "stray"), "of an older version");
            File.WriteAllText(Path.Combine(copy, "manifest.json"), "{}");
            Bundle.Open(Locate("face")).Dispose();
            UnityWebRequest.Server.Remove("jar:file:///app.apk!/assets/face/README.md");
            File.Delete(Path.Combine(copy, "manifest.json"));
            Expect.Throws<IOException>(() => Locate("face"), "README.md");
            Expect.True(!File.Exists(Path.Combine(copy, "manifest.json")), "a copy that was cut off has no manifest");
            Expect.Throws<IOException>(() => Locate("nothing"), "nothing");
        }

        private static void Before()
        {
            Debug.Lines.Clear();
            AudioSettings.outputSampleRate = 48000;
        }

        private static string Locate(string name)
        {
            string found = null;
            Exception failure = null;
            var stack = new Stack<IEnumerator>();
            stack.Push(StreamingAssetsBundle.Locate(name, path => found = path, error => failure = error));
            Run(stack, () => false);
            if (failure != null) throw failure;
            return found;
        }

        private static NowfaceFace Start(string folder, SkinnedMeshRenderer mesh, NowfaceFace.Hearing hearing)
        {
            var face = new NowfaceFace { bundle = folder, meshes = new[] { mesh }, hearing = hearing };
            Call(face, "OnEnable");
            Load(face);
            return face;
        }

        /// <summary>Runs the component's coroutines until it runs.</summary>
        private static void Load(NowfaceFace face) => Load(face, () => face.IsRunning);

        internal static void Load(NowfaceFace face, Func<bool> done)
        {
            var stack = new Stack<IEnumerator>(face.Coroutines);
            DateTime end = DateTime.UtcNow.AddSeconds(20);
            Run(stack, () => done() || DateTime.UtcNow > end);
            Expect.True(done(), $"loading ends; {string.Join("; ", Debug.Lines)}");
            face.Coroutines.Clear();
        }

        private static Task Loading(NowfaceFace face) => (Task)Field(face, "loading");

        private static object Field(object of, string name)
        {
            return of.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic).GetValue(of);
        }

        private static void Run(Stack<IEnumerator> stack, Func<bool> done)
        {
            while (stack.Count > 0 && !done())
            {
                if (!stack.Peek().MoveNext()) stack.Pop();
                else if (stack.Peek().Current is IEnumerator inner) stack.Push(inner);
                else Thread.Sleep(1);
            }
        }

        private static void Hear(NowfaceFace face, int samples)
        {
            float[] sound = SessionChecks.Sound(samples);
            const int block = 256;
            for (int at = 0; at + block <= samples; at += block)
            {
                float[] stereo = sound.Skip(at).Take(block).SelectMany(sample => new[] { sample, sample }).ToArray();
                Call(face, "OnAudioFilterRead", stereo, 2);
            }
        }

        private static bool Draw(NowfaceFace face, SkinnedMeshRenderer mesh)
        {
            Call(face, "LateUpdate");
            return mesh.Weights.Count > 0;
        }

        private static void Until(Func<bool> condition, string what)
        {
            DateTime end = DateTime.UtcNow.AddSeconds(20);
            while (!condition())
            {
                Expect.True(DateTime.UtcNow < end, what);
                Thread.Sleep(5);
            }
        }

        internal static void Call(NowfaceFace face, string message, params object[] arguments)
        {
            MethodInfo method = typeof(NowfaceFace).GetMethod(message, BindingFlags.Instance | BindingFlags.NonPublic);
            method.Invoke(face, arguments);
        }
    }
}
