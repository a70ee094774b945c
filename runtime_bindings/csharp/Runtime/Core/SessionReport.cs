namespace Nowface
{
    /// <summary>Sums over a stream since its start.</summary>
    public readonly struct SessionReport
    {
        internal SessionReport(in NativeReport native)
        {
            Samples = native.Samples;
            Frames = native.Frames;
            DroppedSamples = native.DroppedSamples;
            SkippedFrames = native.SkippedFrames;
            NonFiniteSamples = native.NonFiniteSamples;
            ClippedSamples = native.ClippedSamples;
            Restarts = native.Restarts;
            Signals = native.Signals;
            DroppedSignals = native.DroppedSignals;
            DelayMilliseconds = native.DelayMilliseconds;
        }

        /// <summary>At 16 kHz: taken in, dropped and padded.</summary>
        public long Samples { get; }

        /// <summary>Frames computed.</summary>
        public long Frames { get; }

        /// <summary>At 16 kHz: never read because too many waited.</summary>
        public long DroppedSamples { get; }

        /// <summary>Frames never computed because their newest audio was dropped.</summary>
        public long SkippedFrames { get; }

        /// <summary>Samples that became 0, at the rate they were pushed.</summary>
        public long NonFiniteSamples { get; }

        /// <summary>Samples beyond [-1, 1], at the rate they were pushed.</summary>
        public long ClippedSamples { get; }

        /// <summary>Times the state began anew because a stage gave a non-finite value.</summary>
        public long Restarts { get; }

        /// <summary>Values of signals taken in.</summary>
        public long Signals { get; }

        /// <summary>Values of signals that were not finite, out of range, or too many.</summary>
        public long DroppedSignals { get; }

        /// <summary>Of the lookahead and the resampler.</summary>
        public float DelayMilliseconds { get; }
    }
}
