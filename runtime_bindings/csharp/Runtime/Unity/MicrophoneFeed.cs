using System;
using UnityEngine;

namespace Nowface.Unity
{
    /// <summary>
    /// The microphone, read from its ring in blocks of 10 ms. Nothing is played: there is no echo to suppress, and no
    /// output buffer to wait for.
    /// </summary>
    public sealed class MicrophoneFeed : IDisposable
    {
        private const int RingSeconds = 2;
        private const int BlocksPerSecond = 100;

        /// <summary>Part of the ring by which the microphone may be ahead of the clock, or deliver late.</summary>
        private const double Slack = 0.1;

        private readonly string device;
        private readonly AudioClip ring;
        private readonly float[] block;
        private int read;
        private double fed;

        /// <param name="device">One of Microphone.devices; null for the default.</param>
        /// <param name="wantedRate">In Hz; the device may give another, see <see cref="SampleRate"/>.</param>
        /// <exception cref="InvalidOperationException">There is no such microphone, or no permission to use it.</exception>
        public MicrophoneFeed(string device, int wantedRate)
        {
            this.device = device;
            ring = Microphone.Start(device, true, RingSeconds, wantedRate);
            if (ring == null) throw new InvalidOperationException("the microphone cannot be used; ask for permission first");
            block = new float[ring.frequency / BlocksPerSecond * ring.channels];
        }

        /// <summary>Of what it hears, in Hz.</summary>
        public int SampleRate => ring.frequency;

        /// <summary>Sound that was overwritten before it could be read, in samples at its rate.</summary>
        public long LostSamples { get; private set; }

        /// <summary>Forgets what was heard so far.</summary>
        /// <param name="now">A steady clock's time in seconds, the one of <see cref="Feed"/>.</param>
        public void Skip(double now)
        {
            read = Microphone.GetPosition(device);
            fed = now;
        }

        /// <summary>
        /// Hands all whole blocks that are new to a stream; call it once a picture. After a stall of more than the ring
        /// holds, silence takes the place of what was overwritten, so that the stream keeps the time.
        /// </summary>
        public void Feed(FaceStream stream, double now)
        {
            int blockSamples = block.Length / ring.channels;
            int waiting = (Microphone.GetPosition(device) - read + ring.samples) % ring.samples;
            // The position tells only where in the ring the microphone is; the clock tells how often it went round.
            double heard = (now - fed) * ring.frequency;
            var rounds = (long)Math.Floor((heard - waiting) / ring.samples + Slack);
            if (rounds > 0) FillIn(stream, rounds * ring.samples, now);
            fed = now;
            for (; waiting >= blockSamples; waiting -= blockSamples)
            {
                ring.GetData(block, read);
                stream.Hear(block, ring.channels, now);
                read = (read + blockSamples) % ring.samples;
            }
        }

        private void FillIn(FaceStream stream, long lost, double now)
        {
            LostSamples += lost;
            Debug.LogWarning(
                $"nowface: no picture was drawn for {now - fed:0.0} s: {(double)lost / ring.frequency:0.0} s of the microphone's sound are lost");
            Array.Clear(block, 0, block.Length);
            for (long left = lost * ring.channels; left >= block.Length; left -= block.Length)
            {
                stream.Hear(block, ring.channels, now);
            }
        }

        public void Dispose() => Microphone.End(device);
    }
}
