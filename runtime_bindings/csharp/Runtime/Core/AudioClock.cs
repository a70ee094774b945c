using System;
using System.Threading;

namespace Nowface
{
    /// <summary>
    /// Where a stream stands between two blocks of sound. Blocks arrive some milliseconds late, now more, now less, but
    /// never early: the clock runs by the earliest, and follows a drift slowly. One thread may advance it while others
    /// read; neither waits nor allocates.
    /// </summary>
    public sealed class AudioClock
    {
        private const double SamplesPerSecond = 16000;

        /// <summary>A block later than this, in seconds, means that the sound stood still.</summary>
        private const double Pause = 0.25;

        /// <summary>Part of a block's lateness that is taken for drift. 0.002 of blocks at 50 a second: 10 s.</summary>
        private const double Drift = 0.002;

        private double received;
        private long startBits = BitConverter.DoubleToInt64Bits(double.NaN);

        /// <summary>Says that a block has been pushed.</summary>
        /// <param name="seconds">Its length.</param>
        /// <param name="now">A steady clock's time in seconds, the one that <see cref="SampleAt"/> is asked by.</param>
        public void Advance(double seconds, double now)
        {
            received += seconds;
            double seen = now - received;
            double start = BitConverter.Int64BitsToDouble(Interlocked.Read(ref startBits));
            double late = seen - start;
            bool within = late >= 0 && late < Pause;
            double next = within ? start + Drift * late : seen;
            Interlocked.Exchange(ref startBits, BitConverter.DoubleToInt64Bits(next));
        }

        /// <summary>The moment on the stream's 16 kHz clock at which the newest sound is pushed; 0 before the first.</summary>
        public double SampleAt(double now)
        {
            double start = BitConverter.Int64BitsToDouble(Interlocked.Read(ref startBits));
            return double.IsNaN(start) ? 0 : Math.Max(0, now - start) * SamplesPerSecond;
        }
    }
}
