using System;
using System.Collections.Generic;
using System.Text;

namespace Nowface
{
    /// <summary>
    /// One running stream. One thread may push while another polls, and retargets, turns knobs or reads the report and
    /// events between two polls; no other call may run beside those, except Dispose, which takes effect when they are
    /// done. Push, Poll and SetStrength do not allocate.
    /// </summary>
    public sealed unsafe class Session : IDisposable
    {
        private readonly SessionHandle handle;
        private readonly IReadOnlyList<Item> signals;

        internal Session(SessionHandle handle, Bundle bundle)
        {
            this.handle = handle;
            signals = bundle.Signals;
            ValueCount = bundle.ValueCount;
        }

        /// <summary>Floats of a frame.</summary>
        public int ValueCount { get; }

        /// <summary>Takes mono samples in, any number, in [-1, 1].</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(float[] samples)
        {
            if (samples == null) throw new ArgumentNullException(nameof(samples));
            fixed (float* first = samples) Push(first, samples.Length);
        }

        /// <summary>Takes `count` samples from `offset` on.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(float[] samples, int offset, int count)
        {
            CheckRange(samples, offset, count);
            fixed (float* first = samples) Push(first + offset, count);
        }

        /// <summary>Takes mono samples of 16 bits in, any number.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(short[] samples)
        {
            if (samples == null) throw new ArgumentNullException(nameof(samples));
            fixed (short* first = samples) Push(first, samples.Length);
        }

        /// <summary>Takes `count` samples of 16 bits from `offset` on.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(short[] samples, int offset, int count)
        {
            CheckRange(samples, offset, count);
            fixed (short* first = samples) Push(first + offset, count);
        }

#if UNITY_2021_2_OR_NEWER || NETSTANDARD2_1_OR_GREATER || NETCOREAPP2_1_OR_GREATER
        /// <summary>Takes mono samples in, any number, in [-1, 1].</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(ReadOnlySpan<float> samples)
        {
            fixed (float* first = samples) Push(first, samples.Length);
        }

        /// <summary>Takes mono samples of 16 bits in, any number.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(ReadOnlySpan<short> samples)
        {
            fixed (short* first = samples) Push(first, samples.Length);
        }
#endif

        /// <summary>Takes mono samples in that lie outside the managed heap.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(float* samples, int count)
        {
            CheckCount(count);
            Native.Check(Native.nowface_push_float(handle, samples, (UIntPtr)(uint)count));
        }

        /// <summary>Takes mono samples of 16 bits in that lie outside the managed heap.</summary>
        /// <exception cref="NowfaceException">Session: the stream was flushed.</exception>
        public void Push(short* samples, int count)
        {
            CheckCount(count);
            Native.Check(Native.nowface_push_int16(handle, samples, (UIntPtr)(uint)count));
        }

        /// <summary>Takes values of a signal in, from the thread that pushes.</summary>
        /// <param name="signal">Its index in <see cref="Bundle.Signals"/>.</param>
        /// <param name="values">All floats of its tensors, one after the other.</param>
        /// <param name="sample">When they were captured, at 16 kHz; -1 for the end of the sound pushed so far.</param>
        /// <exception cref="NowfaceException">They are too few or too many, or older than the newest.</exception>
        public void PushSignal(int signal, float[] values, long sample = -1)
        {
            if (values == null) throw new ArgumentNullException(nameof(values));
            if (signal < 0) throw new ArgumentOutOfRangeException(nameof(signal), signal, "counts from 0");
            fixed (float* first = values)
            {
                Native.Check(Native.nowface_push_signal(handle, (uint)signal, first, (UIntPtr)(uint)values.Length, sample));
            }
        }

        /// <summary>Takes values of a signal in, by its name.</summary>
        /// <exception cref="NowfaceException">Usage: the model has no such signal; or as for its index.</exception>
        public void PushSignal(string signal, float[] values, long sample = -1)
        {
            for (int index = 0; index < signals.Count; index++)
            {
                if (signals[index].Name != signal) continue;
                PushSignal(index, values, sample);
                return;
            }
            throw new NowfaceException(
                Status.Usage, $"signal {signal}: the model has no such signal; see Bundle.Signals for those it has");
        }

        /// <summary>Copies the next frame into `values`. False when there is none yet; then nothing is written.</summary>
        /// <param name="values">At least <see cref="ValueCount"/> floats.</param>
        /// <param name="frame">When it was due.</param>
        /// <exception cref="NowfaceException">Buffer: `values` is too short. Numerical: the model is broken.</exception>
        public bool Poll(float[] values, out Frame frame)
        {
            if (values == null) throw new ArgumentNullException(nameof(values));
            NativeFrame native = default;
            native.StructSize = (uint)sizeof(NativeFrame);
            bool given;
            fixed (float* first = values)
            {
                given = Native.Check(Native.nowface_poll(handle, &native, first, (UIntPtr)(uint)values.Length));
            }
            frame = new Frame(native);
            return given;
        }

        /// <summary>
        /// Fits the channels of the frames polled from now on to an avatar: gain, offset, limits, smoothing and knobs.
        /// </summary>
        /// <param name="json">The text of a retarget file; null to show what the model gives again.</param>
        /// <exception cref="NowfaceException">Usage: it is none, or names a channel that the model does not have.</exception>
        public void SetRetarget(string json)
        {
            byte[] bytes = json == null ? null : Utf8.Encode(json);
            fixed (byte* first = bytes)
            {
                UIntPtr size = (UIntPtr)(uint)(bytes == null ? 0 : bytes.Length - 1);
                Native.Check(Native.nowface_session_set_retarget(handle, first, size));
            }
        }

        /// <summary>Turns a knob of the retarget; the next frame polled follows it.</summary>
        /// <param name="knob">Such as "jaw".</param>
        /// <param name="strength">0 to 2; 1 changes nothing.</param>
        /// <exception cref="NowfaceException">Usage: there is no such knob, or the strength is out of range.</exception>
        public void SetStrength(string knob, float strength)
        {
            if (knob == null) throw new ArgumentNullException(nameof(knob));
            const int most = 512;
            byte* name = stackalloc byte[most + 1];
            int length = 0;
            fixed (char* first = knob)
            {
                // A name that does not fit is none, and is told as such.
                if (knob.Length <= most / 4) length = Encoding.UTF8.GetBytes(first, knob.Length, name, most);
            }
            name[length] = 0;
            Native.Check(Native.nowface_session_set_strength(handle, name, strength));
        }

        /// <summary>Ends the stream: the frames that cover the last samples follow.</summary>
        /// <exception cref="NowfaceException">Session: it was flushed already.</exception>
        public void Flush() => Native.Check(Native.nowface_session_flush(handle));

        /// <summary>
        /// Worker mode: waits until all that was pushed is computed, or as many frames wait for Poll as
        /// <see cref="SessionOptions.FrameCapacity"/> says; false when the time is over first.
        /// </summary>
        public bool Wait(TimeSpan most)
        {
            double milliseconds = Math.Max(0, Math.Min(most.TotalMilliseconds, uint.MaxValue));
            return Native.Check(Native.nowface_session_wait(handle, (uint)milliseconds));
        }

        /// <summary>Begins a new stream with the same parameters; frames that wait are forgotten.</summary>
        public void Reset() => Native.Check(Native.nowface_session_reset(handle));

        /// <summary>The stream as it stands, to go on from later, bit for bit.</summary>
        public byte[] Snapshot()
        {
            UIntPtr size = UIntPtr.Zero;
            Native.Check(Native.nowface_session_snapshot(handle, null, &size));
            for (;;)
            {
                var snapshot = new byte[(ulong)size];
                int status;
                fixed (byte* first = snapshot) status = Native.nowface_session_snapshot(handle, first, &size);
                // Frames that the worker finished since the last look are part of the snapshot.
                if (status == (int)Status.Buffer) continue;
                Native.Check(status);
                Array.Resize(ref snapshot, (int)size);
                return snapshot;
            }
        }

        /// <summary>Goes on from a snapshot of a session of the same bundle, precision and sample rate.</summary>
        /// <exception cref="NowfaceException">Session: it is damaged or of another model; this session is as before.</exception>
        public void Restore(byte[] snapshot)
        {
            if (snapshot == null) throw new ArgumentNullException(nameof(snapshot));
            // A pointer to no bytes would be NULL, which is another mistake.
            byte[] bytes = snapshot.Length > 0 ? snapshot : new byte[1];
            fixed (byte* first = bytes)
            {
                Native.Check(Native.nowface_session_restore(handle, first, (UIntPtr)(uint)snapshot.Length));
            }
        }

        /// <summary>Sums over the stream since its start. Makes the worker stand still for a moment.</summary>
        public SessionReport Report()
        {
            NativeReport native = default;
            native.StructSize = (uint)sizeof(NativeReport);
            Native.Check(Native.nowface_session_get_report(handle, &native));
            return new SessionReport(native);
        }

        /// <summary>The oldest event not told yet; false when there is none. The newest 256 are kept.</summary>
        public bool NextEvent(out SessionEvent sessionEvent)
        {
            NativeEvent native = default;
            native.StructSize = (uint)sizeof(NativeEvent);
            bool given = Native.Check(Native.nowface_session_next_event(handle, &native));
            sessionEvent = new SessionEvent(native);
            return given;
        }

        /// <summary>Synchronous mode: copies an output of the frame that Poll gave last.</summary>
        /// <param name="output">Its index in <see cref="Bundle.Outputs"/>.</param>
        /// <param name="values">At least as many floats as the output holds.</param>
        public void ReadOutput(int output, float[] values)
        {
            if (values == null) throw new ArgumentNullException(nameof(values));
            if (output < 0) throw new ArgumentOutOfRangeException(nameof(output), output, "counts from 0");
            fixed (float* first = values)
            {
                Native.Check(Native.nowface_session_output(handle, (uint)output, first, (UIntPtr)(uint)values.Length));
            }
        }

        /// <summary>Synchronous mode: two numbers for each state tensor after the frame that Poll gave last.</summary>
        /// <param name="digests">At least 2 * Bundle.State.Count floats.</param>
        public void ReadDigests(float[] digests)
        {
            if (digests == null) throw new ArgumentNullException(nameof(digests));
            fixed (float* first = digests)
            {
                Native.Check(Native.nowface_session_digests(handle, first, (UIntPtr)(uint)digests.Length));
            }
        }

        /// <summary>Ends the session, after a call that still runs on another thread.</summary>
        public void Dispose() => handle.Dispose();

        private static void CheckRange(Array samples, int offset, int count)
        {
            if (samples == null) throw new ArgumentNullException(nameof(samples));
            if (offset < 0 || offset > samples.Length) throw new ArgumentOutOfRangeException(nameof(offset));
            if (count < 0 || count > samples.Length - offset) throw new ArgumentOutOfRangeException(nameof(count));
        }

        private static void CheckCount(int count)
        {
            if (count < 0) throw new ArgumentOutOfRangeException(nameof(count));
        }
    }
}
