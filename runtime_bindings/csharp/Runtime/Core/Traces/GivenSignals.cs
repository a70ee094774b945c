using System;
using System.Collections.Generic;
using System.Linq;

namespace Nowface.Traces
{
    /// <summary>The values of signals that test vectors hold, each with the first frame that may see it.</summary>
    internal sealed class GivenSignals
    {
        private const long SampleRate = 16000;

        private readonly List<Given> all;
        private int next;

        /// <param name="manifest">The bundle's manifest.json: it says in which order a signal's tensors come.</param>
        internal GivenSignals(Bundle bundle, Dictionary<string, object> manifest, TensorFile vectors)
        {
            var found = new List<Given>();
            for (int signal = 0; signal < bundle.Signals.Count; signal++)
            {
                string name = bundle.Signals[signal].Name;
                if (vectors.Tensors.ContainsKey($"signal.{name}"))
                    found.AddRange(Rows(bundle, signal, TensorNames(manifest, name), vectors));
            }
            all = found.OrderBy(given => given.Frame).ToList();
        }

        /// <summary>Pushes what a frame is the first to see: frames before it must miss what came late.</summary>
        internal void PushUntil(Session session, long frame)
        {
            for (; next < all.Count && all[next].Frame <= frame; next++)
                session.PushSignal(all[next].Signal, all[next].Values, all[next].Sample);
        }

        private static IEnumerable<Given> Rows(Bundle bundle, int signal, List<string> tensorNames, TensorFile vectors)
        {
            string name = bundle.Signals[signal].Name;
            long[] samples = vectors.Get($"signal.{name}", "I64").Longs();
            bool told = vectors.Tensors.ContainsKey($"seen_from.{name}");
            long[] seenFrom = told ? vectors.Get($"seen_from.{name}", "I64").Longs() : null;
            List<float[]> parts = tensorNames.Select(part => vectors.Get($"signal.{name}.{part}", "F32").Floats()).ToList();
            bool whole = parts.Sum(part => part.Length) == (long)samples.Length * bundle.Signals[signal].ValueCount;
            if (!whole || told && seenFrom.Length != samples.Length)
                throw TensorFile.Wrong("vectors", $"signal {name} has another number of rows");
            for (int row = 0; row < samples.Length; row++)
            {
                int at = row;
                float[] values = parts.SelectMany(part =>
                {
                    int width = part.Length / samples.Length;
                    return new ArraySegment<float>(part, at * width, width);
                }).ToArray();
                yield return new Given
                {
                    Frame = told ? seenFrom[row] : FramesReady(bundle, samples[row] - 1),
                    Signal = signal,
                    Sample = samples[row],
                    Values = values,
                };
            }
        }

        /// <summary>Number of frames that so many samples suffice for, as sdk.audio.clock counts them.</summary>
        private static long FramesReady(Bundle bundle, long samples) =>
            Math.Max(0, samples - bundle.LookaheadSamples) * bundle.FrameRateNumerator
            / (SampleRate * bundle.FrameRateDenominator);

        private static List<string> TensorNames(Dictionary<string, object> manifest, string signal)
        {
            var pipeline = (Dictionary<string, object>)manifest["pipeline"];
            var record = ((List<object>)pipeline["signals"]).Cast<Dictionary<string, object>>().Single(
                candidate => (string)candidate["name"] == signal);
            return ((List<object>)record["tensors"]).Cast<Dictionary<string, object>>().Select(
                tensor => (string)tensor["name"]).ToList();
        }

        private struct Given
        {
            internal long Frame;
            internal int Signal;
            internal long Sample;
            internal float[] Values;
        }
    }
}
