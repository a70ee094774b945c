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

        private readonly string device;
        private readonly AudioClip ring;
        private readonly float[] block;
        private int read;

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

        /// <summary>Forgets what was heard so far.</summary>
        public void Skip() => read = Microphone.GetPosition(device);

        /// <summary>Hands all whole blocks that are new to a stream; call it once a picture.</summary>
        public void Feed(FaceStream stream, double now)
        {
            int blockSamples = block.Length / ring.channels;
            int waiting = (Microphone.GetPosition(device) - read + ring.samples) % ring.samples;
            for (; waiting >= blockSamples; waiting -= blockSamples)
            {
                ring.GetData(block, read);
                stream.Hear(block, ring.channels, now);
                read = (read + blockSamples) % ring.samples;
            }
        }

        public void Dispose() => Microphone.End(device);
    }
}
