namespace Nowface
{
    /// <summary>Kinds of event; the numbers of nowface.h.</summary>
    public enum SessionEventKind
    {
        DroppedAudio = 0,
        NonFiniteAudio = 1,
        ClippedAudio = 2,
        RestartedState = 3,
        DroppedSignal = 4,
        NonFiniteSignal = 5,
        OutOfRangeSignal = 6,
    }

    /// <summary>Something the session put right by itself.</summary>
    public readonly struct SessionEvent
    {
        internal SessionEvent(in NativeEvent native)
        {
            Kind = (SessionEventKind)native.Kind;
            Sample = native.Sample;
            Count = native.Count;
        }

        public SessionEventKind Kind { get; }

        /// <summary>Where in the stream, at 16 kHz.</summary>
        public long Sample { get; }

        /// <summary>Samples, or values of a signal; 1 for a restart.</summary>
        public long Count { get; }
    }
}
