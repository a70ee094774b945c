using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading.Tasks;
using UnityEngine;
using Debug = UnityEngine.Debug;

namespace Nowface.Unity
{
    /// <summary>
    /// Moves a head's blendshapes with speech: with what the AudioSource beside it plays, or with the microphone.
    /// The model is loaded and computed on threads of its own.
    /// </summary>
    [AddComponentMenu("Nowface/Nowface Face")]
    public sealed class NowfaceFace : MonoBehaviour
    {
        public enum Hearing
        {
            /// <summary>The AudioSource (or AudioListener) on the same object.</summary>
            AudioSource,

            /// <summary>The default microphone. The app asks for permission before it enables this component.</summary>
            Microphone,
        }

        [Tooltip("Folder of the bundle in StreamingAssets, or an absolute path.")]
        public string bundle = "faceformer";

        [Tooltip("One of the bundle's precisions; empty for its first.")]
        public string precision = "";

        public Hearing hearing = Hearing.AudioSource;

        [Tooltip("Meshes with blendshapes named like the bundle's channels, such as face, teeth and tongue.")]
        public SkinnedMeshRenderer[] meshes = new SkinnedMeshRenderer[0];

        [Tooltip("Weight that shows a blendshape in full.")]
        public float fullWeight = 100;

        [Tooltip("Retarget file: how the channels are fitted to this head. None shows what the model gives.")]
        public TextAsset retarget;

        private readonly List<FaceMesh> faces = new List<FaceMesh>();
        private Task<Loaded> loading;
        private MicrophoneFeed microphone;
        private readonly Dictionary<string, float> strengths = new Dictionary<string, float>();
        private float[] weights;
        private double outputLatency;

        // What the audio thread uses: null while there is nothing to push to.
        private volatile FaceStream stream;
        private volatile Exception fault;

        /// <summary>True while the face follows the sound.</summary>
        public bool IsRunning => stream != null;

        /// <summary>Turns a knob of the retarget, such as "jaw": 0 to 2, 1 changes nothing. The next frame follows it.</summary>
        /// <exception cref="NowfaceException">Usage: there is no such knob, or the strength is out of range.</exception>
        public void SetStrength(string knob, float strength)
        {
            stream?.Session.SetStrength(knob, strength);
            strengths[knob] = strength;
        }

        private static double Now => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

        private void OnEnable()
        {
            AudioSettings.OnAudioConfigurationChanged += Restart;
            StartCoroutine(Begin());
        }

        private void OnDisable()
        {
            AudioSettings.OnAudioConfigurationChanged -= Restart;
            End();
        }

        // After the Animator, whose curves would otherwise win.
        private void LateUpdate()
        {
            FaceStream running = stream;
            if (running == null) return;
            if (fault != null)
            {
                Fail(fault);
                return;
            }
            try
            {
                double now = Now;
                microphone?.Feed(running, now);
                double? latency = microphone == null ? outputLatency : (double?)null;
                if (!running.Show(now, latency, weights)) return;
            }
            catch (NowfaceException error)
            {
                Fail(error);
                return;
            }
            foreach (FaceMesh face in faces) face.Show(weights, fullWeight);
        }

        // Called by Unity on its audio thread.
        private void OnAudioFilterRead(float[] data, int channels)
        {
            FaceStream running = stream;
            if (running == null || hearing != Hearing.AudioSource) return;
            try
            {
                running.Hear(data, channels, Now);
            }
            catch (ObjectDisposedException)
            {
                // Disabled since the first line.
            }
            catch (NowfaceException error)
            {
                fault = error;
            }
        }

        private void Restart(bool deviceWasChanged)
        {
            End();
            StartCoroutine(Begin());
        }

        private IEnumerator Begin()
        {
            string folder = null;
            yield return StreamingAssetsBundle.Locate(bundle, path => folder = path, Fail);
            if (folder == null) yield break;
            int sampleRate = AudioSettings.outputSampleRate;
            if (hearing == Hearing.Microphone)
            {
                try
                {
                    microphone = new MicrophoneFeed(null, sampleRate);
                }
                catch (InvalidOperationException error)
                {
                    Fail(error);
                    yield break;
                }
                sampleRate = microphone.SampleRate;
            }
            string wanted = precision == "" ? null : precision;
            Task<Loaded> started = Task.Run(() => Load(folder, wanted, sampleRate));
            loading = started;
            while (!started.IsCompleted) yield return null;
            if (loading != started) yield break;
            loading = null;
            if (started.IsFaulted) Fail(started.Exception.InnerException);
            else Show(started.Result, sampleRate);
        }

        private static Loaded Load(string folder, string precision, int sampleRate)
        {
            using (Bundle opened = Bundle.Open(folder))
            {
                if (opened.Channels.Count == 0)
                {
                    throw new NowfaceException(
                        Status.Usage, $"{folder}: its frames are vertices; export a bundle whose frames are named weights");
                }
                var options = new SessionOptions { SampleRate = sampleRate, Precision = precision };
                return new Loaded { Session = opened.CreateSession(options), Channels = opened.Channels };
            }
        }

        private void Show(Loaded loaded, int sampleRate)
        {
            try
            {
                if (retarget != null) loaded.Session.SetRetarget(retarget.text);
                foreach (KeyValuePair<string, float> knob in strengths) loaded.Session.SetStrength(knob.Key, knob.Value);
            }
            catch (NowfaceException error)
            {
                loaded.Session.Dispose();
                Fail(error);
                return;
            }
            faces.Clear();
            foreach (SkinnedMeshRenderer mesh in meshes) faces.Add(new FaceMesh(mesh, loaded.Channels));
            if (faces.TrueForAll(face => face.Missing.Count == loaded.Channels.Count))
            {
                Debug.LogWarning(
                    $"nowface: no mesh has a blendshape that is named like a channel: {string.Join(", ", loaded.Channels)}");
            }
            AudioSettings.GetDSPBufferSize(out int length, out int count);
            outputLatency = (double)length * count / sampleRate;
            weights = new float[loaded.Channels.Count];
            fault = null;
            microphone?.Skip(Now);
            stream = new FaceStream(loaded.Session, sampleRate);
        }

        private void End()
        {
            StopAllCoroutines();
            loading?.ContinueWith(done => done.Result.Session.Dispose(), TaskContinuationOptions.OnlyOnRanToCompletion);
            loading = null;
            FaceStream running = stream;
            stream = null;
            running?.Dispose();
            microphone?.Dispose();
            microphone = null;
        }

        private void Fail(Exception error)
        {
            End();
            Debug.LogException(error);
        }

        /// <summary>What the loading thread hands over.</summary>
        private sealed class Loaded
        {
            internal Session Session;
            internal IReadOnlyList<string> Channels;
        }
    }
}
