namespace Nowface
{
    /// <summary>When a face was due; its values are in the buffer that was given to poll.</summary>
    public readonly struct Frame
    {
        internal Frame(in NativeFrame native)
        {
            Index = native.Index;
            DueSample = native.DueSample;
            Seconds = native.Seconds;
        }

        /// <summary>From 0; jumps where audio was dropped, and never goes back.</summary>
        public long Index { get; }

        /// <summary>First sample at 16 kHz after the frame's time.</summary>
        public long DueSample { get; }

        /// <summary>Time spent computing it.</summary>
        public float Seconds { get; }
    }
}
