using System;

namespace Nowface
{
    /// <summary>
    /// A session between the thread that makes sound and the one that draws: the first calls <see cref="Hear"/>, the other
    /// <see cref="Show"/>. Neither waits, locks or allocates, but for the first block of a size.
    /// </summary>
    public sealed class FaceStream : IDisposable
    {
        private readonly Session session;
        private readonly int sampleRate;
        private readonly AudioClock clock = new AudioClock();
        private readonly FrameTimeline timeline;
        private float[] mono = new float[4096];

        /// <param name="session">In worker mode, of `sampleRate`; disposed with this.</param>
        /// <param name="sampleRate">Of the sound, in Hz.</param>
        public FaceStream(Session session, int sampleRate)
        {
            this.session = session ?? throw new ArgumentNullException(nameof(session));
            this.sampleRate = sampleRate > 0 ? sampleRate : throw new ArgumentOutOfRangeException(nameof(sampleRate));
            timeline = new FrameTimeline(session.ValueCount);
        }

        /// <summary>For what else the drawing thread asks of it: to retarget, to read the report and events.</summary>
        public Session Session => session;

        /// <summary>Takes a block of sound in; several channels become their mean.</summary>
        /// <param name="now">A steady clock's time in seconds, the one that <see cref="Show"/> is asked by.</param>
        /// <exception cref="NowfaceException">The session takes no sound.</exception>
        /// <exception cref="ObjectDisposedException">It was disposed meanwhile.</exception>
        public void Hear(float[] interleaved, int channels, double now)
        {
            if (interleaved == null) throw new ArgumentNullException(nameof(interleaved));
            if (mono.Length < interleaved.Length) mono = new float[interleaved.Length];
            int count = Mixdown.ToMono(interleaved, channels, mono);
            session.Push(mono, 0, count);
            clock.Advance((double)count / sampleRate, now);
        }

        /// <summary>Writes the face to show; false before the first frame.</summary>
        /// <param name="now">The time in seconds.</param>
        /// <param name="latency">
        /// Time from a block's being heard here to its being heard by people, in seconds; null: the newest face at once.
        /// </param>
        /// <param name="values">As many floats as a frame has.</param>
        /// <exception cref="NowfaceException">Numerical: the model is broken.</exception>
        public bool Show(double now, double? latency, float[] values)
        {
            timeline.PollAll(session);
            double moment = latency.HasValue ? clock.SampleAt(now - latency.Value) : double.PositiveInfinity;
            return timeline.At(moment, values);
        }

        public void Dispose() => session.Dispose();
    }
}
