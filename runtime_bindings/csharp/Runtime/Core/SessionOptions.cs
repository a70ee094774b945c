using System.Collections.Generic;

namespace Nowface
{
    /// <summary>How a session computes.</summary>
    public enum SessionMode
    {
        /// <summary>On one thread of its own: push and poll never wait, lock or allocate.</summary>
        Worker = 0,

        /// <summary>Within poll, on the caller's thread: for clips, tests and parity.</summary>
        Synchronous = 1,
    }

    /// <summary>What a session begins with. A number left at 0 takes the default.</summary>
    public sealed class SessionOptions
    {
        public SessionMode Mode { get; set; } = SessionMode.Worker;

        /// <summary>Of what is pushed, in Hz, 4000 to 768000; 0 for 16000.</summary>
        public int SampleRate { get; set; }

        /// <summary>Most sound that may wait, in ms; 0 for 10000. The oldest beyond it is dropped and counted.</summary>
        public int QueueMilliseconds { get; set; }

        /// <summary>Frames that may wait for poll in worker mode; 0 for 64. The worker stands while so many wait.</summary>
        public int FrameCapacity { get; set; }

        /// <summary>Frames between two looks at the state; 0 for 30.</summary>
        public int HealthInterval { get; set; }

        /// <summary>Of a model that samples; null: it takes its likeliest choices.</summary>
        public ulong? Seed { get; set; }

        /// <summary>One of <see cref="Bundle.Precisions"/>; null for the first.</summary>
        public string Precision { get; set; }

        /// <summary>Values in place of the bundle's own, by the names of <see cref="Bundle.Parameters"/>.</summary>
        public IDictionary<string, float[]> Parameters { get; } = new Dictionary<string, float[]>();
    }
}
