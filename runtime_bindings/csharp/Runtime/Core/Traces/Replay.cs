using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Nowface.Traces
{
    /// <summary>
    /// Plays a bundle's test vectors on this device, through the session that an app uses. What comes out is the trace
    /// that `python -m sdk parity BUNDLE --device trace.safetensors` judges.
    /// </summary>
    public sealed class Replay
    {
        private readonly Bundle bundle;
        private readonly TensorFile vectors;
        private readonly GivenSignals signals;
        private readonly Session session;
        private readonly float[] values;
        private readonly float[] digest;
        private readonly float[][] newest;
        private readonly List<float>[] outputs;
        private readonly List<long> index = new List<long>();
        private readonly List<long> due = new List<long>();
        private readonly List<float> seconds = new List<float>();
        private readonly List<float> digests = new List<float>();

        private Replay(Bundle bundle, Dictionary<string, object> manifest, TensorFile vectors, Session session)
        {
            this.bundle = bundle;
            this.vectors = vectors;
            this.session = session;
            signals = new GivenSignals(bundle, manifest, vectors);
            values = new float[bundle.ValueCount];
            digest = new float[2 * bundle.State.Count];
            newest = bundle.Outputs.Select(output => new float[output.ValueCount]).ToArray();
            outputs = bundle.Outputs.Select(output => new List<float>()).ToArray();
        }

        /// <summary>Plays the vectors of the bundle in a folder and gives the trace.</summary>
        /// <param name="precision">One of the bundle's; null for its first.</param>
        /// <param name="metadata">Texts for the trace, such as the name of the device.</param>
        /// <exception cref="NowfaceException">The bundle is damaged, cannot run here, or has no test vectors.</exception>
        public static TensorFile Run(string folder, string precision = null, IDictionary<string, string> metadata = null)
        {
            using (Bundle bundle = Bundle.Open(folder))
            {
                string manifestText = File.ReadAllText(Path.Combine(folder, "manifest.json"));
                Dictionary<string, object> manifest = Json.ParseObject(manifestText, "manifest.json");
                string file = manifest.TryGetValue("vectors", out object named) ? named as string : null;
                if (file == null)
                    throw new NowfaceException(Status.Bundle, $"{folder}: has no test vectors; export it again with vectors");
                TensorFile vectors = TensorFile.Parse(File.ReadAllBytes(Path.Combine(folder, file)), file);
                string computed = precision ?? bundle.Precisions.FirstOrDefault();
                using (Session session = bundle.CreateSession(Options(vectors, computed)))
                {
                    TensorFile trace = new Replay(bundle, manifest, vectors, session).Play();
                    trace.Metadata["target"] = "executorch";
                    trace.Metadata["precision"] = computed;
                    trace.Metadata["model"] = bundle.Model;
                    trace.Metadata["runtime"] = Library.Runtime;
                    trace.Metadata["library"] = $"nowface {Library.Version}";
                    trace.Metadata["os"] = Environment.OSVersion.ToString();
                    if (metadata != null) foreach (KeyValuePair<string, string> text in metadata) trace.Metadata[text.Key] = text.Value;
                    return trace;
                }
            }
        }

        private static SessionOptions Options(TensorFile vectors, string precision)
        {
            string rate = vectors.Text("sample_rate"), seed = vectors.Text("seed");
            var options = new SessionOptions { Mode = SessionMode.Synchronous, Precision = precision };
            if (rate != "") options.SampleRate = int.Parse(rate, CultureInfo.InvariantCulture);
            if (seed != "") options.Seed = ulong.Parse(seed, CultureInfo.InvariantCulture);
            // The queue holds the longest push whole: a replay must never drop audio.
            long longest = vectors.Get("chunks", "I64").Longs().DefaultIfEmpty(0).Max();
            long hertz = options.SampleRate == 0 ? 16000 : options.SampleRate;
            options.QueueMilliseconds = (int)Math.Min(longest * 1000 / hertz + 2000, 3600000);
            return options;
        }

        private TensorFile Play()
        {
            if (!vectors.Tensors.TryGetValue("pcm", out Tensor pcm)) throw TensorFile.Wrong("vectors", "no pcm");
            float[] floats = pcm.Type == "F32" ? pcm.Floats() : null;
            short[] shorts = pcm.Type == "I16" ? pcm.Shorts() : null;
            if (floats == null && shorts == null) throw TensorFile.Wrong("vectors", $"pcm of type {pcm.Type}");
            int at = 0;
            signals.PushUntil(session, 0);
            foreach (long chunk in vectors.Get("chunks", "I64").Longs())
            {
                if (chunk < 0 || chunk > pcm.Count - at) throw TensorFile.Wrong("vectors", "its chunks are not its samples");
                if (floats != null) session.Push(floats, at, (int)chunk);
                else session.Push(shorts, at, (int)chunk);
                at += (int)chunk;
                Drain();
            }
            // The last frames come out of a flush, which takes no signals any more.
            signals.PushUntil(session, long.MaxValue);
            session.Flush();
            Drain();
            return Trace();
        }

        private void Drain()
        {
            while (session.Poll(values, out Frame frame))
            {
                index.Add(frame.Index);
                due.Add(frame.DueSample);
                seconds.Add(frame.Seconds);
                for (int output = 0; output < outputs.Length; output++)
                {
                    session.ReadOutput(output, newest[output]);
                    outputs[output].AddRange(newest[output]);
                }
                session.ReadDigests(digest);
                digests.AddRange(digest);
                signals.PushUntil(session, frame.Index + 1);
            }
        }

        private TensorFile Trace()
        {
            long frames = index.Count;
            var trace = new TensorFile();
            foreach (KeyValuePair<string, Tensor> pair in vectors.Tensors)
            {
                // What was pushed is the trace's too; what the reference said is not.
                bool pushed = pair.Key == "pcm" || pair.Key == "chunks"
                    || pair.Key.StartsWith("signal.", StringComparison.Ordinal)
                    || pair.Key.StartsWith("seen_from.", StringComparison.Ordinal);
                if (pushed) trace.Tensors[pair.Key] = pair.Value;
            }
            trace.Tensors["index"] = Tensor.Of(index.ToArray(), frames);
            trace.Tensors["due_sample"] = Tensor.Of(due.ToArray(), frames);
            trace.Tensors["seconds"] = Tensor.Of(seconds.ToArray(), frames);
            trace.Tensors["digests"] = Tensor.Of(digests.ToArray(), frames, bundle.State.Count, 2);
            for (int output = 0; output < outputs.Length; output++)
            {
                string name = $"output.{bundle.Outputs[output].Name}";
                // The reference's answer has the output's shape; one that it does not hold is not judged.
                if (!vectors.Tensors.TryGetValue(name, out Tensor answer)) continue;
                var shape = (long[])answer.Shape.Clone();
                shape[0] = frames;
                trace.Tensors[name] = Tensor.Of(outputs[output].ToArray(), shape);
            }
            foreach (string key in new[] { "format", "sample_rate", "seed" })
                if (vectors.Text(key) != "") trace.Metadata[key] = vectors.Text(key);
            trace.Metadata["digest_names"] = string.Join(",", bundle.State.Select(state => state.Name));
            trace.Metadata["restarts"] = session.Report().Restarts.ToString(CultureInfo.InvariantCulture);
            return trace;
        }
    }
}
