using System;

namespace Nowface
{
    /// <summary>Interleaved sound of several channels as one.</summary>
    public static class Mixdown
    {
        /// <summary>Writes the mean of each moment's channels to `mono`; gives how many samples these are.</summary>
        /// <param name="interleaved">Samples of the first moment, one a channel, then those of the next.</param>
        /// <param name="channels">From 1 on.</param>
        /// <param name="mono">At least interleaved.Length / channels samples.</param>
        public static int ToMono(float[] interleaved, int channels, float[] mono)
        {
            if (interleaved == null) throw new ArgumentNullException(nameof(interleaved));
            if (mono == null) throw new ArgumentNullException(nameof(mono));
            if (channels < 1) throw new ArgumentOutOfRangeException(nameof(channels));
            int count = interleaved.Length / channels;
            if (mono.Length < count) throw new ArgumentException($"holds {mono.Length} samples of {count}", nameof(mono));
            float share = 1f / channels;
            for (int moment = 0, at = 0; moment < count; moment++)
            {
                float sum = 0;
                for (int channel = 0; channel < channels; channel++) sum += interleaved[at++];
                mono[moment] = sum * share;
            }
            return count;
        }
    }
}
