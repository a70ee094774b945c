using System;
using System.Collections.Generic;

namespace Nowface
{
    /// <summary>
    /// Which blendshape of a mesh shows which channel of a bundle, found by name.
    ///
    /// Case and the separators "_ . - :" and space do not count, "L" and "R" at the end of a name stand for Left and
    /// Right, and a mesh may put words before a separator: "jawOpen" is found in "JawOpen", "jaw_open" and
    /// "Face.blendShape1.jawOpen", "eyeBlinkLeft" in "eyeBlink_L". Where several fit, the one with the fewest liberties
    /// is taken, and the first of equals.
    /// </summary>
    public sealed class ChannelMap
    {
        private const string Separators = "_.-: ";

        private readonly int[] shapes;

        /// <param name="channels">Names of a frame's values: <see cref="Bundle.Channels"/>.</param>
        /// <param name="shapeNames">Names of the mesh's blendshapes, by their index.</param>
        public ChannelMap(IReadOnlyList<string> channels, IReadOnlyList<string> shapeNames)
        {
            if (channels == null) throw new ArgumentNullException(nameof(channels));
            if (shapeNames == null) throw new ArgumentNullException(nameof(shapeNames));
            shapes = new int[channels.Count];
            var missing = new List<string>();
            for (int channel = 0; channel < shapes.Length; channel++)
            {
                shapes[channel] = Find(channels[channel], shapeNames);
                if (shapes[channel] < 0) missing.Add(channels[channel]);
            }
            Missing = missing;
        }

        /// <summary>Channels that no blendshape shows.</summary>
        public IReadOnlyList<string> Missing { get; }

        /// <summary>Number of channels.</summary>
        public int Count => shapes.Length;

        /// <summary>Index of the blendshape that shows a channel; -1 if none does.</summary>
        public int ShapeOf(int channel) => shapes[channel];

        private static int Find(string channel, IReadOnlyList<string> shapeNames)
        {
            int best = -1, bestCost = int.MaxValue;
            for (int shape = 0; shape < shapeNames.Count; shape++)
            {
                int cost = Cost(channel, shapeNames[shape]);
                if (cost >= bestCost) continue;
                best = shape;
                bestCost = cost;
            }
            return best;
        }

        /// <summary>Liberties taken to see `channel` in `shape`: 0 for none, int.MaxValue where it is not there.</summary>
        private static int Cost(string channel, string shape)
        {
            if (string.Equals(channel, shape, StringComparison.Ordinal)) return 0;
            if (string.Equals(channel, shape, StringComparison.OrdinalIgnoreCase)) return 1;
            string wanted = Plain(channel);
            for (int start = 0; start < shape.Length; start++)
            {
                bool begins = start == 0 || Separators.IndexOf(shape[start - 1]) >= 0;
                if (begins && Plain(shape.Substring(start)) == wanted) return 2 + start;
            }
            return int.MaxValue;
        }

        /// <summary>A name in small letters without separators, with a last "L" or "R" of its own spelt out.</summary>
        private static string Plain(string name)
        {
            string[] words = name.Split(Separators.ToCharArray(), StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1)
            {
                string last = words[words.Length - 1];
                if (last == "L" || last == "l") words[words.Length - 1] = "left";
                if (last == "R" || last == "r") words[words.Length - 1] = "right";
            }
            return string.Concat(words).ToLowerInvariant();
        }
    }
}
